"""What each score is called, measured in, and means: the words that every table shares."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["FILM_METRICS", "METRICS", "Metric"]


@dataclass(frozen=True)
class Metric:
    """One score: its field in `Scores` or `FilmScores`, and how to print and to read it.

    `decimals` is how many are printed; `better` says where a better answer lies.
    """

    key: str
    title: str
    unit: str
    better: Literal["higher", "lower", "nearer zero", "nearer the truth"]
    decimals: int
    definition: str

    @property
    def heading(self) -> str:
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def text(self, value: float) -> str:
        """The number as a table prints it: a gap keeps its sign, nan is a dash."""
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
        "AuC with each pixel weighed by the inverse of the frequency, in this set, of its true "
        "colour on a 10 x 10 grid in ab.",
    ),
    Metric(
        "lpips",
        "LPIPS",
        "",
        "lower",
        3,
        "How different a prediction looks from the truth, by a network fitted to what people "
        "answered (Zhang et al. 2018; AlexNet, version 0.1); mean over photographs.",
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
        "Colourfulness of the predictions less that of the originals.",
    ),
    Metric(
        "colorfulness_abs",
        "Colourfulness, absolute",
        "M3",
        "nearer the truth",
        1,
        "Colourfulness of the absolute values |R-G| and |(R+G)/2-B|, as the programs of CT2 and "
        "DDColor compute it: the number to compare with their tables; mean over photographs.",
    ),
    Metric(
        "ab_argmax_accuracy",
        "ab argmax",
        "%",
        "higher",
        1,
        "Share of pixels at which the larger of (a, b) is the right one: what Keras calls the "
        "accuracy of a regression of two channels. In the constant's row: always the same "
        "answer, in Lab itself.",
    ),
    Metric(
        "cast",
        "Cast",
        "ab",
        "nearer the truth",
        1,
        "How far a whole photograph leans to one colour: the length of its mean (a, b) in CIE "
        "Lab (D65); mean over photographs.",
    ),
    Metric(
        "chroma_dark",
        "Chroma of the dark",
        "ab",
        "nearer the truth",
        1,
        "Mean chroma where the true photograph is nearly black (L below 12): tinted shadows; "
        "mean over the photographs that have such places.",
    ),
    Metric(
        "chroma_light",
        "Chroma of the light",
        "ab",
        "nearer the truth",
        1,
        "Mean chroma where the true photograph is nearly white (L above 90): tinted whites; "
        "mean over the photographs that have such places.",
    ),
    Metric(
        "block_spread",
        "Spread in blocks",
        "ab",
        "nearer the truth",
        2,
        "How much colour varies from pixel to pixel nearby: sqrt(var a + var b) within blocks of "
        "16 x 16 pixels, mean over blocks; mean over photographs.",
    ),
    Metric(
        "patchiness",
        "Patchiness",
        "ab",
        "nearer the truth",
        2,
        "How much colour varies within what is of one lightness and texture, shading apart, as a "
        "stain on a jacket does: root mean square, averaged over cells of 8 x 8 pixels, of what "
        "luma does not explain within segments of the grey picture (Felzenszwalb & Huttenlocher "
        "2004) at 256 pixels; mean over photographs. Photographs have some: read it beside the "
        "truth.",
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
        "Squared distance in the ab plane of CIE Lab (D65) between a frame and the one before, "
        "carried along by the motion of the true film (Lai et al. 2018); mean over all places of "
        "the film that can be followed (Ruder et al. 2016).",
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
