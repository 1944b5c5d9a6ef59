"""What a run shows of its progress: contact sheets, curves, and reports to its listener."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import keras
import numpy as np

from photochrom import color, photo
from photochrom.files.atomic import output_errors
from photochrom.model.distribution import decode
from photochrom.scoring import contact_sheet, metrics
from photochrom.training.cluster import undistributed
from photochrom.training.figures import draw_curves

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from photochrom.model.card import Card
    from photochrom.recipes.base import AnyRecipe
    from photochrom.training.checkpoints import State
    from photochrom.training.runs import Logs, Run, TrainingListener

__all__ = ["ContactSheetCallback", "ProgressCallback"]

# Drawing takes a second or two, as long as a whole epoch on a few photographs.
_SECONDS_BETWEEN_DRAWINGS: Final = 60
_BATCH_SIZE: Final = 8  # photographs at once, to limit memory


class ContactSheetCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """A callback that colours, measures and draws validation photographs after each epoch.

    It adds `val_psnr` (dB, over RGB) and `val_ab_error` (mean distance in the ab plane) to the log.
    """

    def __init__(
        self,
        run: Path,
        recipe: AnyRecipe,
        card: Card,
        photos: npt.NDArray[np.uint8],
        row_count: int,
    ) -> None:
        """Create the callback for a run's photographs.

        Args:
            run: the run's folder; the sheets are written to `sheets` in it.
            recipe: the recipe of the network.
            card: a card of that recipe, for decoding.
            photos: photographs to colour, RGB, (N, H, W, 3) uint8.
            row_count: number of photographs on the sheet.
        """
        super().__init__()
        self.run = run
        self.recipe = recipe
        self.card = card
        self.photos = photos
        self.row_count = row_count

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Wrap the network as for the export, so that the sheets show what a model will do."""
        self.network = trained = self.recipe.inference_model(self.model)
        if keras.distribution.distribution() is not None:
            with undistributed():  # this process cannot run a network that is spread over several
                self.network = keras.models.clone_model(trained)
        self.runtime_network = self.recipe.runtime(self.network)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Colour and measure the photographs, and write the sheet."""
        with undistributed():
            trained = self.recipe.inference_model(self.model)
            if trained is not self.network:
                self.network.set_weights(trained.get_weights())
            predicted = [rgb for batch in self._batches() for rgb in self._colorize(batch)]
        if logs is not None:
            logs.update(_measure(predicted, self.photos))
        rows = [
            [color.luma(truth).repeat(3).reshape(truth.shape), prediction, truth]
            for truth, prediction in zip(self.photos[: self.row_count], predicted, strict=False)
        ]
        sheet = contact_sheet(rows, ("grey", f"epoch {epoch + 1}", "true"))
        folder = self.run / "sheets"
        with output_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        photo.write(folder / f"epoch-{epoch + 1:04d}.png", sheet, overwrite=True)

    def _batches(self) -> list[npt.NDArray[np.uint8]]:
        """Split the photographs into small batches."""
        return [self.photos[i : i + _BATCH_SIZE] for i in range(0, len(self.photos), _BATCH_SIZE)]

    def _colorize(self, photos: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.uint8]]:
        """Return the coloured photographs, RGB, from their luma."""
        inputs, _ = self.recipe.encode(photos)
        # A second output holds features, which are not needed here.
        outputs = self.runtime_network(inputs, training=False)
        first_output = outputs[0] if isinstance(outputs, list) else outputs
        values = keras.ops.convert_to_numpy(first_output)
        return [
            color.merge(color.luma(rgb), self._chroma(output, rgb), self.card.color_space)
            for rgb, output in zip(photos, values.astype(np.float32), strict=True)
        ]

    def _chroma(self, output: color.FloatArray, rgb: npt.NDArray[np.uint8]) -> color.FloatArray:
        """Return a network's output as chroma at the photograph's size."""
        chroma = decode(output, self.card)
        # Nearest-neighbour enlargement is enough to follow a run, and cheap in every epoch.
        factor = rgb.shape[0] // chroma.shape[0]
        return chroma.repeat(factor, 0).repeat(factor, 1)


def _measure(
    predicted: Sequence[npt.NDArray[np.uint8]], photos: npt.NDArray[np.uint8]
) -> dict[str, float]:
    """Return the mean PSNR and ab error of coloured photographs."""
    pairs = list(zip(predicted, photos, strict=True))
    # The PSNR of identical pictures is infinite, which would spoil the mean.
    psnrs = [
        min(metrics.psnr(prediction, truth), metrics.PSNR_CEILING) for prediction, truth in pairs
    ]
    errors = [
        metrics.ab_error(metrics.to_lab(prediction), metrics.to_lab(truth))
        for prediction, truth in pairs
    ]
    return {"val_psnr": float(np.mean(psnrs)), "val_ab_error": float(np.mean(errors))}


class ProgressCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """A callback that reports progress to the listener and draws the curves.

    Place it after the callbacks that change the state and add quantities to the log.
    """

    def __init__(
        self,
        run: Run,
        state: State,
        amount: tuple[int, int],
        constants: Logs,
        listener: TrainingListener,
    ) -> None:
        """Create the callback for a run's listener.

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
        self.drawn_at = time.monotonic()  # seconds; one epoch alone makes no curve

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Report the length of the run."""
        self.listener.begin(self.state.epochs, self.run.config.train.epochs, self.steps)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Remember the epoch's number."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Report the batch that has ended as a step."""
        self.listener.step(self.epoch + 1, batch + 1, self.steps, self.batch_size, logs or {})

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Report the epoch, and draw the curves if they were not drawn within a minute."""
        if time.monotonic() - self.drawn_at > _SECONDS_BETWEEN_DRAWINGS:
            self._draw()
        self.listener.epoch(epoch + 1, logs or {}, self.constants)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Draw the curves a last time."""
        if self.state.history:
            self._draw()

    def _draw(self) -> None:
        draw_curves(self.state.history, self.constants, self.run.folder / "curves.png")
        self.drawn_at = time.monotonic()
