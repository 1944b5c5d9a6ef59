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
    """A hint, wherever the photograph is shown and however large.

    Attributes:
        x: from its left, as a share of its width.
        y: from its top, as a share of its height.
        color: sRGB, 0 to 255.
    """

    x: float
    y: float
    color: RGB

    @classmethod
    def of(cls, x: Any, y: Any, color: Any) -> Mark:
        """What came from a browser.

        Raises:
            ConfigError: it is no place within the photograph, or no colour.
        """
        if not all(isinstance(each, int | float) and 0 <= each <= 1 for each in (x, y)):
            raise ConfigError(f"expected a place within the photograph; received {x}, {y}")
        return cls(float(x), float(y), parse_color(str(color)))

    def on(self, size: tuple[int, int]) -> Hint:
        """As a hint for a photograph of that width and height."""
        width, height = size
        place = min(self.x * width, width - 0.5), min(self.y * height, height - 0.5)
        return Hint((place,), self.color)


@dataclass(frozen=True)
class Choices:
    """How a photograph is to be coloured.

    Attributes:
        vividness: from 0, faithful, to 1, vivid; None: what the model's card says.
        marks: colours that are known.
        palette: colours to be drawn to.
        reference: a colour photograph to follow.
        followed: the file that the reference, or the palette, is of.
        variant: which of several answers; 0: the best.
    """

    vividness: float | None = None
    marks: tuple[Mark, ...] = ()
    palette: tuple[RGB, ...] = ()
    reference: Photo | None = field(default=None, repr=False)
    followed: str = ""
    variant: int = 0

    @property
    def words(self) -> str:
        """The palette, as `parse_palette` reads it."""
        return " ".join(f"#{bytes(each).hex()}" for each in self.palette)

    def without_palette(self) -> Choices:
        """And, if it was that of a file, without that."""
        return replace(self, palette=(), followed=self.followed if self.reference else "")

    def with_mark(self, mark: Mark) -> Choices:
        """One more; who corrects a colour corrects the best answer."""
        return replace(self, marks=(*self.marks, mark), variant=0)

    def recolored(self, number: int, color: RGB) -> Choices:
        """With another colour for a mark."""
        marks = list(self.marks)
        marks[number] = replace(marks[number], color=color)
        return replace(self, marks=tuple(marks))

    def without_mark(self, number: int) -> Choices:
        return replace(self, marks=self.marks[:number] + self.marks[number + 1 :])


def parse_palette(text: str) -> tuple[RGB, ...]:
    """`#RRGGBB, #RRGGBB …` → colours.

    Raises:
        ConfigError: one of them is none.
    """
    return tuple(parse_color(each) for each in text.replace(",", " ").split())
