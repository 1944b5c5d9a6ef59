"""Metrics that compare a coloured photograph with the true one.

Pictures are RGB, (H, W, 3) uint8, or CIE Lab (D65), (..., 3) float32, as `to_lab` returns them;
each function states which. Shares are in percent.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from photochrom.color import FloatArray, rgb_to_lab

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
    "delta_e_2000",
    "psnr",
    "ssim",
    "to_lab",
]

Rgb = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]

PSNR_CEILING: Final = 10 * float(np.log10(12 * 255**2))
"""58.9 dB: the mean squared error is 1/12, as large as that of rounding to 8 bits."""

_WINDOW: Final = 11  # side of SSIM's Gaussian window, in pixels
_GAUSSIAN: Final = cv2.getGaussianKernel(_WINDOW, 1.5, cv2.CV_32F)
_MAX_THRESHOLD: Final = 150  # Lab units: the largest threshold of the AuC
_TIE: Final = 0.01  # rounding in the conversion gives greys an |a - b| up to this

_25_TO_7: Final = 25.0**7
_PI: Final = float(np.pi)
_TAU: Final = 2 * _PI


def to_lab(rgb: Rgb) -> FloatArray:
    """Convert RGB, (H, W, 3) uint8, to CIE Lab (D65), (H, W, 3) float32."""
    return rgb_to_lab(np.asarray(rgb / np.float32(255), np.float32))


# --- on RGB, uint8 --------------------------------------------------------------------------


def psnr(pred: Rgb, true: Rgb) -> float:
    """Return the peak signal-to-noise ratio over the three channels, in dB, for a peak of 255.

    It is infinite for equal pictures.

    Args:
        pred: the prediction, RGB, (H, W, 3) uint8.
        true: the true picture, of the same shape.

    Raises:
        ValueError: the shapes differ.
    """
    _same_shape(pred, true)
    # `cv2.norm` needs no intermediate array, as a difference of uint8 arrays in NumPy would.
    error = float(cv2.norm(pred, true, cv2.NORM_L2SQR)) / true.size
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def ssim(pred: Rgb, true: Rgb) -> float:
    """Return the structural similarity, -1 to 1 (Wang et al. 2004), averaged over the channels.

    The window is a Gaussian of 11 x 11 pixels with sigma 1.5; windows that reach beyond the
    picture are not used. The computation is in single precision, with an error of about 1e-4 on
    flat pictures and 1e-6 on photographs.

    Args:
        pred: the prediction, RGB, (H, W, 3) uint8.
        true: the true picture, of the same shape.

    Raises:
        ValueError: the shapes differ, or a side is shorter than the window.
    """
    _same_shape(pred, true)
    if min(true.shape[:2]) < _WINDOW:
        raise ValueError(
            f"expected sides of at least {_WINDOW} pixels; received shape {true.shape}"
        )
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    # Centred on 0: variances are differences of squares, and float32 would lose digits otherwise.
    x, y = (picture.astype(np.float32) - 128 for picture in (pred, true))
    mean_x, mean_y = _blur(x), _blur(y)
    covariance = _blur(x * y) - mean_x * mean_y
    variances = _blur(x * x + y * y) - mean_x * mean_x - mean_y * mean_y
    mean_x += 128  # the luminance term needs the true means; variances do not change
    mean_y += 128
    luminance = (2 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1)
    return float((luminance * (2 * covariance + c2) / (variances + c2)).mean(dtype=np.float64))


def colorfulness(rgb: Rgb) -> float:
    """Return the colourfulness M3 of a picture (Hasler & Süsstrunk 2003): from 0 to about 100.

    This is the paper's definition, with signed opponent colours. `colorfulness_abs` is the variant
    that some colourization papers report.

    Args:
        rgb: RGB, (H, W, 3) uint8.
    """
    return _m3(*_opponents(rgb))


def colorfulness_abs(rgb: Rgb) -> float:
    """Return the colourfulness as the code of CT2 and DDColor computes it.

    Use it to compare with their tables. It is M3 of Hasler & Süsstrunk 2003 with the absolute
    values |R - G| and |(R + G) / 2 - B| in place of the signed ones; a picture with both red and
    green objects therefore has a lower value than by `colorfulness`. (S. Weng et al.: CT2,
    ECCV 2022; X. Kang et al.: DDColor, ICCV 2023.)

    Args:
        rgb: RGB, (H, W, 3) uint8.
    """
    return _m3(*(np.abs(plane) for plane in _opponents(rgb)))


# --- on Lab, float32 ------------------------------------------------------------------------


def ciede2000(pred: FloatArray, true: FloatArray) -> float:
    """Return the mean colour difference CIEDE2000 (Sharma et al. 2005) of two Lab pictures."""
    _same_shape(pred, true)
    return float(delta_e_2000(pred, true).mean(dtype=np.float64))


def ab_distance(pred: FloatArray, true: FloatArray) -> FloatArray:
    """Return the Euclidean distance in the ab plane of each pixel: Lab, (..., 3) twice → (...)."""
    _same_shape(pred, true)
    distance: FloatArray = np.hypot(pred[..., 1] - true[..., 1], pred[..., 2] - true[..., 2])
    return distance


def ab_error(pred: FloatArray, true: FloatArray) -> float:
    """Return the mean Euclidean distance in the ab plane of two Lab pictures, in Lab units."""
    return float(ab_distance(pred, true).mean(dtype=np.float64))


def auc_credit(distance: FloatArray) -> FloatArray:
    """Return the share of the thresholds 0, 1, … 150 that each distance is within, in percent.

    Args:
        distance: distances in the ab plane, of any shape; the result has the same shape.
    """
    # The number of integers from the distance up to 150: no loop over the thresholds.
    within: FloatArray = np.maximum(_MAX_THRESHOLD + 1 - np.ceil(distance), 0)
    return within * np.float32(100 / (_MAX_THRESHOLD + 1))


def auc(pred: FloatArray, true: FloatArray) -> float:
    """Return the AuC of two Lab pictures, in percent (Zhang et al. 2016).

    It is the share of pixels whose ab error is within a threshold, averaged over the thresholds
    0, 1, … 150. For the class-rebalanced AuC, see `AucTally`.
    """
    return float(auc_credit(ab_distance(pred, true)).mean(dtype=np.float64))


def b_exceeds_a(lab: FloatArray) -> BoolArray:
    """Return where b exceeds a: Lab, (..., 3) → (...); a tie counts as a, as with `argmax`."""
    return lab[..., 2] - lab[..., 1] > _TIE


def ab_argmax_accuracy(pred: FloatArray, true: FloatArray) -> float:
    """Return the share of pixels at which the larger of (a, b) is the right one, in percent.

    Keras computes this when a network that regresses two channels is compiled with
    `metrics=["accuracy"]`. It says little about colour: a constant guess is right at about six
    pixels in ten. A pixel without colour counts as a, as with `argmax`.
    """
    _same_shape(pred, true)
    return 100 * float((b_exceeds_a(pred) == b_exceeds_a(true)).mean())


def _opponents(rgb: Rgb) -> tuple[FloatArray, FloatArray]:
    """Return the opponent colours R - G and (R + G) / 2 - B, (H, W) float32 each."""
    r, g, b = cv2.split(rgb.astype(np.float32))
    return np.asarray(r - g, np.float32), np.asarray((r + g) / 2 - b, np.float32)


def _m3(red_green: FloatArray, yellow_blue: FloatArray) -> float:
    means, deviations = zip(*map(cv2.meanStdDev, (red_green, yellow_blue)), strict=True)
    return float(np.linalg.norm(deviations) + 0.3 * np.linalg.norm(means))


def _blur(picture: FloatArray) -> FloatArray:
    margin = _WINDOW // 2  # windows centred here would reach beyond the picture
    blurred = cv2.sepFilter2D(picture, -1, _GAUSSIAN, _GAUSSIAN)
    return np.asarray(blurred[margin:-margin, margin:-margin], np.float32)


def _same_shape(pred: npt.NDArray[np.generic], true: npt.NDArray[np.generic]) -> None:
    if pred.shape != true.shape:
        raise ValueError(f"expected a prediction of shape {true.shape}; received {pred.shape}")


# --- CIEDE2000 ------------------------------------------------------------------------------


def delta_e_2000(lab1: Floats, lab2: Floats) -> Floats:
    """Return the colour difference CIEDE2000 of each pixel.

    Sharma, Wu, Dalal (2005), «The CIEDE2000 color-difference formula: implementation notes,
    supplementary test data, and mathematical observations», with kL = kC = kH = 1. The names are
    the paper's: primed chroma and hue are those after a* was stretched by 1 + G.

    Args:
        lab1: CIE Lab, (..., 3) float32 or float64; the computation uses the same dtype.
        lab2: CIE Lab, of the same shape.

    Returns:
        ΔE00, (...); 1 is about the smallest visible difference.
    """
    stretch = 1 + 0.5 * (1 - _chroma_gate((_chroma(lab1) + _chroma(lab2)) / 2))
    a1, b1 = lab1[..., 1] * stretch, lab1[..., 2]
    a2, b2 = lab2[..., 1] * stretch, lab2[..., 2]
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    hue1, hue2 = _hue(a1, b1), _hue(a2, b2)
    colored = c1 * c2 > 0
    turn = np.where(colored, hue2 - hue1, 0)
    around = np.abs(turn) > _PI  # the shorter way between the hues passes through 0
    hue = hue1 + hue2
    hue = np.where(colored, hue / 2 + np.where(around, np.copysign(_PI, _TAU - hue), 0), hue)

    lightness, chroma = (lab1[..., 0] + lab2[..., 0]) / 2, (c1 + c2) / 2
    squared = (lightness - 50) ** 2
    d_l = (lab2[..., 0] - lab1[..., 0]) / (1 + 0.015 * squared / np.sqrt(20 + squared))
    d_c = (c2 - c1) / (1 + 0.045 * chroma)
    half_turn = turn / 2 - np.where(around, np.copysign(_PI, turn), 0)
    d_h = 2 * np.sqrt(c1 * c2) * np.sin(half_turn) / (1 + 0.015 * chroma * _hue_weight(hue))
    rotation = -2 * _chroma_gate(chroma) * np.sin(2 * _tilt(hue))
    # Rounding can make the sum slightly negative for nearly equal colours.
    total = d_l * d_l + d_c * d_c + d_h * d_h + rotation * d_c * d_h
    difference: Floats = np.sqrt(np.maximum(total, 0))
    return difference


def _chroma(lab: Floats) -> Floats:
    chroma: Floats = np.hypot(lab[..., 1], lab[..., 2])
    return chroma


def _hue(a: Floats, b: Floats) -> Floats:
    """Return the hue angle in [0, 2π)."""
    angle = np.arctan2(b, a)
    return angle + np.where(angle < 0, angle.dtype.type(_TAU), 0)


def _chroma_gate(chroma: Floats) -> Floats:
    """Return sqrt(C⁷ / (C⁷ + 25⁷)): 0 for greys, 1 for vivid colours."""
    cubed = chroma * chroma * chroma
    seventh = cubed * cubed * chroma
    gate: Floats = np.sqrt(seventh / (seventh + _25_TO_7))
    return gate


def _hue_weight(hue: Floats) -> Floats:
    """Return T of the paper.

    Cosines of multiples of the angle come from products: a call of `cos` for each is slower.
    """
    cos1, sin1 = np.cos(hue), np.sin(hue)
    cos2, sin2 = cos1 * cos1 - sin1 * sin1, 2 * sin1 * cos1
    cos3, sin3 = cos2 * cos1 - sin2 * sin1, sin2 * cos1 + cos2 * sin1
    cos4, sin4 = cos2 * cos2 - sin2 * sin2, 2 * sin2 * cos2
    low_terms = 0.24 * cos2 - 0.17 * _shifted(cos1, sin1, -30)
    weight: Floats = (
        1 + low_terms + 0.32 * _shifted(cos3, sin3, 6) - 0.2 * _shifted(cos4, sin4, -63)
    )
    return weight


def _shifted(cos: Floats, sin: Floats, degrees: float) -> Floats:
    """Return cos(x + degrees) from cos x and sin x."""
    shift = np.deg2rad(degrees)
    shifted: Floats = cos * float(np.cos(shift)) - sin * float(np.sin(shift))
    return shifted


def _tilt(hue: Floats) -> Floats:
    """Return Δθ of the paper, in radians: the tilt of the ellipses of equal difference in blue."""
    distance = (hue - float(np.deg2rad(275))) / float(np.deg2rad(25))
    tilt: Floats = float(np.deg2rad(30)) * np.exp(-distance * distance)
    return tilt
