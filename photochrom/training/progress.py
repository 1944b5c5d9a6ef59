"""Reports of a run's progress to its listener."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from photochrom.training.contact_sheet import draw_curves

if TYPE_CHECKING:
    from photochrom.training.checkpoints import State
    from photochrom.training.runs import Run, TrainingListener

__all__ = ["ProgressCallback"]


class ProgressCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """A callback that reports progress to the listener and draws the curves.

    Place it after the callbacks that change the state and add quantities to the log.
    """

    def __init__(
        self,
        run: Run,
        state: State,
        amount: tuple[int, int],
        constants: dict[str, float],
        listener: TrainingListener,
    ) -> None:
        """Create the callback.

        Args:
            run: the run that is trained.
            state: the state, which `CheckpointCallback` updates.
            amount: number of batches in an epoch, and of photographs in a batch.
            constants: scores of the best constant colour, by quantity.
            listener: receives the progress.
        """
        super().__init__()
        self.run, self.state, self.constants, self.listener = run, state, constants, listener
        self.steps, self.batch_size = amount
        self.epoch = state.epochs

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Remember the epoch's number."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Report the batch."""
        self.listener.step(self.epoch + 1, batch + 1, self.steps, self.batch_size, logs or {})

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Draw the curves and report the epoch."""
        draw_curves(self.state, self.constants, self.run.folder / "curves.png")
        self.listener.epoch(epoch + 1, logs or {}, self.constants)
