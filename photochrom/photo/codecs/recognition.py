"""Recognize the format of a file by its content, even of formats that are not read."""

from __future__ import annotations

from typing import Final

from photochrom.errors import UnsupportedPhoto
from photochrom.photo.codecs.base import RECOGNIZED, readable_formats
from photochrom.photo.codecs.raw import RAW_SUFFIXES
from photochrom.photo.codecs.raw_directories import holds_raw

__all__ = ["recognize", "sniff", "unsupported"]

# Formats without a codec: what to say about a file, after "holds ... data: "
_ADVICE: Final = {
    "DICOM": "a medical image, whose brightness depends on how it is viewed; export it as PNG or "
    "TIFF from a DICOM viewer",
    "DPX": "a frame of a film scan; convert it to a TIFF of 16 bits first",
    "DjVu": "a scanned document; convert it to TIFF first, for example with ddjvu",
    "FITS": "an astronomical image; export it as TIFF or PNG from a FITS viewer",
    "GIMP": "an image with layers; export it as TIFF or PNG in GIMP",
    "ICO": "icons, not a photograph",
    "JPEG XR": "convert it to TIFF or PNG first",
    "Netpbm": "convert it to PNG or TIFF first",
    "OpenEXR": "linear light; convert it to a TIFF of 16 bits first",
    "Photo CD": "convert it to TIFF first, for example with pcdtojpeg",
    "Photoshop": "an image with layers; save it as TIFF or PNG in Photoshop or GIMP",
    "PostScript": "a document; convert it to TIFF first, for example with Ghostscript",
    "QOI": "convert it to PNG first",
    "Radiance HDR": "linear light; convert it to a TIFF of 16 bits first",
    "SVG": "a drawing, not a photograph",
    "video": "a film, not a photograph (colour it with `film`)",
}
# Where a signature is in a file, the signature, and the format
_SIGNATURES: Final = (
    (0, b"%PDF", "PDF"),
    (0, b"8BPS", "Photoshop"),
    (0, b"gimp xcf", "GIMP"),
    (0, b"%!PS", "PostScript"),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript"),  # with a preview
    (0, b"<svg", "SVG"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"#?RGBE", "Radiance HDR"),
    (0, b"\0\0\x01\0", "ICO"),
    (0, b"II\xbc\x01", "JPEG XR"),
    (0, b"AT&TFORM", "DjVu"),
    (0, b"SIMPLE  =", "FITS"),
    (0, b"qoif", "QOI"),
    (0, b"SDPX", "DPX"),
    (0, b"XPDS", "DPX"),
    *((0, b"P%d%c" % (kind, end), "Netpbm") for kind in range(1, 8) for end in b" \n\r\t"),
    (4, b"ftyp", "video"),
    (0, b"\x1aE\xdf\xa3", "video"),  # Matroska and WebM
    (8, b"AVI ", "video"),
    (0, b"\0\0\x01\xba", "video"),  # MPEG
    (128, b"DICM", "DICOM"),
    (2048, b"PCD_IPI", "Photo CD"),
)


def sniff(head: bytes) -> str | None:
    """Recognize a file's format by its first bytes.

    Args:
        head: the first 256 bytes, or more.

    Returns:
        The name of the format, even if it cannot be read; None if it is unknown.
    """
    for codec in RECOGNIZED.values():
        if codec.matches(head):
            return codec.name
    for start, signature, name in _SIGNATURES:
        if head.startswith(signature, start):
            return name
    return "SVG" if head.startswith(b"<?xml") and b"<svg" in head else None


def recognize(data: bytes, suffix: str) -> str | None:
    """Recognize a file's format by all of its content, and by its suffix if it may be a raw file.

    Args:
        data: the whole file.
        suffix: its suffix in lower case; "" if it has none.

    Returns:
        As for `sniff`.
    """
    found = sniff(data[:4096])
    # The raw files of most cameras are TIFF files; those of a few have no known signature.
    if found in ("TIFF", None) and suffix in RAW_SUFFIXES:
        return "RAW"
    return "RAW" if found == "TIFF" and holds_raw(data) else found


def unsupported(format_name: str, name: str) -> UnsupportedPhoto:
    """Return the error for a photograph of a format that is recognized but not read.

    Args:
        format_name: the format, as `recognize` names it.
        name: the photograph's name in messages.
    """
    codec = RECOGNIZED.get(format_name)
    if codec is not None and codec.extra:
        return UnsupportedPhoto(
            f"{name} holds {format_name} data; install photochrom[{codec.extra}] to read it"
        )
    if format_name in _ADVICE:
        return UnsupportedPhoto(f"{name} holds {format_name} data: {_ADVICE[format_name]}")
    return UnsupportedPhoto(
        f"{name} holds {format_name} data; the formats read are {readable_formats()}"
    )
