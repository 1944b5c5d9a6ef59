"""What a run shows: a contact sheet and the curves after every epoch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import keras
import numpy as np
from PIL import Image

from photochrom import color
from photochrom.model.distribution import decode
from photochrom.scoring import contact_sheet, metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from photochrom.model.card import Card
    from photochrom.recipes.base import Recipe
    from photochrom.training.checkpoints import State

__all__ = ["ContactSheetCallback", "draw_curves"]

_AT_ONCE: Final = 8


class ContactSheetCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Colours some validation photographs after every epoch, measures them and draws them.

    Adds `val_psnr` (dB, over RGB) and `val_ab_error` (mean distance in the ab plane) to the log.
    """

    def __init__(
        self, run: Path, recipe: Recipe[Any], card: Card, photos: npt.NDArray[np.uint8], shown: int
    ) -> None:
        super().__init__()
        self.run = run
        self.recipe = recipe
        self.card = card
        self.photos = photos
        self.shown = shown

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """What is shown is what will be exported."""
        self.shown_network = self.recipe.runtime(self.recipe.learnt(self.model))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Colour, measure, draw."""
        predicted = [rgb for part in self._parts() for rgb in self._colored(part)]
        if logs is not None:
            logs.update(_measured(predicted, self.photos))
        rows = [
            [color.luma(true).repeat(3).reshape(true.shape), answer, true]
            for true, answer in zip(self.photos[: self.shown], predicted, strict=False)
        ]
        page = contact_sheet(rows, ("grey", f"epoch {epoch + 1}", "true"))
        folder = self.run / "sheets"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(page).save(folder / f"epoch-{epoch + 1:04d}.png")

    def _parts(self) -> list[npt.NDArray[np.uint8]]:
        return [self.photos[i : i + _AT_ONCE] for i in range(0, len(self.photos), _AT_ONCE)]

    def _colored(self, photos: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.uint8]]:
        inputs, _ = self.recipe.encode(photos)
        answers = self.shown_network(inputs, training=False)
        first = answers[0] if isinstance(answers, list) else answers
        outputs = keras.ops.convert_to_numpy(first)
        return [
            color.merge(color.luma(rgb), self._chroma(output, rgb), self.card.color_space)
            for rgb, output in zip(photos, outputs.astype(np.float32), strict=True)
        ]

    def _chroma(self, output: color.FloatArray, rgb: npt.NDArray[np.uint8]) -> color.FloatArray:
        chroma = decode(output, self.card)
        factor = rgb.shape[0] // chroma.shape[0]
        return chroma.repeat(factor, 0).repeat(factor, 1)


def _measured(
    predicted: Sequence[npt.NDArray[np.uint8]], photos: npt.NDArray[np.uint8]
) -> dict[str, float]:
    pairs = list(zip(predicted, photos, strict=True))
    psnr = [min(metrics.psnr(answer, true), metrics.PSNR_CEILING) for answer, true in pairs]
    error = [
        metrics.ab_error(metrics.to_lab(answer), metrics.to_lab(true)) for answer, true in pairs
    ]
    return {"val_psnr": float(np.mean(psnr)), "val_ab_error": float(np.mean(error))}


def draw_curves(state: State, constants: dict[str, float], path: Path) -> None:
    """Every logged quantity over the epochs, training and validation in one panel, as a PNG.

    A dashed line is what the best constant answer scores.
    """
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(k.removeprefix("val_") for row in state.history for k in row))
    names.remove("epoch")
    figure = Figure(figsize=(5 * len(names), 3.6), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for key, label, hue in ((name, "training", "C0"), (f"val_{name}", "validation", "C1")):
            points = [(row["epoch"], row[key]) for row in state.history if key in row]
            if points:
                axes.plot(*zip(*points, strict=True), label=label, color=hue)
            if key in constants:
                axes.axhline(constants[key], color=hue, ls="--", lw=1, label=f"constant, {label}")
        axes.set(title=name, xlabel="epoch", yscale="log" if name == "loss" else "linear")
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path.with_suffix(".partial.png"), dpi=100)
    path.with_suffix(".partial.png").replace(path)
