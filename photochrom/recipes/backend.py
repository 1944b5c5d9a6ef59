"""Choose the Keras backend: the one in KERAS_BACKEND, or the first that is installed."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from photochrom.errors import ConfigError, MissingExtra

__all__ = ["BACKENDS", "choose_backend"]

BACKENDS: Final = ("tensorflow", "jax", "torch")  # the fastest on a CPU comes first


def choose_backend(wanted: str | None = None) -> str:
    """Choose the backend and import Keras with it.

    Keras fixes its backend at its first import, so call this before anything imports Keras.

    Args:
        wanted: "tensorflow", "jax" or "torch"; by default KERAS_BACKEND or the first installed.

    Returns:
        The backend's name.

    Raises:
        ConfigError: `wanted` is not a backend of Keras.
        MissingExtra: Keras or the backend is not installed.
    """
    wanted = wanted or os.environ.get("KERAS_BACKEND")
    if wanted and wanted not in BACKENDS:
        raise ConfigError(f"expected one of {', '.join(BACKENDS)} as backend; received {wanted!r}")
    backend = next((name for name in ([wanted] if wanted else BACKENDS) if find_spec(name)), None)
    if backend is None or not find_spec("keras"):
        raise MissingExtra("train", f"Keras with {wanted or 'a backend'}")
    os.environ["KERAS_BACKEND"] = backend
    # TensorFlow and absl log start-up messages that mean nothing to the user.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("absl").setLevel(logging.ERROR)
    with _silent_stderr():
        import_module("keras")
    return backend


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Discard what is written to stderr meanwhile.

    TensorFlow's compiled parts write to the file descriptor as they load, so replacing `sys.stderr`
    is not enough.
    """
    sys.stderr.flush()
    saved_stderr, devnull = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(devnull, 2)
        yield
    finally:
        os.dup2(saved_stderr, 2)
        os.close(saved_stderr)
        os.close(devnull)
