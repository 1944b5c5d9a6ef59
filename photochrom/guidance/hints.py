"""Hints (known colours at points and strokes), palettes, and matching with a reference."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from typing import TYPE_CHECKING, Final, cast

import cv2
import numpy as np
from PIL import Image, ImageColor

from photochrom import color
from photochrom.checks import check_number
from photochrom.errors import ConfigError, ConfigTypeError

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.color import FloatArray

    IndexArray = npt.NDArray[np.int32]

__all__ = [
    "RGB",
    "Hint",
    "as_rgb",
    "chroma_of",
    "draw",
    "match",
    "owners",
    "palette_of",
    "parse_color",
    "parse_hint",
]

RGB = tuple[int, int, int]

_DEFAULT_RADIUS: Final = 1 / 100  # relative to the photograph's shorter side
_MAX_THICKNESS: Final = 32767  # pixels; OpenCV draws no thicker lines
_HEX: Final = re.compile(r"#?([0-9a-fA-F]{6})")
_PALETTE_SIDE: Final = 96  # pixels; a larger picture gives much the same palette
_MIN_SIMILARITY: Final = 0.5  # cosine of the features of two positions that match
# A match must have more than this share of the greatest similarity that any position of the
# photograph has to the same position of the reference.
_MUTUAL_SHARE: Final = 0.9


@dataclass(frozen=True)
class Hint:
    """A colour that a person knows, at a point or along a stroke.

    Attributes:
        points: one (x, y) for a point, several for a stroke, in pixels of the upright photograph
            from its upper left corner.
        color: sRGB, 0 to 255.
        radius: radius of the point or stroke in pixels; None for a hundredth of the shorter side.
        spread: whether similar cells nearby take the colour, too, so that one point is enough for
            a whole object. If not, it is laid over the hint alone.
    """

    points: tuple[tuple[float, float], ...]
    color: RGB
    radius: float | None = None
    spread: bool = True

    def __post_init__(self) -> None:
        """Check that there is a point, and that the radius and the colour make sense.

        Raises:
            ConfigError: there are no points, a number is NaN or infinite, `radius` is not
                positive, or `color` is not a colour.
            ConfigTypeError: a value is of the wrong type.
        """
        object.__setattr__(self, "points", _pairs(self.points))
        if self.radius is not None:
            check_number(self.radius, "a positive, finite radius", math.ulp(0))
        object.__setattr__(self, "color", as_rgb(self.color))

    @classmethod
    def at(cls, x: float, y: float, color: str | RGB, radius: float | None = None) -> Hint:
        """Make a hint at a point.

        Args:
            x: column in pixels of the upright photograph, from the left.
            y: row in pixels, from the top.
            color: "#RRGGBB", a name, or sRGB, 0 to 255.
            radius: as in the class.

        Raises:
            ConfigError: as in the class.
        """
        return cls(((x, y),), as_rgb(color), radius)


def _pairs(points: Iterable[Iterable[float]]) -> tuple[tuple[float, float], ...]:
    """Return points as a tuple of pairs of finite numbers."""
    try:
        pairs = tuple((x, y) for x, y in points)
    except (TypeError, ValueError) as error:
        raise ConfigTypeError(f"expected points as pairs (x, y); received {points!r}") from error
    if not pairs:
        raise ConfigError("expected one point or more; received no points")
    for value in chain(*pairs):
        check_number(value, "finite coordinates")
    return pairs


def as_rgb(color: str | Sequence[float]) -> RGB:
    """Convert a colour to sRGB.

    Args:
        color: "#RRGGBB", a name as in `parse_color`, or three numbers from 0 to 255.

    Returns:
        Red, green and blue, 0 to 255.

    Raises:
        ConfigError: `color` is not a colour.
    """
    if isinstance(color, str):
        return parse_color(color)
    try:
        red, green, blue = map(float, color)
    except TypeError as error:
        raise ConfigTypeError(
            f"expected three numbers from 0 to 255; received {color!r}"
        ) from error
    except (ValueError, OverflowError):
        red = green = blue = math.nan
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        raise ConfigError(f"expected three numbers from 0 to 255; received {color!r}")
    return round(red), round(green), round(blue)


def parse_color(text: str) -> RGB:
    """Parse a colour written as "#RRGGBB" or by its name, for example "khaki".

    The "#" may be missing. The names are those of CSS Color Module Level 4, which took them from
    X11. Case and spaces do not matter: "Dark Khaki" is "darkkhaki".

    Returns:
        Red, green and blue, 0 to 255.

    Raises:
        ConfigError: `text` is not a colour.
    """
    name = "".join(text.split()).lower()
    if name in ImageColor.colormap:
        return cast("RGB", ImageColor.getrgb(name))
    matched = _HEX.fullmatch(name)
    if not matched:
        near = get_close_matches(name, ImageColor.colormap, 1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise ConfigError(f"expected a colour as #RRGGBB or by name; received {text!r}{meant}")
    red, green, blue = bytes.fromhex(matched.group(1))
    return red, green, blue


def parse_hint(text: str) -> Hint:
    """Parse a hint written as "X,Y,COLOR" or "X,Y,COLOR,RADIUS", for example "420,310,khaki".

    Raises:
        ConfigError: `text` is not a hint.
    """
    parts = text.split(",")
    try:
        x, y, *rest = float(parts[0]), float(parts[1]), *parts[2:]
        rgb, *radius = rest
        return Hint.at(x, y, str(rgb), *map(float, radius))
    except ConfigError:
        raise
    except (ValueError, IndexError, TypeError) as error:
        raise ConfigError(f"expected a hint as X,Y,COLOR[,RADIUS]; received {text!r}") from error


def chroma_of(colors: Sequence[RGB], space: str) -> FloatArray:
    """Return the chroma of colours.

    Args:
        colors: n colours in sRGB, 0 to 255.
        space: a key of `color.SPACES`.

    Returns:
        (n, 2) float32, in the units of the space.
    """
    scaled = np.array(colors, np.float32).reshape(-1, 3) / np.float32(255)
    return color.SPACES[space].from_rgb(scaled)[:, 1:]


def draw(
    hints: Sequence[Hint], photo: tuple[int, int], size: tuple[int, int], space: str
) -> FloatArray:
    """Draw hints as the known colours that a network reads.

    Args:
        hints: the hints; later ones cover earlier ones.
        photo: height and width of the photograph, in pixels.
        size: height and width of the result.
        space: a key of `color.SPACES`.

    Returns:
        (h, w, 3) float32: chroma in the units of the space, and 1 where it is known, 0 elsewhere.

    Raises:
        ConfigError: a hint lies outside the photograph.
    """
    known = np.zeros((*size, 3), np.float32)
    for hint, chroma in zip(hints, chroma_of([hint.color for hint in hints], space), strict=True):
        _stamp(known, hint, photo, (float(chroma[0]), float(chroma[1]), 1.0))
    return known


def owners(hints: Sequence[Hint], photo: tuple[int, int], size: tuple[int, int]) -> IndexArray:
    """Return which hint covers each pixel; arguments and errors are those of `draw`.

    Returns:
        (h, w) int32: the index of the last hint that covers the pixel, or -1.
    """
    numbers = np.full(size, -1, np.int32)
    for number, hint in enumerate(hints):
        _stamp(numbers, hint, photo, (number,))
    return numbers


def _stamp(
    canvas: FloatArray | IndexArray, hint: Hint, photo: tuple[int, int], value: Sequence[float]
) -> None:
    """Draw one hint on a canvas that stands for the whole photograph, in any size."""
    height, width = canvas.shape[:2]
    down, across = height / photo[0], width / photo[1]
    for x, y in hint.points:
        if not (0 <= x < photo[1] and 0 <= y < photo[0]):
            raise ConfigError(
                f"expected hints within the picture, {photo[1]} × {photo[0]}; received {x:g}, {y:g}"
            )
    radius = (hint.radius or min(photo) * _DEFAULT_RADIUS) * min(down, across)
    radius = min(radius, math.hypot(height, width))
    points = [(int(x * across), int(y * down)) for x, y in hint.points]
    for start, end in zip(points, points[1:] or points, strict=False):
        if start != end:
            cv2.line(canvas, start, end, value, max(1, min(_MAX_THICKNESS, round(2 * radius))))
        cv2.circle(canvas, end, max(0, round(radius)), value, -1)


def palette_of(rgb: npt.NDArray[np.uint8], count: int = 6) -> list[RGB]:
    """Return the main colours of a picture, by median cut and then k-means.

    Args:
        rgb: sRGB, (H, W, 3) uint8.
        count: the largest number of colours.

    Returns:
        Colours in sRGB, 0 to 255, the most frequent first.
    """
    side = (_PALETTE_SIDE, _PALETTE_SIDE)
    small = Image.fromarray(cv2.resize(rgb, side, interpolation=cv2.INTER_AREA))
    reduced = small.quantize(count, kmeans=1)
    used, frequency = np.unique(np.asarray(reduced), return_counts=True)
    colors = np.reshape(reduced.getpalette() or [], (-1, 3))[used]
    return [(int(r), int(g), int(b)) for r, g, b in colors[(-frequency).argsort()]]


def match(features: FloatArray, others: FloatArray, chroma: FloatArray) -> FloatArray:
    """Match the positions of a photograph to similar ones of a reference, and copy their colours.

    Args:
        features: features of the photograph, (h, w, F) float32, unit vectors.
        others: features of the reference, (h', w', F) float32, unit vectors.
        chroma: chroma of the reference, (h', w', 2) float32.

    Returns:
        (h, w, 3) float32: chroma, and 1 where a position has a match, 0 elsewhere.
    """
    flat_others = others.reshape(-1, others.shape[-1])
    similarity = features.reshape(-1, features.shape[-1]) @ flat_others.T
    best = similarity.argmax(1)
    score = similarity[np.arange(len(best)), best]
    # Matches must be mutual, or nearly: otherwise one position of the reference, which happens to
    # be similar to everything, would colour much of the photograph.
    score_back = similarity.max(0)[best]
    matched = (score > _MIN_SIMILARITY) & (score > score_back * _MUTUAL_SHARE)
    known = np.zeros((*features.shape[:2], 3), np.float32)
    flat = known.reshape(-1, 3)
    flat[matched, :2] = chroma.reshape(-1, 2)[best[matched]]
    flat[matched, 2] = 1
    return known
