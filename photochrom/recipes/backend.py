"""Which Keras backend trains: named by KERAS_BACKEND, or the first that is installed."""

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

BACKENDS: Final = ("tensorflow", "jax", "torch")  # the fastest on a CPU first


def choose_backend(wanted: str | None = None) -> str:
    """Settle the backend, before Keras is imported for the first time, and import it.

    Raises:
        ConfigError: it is none that Keras has.
        MissingExtra: it is not installed, or none is.
    """
    wanted = wanted or os.environ.get("KERAS_BACKEND")
    if wanted and wanted not in BACKENDS:
        raise ConfigError(f"expected a backend out of {', '.join(BACKENDS)}; received {wanted!r}")
    found = next((name for name in ([wanted] if wanted else BACKENDS) if find_spec(name)), None)
    if found is None or not find_spec("keras"):
        raise MissingExtra("train", f"Keras with {wanted or 'a backend'}")
    os.environ["KERAS_BACKEND"] = found
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("absl").setLevel(logging.ERROR)
    with _silent_stderr():
        import_module("keras")
    return found


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """TensorFlow's compiled parts write to the file descriptor, past Python, as they load."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
