"""What a person has chosen for one photograph."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeGuard

from photochrom.errors import ConfigError
from photochrom.guidance.hints import RGB, Hint, parse_color
from photochrom.options import ColorOptions

if TYPE_CHECKING:
    from photochrom.photo import Photo

__all__ = ["VARIANTS", "Choices", "Mark", "parse_palette"]

VARIANTS: Final = 6
"""The number of variants to choose from; the page calls them alternatives."""


@dataclass(frozen=True)
class Mark:
    """A colour hint with a position relative to the photograph's size.

    Attributes:
        x: Distance from the left, as a share of the width, 0 to 1.
        y: Distance from the top, as a share of the height, 0 to 1.
        color: sRGB, 0 to 255.
    """

    x: float
    y: float
    color: RGB

    @classmethod
    def parse(cls, x: object, y: object, color: object) -> Mark:
        """Return the mark that a browser has sent.

        Raises:
            ConfigError: `x` or `y` is not a number from 0 to 1, or `color` is not a colour.
        """
        if not (_is_share(x) and _is_share(y)):
            raise ConfigError(f"expected a point within the photograph; received {x}, {y}")
        return cls(float(x), float(y), parse_color(str(color)))

    def to_hint(self, size: tuple[int, int]) -> Hint:
        """Return the hint for a photograph of `size`, width and height in pixels."""
        width, height = size
        # A share of 1 is the edge itself; half a pixel less is the centre of the last pixel
        point = min(self.x * width, width - 0.5), min(self.y * height, height - 0.5)
        return Hint((point,), self.color)


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
    """

    vividness: float | None = None
    marks: tuple[Mark, ...] = ()
    palette: tuple[RGB, ...] = ()
    reference: Photo | None = field(default=None, repr=False)
    copied_from: str = ""
    variant: int = 0
    album: bool = True
    negative: bool = False

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
        )

    @property
    def palette_text(self) -> str:
        """The palette, as `parse_palette` reads it."""
        return " ".join(f"#{bytes(color).hex()}" for color in self.palette)

    def cleared(self) -> Choices:
        """Return the default colours, but keep the vividness and what the scan is."""
        return Choices(vividness=self.vividness, album=self.album, negative=self.negative)

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

    def without_mark(self, index: int) -> Choices:
        """Return these choices without one mark."""
        return replace(self, marks=self.marks[:index] + self.marks[index + 1 :])


def parse_palette(text: str) -> tuple[RGB, ...]:
    """Return the colours of a text such as "#2b4c7e, #c9b79c".

    Raises:
        ConfigError: a word of `text` is not a colour.
    """
    return tuple(parse_color(word) for word in text.replace(",", " ").split())
