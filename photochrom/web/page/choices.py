"""What a person has chosen for one photograph."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeGuard

from photochrom.errors import ConfigError
from photochrom.guidance.hints import RGB, Hint, owners, parse_color
from photochrom.options import ColorOptions
from photochrom.restoration import REPAIRS

if TYPE_CHECKING:
    from photochrom.photo import Photo

__all__ = ["VARIANTS", "Choices", "Mark", "parse_palette"]

Shares = tuple[float, float]

VARIANTS: Final = 6
"""The number of variants to choose from; the page calls them alternatives."""

_MAX_POINTS: Final = 1000  # of a stroke
_MAX_RADIUS: Final = 0.5
_ERASER_SIDE: Final = (
    400  # longer side, in pixels, of the drawing that tells what an eraser touches
)


@dataclass(frozen=True)
class Mark:
    """A colour hint with positions relative to the photograph's size.

    Attributes:
        points: One point, or the points of a brush stroke. Each is the distance from the left as
            a share of the width, and from the top as a share of the height, 0 to 1.
        color: sRGB, 0 to 255.
        radius: Radius of the brush as a share of the shorter side; None for a point.
    """

    points: tuple[Shares, ...]
    color: RGB
    radius: float | None = None

    @classmethod
    def parse(cls, points: object, color: object, radius: object = None) -> Mark:
        """Return the mark that a browser has sent.

        Args:
            points: A list of pairs of numbers.
            color: A colour as `parse_color` reads it.
            radius: Radius of the brush, or None.

        Raises:
            ConfigError: There are no points or too many, one lies outside the photograph, `color`
                is not a colour, or `radius` is out of range.
        """
        if not isinstance(points, list) or not 1 <= len(points) <= _MAX_POINTS:
            raise ConfigError(f"expected 1 to {_MAX_POINTS} points; received {str(points)[:80]}")
        if not (radius is None or (_is_share(radius) and 0 < radius <= _MAX_RADIUS)):
            raise ConfigError(f"expected a radius up to {_MAX_RADIUS}; received {radius}")
        return cls(tuple(map(_parse_point, points)), parse_color(str(color)), radius)

    def to_hint(self, size: tuple[int, int]) -> Hint:
        """Return the hint for a photograph of `size`, width and height in pixels."""
        width, height = size
        # A share of 1 is the edge itself; half a pixel less is the centre of the last pixel
        points = [
            (min(x * width, width - 0.5), min(y * height, height - 0.5)) for x, y in self.points
        ]
        radius = self.radius and self.radius * min(size)
        # A click colours the whole object; a brush only what it paints
        return Hint(tuple(points), self.color, radius, spread=radius is None)

    def touches(self, other: Mark, size: tuple[int, int]) -> bool:
        """Return whether two marks overlap in a photograph of `size`."""
        scale = min(1.0, _ERASER_SIDE / max(size))
        columns, rows = (max(1, round(side * scale)) for side in size)
        shape = size[1], size[0]
        own, others = (
            owners([mark.to_hint(size)], shape, (rows, columns)) >= 0 for mark in (self, other)
        )
        return bool((own & others).any())


def _parse_point(point: object) -> Shares:
    if isinstance(point, list) and len(point) == 2 and all(map(_is_share, point)):
        return float(point[0]), float(point[1])
    raise ConfigError(f"expected a point within the photograph; received {str(point)[:80]}")


def _is_share(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and 0 <= value <= 1


@dataclass(frozen=True)
class Choices:
    """How one photograph is to be coloured, checked when the object is made.

    Positions are relative to the photograph's size, so the same choices hold for its preview and
    for the file at full size. `options` returns what the prediction needs.

    Attributes:
        vividness: Colour strength, from 0 (cautious) to 1 (vivid); None takes the model's default.
        marks: Colours that the person knows.
        palette: Colours that the result should lean towards, each sRGB, 0 to 255.
        reference: Photograph to copy colours from.
        copied_from: Path of the file that the reference, or the palette, comes from; "" if none.
        variant: Number of the chosen alternative; 0 is the most likely one.
        album: Whether to colour each photograph on a page on its own, where several are found.
        negative: Whether the photograph is a negative, which is inverted first.
        restore: Whether dust, scratches and fading are repaired where they are found.
    """

    vividness: float | None = None
    marks: tuple[Mark, ...] = ()
    palette: tuple[RGB, ...] = ()
    reference: Photo | None = field(default=None, repr=False)
    copied_from: str = ""
    variant: int = 0
    album: bool = True
    negative: bool = False
    restore: bool = False

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ConfigError: a value is out of range, or two choices exclude each other.
        """
        if not 0 <= self.variant < VARIANTS:
            raise ConfigError(f"expected one of {VARIANTS} alternatives; received {self.variant}")
        self.options((1, 1))

    def options(self, size: tuple[int, int]) -> ColorOptions:
        """Return the options for a photograph of `size`, width and height in pixels."""
        return ColorOptions.of(
            vividness=self.vividness,
            hints=[mark.to_hint(size) for mark in self.marks],
            palette=self.palette,
            reference=self.reference,
            variants=VARIANTS if self.variant else 1,
            album=self.album,
            negative=self.negative,
            restore=REPAIRS if self.restore else (),
        )

    @property
    def palette_text(self) -> str:
        """The palette, as `parse_palette` reads it."""
        return " ".join(f"#{bytes(color).hex()}" for color in self.palette)

    def cleared(self) -> Choices:
        """Return the default colours, but keep the vividness and what the scan is."""
        return Choices(
            vividness=self.vividness,
            album=self.album,
            negative=self.negative,
            restore=self.restore,
        )

    def with_variant(self, variant: int) -> Choices:
        """Return these choices with one of the alternatives, without marks and palette."""
        return replace(self._without_palette(), variant=variant, marks=())

    def copying(self, reference: Photo, file: str) -> Choices:
        """Return these choices with the colours of a photograph, which was read from `file`."""
        return replace(self, reference=reference, palette=(), copied_from=file, variant=0)

    def with_palette(self, palette: tuple[RGB, ...], file: str = "") -> Choices:
        """Return these choices with a palette.

        Args:
            palette: The colours.
            file: Path of the file that they come from; it replaces the reference. "" if a person
                has typed them.
        """
        if file:
            return replace(self, palette=palette, reference=None, copied_from=file, variant=0)
        return replace(self._without_palette(), palette=palette, variant=0)

    def without_copied_colors(self) -> Choices:
        """Return these choices without reference and palette."""
        return replace(self, reference=None, palette=(), copied_from="")

    def _without_palette(self) -> Choices:
        """Return these choices without a palette, and without the file that it came from."""
        copied_from = self.copied_from if self.reference else ""
        return replace(self, palette=(), copied_from=copied_from)

    def with_mark(self, mark: Mark) -> Choices:
        """Return these choices with one more mark.

        The variant becomes 0, since alternatives cannot be combined with marks.
        """
        return replace(self, marks=(*self.marks, mark), variant=0)

    def recolored(self, index: int, color: RGB) -> Choices:
        """Return these choices with another colour for one mark."""
        marks = list(self.marks)
        marks[index] = replace(marks[index], color=color)
        return replace(self, marks=tuple(marks))

    def erased(self, eraser: Mark, size: tuple[int, int]) -> Choices:
        """Return these choices without the marks that an eraser touches.

        Args:
            eraser: What the eraser has covered; its colour does not matter.
            size: Width and height of the photograph, in pixels.
        """
        kept = tuple(mark for mark in self.marks if not mark.touches(eraser, size))
        return replace(self, marks=kept)

    def without_mark(self, index: int) -> Choices:
        """Return these choices without one mark."""
        return replace(self, marks=self.marks[:index] + self.marks[index + 1 :])


def parse_palette(text: str) -> tuple[RGB, ...]:
    """Return the colours of a text such as "#2b4c7e, #c9b79c".

    Raises:
        ConfigError: a word of `text` is not a colour.
    """
    return tuple(parse_color(word) for word in text.replace(",", " ").split())
