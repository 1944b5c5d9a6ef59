"""How a client wants its photographs coloured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import File, Form, UploadFile

from photochrom import photo
from photochrom.guidance.hints import parse_color, parse_hint

__all__ = ["Wishes", "wishes"]

FormatName = Literal["jpeg", "png", "webp", "avif", "tiff", "bmp"]

_HINT = "A known colour, as X,Y,#RRGGBB or X,Y,#RRGGBB,RADIUS in pixels. Can be repeated."


@dataclass(frozen=True)
class Wishes:
    """What may be asked of a photograph's colours.

    Attributes:
        vividness: from 0, faithful, to 1, vivid; None: what the model's card says.
        hints: each as `parse_hint` reads it.
        palette: each #RRGGBB.
        reference: a colour photograph of something alike.
        format: of the result; None: the photograph's own.
        quality: of lossy formats.
    """

    vividness: float | None = None
    hints: tuple[str, ...] = ()
    palette: tuple[str, ...] = ()
    reference: UploadFile | None = None
    format: FormatName | None = None
    quality: int | None = None

    def how(self, max_pixels: int) -> dict[str, Any]:
        """Arguments for `Colorizer.colorize`.

        Args:
            max_pixels: of the reference.

        Raises:
            ConfigError: a hint or a colour is none.
            PhotoError: the reference cannot be read.
        """
        how: dict[str, Any] = {
            "vividness": self.vividness,
            "hints": [parse_hint(text) for text in self.hints],
            "palette": [parse_color(text) for text in self.palette],
        }
        if self.reference is not None:
            data = self.reference.file.read()
            how["reference"] = photo.read(data, max_pixels=max_pixels, name="the reference")
        return how

    def format_for(self, held: str) -> str:
        """The name of the result's format, for a photograph of that format."""
        return (self.format or held).upper()


async def wishes(
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
) -> Wishes:
    """The fields of a form."""
    return Wishes(vividness, tuple(hints), tuple(palette), reference, format, quality)
