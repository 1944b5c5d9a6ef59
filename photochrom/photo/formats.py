"""The image formats that are read and written, and how they are recognized."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from photochrom.errors import OutputError

__all__ = ["FORMATS", "READABLE_SUFFIXES", "Format", "format_named", "format_of", "sniff"]


@dataclass(frozen=True)
class Format:
    """What an image format can hold.

    Attributes:
        name: name of the format, for example "JPEG".
        suffixes: its file suffixes in lower case; the first is used for new files.
        alpha: whether it holds transparency.
        deep: whether it holds 16 bits a sample.
        max_side: the largest width and height, in pixels.
    """

    name: str
    suffixes: tuple[str, ...]
    alpha: bool
    deep: bool
    max_side: int


FORMATS: Final = {
    entry.name: entry
    for entry in (
        Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), alpha=False, deep=False, max_side=65500),
        Format("PNG", (".png",), alpha=True, deep=True, max_side=1_000_000),
        Format("WEBP", (".webp",), alpha=True, deep=False, max_side=16383),
        Format("AVIF", (".avif",), alpha=True, deep=False, max_side=65536),
        Format("TIFF", (".tif", ".tiff"), alpha=True, deep=True, max_side=2**31 - 1),
        Format("BMP", (".bmp",), alpha=False, deep=False, max_side=2**31 - 1),
    )
}
READABLE_SUFFIXES: Final = {
    suffix: entry.name for entry in FORMATS.values() for suffix in entry.suffixes
}
KNOWN: Final = f"{', '.join(FORMATS)} ({' '.join(READABLE_SUFFIXES)})"

# Many cameras' raw files are TIFF files inside, so they are recognized by their suffix.
_RAW: Final = "3fr arw cr2 cr3 crw dcr dng erf iiq kdc mef mos mrw nef nrw orf pef raf raw rw2 srw"
RAW_SUFFIXES: Final = frozenset(f".{ending}" for ending in _RAW.split())

# The first bytes of files. Formats that are not read are listed, too, so that messages name them.
_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"BM", "BMP"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"%PDF", "PDF"),
    (b"8BPS", "Photoshop"),
    (b"%!PS", "PostScript"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"\0\0\x01\0", "ICO"),
    (b"FUJIFILMCCD-RAW", "RAW"),
    (b"IIU\0", "RAW"),
    (b"IIRO", "RAW"),
    (b"<svg", "SVG"),
)
_HEIF_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")


def sniff(head: bytes) -> str | None:
    """Recognize a file's format by its first bytes.

    Args:
        head: the first 256 bytes.

    Returns:
        The name of a format, which may be one that is not read; None if it is unknown.
    """
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return _sniff_boxes(head) if head[4:8] == b"ftyp" else None


def _sniff_boxes(head: bytes) -> str | None:
    """Recognize a format by the brands in its `ftyp` box (ISO base media file format)."""
    end = min(int.from_bytes(head[:4], "big"), 256)
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, end, 4))]
    if b"avif" in brands or b"avis" in brands:
        return "AVIF"
    if brands[0] == b"crx ":
        return "RAW"
    return "HEIC" if any(brand in _HEIF_BRANDS for brand in brands) else "video"


def format_named(name: str) -> Format:
    """Return the format of a name or suffix, in upper or lower case ("JPEG", "jpg", ".jpg").

    Raises:
        OutputError: `name` is not a format that is written.
    """
    key = READABLE_SUFFIXES.get(f".{name.lower().lstrip('.')}", name.upper())
    if key not in FORMATS:
        raise OutputError(f"expected one of the formats {KNOWN}; received {name!r}")
    return FORMATS[key]


def format_of(path: PurePath) -> Format:
    """Return the format of a path's suffix.

    Raises:
        OutputError: the path has no suffix, or an unknown one.
    """
    suffix = path.suffix.lower()
    if suffix not in READABLE_SUFFIXES:
        received = f"the suffix {suffix!r}" if suffix else "no suffix"
        raise OutputError(f"expected a name that ends like one of {KNOWN}; {path} has {received}")
    return FORMATS[READABLE_SUFFIXES[suffix]]
