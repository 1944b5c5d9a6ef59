"""The form fields of requests that colour photographs and films."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, get_origin

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from photochrom import photo
from photochrom.checks import naming
from photochrom.documents.selection import PAGES_PATTERN, check_pages
from photochrom.errors import ConfigError
from photochrom.guidance.hints import parse_color, parse_hint
from photochrom.options import MAX_VARIANTS, ColorOptions
from photochrom.photo.output_profile import ProfileName
from photochrom.restoration import parse_repairs
from photochrom.web.problems import InvalidRequest

__all__ = ["ColorForm", "JobForm", "PhotographForm", "check_fields"]

FormatName = StrEnum("FormatName", {name: name.lower() for name in photo.FORMATS})  # type: ignore[misc]
# Client generators know a file by this schema; FastAPI's own schema is that of any text
Upload = Annotated[UploadFile, WithJsonSchema({"type": "string", "format": "binary"})]

_SHOWN_CHARACTERS: Final = 40  # of a field's name that is not known
_SHOWN_FAULTS: Final = 5
_SIMILAR: Final = 0.75  # 0 to 1: so that `file` is not taken for `profile`


def _drop_null(schema: dict[str, Any]) -> None:
    """Take `null` out of the schema of optional fields: a form cannot hold it."""
    for field in schema["properties"].values():
        for alternative in field.pop("anyOf", []):
            if alternative != {"type": "null"}:
                field.update(alternative)


class ColorForm(BaseModel):
    """The form fields that say how photographs are coloured, and how the results are encoded."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_drop_null)

    vividness: float | None = Field(
        None, ge=0, le=1, description="Colour strength, from 0 (cautious) to 1 (vivid)."
    )
    hints: list[str] = Field(
        [],
        description="A known colour, as X,Y,COLOR or X,Y,COLOR,RADIUS in pixels; COLOR is "
        "#RRGGBB or a CSS colour name. Can be repeated.",
    )
    palette: list[str] = Field(
        [],
        description="Colours to prefer, as #RRGGBB or CSS colour names, with commas between them. "
        "Can be repeated.",
    )
    reference: Upload | None = Field(None, description="A colour photograph of a similar subject.")
    negative: bool = Field(
        default=False,
        description="Whether the photographs are negatives, which are inverted first.",
    )
    album: bool = Field(
        default=True,
        description="Whether to find the photographs on an album page or within a border, and to "
        "colour only them.",
    )
    in_color: Literal["skip", "recolor"] = Field(
        "skip",
        description="What to do with photographs that are in colour already: `skip` leaves them as "
        "they are, so that a request for such a photograph alone is refused; `recolor` colours "
        "them anew. Sepia is not colour.",
    )
    restore: list[str] = Field(
        [],
        description="Damage to repair where it is found, which changes luma: dust, scratches and "
        "fading, with commas between them, or all. Can be repeated. A "
        "job returns a repaired copy besides, a single request only the repaired photograph. Not "
        "with pages or split.",
    )
    split: bool = Field(
        default=False,
        description="Whether to return each photograph of an album page apart, within a zip.",
    )
    pages: str | None = Field(
        None,
        pattern=PAGES_PATTERN,
        description="Pages to colour of a PDF, or of a TIFF with several pages: `all`, or such as "
        "`1,3-5`. A PDF keeps its other pages, a TIFF does not.",
    )
    profile: ProfileName = Field(
        "srgb", description="Colour space of the results. Documents of several pages stay in sRGB."
    )
    keep_profile: bool = Field(
        default=False,
        description="Whether to write in the scan's own colour space, where it has a profile.",
    )
    label: bool = Field(
        default=False,
        description='Whether to write "Colours guessed by a machine" in a strip below each result. '
        "Not with pages.",
    )
    format: FormatName | None = Field(
        None,
        description="File format of the result; by default that of the photograph. Documents of "
        "several pages keep theirs.",
    )
    quality: int | None = Field(
        None, ge=1, le=100, description="Quality, 1 to 100, for JPEG, WebP and AVIF."
    )

    def options(self, max_pixels: int, variants: int = 1) -> ColorOptions:
        """Parse the fields; reads the reference photograph.

        Args:
            max_pixels: Pixel limit of the reference photograph.
            variants: Number of different versions.

        Raises:
            ConfigError: a hint, a colour or a range of pages is malformed, or two options exclude
                each other.
            PhotoError: the reference cannot be read.
        """
        if self.split and variants > 1:
            raise ConfigError("expected variants or split; received both")
        if self.split and self.restore:
            raise ConfigError("expected restore or split; received both")
        for name in ("label", "restore"):
            if self.pages and getattr(self, name):
                raise ConfigError(f"expected pages or {name}; received both")
        if self.pages:
            with naming("pages"):
                check_pages(self.pages)
        with naming("hints"):
            hints = [parse_hint(text) for text in self.hints]
        with naming("palette"):
            colors = [parse_color(each) for text in self.palette for each in text.split(",")]
        with naming("restore"):
            repairs = parse_repairs(self.restore)
        reference = None
        if self.reference is not None:
            data = self.reference.file.read()
            reference = photo.read(data, max_pixels=max_pixels, name="the reference")
        return ColorOptions.of(
            vividness=self.vividness,
            hints=hints,
            palette=colors,
            reference=reference,
            variants=variants,
            album=self.album,
            negative=self.negative,
            keep_color=self.in_color == "skip",
            restore=repairs,
        )

    @property
    def result_profile(self) -> str:
        """The colour space of the results, as `ColorPhoto.in_profile` takes it."""
        return "keep" if self.keep_profile else self.profile

    def format_for(self, own: str) -> str:
        """Return the name of the result's format for a photograph whose own format is `own`."""
        return (self.format or own).upper()


class PhotographForm(ColorForm):
    """The form fields of a request that colours one photograph."""

    image: Upload = Field(description="The photograph.")
    variants: int = Field(
        1, ge=1, le=MAX_VARIANTS, description="Number of different versions, returned as a zip."
    )


class JobForm(ColorForm):
    """The form fields of a request that creates a job."""

    photographs: list[Upload] = Field([], description="The photographs. Can be repeated.")
    film: Upload | None = Field(None, description="A film, instead of photographs.")
    consistent: bool = Field(
        default=False,
        description="Whether the photographs are an album, whose things get the same colours in "
        "all of them. Each photograph is then read twice.",
    )


def check_fields(fields: Collection[tuple[str, object]], form: type[ColorForm]) -> None:
    """Check the names of the fields that a client sent, and that each has a value.

    Without this check, a misspelt option or one without a value would have no effect, and of a
    repeated one only the last would count.

    Args:
        fields: The name and the value of each field, in the order in which they were sent.
        form: The form that describes the fields.

    Raises:
        InvalidRequest: a field is not known, has no value, or was sent several times and takes one
            value.
    """
    faults = []
    for name, count in Counter(name for name, _ in fields).items():
        field = form.model_fields.get(name)
        if field is None:
            shown = name[:_SHOWN_CHARACTERS]
            faults.append(f"unknown field {shown!r} ({_suggestion(shown, form)})")
        elif count > 1 and get_origin(field.annotation) is not list:
            faults.append(f"{name}: expected this field once; received it {count} times")
        elif (name, "") in fields:
            faults.append(f"{name}: expected a value; received an empty field (leave it out)")
    if faults:
        raise InvalidRequest("; ".join(faults[:_SHOWN_FAULTS]))


def _suggestion(name: str, form: type[ColorForm]) -> str:
    known = list(form.model_fields)
    near = get_close_matches(name.lower(), known, 1, _SIMILAR)
    return f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
