"""Curves of quantities over epochs or photographs: of one run, of a comparison, of a study."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from photochrom.files.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_curves", "draw_learning_curves", "draw_study"]

History: TypeAlias = Sequence[Mapping[str, float]]  # what was logged, a mapping for each epoch

_CURVES: Final = (
    ("val_psnr", "validation PSNR (dB)"),
    ("val_ab_error", "validation ab error"),
)


def draw_curves(history: History, constants: Mapping[str, float], path: Path) -> None:
    """Draw every logged quantity over the epochs as a PNG, training and validation in one panel.

    Args:
        history: what the run logged.
        constants: scores of the best constant colour, by quantity, drawn as dashed lines.
        path: the PNG's path.
    """
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(k.removeprefix("val_") for row in history for k in row))
    names.remove("epoch")
    figure = Figure(figsize=(5 * len(names), 3.6), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for key, label, line_color in (
            (name, "training", "C0"),
            (f"val_{name}", "validation", "C1"),
        ):
            _plot(axes, history, "epoch", key, label=label, color=line_color)
            if key in constants:
                axes.axhline(
                    constants[key], color=line_color, ls="--", lw=1, label=f"constant, {label}"
                )
        axes.set(title=name, xlabel="epoch", yscale="log" if name == "loss" else "linear")
        axes.grid(alpha=0.3)
        axes.legend()
    _save(figure, path)


def draw_learning_curves(
    curves: Mapping[str, History], constants: Mapping[str, float], path: Path
) -> None:
    """Draw the validation scores of all recipes over the photographs shown, as a PNG.

    Only scores that are comparable are drawn; each recipe has a loss of its own.

    Args:
        curves: logs with "photos", by the recipe's name.
        constants: scores of the best constant colour, drawn as dashed lines.
        path: the PNG's path.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    for axes, (key, title) in zip(figure.subplots(1, 2), _CURVES, strict=True):
        for name, log in curves.items():
            _plot(axes, log, "photos", key, label=name, marker=".")
        if key in constants:
            axes.axhline(constants[key], color="0.4", ls="--", lw=1, label="best constant")
        axes.set(title=title, xlabel="photographs shown")
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", fontsize="small")
    _save(figure, path)


def draw_study(histories: Mapping[str, History], path: Path) -> None:
    """Draw the validation loss and the accuracy of each run of a study over its epochs, as a PNG.

    Args:
        histories: what each run logged, by its name.
        path: the PNG's path.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    for axes, name in zip(
        figure.subplots(1, 2), ("val_loss", "val_ab_argmax_accuracy"), strict=True
    ):
        for label, history in histories.items():
            _plot(axes, history, "epoch", name, label=label)
        axes.set(title=name, xlabel="epoch")
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", fontsize="small")
    _save(figure, path)


def _plot(
    axes: Axes, history: History, x: str, y: str, *, label: str, color: str = "", marker: str = ""
) -> None:
    """Plot one quantity over another, where both were logged."""
    points = [(row[x], row[y]) for row in history if y in row]
    if points:
        axes.plot(*zip(*points, strict=True), label=label, color=color or None, marker=marker)


def _save(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG, atomically: a viewer may read the file while a run goes on."""
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=100)
    write_bytes(path, png.getvalue(), overwrite=True)
