"""A contact sheet of the best, the median and the worst photograph of an evaluation."""

from __future__ import annotations

import numpy as np

from photochrom.color import luma
from photochrom.scoring.board import PhotoScores
from photochrom.scoring.contact_sheet import contact_sheet
from photochrom.scoring.evaluate import Colorize, Photographs, Report, fresh
from photochrom.scoring.metrics import Rgb

__all__ = ["showcase"]


def showcase(
    report: Report, photographs: Photographs, colorize: Colorize, *, tile: int = 256
) -> Rgb:
    """Draw the best, the median and the worst photograph by CIEDE2000: grey, predicted and true.

    `evaluate` keeps no pictures, so these three are read and coloured again.

    Args:
        report: the result of `evaluate`.
        photographs: the photographs that `evaluate` was given.
        colorize: the function that `evaluate` was given.
        tile: longer side of a photograph on the sheet, in pixels.

    Returns:
        The sheet, RGB, (height, width, 3) uint8.
    """
    ranking = report.ranking
    indices = {
        "Best": ranking[0],
        "Median": ranking[(len(ranking) - 1) // 2],
        "Worst": ranking[-1],
    }
    true_photos = {
        index: true
        for index, (_, true) in enumerate(fresh(photographs))
        if index in indices.values()
    }
    scores = {title: report.photos[index] for title, index in indices.items()}
    return contact_sheet(
        [_triple(true_photos[index], colorize) for index in indices.values()],
        column_titles=("Grey", "Predicted", "True"),
        row_titles=[f"{title} · {photo.name}" for title, photo in scores.items()],
        captions=[_captions(photo) for photo in scores.values()],
        tile=tile,
    )


def _triple(true: Rgb, colorize: Colorize) -> tuple[Rgb, Rgb, Rgb]:
    """Return the grey, the predicted and the true picture."""
    grey = np.asarray(luma(true), np.uint8)
    return grey, colorize(grey), true


def _captions(photo: PhotoScores) -> tuple[str, str]:
    return "", f"CIEDE2000 {photo.ciede2000:.1f} · PSNR {photo.psnr:.1f} dB"
