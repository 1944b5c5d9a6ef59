"""Ctrl-C while a network learns: heeded at the end of the batch, and never lost.

Python raises `KeyboardInterrupt` wherever it happens to be; inside a finalizer or a callback of
compiled code it is printed and forgotten. A note taken by the handler and read after the batch is
not.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

__all__ = ["Interruption", "interruption"]


class Interruption(keras.callbacks.Callback):  # type: ignore[misc]
    """Raises `KeyboardInterrupt` after the batch during which a person asked for it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = False

    def ask(self, *_: object) -> None:
        """The signal's handler. Who asks twice does not want to wait for the batch."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Stop here, if asked."""
        self._heed()

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Stop here, if asked."""
        self._heed()

    def _heed(self) -> None:
        if self.asked:
            raise KeyboardInterrupt


@contextmanager
def interruption() -> Iterator[Interruption]:
    """A callback for `fit` that hears SIGINT, wherever Python would have raised for it."""
    callback = Interruption()
    before = signal.getsignal(signal.SIGINT)
    heard = (
        threading.current_thread() is threading.main_thread()
        and before is signal.default_int_handler
    )
    if heard:
        signal.signal(signal.SIGINT, callback.ask)
    try:
        yield callback
        if callback.asked:  # after the last batch
            raise KeyboardInterrupt
    finally:
        if heard:
            signal.signal(signal.SIGINT, before)
