"""How near a coloured photograph is to the true one: one number for a pair of pictures.

Pictures are RGB, (H, W, 3) uint8, or CIE Lab (D65), (..., 3) float32 as `to_lab` gives it; each
function says which. Shares are in percent.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from photochrom.color import FloatArray, rgb_to_lab
from photochrom.scoring.ciede import delta_e_2000

__all__ = [
    "PSNR_CEILING",
    "ab_argmax_accuracy",
    "ab_distance",
    "ab_error",
    "auc",
    "auc_credit",
    "b_exceeds_a",
    "ciede2000",
    "colorfulness",
    "colorfulness_abs",
    "psnr",
    "ssim",
    "to_lab",
]

Rgb = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]

PSNR_CEILING: Final = 10 * float(np.log10(12 * 255**2))
"""58.9 dB, where the mean squared error is 1/12: no more than rounding to 8 bits costs."""

_WINDOW: Final = 11  # taps of SSIM's Gaussian
_GAUSSIAN: Final = cv2.getGaussianKernel(_WINDOW, 1.5, cv2.CV_32F)
_AUC_TOP: Final = 150
_TIE: Final = 0.01  # greys come out of the conversion with |a - b| below this


def to_lab(rgb: Rgb) -> FloatArray:
    """RGB, (H, W, 3) uint8 → CIE Lab, (H, W, 3) float32."""
    return rgb_to_lab(np.asarray(rgb / np.float32(255), np.float32))


# --- on RGB, uint8 --------------------------------------------------------------------------


def psnr(pred: Rgb, true: Rgb) -> float:
    """Peak signal-to-noise ratio over the three channels, in dB, peak 255; equal pictures: inf."""
    _same_shape(pred, true)
    error = float(cv2.norm(pred, true, cv2.NORM_L2SQR)) / true.size
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def ssim(pred: Rgb, true: Rgb) -> float:
    """Structural similarity in [-1, 1] (Wang et al. 2004), the mean over the RGB channels.

    A Gaussian window of 11 x 11 with sigma 1.5; windows that leave the picture do not count.
    Worked in single precision: good to 1e-4 on flat pictures, 1e-6 on photographs.

    Raises:
        ValueError: the shapes differ, or a side is shorter than the window.
    """
    _same_shape(pred, true)
    if min(true.shape[:2]) < _WINDOW:
        raise ValueError(
            f"expected sides of at least {_WINDOW} pixels; received shape {true.shape}"
        )
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    x, y = (picture.astype(np.float32) - 128 for picture in (pred, true))  # for float32's sake
    mean_x, mean_y = _blur(x), _blur(y)
    covariance = _blur(x * y) - mean_x * mean_y
    variances = _blur(x * x + y * y) - mean_x * mean_x - mean_y * mean_y
    mean_x += 128
    mean_y += 128
    luminance = (2 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1)
    return float((luminance * (2 * covariance + c2) / (variances + c2)).mean(dtype=np.float64))


def colorfulness(rgb: Rgb) -> float:
    """How colourful people find a picture (Hasler & Süsstrunk 2003, M3); 0 for grey, ~100 top.

    As the paper defines it, with signed opponent colours. `colorfulness_abs` is what other
    colourization papers print.
    """
    return _m3(*_opponents(rgb))


def colorfulness_abs(rgb: Rgb) -> float:
    """Colourfulness as the programs of CT2 and DDColor compute it, to compare with their tables.

    M3 of Hasler & Süsstrunk 2003 with the absolute values |R - G| and |(R + G) / 2 - B| in place
    of the signed ones; so a picture with both red and green things gets less than by
    `colorfulness`. (S. Weng et al.: CT2, ECCV 2022; X. Kang et al.: DDColor, ICCV 2023.)
    """
    return _m3(*(np.abs(plane) for plane in _opponents(rgb)))


# --- on Lab, float32 ------------------------------------------------------------------------


def ciede2000(pred: FloatArray, true: FloatArray) -> float:
    """The mean colour difference CIEDE2000 (Sharma et al. 2005)."""
    _same_shape(pred, true)
    return float(delta_e_2000(pred, true).mean(dtype=np.float64))


def ab_distance(pred: FloatArray, true: FloatArray) -> FloatArray:
    """Euclidean distance in the ab plane, pixel by pixel: (..., 3) twice → (...)."""
    _same_shape(pred, true)
    distance: FloatArray = np.hypot(pred[..., 1] - true[..., 1], pred[..., 2] - true[..., 2])
    return distance


def ab_error(pred: FloatArray, true: FloatArray) -> float:
    """The mean Euclidean distance in the ab plane of Lab; both (…, 3), in Lab's units."""
    return float(ab_distance(pred, true).mean(dtype=np.float64))


def auc_credit(distance: FloatArray) -> FloatArray:
    """The share, in percent, of the thresholds 0, 1, … 150 that each distance stays within.

    Args:
        distance: in the ab plane, of any shape, which is that of the shares.
    """
    within: FloatArray = np.maximum(_AUC_TOP + 1 - np.ceil(distance), 0)
    return within * np.float32(100 / (_AUC_TOP + 1))


def auc(pred: FloatArray, true: FloatArray) -> float:
    """Area under the curve «share of pixels within a threshold of ab error» (Zhang et al. 2016).

    Integer thresholds 0 to 150, averaged, in percent. For the class-rebalanced one see `AucTally`.
    """
    return float(auc_credit(ab_distance(pred, true)).mean(dtype=np.float64))


def b_exceeds_a(lab: FloatArray) -> BoolArray:
    """Where the argmax of (a, b) is b, (..., 3) → (...); a tie is a's, as with `argmax`."""
    return lab[..., 2] - lab[..., 1] > _TIE


def ab_argmax_accuracy(pred: FloatArray, true: FloatArray) -> float:
    """The share of pixels, in percent, at which the larger of (a, b) is the right one.

    This is what Keras computes when a network that regresses two channels is compiled with
    `metrics=["accuracy"]`. It says little about colour: a constant answer is right at about six
    pixels in ten. A pixel without colour counts as a, as `argmax` has it.
    """
    _same_shape(pred, true)
    return 100 * float((b_exceeds_a(pred) == b_exceeds_a(true)).mean())


def _opponents(rgb: Rgb) -> tuple[FloatArray, FloatArray]:
    """R - G and (R + G) / 2 - B, (H, W) float32 each."""
    r, g, b = cv2.split(rgb.astype(np.float32))
    return np.asarray(r - g, np.float32), np.asarray((r + g) / 2 - b, np.float32)


def _m3(red_green: FloatArray, yellow_blue: FloatArray) -> float:
    means, deviations = zip(*map(cv2.meanStdDev, (red_green, yellow_blue)), strict=True)
    return float(np.linalg.norm(deviations) + 0.3 * np.linalg.norm(means))


def _blur(picture: FloatArray) -> FloatArray:
    margin = _WINDOW // 2
    blurred = cv2.sepFilter2D(picture, -1, _GAUSSIAN, _GAUSSIAN)
    return np.asarray(blurred[margin:-margin, margin:-margin], np.float32)


def _same_shape(pred: npt.NDArray[np.generic], true: npt.NDArray[np.generic]) -> None:
    if pred.shape != true.shape:
        raise ValueError(f"expected a prediction of shape {true.shape}; received {pred.shape}")
