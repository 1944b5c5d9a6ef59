"""How photographs are to be coloured: one checked, immutable object for all interfaces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, TypedDict, TypeVar, Unpack

from photochrom.checks import check_number
from photochrom.errors import ConfigError, ConfigTypeError
from photochrom.guidance.hints import RGB, Hint, as_rgb
from photochrom.restoration import check_repairs

if TYPE_CHECKING:
    from typing import Self

    from photochrom.guidance.reference import Reference
    from photochrom.guidance.shared_colors import SharedColors
    from photochrom.photo.photo import Photo
    from photochrom.photo.reading import Source

__all__ = ["MAX_VARIANTS", "ColorOptions"]

ReferenceSource: TypeAlias = "Source | Photo | Reference"
"""A reference photograph: a path, bytes, a file, a picture, or a prepared reference."""

FilmReferenceSource: TypeAlias = "ReferenceSource | tuple[ReferenceSource, tuple[float, float]]"
"""A reference for a film, or a pair of one and the start and end in seconds of its section."""

Value = TypeVar("Value")

MAX_HINTS: Final = 500
"""The largest number of hints for one photograph."""

MAX_VARIANTS: Final = 8
"""The largest number of variants of one photograph."""


class ColorKeywords(TypedDict, total=False):
    """The keyword arguments of `ColorOptions.of`."""

    vividness: float | None
    hints: Sequence[Hint]
    palette: Sequence[str | RGB]
    reference: ReferenceSource | None
    variants: int
    album: bool
    negative: bool
    shared: SharedColors | None
    keep_color: bool
    restore: Sequence[str]


@dataclass(frozen=True)
class ColorOptions:
    """The options of colouring, checked when the object is made.

    The command line, the page, the service and the Python functions all make such an object. So an
    option means the same everywhere, and a wrong one gives the same error.

    Attributes:
        vividness: colour strength, from 0 (cautious) to 1 (vivid). None takes the default of
            the model's card.
        hints: colours that a person knows, at points or strokes in the photograph.
        palette: the colours to prefer, besides grey: sRGB triples, 0 to 255.
        reference: a colour photograph of a similar subject, in any form that `Colorizer.predict`
            accepts, or None.
        variants: how many different results to make of each photograph, 1 to `MAX_VARIANTS`.
        album: whether to look for photographs on an album page or within a border. Each is then
            coloured on its own, and the page around them stays as it is.
        negative: whether the photograph is a negative, which is inverted first.
        shared: colours of other photographs of the same album, which this one shares where they
            look alike; None to colour the photograph by itself.
        keep_color: whether photographs in colour keep their colours on an album page that has grey
            ones, too. Sepia and other tints do not count as colour.
        restore: which damage to repair before colouring, where it is found: some of
            `photochrom.restoration.REPAIRS`. This changes luma, and the result says so.
    """

    vividness: float | None = None
    hints: tuple[Hint, ...] = ()
    palette: tuple[RGB, ...] = ()
    reference: ReferenceSource | None = None
    variants: int = 1
    album: bool = True
    negative: bool = False
    shared: SharedColors | None = None
    keep_color: bool = False
    restore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that each value is in range, and that no two options exclude each other.

        Raises:
            ConfigError: a value is out of range, or two options exclude each other.
            ConfigTypeError: a value is of the wrong type.
        """
        if self.vividness is not None:
            check_number(self.vividness, "a vividness from 0 to 1", 0, 1)
        check_number(self.variants, f"1 to {MAX_VARIANTS} variants", 1, MAX_VARIANTS, whole=True)
        for hint in _several(self.hints, "hints"):
            if not isinstance(hint, Hint):
                raise ConfigTypeError(f"expected hints as Hint objects; received {hint!r}")
        if len(self.hints) > MAX_HINTS:  # which take a gigabyte of memory
            raise ConfigError(f"expected {MAX_HINTS} hints at most; received {len(self.hints)}")
        check_repairs(tuple(_several(self.restore, "repairs")))
        excluded = [name for name in ("hints", "palette") if len(getattr(self, name))]
        excluded += ["shared"] if self.shared is not None else []
        if self.variants > 1 and excluded:
            raise ConfigError(
                "expected variants without hints, palette and shared colours; received "
                + " and ".join(excluded)
            )

    @classmethod
    def of(
        cls,
        *,
        vividness: float | None = None,
        hints: Sequence[Hint] = (),
        palette: Sequence[str | RGB] = (),
        reference: ReferenceSource | None = None,
        variants: int = 1,
        album: bool = True,
        negative: bool = False,
        shared: SharedColors | None = None,
        keep_color: bool = False,
        restore: Sequence[str] = (),
    ) -> Self:
        """Make options from any sequences; a palette may also hold texts such as "#2B4C7E".

        Raises:
            ConfigError: a value is out of range, two options exclude each other, or an entry of the
                palette is not a colour.
        """
        colors = tuple(as_rgb(each) for each in _several(palette, "colours"))
        known = tuple(_several(hints, "hints"))
        return cls(
            vividness=vividness,
            hints=known,
            palette=colors,
            reference=reference,
            variants=variants,
            album=album,
            negative=negative,
            shared=shared,
            keep_color=keep_color,
            restore=tuple(_several(restore, "repairs")),
        )

    @classmethod
    def either(
        cls, options: ColorOptions | None, **keywords: Unpack[ColorKeywords]
    ) -> ColorOptions:
        """Return `options`, or options made of keyword arguments.

        Args:
            options: a ready object, or None.
            keywords: the keyword arguments that the calling function received; those of `of`.

        Raises:
            ConfigError: both were given, or `of` refuses the keyword arguments.
            ConfigTypeError: `options` is something else.
        """
        if options is None:
            return cls.of(**keywords)
        if not isinstance(options, ColorOptions):
            raise ConfigTypeError(f"expected ColorOptions; received {options!r}")
        given = [
            name
            for name, value in keywords.items()
            if not (value is None or value is getattr(cls, name))
            and not (isinstance(value, list | tuple) and not value)
        ]
        if given:
            received = " and ".join(given)
            raise ConfigError(f"expected options or keyword arguments; received both: {received}")
        return options


def _several(values: Iterable[Value], what: str) -> Iterable[Value]:
    """Return a sequence; a single value or a text in its place is refused.

    Raises:
        ConfigTypeError: it is not a sequence.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigTypeError(f"expected a sequence of {what}; received {values!r}")
    return values
