"""The processes that train one network together, on one host or on several.

Every process holds the whole network and computes the gradients of its share of each batch. JAX
adds them up. So the processes do what one process would do with the whole batch. Keras can do this
with JAX only.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np

from photochrom.errors import ConfigError, PhotochromError, ProcessLost

__all__ = ["ALONE", "Cluster", "broadcast", "distributed", "joined", "leave", "undistributed"]

_VARIABLES: Final = (
    "KERAS_DISTRIBUTION_JOB_ADDRESSES",
    "KERAS_DISTRIBUTION_NUM_PROCESSES",
    "KERAS_DISTRIBUTION_PROCESS_ID",
)  # those of `keras.distribution.initialize`
_JOINING: Final = 300  # seconds in which all processes must have joined
# What the errors of JAX have in common if another process does not answer. They have no class.
_SIGNS_OF_LOSS: Final = (
    "Gloo", "NCCL", "coordination", "heartbeat", "DEADLINE_EXCEEDED", "UNAVAILABLE",
)  # fmt: skip


@dataclass(frozen=True)
class Cluster:
    """The processes that train one network, as one of them sees them.

    Attributes:
        process: number of this process, from 0. Process 0 alone writes files.
        processes: number of processes.
        devices: number of devices of all processes, such as GPUs.
    """

    process: int = 0
    processes: int = 1
    devices: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes files."""
        return self.process == 0


ALONE: Final = Cluster()
"""A single process."""


@contextmanager
def joined() -> Iterator[Cluster]:
    """Join the other processes, and leave them at the end.

    The address of process 0, the number of processes and the number of this one come from the
    environment: from the variables of `keras.distribution.initialize`, or from what JAX knows of
    SLURM, Open MPI, Kubernetes and Cloud TPU. Call this before anything is computed with JAX.

    Raises:
        ConfigError: the backend is not JAX, or the environment does not name the processes.
        ProcessLost: another process has ended, or does not answer.

    After any error, this process does not wait for the others at its exit, and its exit code is 1,
    or 130 after Ctrl-C. JAX itself ends this process if another does not join, if the host of
    another is silent, and often if process 0 has ended.
    """
    import keras

    if keras.backend.backend() != "jax":
        raise ConfigError(
            f"expected the backend jax, which alone trains in several processes; received "
            f"{keras.backend.backend()}"
        )
    try:
        yield _join()
        leave()
    except BaseException as error:
        atexit.register(_end, 130 if isinstance(error, KeyboardInterrupt) else 1)
        if _means_loss(error):
            raise ProcessLost(
                "another process of this training has ended, or does not answer: its own messages "
                "say why. Every complete epoch is saved; start all processes again to "
                f"resume the run ({str(error).splitlines()[0]})"
            ) from error
        raise


def _means_loss(error: BaseException) -> bool:
    """Return whether JAX raised an error because another process does not answer."""
    if isinstance(error, PhotochromError) or not isinstance(error, Exception):
        return False
    return any(sign in str(error) for sign in _SIGNS_OF_LOSS)


def _end(code: int) -> None:
    """End this process at once: JAX would wait for the others, which wait for this process."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _join() -> Cluster:
    """Join the other processes."""
    import jax
    from jax.experimental import multihost_utils

    address, processes, process = _from_environment()
    if jax.config.jax_cpu_collectives_implementation in (None, "none"):
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(
            address, processes, process, initialization_timeout=_JOINING
        )  # a process that stops answering later ends the others after 100 seconds, JAX's default
    except ValueError as error:  # it is neither in the environment nor given by a cluster
        raise ConfigError(
            f"expected the processes in {', '.join(_VARIABLES)}, or a start by SLURM, Open MPI, "
            f"Kubernetes or Cloud TPU: {error}"
        ) from error
    # On CPUs, the first exchange has to begin within 30 seconds everywhere; the scan takes longer.
    multihost_utils.sync_global_devices("joined")
    return Cluster(jax.process_index(), jax.process_count(), jax.device_count())


def _from_environment() -> tuple[str | None, int | None, int | None]:
    """Return the address of process 0, the number of processes, and the number of this one."""
    addresses, *numbers = (os.environ.get(name) for name in _VARIABLES)
    try:
        processes, process = (None if text is None else int(text) for text in numbers)
    except ValueError as error:
        raise ConfigError(
            f"expected whole numbers in {' and '.join(_VARIABLES[1:])}; received "
            f"{' and '.join(map(repr, numbers))}"
        ) from error
    return addresses and addresses.partition(",")[0], processes, process


def leave() -> None:
    """Leave the other processes, as soon as all have done their work; may be called again."""
    import jax

    jax.distributed.shutdown()


@contextmanager
def distributed(cluster: Cluster) -> Iterator[None]:
    """Let Keras make variables that all devices hold; all processes have to make the same ones."""
    import keras

    if cluster.devices == 1:
        yield
        return
    # The stream of each process is its share already.
    with keras.distribution.DataParallel(auto_shard_dataset=False).scope():
        yield


@contextmanager
def undistributed() -> Iterator[None]:
    """Let Keras make variables of this process alone, which the others do not know of.

    Without this, a network could not be saved or copied by one process: Keras makes variables
    meanwhile, and all processes would have to make them.
    """
    import keras

    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(distribution)


def broadcast(data: bytes) -> bytes:
    """Return the bytes that process 0 has, at most 4 GiB, in every process.

    Raises:
        ProcessLost: through `joined`, as another process has ended.
    """
    from jax.experimental.multihost_utils import broadcast_one_to_all

    length = int(broadcast_one_to_all(np.uint32(len(data))))
    buffer = np.frombuffer(data.ljust(length, b"\0"), np.uint8)[:length]
    received: np.ndarray = broadcast_one_to_all(buffer)
    return received.tobytes()
