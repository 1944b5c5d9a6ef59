"""The file formats that photographs come in, and how to tell them apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from photochrom.errors import OutputError

__all__ = ["FORMATS", "READABLE_SUFFIXES", "Format", "format_named", "format_of", "sniff"]


@dataclass(frozen=True)
class Format:
    """What a file format can hold."""

    name: str
    suffixes: tuple[str, ...]
    alpha: bool
    deep: bool  # 16 bits a sample
    max_side: int


FORMATS: Final = {
    known.name: known
    for known in (
        Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), alpha=False, deep=False, max_side=65500),
        Format("PNG", (".png",), alpha=True, deep=True, max_side=1_000_000),
        Format("WEBP", (".webp",), alpha=True, deep=False, max_side=16383),
        Format("AVIF", (".avif",), alpha=True, deep=False, max_side=65536),
        Format("TIFF", (".tif", ".tiff"), alpha=True, deep=True, max_side=2**31 - 1),
        Format("BMP", (".bmp",), alpha=False, deep=False, max_side=2**31 - 1),
    )
}
READABLE_SUFFIXES: Final = {
    suffix: known.name for known in FORMATS.values() for suffix in known.suffixes
}
KNOWN: Final = f"{', '.join(FORMATS)} ({' '.join(READABLE_SUFFIXES)})"

_RAW: Final = "3fr arw cr2 cr3 crw dcr dng erf iiq kdc mef mos mrw nef nrw orf pef raf raw rw2 srw"
RAW_SUFFIXES: Final = frozenset(f".{ending}" for ending in _RAW.split())

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
    """The format that a file's first bytes tell, one that is read or not; None if unknown."""
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return _sniff_boxes(head) if head[4:8] == b"ftyp" else None


def _sniff_boxes(head: bytes) -> str | None:
    end = min(int.from_bytes(head[:4], "big"), 256)
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, end, 4))]
    if b"avif" in brands or b"avis" in brands:
        return "AVIF"
    if brands[0] == b"crx ":
        return "RAW"
    return "HEIC" if any(brand in _HEIF_BRANDS for brand in brands) else "video"


def format_named(name: str) -> Format:
    """The format of that name, upper or lower case ("jpg" will do for "JPEG").

    Raises:
        OutputError: there is none.
    """
    key = READABLE_SUFFIXES.get(f".{name.lower().lstrip('.')}", name.upper())
    if key not in FORMATS:
        raise OutputError(f"expected a format out of {KNOWN}; received {name!r}")
    return FORMATS[key]


def format_of(path: PurePath) -> Format:
    """The format that a path's suffix asks for.

    Raises:
        OutputError: there is no suffix, or an unknown one.
    """
    suffix = path.suffix.lower()
    if suffix not in READABLE_SUFFIXES:
        came = f"the suffix {suffix!r}" if suffix else "no suffix"
        raise OutputError(f"expected a name that ends like one of {KNOWN}; {path} has {came}")
    return FORMATS[READABLE_SUFFIXES[suffix]]
