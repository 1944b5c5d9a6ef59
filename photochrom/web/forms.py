"""The form fields of requests that colour photographs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import File, Form, UploadFile

from photochrom import photo
from photochrom.guidance.hints import parse_color, parse_hint
from photochrom.options import ColorOptions

__all__ = ["ColorForm", "color_form"]

FormatName = StrEnum("FormatName", {name: name.lower() for name in photo.FORMATS})  # type: ignore[misc]

_HINT = "A known colour, as X,Y,#RRGGBB or X,Y,#RRGGBB,RADIUS in pixels. Can be repeated."


@dataclass(frozen=True)
class ColorForm:
    """The form fields that say how photographs are coloured, and how the results are encoded.

    Attributes:
        vividness: colour strength, 0 to 1; None: the value on the model's card.
        hints: texts for `parse_hint`.
        palette: #RRGGBB texts.
        reference: a colour photograph of a similar subject.
        format: file format of the results; None: the format of each photograph.
        quality: encoder quality, 1 to 100, for lossy formats.
    """

    vividness: float | None = None
    hints: tuple[str, ...] = ()
    palette: tuple[str, ...] = ()
    reference: UploadFile | None = None
    format: FormatName | None = None
    quality: int | None = None

    def options(self, max_pixels: int, variants: int = 1) -> ColorOptions:
        """Parse the fields; reads the reference photograph.

        Args:
            max_pixels: the most pixels that the reference may have.
            variants: how many different results are wanted.

        Raises:
            ConfigError: a field is not a hint or a colour, or fields exclude each other.
            PhotoError: the reference cannot be read.
        """
        reference = None
        if self.reference is not None:
            data = self.reference.file.read()
            reference = photo.read(data, max_pixels=max_pixels, name="the reference")
        return ColorOptions.of(
            vividness=self.vividness,
            hints=[parse_hint(text) for text in self.hints],
            palette=[parse_color(text) for text in self.palette],
            reference=reference,
            variants=variants,
        )

    def format_for(self, own: str) -> str:
        """Return the name of the result's format for a photograph whose own format is `own`."""
        return (self.format or own).upper()


async def color_form(
    vividness: Annotated[
        float | None,
        Form(ge=0, le=1, description="Colour strength, from 0 (cautious) to 1 (vivid)."),
    ] = None,
    hints: Annotated[list[str], Form(description=_HINT)] = [],  # noqa: B006  FastAPI copies it
    palette: Annotated[
        list[str],
        Form(
            description="A colour that the result should lean towards, as #RRGGBB. Can be repeated."
        ),
    ] = [],  # noqa: B006
    reference: Annotated[
        UploadFile | None, File(description="A colour photograph of a similar subject.")
    ] = None,
    format: Annotated[  # noqa: A002
        FormatName | None,
        Form(description="File format of the result; by default that of the photograph."),
    ] = None,
    quality: Annotated[
        int | None, Form(ge=1, le=100, description="Quality, 1 to 100, for JPEG, WebP and AVIF.")
    ] = None,
) -> ColorForm:
    """Collect the fields of a form."""
    return ColorForm(vividness, tuple(hints), tuple(palette), reference, format, quality)
