"""Engines that run a network: ONNX Runtime on a CPU or an accelerator, or OpenVINO on a CPU."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from functools import cache, cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from photochrom.checks import check_number
from photochrom.errors import ConfigError, InvalidModel, MissingExtra
from photochrom.parallel import core_count, is_limited

if TYPE_CHECKING:
    import onnxruntime
    import openvino

    from photochrom.color import FloatArray

__all__ = ["ENGINES", "PRECISIONS", "Engine", "core", "make_engine"]

ENGINES: Final = ("onnxruntime", "openvino")
PRECISIONS: Final = ("f32", "bf16")

# ONNX Runtime's execution providers, the fastest first; the CPU provider always exists.
_PROVIDERS: Final = ("CUDAExecutionProvider", "CoreMLExecutionProvider", "DmlExecutionProvider")

_MAX_CORES: Final = 4096  # far more threads would take minutes to start

_core_lock = threading.Lock()


def core() -> openvino.Core:
    """Return OpenVINO's `Core`: a single one for the whole process, which is never freed.

    A `Core` replaces the signal stack of the thread that makes it, and frees that stack when it
    ends. With two of them, or with one that ends in another thread, a later Ctrl-C would be
    handled on freed memory.
    """
    with _core_lock:  # `cache` alone lets two threads make one each
        return _made_core()


@cache
def _made_core() -> openvino.Core:
    import openvino

    return openvino.Core()


class Engine(Protocol):
    """An engine that runs one network; it may be shared between threads."""

    @property
    def name(self) -> str:
        """Name of the engine, its device and its precision, for example "ONNX Runtime CPU f32"."""

    def run(self, inputs: FloatArray) -> list[FloatArray]:
        """Run the network on a batch of inputs.

        Args:
            inputs: (B, H, W, C) float32.

        Returns:
            All outputs, (B, h, w, C') float32 each.

        Raises:
            InvalidModel: the network cannot run, or does not take this shape.
        """


def make_engine(
    network: bytes,
    source: str,
    engine: str = "onnxruntime",
    precision: str = "f32",
    cores: int | None = None,
) -> Engine:
    """Make an engine for a network; the engine starts when it is first used.

    Args:
        network: the network as the bytes of an ONNX file.
        source: the model's name in messages.
        engine: one of `ENGINES`.
        precision: one of `PRECISIONS`. On CPUs that support it, bf16 is quicker than f32; its
            results differ by 1 to 2%.
        cores: how many cores a run on a CPU uses; None for all that this process uses. Where
            several threads run the network at once, a share for each is quicker. OpenVINO makes
            one run at a time, and so always uses all.

    Raises:
        ConfigError: `engine` or `precision` is unknown, `engine` lacks this precision, or `cores`
            is no number of cores.
        MissingExtra: the engine is not installed.
    """
    if engine not in ENGINES or precision not in PRECISIONS:
        raise ConfigError(
            f"expected one of the engines {', '.join(ENGINES)} and one of the precisions "
            f"{', '.join(PRECISIONS)}; received {engine!r} and {precision!r}"
        )
    if cores is not None:
        check_number(cores, "a number of cores", 1, _MAX_CORES, whole=True)
    if engine == "openvino":
        if not find_spec("openvino"):
            raise MissingExtra("openvino", "running a network through OpenVINO")
        return _OpenVino(network, source, precision)
    if precision != "f32":
        raise ConfigError(
            f"expected the precision f32 with onnxruntime; received {precision!r}, which "
            "openvino has"
        )
    return _OnnxRuntime(network, source, cores)


class _OpenVino:
    """The engine for OpenVINO on a CPU.

    It runs one call at a time, since two threads in OpenVINO's bindings can deadlock. Nothing is
    lost, as one call keeps all cores busy. The network is compiled twice: once for the first input
    size only, which runs a quarter faster, and once for all other sizes.
    """

    def __init__(self, network: bytes, source: str, precision: str) -> None:
        self._network, self._source, self._precision = network, source, precision
        self._lock = threading.Lock()
        self._first: tuple[tuple[int, ...], openvino.CompiledModel] | None = None

    @cached_property
    def _model(self) -> openvino.Model:
        try:
            return core().read_model(self._network)
        except RuntimeError as error:
            raise InvalidModel(
                f"the network of {self._source} cannot be run: {_last_line(error)}"
            ) from error

    @cached_property
    def _for_any_size(self) -> openvino.CompiledModel:
        """The network compiled for inputs of any size."""
        return self._compile(self._model)

    def _compile(self, model: openvino.Model) -> openvino.CompiledModel:
        settings = {"INFERENCE_PRECISION_HINT": self._precision, "PERFORMANCE_HINT": "LATENCY"}
        if is_limited():
            settings["INFERENCE_NUM_THREADS"] = str(core_count())
        return core().compile_model(model, "CPU", settings)

    def _for_size(self, shape: tuple[int, ...]) -> openvino.CompiledModel:
        if self._first is None:
            self._first = shape, self._compile(self._fixed(shape))
        return self._first[1] if shape == self._first[0] else self._for_any_size

    def _fixed(self, shape: tuple[int, ...]) -> openvino.Model:
        """Return the network with its input fixed to a shape, if the network takes that shape."""
        import openvino

        model = self._model.clone()
        if model.input().partial_shape.compatible(openvino.PartialShape(list(shape))):
            model.reshape(list(shape))
        return model

    @property
    def name(self) -> str:
        with self._lock:
            self._model  # noqa: B018  raises InvalidModel for a network that cannot run
            supported = core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        # The precision is a hint only: a CPU without bf16 silently computes in f32.
        precision = self._precision if self._precision.upper() in supported else "f32"
        return f"OpenVINO CPU {precision}"

    def run(self, inputs: FloatArray) -> list[FloatArray]:
        with self._lock:
            try:
                compiled = self._for_size(inputs.shape)
                outputs = compiled.create_infer_request().infer(inputs)
                # Copied, since the outputs are views of memory that the request frees.
                return [np.array(outputs[index], np.float32) for index in range(len(outputs))]
            except RuntimeError as error:
                raise _rejected(self._source, inputs, error) from error


class _OnnxRuntime:
    """The engine for ONNX Runtime, on the fastest execution provider of this machine."""

    def __init__(self, network: bytes, source: str, cores: int | None) -> None:
        self._network, self._source, self._cores = network, source, cores
        self._start_lock = threading.Lock()

    @cached_property
    def _loaded_session(self) -> onnxruntime.InferenceSession:
        # Nothing is to leave this computer. From 1.32 on, ONNX Runtime sends a message about the
        # computer as soon as it is imported, unless this is set before.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        import onnxruntime

        available: Sequence[str] = onnxruntime.get_available_providers()
        providers = [name for name in _PROVIDERS if name in available] + ["CPUExecutionProvider"]
        onnxruntime.disable_telemetry_events()  # some builds for Windows heed only this
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors only
        # Left to itself, the engine takes one thread for each core that is not a mere hyperthread.
        if self._cores or is_limited():
            options.intra_op_num_threads = self._cores or core_count()
        # Threads that wait for work sleep: spinning, they would keep the cores from decoding and
        # encoding other photographs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            return onnxruntime.InferenceSession(self._network, options, providers=providers)
        except Exception as error:  # ONNX Runtime's exceptions have no common base class
            raise InvalidModel(
                f"the network of {self._source} cannot be run: {_last_line(error)}"
            ) from error

    @property
    def _session(self) -> onnxruntime.InferenceSession:
        with self._start_lock:
            return self._loaded_session

    @property
    def name(self) -> str:
        provider = self._session.get_providers()[0].removesuffix("ExecutionProvider")
        return f"ONNX Runtime {provider} f32"

    def run(self, inputs: FloatArray) -> list[FloatArray]:
        session = self._session
        try:
            outputs = session.run(None, {session.get_inputs()[0].name: inputs})
        except Exception as error:
            raise _rejected(self._source, inputs, error) from error
        return [np.asarray(output, np.float32) for output in outputs]


def _last_line(error: Exception) -> str:
    """Return the last line of an error's message: the cause, after a trace of source files."""
    return (str(error).strip() or "no reason given").splitlines()[-1]


def _rejected(source: str, inputs: FloatArray, error: Exception) -> InvalidModel:
    return InvalidModel(
        f"the network of {source} does not take {inputs.shape}: {_last_line(error)}"
    )
