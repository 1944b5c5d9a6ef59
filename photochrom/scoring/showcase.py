"""The best, the median and the worst photograph of an evaluation, to look at."""

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
    """A contact sheet of the best, the median and the worst photograph by CIEDE2000.

    Grey, predicted and true stand side by side. The evaluation kept no pictures, so the three
    are read and coloured once more.

    Args:
        report: what `evaluate` found.
        photographs: the same as it was given.
        colorize: the same as it was given.
        tile: the longer side of a photograph on the sheet, in pixels.

    Returns:
        RGB, (height, width, 3) uint8.
    """
    ranking = report.ranking
    wanted = {
        "Best": ranking[0],
        "Median": ranking[(len(ranking) - 1) // 2],
        "Worst": ranking[-1],
    }
    trues = {
        place: true
        for place, (_, true) in enumerate(fresh(photographs))
        if place in wanted.values()
    }
    chosen = {title: report.photos[place] for title, place in wanted.items()}
    return contact_sheet(
        [_triple(trues[place], colorize) for place in wanted.values()],
        column_titles=("Grey", "Predicted", "True"),
        row_titles=[f"{title} · {photo.name}" for title, photo in chosen.items()],
        captions=[_captions(photo) for photo in chosen.values()],
        tile=tile,
    )


def _triple(true: Rgb, colorize: Colorize) -> tuple[Rgb, Rgb, Rgb]:
    grey = np.asarray(luma(true), np.uint8)
    return grey, colorize(grey), true


def _captions(photo: PhotoScores) -> tuple[str, str]:
    return "", f"CIEDE2000 {photo.ciede2000:.1f} · PSNR {photo.psnr:.1f} dB"
