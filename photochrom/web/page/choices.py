"""What a person has chosen for one photograph."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from photochrom.errors import ConfigError
from photochrom.guidance.hints import RGB, Hint, parse_color

if TYPE_CHECKING:
    from photochrom.photo import Photo

__all__ = ["Choices", "Mark", "parse_palette"]


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
    def parse(cls, x: Any, y: Any, color: Any) -> Mark:
        """Return the mark that a browser has sent.

        Raises:
            ConfigError: `x` or `y` is not a number from 0 to 1, or `color` is not a colour.
        """
        if not all(isinstance(share, int | float) and 0 <= share <= 1 for share in (x, y)):
            raise ConfigError(f"expected a place within the photograph; received {x}, {y}")
        return cls(float(x), float(y), parse_color(str(color)))

    def to_hint(self, size: tuple[int, int]) -> Hint:
        """Return the hint for a photograph of `size`, width and height in pixels."""
        width, height = size
        # A share of 1 is the edge itself; half a pixel less is the centre of the last pixel
        point = min(self.x * width, width - 0.5), min(self.y * height, height - 0.5)
        return Hint((point,), self.color)


@dataclass(frozen=True)
class Choices:
    """How one photograph is to be coloured.

    Attributes:
        vividness: Colour strength, from 0 (cautious) to 1 (vivid); None takes the model's default.
        marks: Colours that the person knows.
        palette: Colours that the result should lean towards, each sRGB, 0 to 255.
        reference: Photograph to copy colours from.
        copied_from: Path of the file that the reference, or the palette, comes from; "" if none.
        variant: Number of the chosen alternative; 0 is the most likely one.
    """

    vividness: float | None = None
    marks: tuple[Mark, ...] = ()
    palette: tuple[RGB, ...] = ()
    reference: Photo | None = field(default=None, repr=False)
    copied_from: str = ""
    variant: int = 0

    @property
    def palette_text(self) -> str:
        """The palette, as `parse_palette` reads it."""
        return " ".join(f"#{bytes(color).hex()}" for color in self.palette)

    def without_palette(self) -> Choices:
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
