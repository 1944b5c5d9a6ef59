"""Show the photographs of an archive in IIIF viewers, each in grey or in colour, as one chooses."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from photochrom.archive.layout import Placed, placed
from photochrom.errors import ConfigError, DataError
from photochrom.files.atomic import write_bytes
from photochrom.photo import READABLE_SUFFIXES
from photochrom.photo.codecs import codec_named

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry

__all__ = ["manifest_of", "write_iiif"]

_CONTEXT: Final = "http://iiif.io/api/presentation/3/context.json"
_GREY: Final = "Original, in grey"
_COLORED: Final = "Coloured: the colours were guessed by a machine"
_STATEMENT: Final = (
    "The originals are grey. The colours of the coloured versions were guessed by a machine and "
    "are no evidence of the true ones."
)


def write_iiif(
    entries: Iterable[Entry],
    path: Path,
    base_url: str,
    *,
    title: str = "Coloured photographs",
    overwrite: bool = False,
) -> int:
    """Write a IIIF Presentation 3 manifest as a JSON file.

    Args:
        entries: as in `manifest_of`.
        path: the file to write.
        base_url: as in `manifest_of`; the manifest itself is expected there under its own name.
        title: as in `manifest_of`.
        overwrite: whether an existing file may be replaced.

    Returns:
        The number of photographs in the manifest.

    Raises:
        ConfigError, DataError: as in `manifest_of`.
        OutputError: as in `write_bytes`.
    """
    made = manifest_of(entries, base_url, name=path.name, title=title)
    text = json.dumps(made, ensure_ascii=False, indent=1)
    write_bytes(path, text.encode("utf-8", "replace"), overwrite=overwrite)
    return len(made["items"])


def manifest_of(
    entries: Iterable[Entry],
    base_url: str,
    *,
    name: str = "manifest.json",
    title: str = "Coloured photographs",
) -> dict[str, Any]:
    """Return a IIIF Presentation 3 manifest with a page for each photograph that is done.

    A viewer shows the grey original first, and offers the coloured version as a choice.

    Args:
        entries: the rows of the run's manifest; films, and what is not done, are left out.
        base_url: the address of a folder on the web with the files of a bag's folder `data`:
            `originals/…` and `coloured/…`.
        name: the name of the manifest's file in that folder.
        title: what to call the manifest.

    Raises:
        ConfigError: `base_url` is not an address on the web.
        DataError: no photograph is done.
    """
    if not base_url.startswith(("http://", "https://")):
        raise ConfigError(
            f"expected a URL that begins with https:// or http://; received {base_url!r}"
        )
    base = base_url.rstrip("/")
    # Films count for the places, which are those in the bag.
    found = (each for each in placed(entries) if not each.entry.parts)
    photographs = [each for each in found if each.entry.width and each.entry.height]
    if not photographs:
        raise DataError("expected photographs whose size is known; the manifest has none")
    return {
        "@context": _CONTEXT,
        "id": f"{base}/{quote(name)}",
        "type": "Manifest",
        "label": _english(title),
        "requiredStatement": {"label": _english("Colours"), "value": _english(_STATEMENT)},
        "items": [_canvas(base, each, number) for number, each in enumerate(photographs, 1)],
    }


def _canvas(base: str, photograph: Placed, number: int) -> dict[str, Any]:
    """Return the page of a photograph, on which one of two images is painted."""
    canvas = f"{base}/canvas/{number}"
    entry = photograph.entry
    size = {"width": entry.width, "height": entry.height}
    choice = {
        "type": "Choice",
        "items": [
            _image(base, photograph.original, _GREY) | size,
            _image(base, photograph.colored, _COLORED) | size,
        ],
    }
    painting = {
        "id": f"{canvas}/painting",
        "type": "Annotation",
        "motivation": "painting",
        "body": choice,
        "target": canvas,
    }
    page = {"id": f"{canvas}/page", "type": "AnnotationPage", "items": [painting]}
    label = {"none": [photograph.colored.stem]}
    return {"id": canvas, "type": "Canvas", "label": label, "items": [page]} | size


def _image(base: str, place: PurePosixPath, label: str) -> dict[str, Any]:
    file_format = READABLE_SUFFIXES.get(place.suffix.lower())
    image = {"id": f"{base}/{quote(str(place))}", "type": "Image", "label": _english(label)}
    media_type = codec_named(file_format).media_type if file_format else ""
    return image | ({"format": media_type} if media_type else {})


def _english(text: str) -> dict[str, list[str]]:
    return {"en": [text]}
