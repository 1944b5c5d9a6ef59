"""Names, units and definitions of all scores, shared by the tables and the JSON reports."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["FILM_METRICS", "METRICS", "Metric"]


@dataclass(frozen=True)
class Metric:
    """The definition of one score.

    Attributes:
        key: name of its field in `Scores` or `FilmScores`.
        title: its name in tables.
        unit: its unit; empty if it has none.
        better: which values are better.
        decimals: number of decimals to print.
        definition: how it is computed, in a sentence or two.
    """

    key: str
    title: str
    unit: str
    better: Literal["higher", "lower", "nearer zero", "nearer the truth"]
    decimals: int
    definition: str

    @property
    def heading(self) -> str:
        """The title, with the unit in brackets if there is one."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def text(self, value: float) -> str:
        """Format a value for a table: a gap keeps its sign, and nan becomes a dash."""
        if math.isnan(value):
            return "–"
        sign = "+" if self.better == "nearer zero" else ""
        return f"{value:{sign}.{self.decimals}f}"


METRICS: Final = (
    Metric(
        "psnr",
        "PSNR",
        "dB",
        "higher",
        2,
        "Peak signal-to-noise ratio over 8-bit RGB, peak 255, at most 58.92 dB a photograph "
        "(rounding to 8 bits); mean over photographs.",
    ),
    Metric(
        "ssim",
        "SSIM",
        "",
        "higher",
        3,
        "Structural similarity (Wang et al. 2004): Gaussian window, sigma 1.5, mean over the RGB "
        "channels; mean over photographs.",
    ),
    Metric(
        "ciede2000",
        "CIEDE2000",
        "ΔE00",
        "lower",
        2,
        "Mean colour difference CIEDE2000 (Sharma et al. 2005); mean over photographs.",
    ),
    Metric(
        "ab_error",
        "ab error",
        "ΔE ab",
        "lower",
        2,
        "Mean Euclidean distance in the ab plane of CIE Lab (D65); mean over photographs.",
    ),
    Metric(
        "auc",
        "AuC",
        "%",
        "higher",
        2,
        "Share of pixels whose ab error is within a threshold, averaged over the thresholds "
        "0, 1, ... 150 (Zhang et al. 2016).",
    ),
    Metric(
        "auc_rebalanced",
        "AuC rebalanced",
        "%",
        "higher",
        2,
        "AuC with each pixel weighted by the inverse frequency, in this set, of its true "
        "colour on a 10 x 10 grid in ab.",
    ),
    Metric(
        "lpips",
        "LPIPS",
        "",
        "lower",
        3,
        "Perceptual distance of prediction and truth, by a network fitted to judgements of people "
        "(Zhang et al. 2018; AlexNet, version 0.1); mean over photographs.",
    ),
    Metric(
        "colorfulness",
        "Colourfulness",
        "M3",
        "nearer the truth",
        1,
        "Colourfulness (Hasler & Suesstrunk 2003); mean over photographs.",
    ),
    Metric(
        "colorfulness_gap",
        "Colourfulness gap",
        "M3",
        "nearer zero",
        1,
        "Colourfulness of the predictions minus that of the originals.",
    ),
    Metric(
        "colorfulness_abs",
        "Colourfulness, absolute",
        "M3",
        "nearer the truth",
        1,
        "Colourfulness of the absolute values |R-G| and |(R+G)/2-B|, as the code of CT2 and "
        "DDColor computes it, for comparison with their tables; mean over photographs.",
    ),
    Metric(
        "ab_argmax_accuracy",
        "ab argmax",
        "%",
        "higher",
        1,
        "Share of pixels at which the larger of (a, b) is the right one: what Keras reports as the "
        "accuracy of a regression of two channels. In the row of the best constant: the accuracy "
        "of always a, or always b.",
    ),
    Metric(
        "cast",
        "Cast",
        "ab",
        "nearer the truth",
        1,
        "Colour cast of a whole photograph: the length of its mean (a, b) in CIE "
        "Lab (D65); mean over photographs.",
    ),
    Metric(
        "chroma_dark",
        "Chroma of the dark",
        "ab",
        "nearer the truth",
        1,
        "Mean chroma where the true photograph is nearly black (L below 12): tinted shadows; "
        "mean over the photographs that have such pixels.",
    ),
    Metric(
        "chroma_light",
        "Chroma of the light",
        "ab",
        "nearer the truth",
        1,
        "Mean chroma where the true photograph is nearly white (L above 90): tinted whites; "
        "mean over the photographs that have such pixels.",
    ),
    Metric(
        "block_spread",
        "Spread in blocks",
        "ab",
        "nearer the truth",
        2,
        "How much colour varies between nearby pixels: sqrt(var a + var b) within blocks of "
        "16 x 16 pixels, mean over blocks; mean over photographs.",
    ),
    Metric(
        "patchiness",
        "Patchiness",
        "ab",
        "nearer the truth",
        2,
        "How much colour varies within regions of equal lightness and texture, as a stain on a "
        "jacket does: root mean square of the (a, b) that luma does not explain, averaged over "
        "cells of 8 x 8 pixels, within segments of the grey picture (Felzenszwalb & Huttenlocher "
        "2004) at 256 pixels; mean over photographs. Real photographs are patchy, too: compare "
        "with the truth.",
    ),
)

FILM_METRICS: Final = (
    Metric(
        "psnr",
        "PSNR",
        "dB",
        "higher",
        2,
        "Peak signal-to-noise ratio over 8-bit RGB, peak 255, at most 58.92 dB a frame (rounding "
        "to 8 bits); mean over frames.",
    ),
    Metric(
        "ciede2000",
        "CIEDE2000",
        "ΔE00",
        "lower",
        2,
        "Mean colour difference CIEDE2000 (Sharma et al. 2005); mean over frames.",
    ),
    Metric(
        "warp_error",
        "Warp error",
        "ΔE ab squared",
        "nearer the truth",
        3,
        "Squared distance in the ab plane of CIE Lab (D65) between a frame and the previous "
        "one, warped by the motion of the true film (Lai et al. 2018); mean over all pixels of "
        "the film whose motion is reliable (Ruder et al. 2016).",
    ),
    Metric(
        "cdc",
        "CDC",
        "nats",
        "nearer the truth",
        5,
        "Colour distribution consistency (Liu et al. 2021): Jensen-Shannon divergence of the "
        "histograms of R, G and B of frames 1, 2 and 4 apart; mean.",
    ),
    Metric(
        "colorfulness",
        "Colourfulness",
        "M3",
        "nearer the truth",
        1,
        "Colourfulness (Hasler & Suesstrunk 2003); mean over frames.",
    ),
)
