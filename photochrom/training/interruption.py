"""Handle Ctrl-C during training: stop after the current batch, and never lose the signal.

Python raises `KeyboardInterrupt` wherever it happens to be. Inside a finalizer or a callback of
compiled code, the exception is printed and lost. So the handler only sets a flag, which is checked
after each batch.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keras

__all__ = ["Interruption", "interruption"]


class Interruption(keras.callbacks.Callback):  # type: ignore[misc]
    """A callback that raises `KeyboardInterrupt` after the batch in which Ctrl-C was pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.requested = False

    def request_stop(self, *_: object) -> None:
        """Handle the signal: set the flag, or raise at once if it is set already."""
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Stop here if requested."""
        self._stop_if_requested()

    def on_test_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Stop here if requested."""
        self._stop_if_requested()

    def _stop_if_requested(self) -> None:
        """Raise `KeyboardInterrupt` if the flag is set."""
        if self.requested:
            raise KeyboardInterrupt


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Install the signal handler and yield the callback for `fit`.

    Where Python would not raise `KeyboardInterrupt` on Ctrl-C either, the handler is not installed.
    """
    callback = Interruption()
    previous_handler = signal.getsignal(signal.SIGINT)
    # Only the main thread may set handlers; a handler that somebody else set must stay.
    installed = (
        threading.current_thread() is threading.main_thread()
        and previous_handler is signal.default_int_handler
    )
    if installed:
        signal.signal(signal.SIGINT, callback.request_stop)
    try:
        yield callback
        if callback.requested:  # during or after the last batch
            raise KeyboardInterrupt
    finally:
        if installed:
            signal.signal(signal.SIGINT, previous_handler)
