"""Draw damage over clean photographs: dust, hairs, scratches and cracks, to train a detector with.

`tools/train_damage_detector.py` uses it.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["SIDE", "VISIBLE", "damaged", "example"]

Grey = npt.NDArray[np.float32]  # (H, W), 0 black to 1 white
Rng = np.random.Generator

SIDE: Final = 192
"""Pixels of a side of the squares to train on."""

VISIBLE: Final = (0.02, 0.06)
"""What damage changes by more than the second level is damaged, by less than the first, it is not.

What lies between is left out of the loss.
"""

_CLEAN: Final = 0.5  # share of squares without damage
_SUPERSAMPLING: Final = 2  # marks are drawn larger and made smaller, for smooth edges


# --- drawing damage -------------------------------------------------------------------------


def damaged(grey: Grey, rng: Rng) -> Grey:
    """Draw dust, hairs, scratches and cracks over a photograph.

    Args:
        grey: (H, W) float32 in [0, 1].
        rng: decides what is drawn, and where.
    """
    light = rng.choice([0.0, 1.0, rng.random()], p=[0.25, 0.5, 0.25])  # share of light marks
    kinds = [(_speck, 50), (_speck, 12), (_hair, 4), (_scratch, 4), (_crack, 4)]
    chosen = [pair for pair in kinds if rng.random() < 0.5] or [kinds[int(rng.integers(5))]]
    for draw, most in chosen:
        for _ in range(int(rng.integers(1, most + 1))):
            opacity = draw(grey.shape, rng) * np.float32(rng.uniform(0.3, 1))
            is_light = rng.random() < light
            tone = np.float32(rng.uniform(0.75, 1.0) if is_light else rng.uniform(0, 0.3))
            grey = grey + (tone - grey) * opacity
            if draw is _crack and is_light and rng.random() < 0.5:
                grey = grey * (1 - _shadow(opacity, rng))
    return grey


def _canvas(shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    return np.zeros((shape[0] * _SUPERSAMPLING, shape[1] * _SUPERSAMPLING), np.uint8)


def _finished(canvas: npt.NDArray[np.uint8], rng: Rng) -> Grey:
    """Return the opacity of a drawn mark, in [0, 1], at the size of the photograph."""
    size = (canvas.shape[1] // _SUPERSAMPLING, canvas.shape[0] // _SUPERSAMPLING)
    smaller = cv2.resize(canvas, size, interpolation=cv2.INTER_AREA)
    opacity: Grey = np.divide(smaller, 255, dtype=np.float32)
    if rng.random() < 0.4:
        opacity = _blurred(opacity, rng.uniform(0.4, 0.9))
    return np.asarray(opacity, np.float32)


def _draw_line(canvas: npt.NDArray[np.uint8], points: npt.ArrayLike, thickness: int) -> None:
    """Draw a line through points (N, 2), x and y, in pixels of the photograph."""
    scaled = np.rint(np.asarray(points, np.float64) * _SUPERSAMPLING * 16).astype(np.int32)
    cv2.polylines(canvas, [scaled[:, None]], isClosed=False, color=255, thickness=thickness,
                  lineType=cv2.LINE_AA, shift=4)  # fmt: skip


def _thickness(rng: Rng) -> int:
    """Return the width of a line on the canvas: mostly thin, now and then up to 5 pixels."""
    return round(float(np.exp(rng.uniform(0, np.log(5 * _SUPERSAMPLING)))))


def _start(shape: tuple[int, ...], rng: Rng) -> npt.NDArray[np.float64]:
    return rng.uniform(-0.05, 1.05, 2) * (shape[1], shape[0])


def _speck(shape: tuple[int, ...], rng: Rng) -> Grey:
    """Draw a speck of dust: a small polygon without a regular form."""
    canvas = _canvas(shape)
    radius = np.exp(rng.uniform(np.log(0.6), np.log(6.0)))
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(5, 9))))
    radii = radius * rng.uniform(0.5, 1.3, len(angles))
    stretch = rng.uniform(0.5, 1.0)
    outline = np.stack([np.cos(angles) * radii, np.sin(angles) * radii * stretch], -1)
    outline = outline @ _turned(rng.uniform(0, np.pi)) + _start(shape, rng)
    scaled = np.rint(outline * _SUPERSAMPLING * 16).astype(np.int32)
    cv2.fillPoly(canvas, [scaled[:, None]], 255, cv2.LINE_AA, 4)
    return _finished(canvas, rng)


def _hair(shape: tuple[int, ...], rng: Rng) -> Grey:
    """Draw a hair or a fibre: a thin curve."""
    canvas = _canvas(shape)
    steps = int(rng.integers(15, 60))
    turning = rng.normal(0, 0.08) + np.cumsum(rng.normal(0, 0.04, steps))
    angles = rng.uniform(0, 2 * np.pi) + np.cumsum(turning)
    path = np.cumsum(np.stack([np.cos(angles), np.sin(angles)], -1) * rng.uniform(1, 2.5), 0)
    _draw_line(canvas, path + _start(shape, rng), int(rng.integers(1, 4)))
    return _finished(canvas, rng)


def _scratch(shape: tuple[int, ...], rng: Rng) -> Grey:
    """Draw a scratch: long, nearly straight, mostly vertical, often broken."""
    canvas = _canvas(shape)
    is_vertical = rng.random() < 0.6
    angle = rng.normal(np.pi / 2, 0.05) if is_vertical else rng.uniform(0, np.pi)
    length = max(shape) * np.exp(rng.uniform(np.log(0.06), np.log(1.5)))
    along = np.linspace(-0.5, 0.5, 24)[:, None] * length
    direction = np.array([np.cos(angle), np.sin(angle)])
    bend = np.cumsum(rng.normal(0, 0.15, 24))[:, None] * direction[::-1] * (1, -1)
    _draw_line(canvas, _start(shape, rng) + along * direction + bend, _thickness(rng))
    opacity = _finished(canvas, rng)
    if rng.random() < 0.6:  # it fades in and out
        strength = cv2.resize(
            rng.uniform(-0.5, 1.5, (8, 8)).astype(np.float32), shape[::-1],
            interpolation=cv2.INTER_CUBIC,
        )  # fmt: skip
        opacity = opacity * np.clip(strength, 0, 1)
    return np.asarray(opacity, np.float32)


def _crack(shape: tuple[int, ...], rng: Rng) -> Grey:
    """Draw a crack of the emulsion or a crease: a ragged line with branches."""
    canvas = _canvas(shape)
    paths = [_ragged(_start(shape, rng), rng.uniform(0, 2 * np.pi), max(shape), rng)]
    for _ in range(int(rng.integers(0, 3))):
        trunk = paths[0]
        paths.append(
            _ragged(trunk[int(rng.integers(len(trunk)))], rng.uniform(0, 2 * np.pi),
                    max(shape) * 0.4, rng)
        )  # fmt: skip
    for path in paths:
        thickness = _thickness(rng)
        for start in range(0, len(path) - 1, 3):  # its width changes
            wider = max(1, thickness + int(rng.integers(-1, 2)))
            _draw_line(canvas, path[start : start + 4], wider)
    return _finished(canvas, rng)


def _ragged(
    start: npt.NDArray[np.float64], angle: float, longest: float, rng: Rng
) -> npt.NDArray[np.float64]:
    """Return a path that changes its direction again and again, (N, 2)."""
    length, step = longest * rng.uniform(0.1, 0.9), rng.uniform(2, 6)
    count = max(3, int(length / step))
    angles = angle + np.cumsum(rng.normal(0, 0.12, count)) + rng.normal(0, 0.45, count)
    steps = np.stack([np.cos(angles), np.sin(angles)], -1) * step
    return np.asarray(start + np.cumsum(steps, 0))


def _shadow(opacity: Grey, rng: Rng) -> Grey:
    """Return the darkness beside a crease, on one side of it."""
    offset = rng.uniform(-2.5, 2.5, 2)
    moved = cv2.warpAffine(
        opacity, np.array([[1, 0, offset[0]], [0, 1, offset[1]]]), opacity.shape[::-1]
    )
    dark = np.maximum(moved - opacity, 0) * np.float32(rng.uniform(0.1, 0.5))
    return np.asarray(dark, np.float32)


def _turned(angle: float) -> npt.NDArray[np.float64]:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


# --- examples -------------------------------------------------------------------------------


def example(grey: npt.NDArray[np.uint8], rng: Rng) -> tuple[Grey, Grey, Grey]:
    """Return a square of a photograph as a scan, where it is damaged, and what counts.

    Args:
        grey: a photograph, (H, W) uint8.
        rng: decides the square and the damage.

    Returns:
        The scan, the target (1 where it is damaged) and the weight of each pixel, (SIDE, SIDE).
    """
    square = _square(grey, rng)
    square = _as_film(square, rng)
    scan = damaged(square, rng) if rng.random() > _CLEAN else square
    change = np.abs(scan - square)
    target = (change > VISIBLE[1]).astype(np.float32)
    weight = ((change <= VISIBLE[0]) | (change > VISIBLE[1])).astype(np.float32)
    return _as_scan(scan, rng), target, weight


def _square(grey: npt.NDArray[np.uint8], rng: Rng) -> Grey:
    """Cut a square out of a photograph, which is often enlarged: then it is less sharp."""
    least = max(0.4, SIDE / min(grey.shape))
    most = 2.5 * max(1.0, least)
    zoom = least if rng.random() < 0.3 else np.exp(rng.uniform(np.log(least), np.log(most)))
    side = min(round(SIDE / zoom), *grey.shape)
    top, left = (int(rng.integers(0, length - side + 1)) for length in grey.shape)
    part = grey[top : top + side, left : left + side]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    if rng.random() < 0.3:
        part = np.rot90(part, int(rng.integers(1, 4)))
    part = np.ascontiguousarray(part)
    if side != SIDE:
        way = cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC
        part = np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=way), np.uint8)
    return np.divide(part, 255, dtype=np.float32)


def _as_film(grey: Grey, rng: Rng) -> Grey:
    """Change the tones as film and fading do, and add grain."""
    if rng.random() < 0.5:
        grey = grey ** np.float32(np.exp(rng.uniform(-0.5, 0.5)))
    if rng.random() < 0.4:
        black, white = rng.uniform(0, 0.25), rng.uniform(0.75, 1)
        grey = np.float32(black) + grey * np.float32(white - black)
    if rng.random() < 0.4:
        grey = _blurred(grey, rng.uniform(0.4, 1.5))
    if rng.random() < 0.6:
        noise = rng.standard_normal(grey.shape, np.float32)
        if rng.random() < 0.6:
            noise = _blurred(noise, rng.uniform(0.4, 1.0))
            noise /= noise.std() + np.float32(1e-6)
        grey = grey + noise * np.float32(rng.uniform(0.005, 0.06))
    return np.asarray(np.clip(grey, 0, 1), np.float32)


def _as_scan(grey: Grey, rng: Rng) -> Grey:
    """Blur a little, add the scanner's noise, and save as JPEG, each now and then."""
    if rng.random() < 0.3:
        grey = _blurred(grey, rng.uniform(0.3, 0.7))
    if rng.random() < 0.3:
        grey = grey + rng.standard_normal(grey.shape, np.float32) * np.float32(
            rng.uniform(0.002, 0.02)
        )
    levels = np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = int(rng.integers(50, 96))
        _, data = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        levels = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
    return np.divide(levels, 255, dtype=np.float32)


def _blurred(values: Grey, sigma: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)
