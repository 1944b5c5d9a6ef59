"""The raw files of cameras, developed with the optional package rawpy (LibRaw); read only."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from photochrom.errors import PhotoError, UnreadablePhoto, UnsupportedPhoto
from photochrom.photo.codecs.base import Codec, Decoded, register
from photochrom.photo.codecs.boxes import brands
from photochrom.photo.codecs.jpeg import JPEG
from photochrom.photo.codecs.raw_directories import as_tiff, missing_bytes
from photochrom.photo.container import DEFAULT_MAX_PIXELS, check_size, decoding, quiet
from photochrom.photo.pixels import Pixels
from photochrom.photo.tiff_tags import tiff_info

if TYPE_CHECKING:
    import rawpy

__all__ = ["RAW", "RAW_SUFFIXES"]

_SUFFIXES: Final = (
    "dng nef cr2 cr3 arw raf rw2 orf pef srw 3fr crw dcr erf fff gpr iiq kdc mef mos mrw nrw raw "
    "rwl sr2 srf x3f"
)
_ORIENTATIONS: Final = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}  # LibRaw's flip → EXIF
_SRGB_CURVE: Final = (2.4, 12.92)  # as LibRaw takes it: the power, and the slope near black
_CLIPPED_SHARE: Final = 0.001  # share of the pixels that may clip when LibRaw lightens a picture
_MIN_PREVIEW_SIDE: Final = 640  # pixels; smaller ones are thumbnails
_EXIF, _MAKER_NOTE = 0x8769, 0x927C  # EXIF tags


class _Raw(Codec):
    """Raw files of any camera that LibRaw knows; results are JPEG files."""

    name = "RAW"
    suffixes = tuple(f".{ending}" for ending in _SUFFIXES.split())
    media_type = "image/x-dcraw"
    signatures = (
        b"FUJIFILMCCD-RAW", b"FOVb", b"II\x1a\0\0\0HEAPCCDR", b"IIRO", b"IIRS", b"IIU\0", b"MMOR",
        b"\0MRM",
    )  # fmt: skip
    written_as = "JPEG"
    extra = "raw"
    packages = ("rawpy",)

    def matches(self, head: bytes) -> bool:
        """Return whether a file begins as only raw files do.

        Most raw files begin like TIFF files. `recognize` finds out which of these are raw.
        """
        return super().matches(head) or brands(head)[:1] == [b"crx "]

    def decode(self, data: bytes, name: str, max_pixels: int) -> Decoded:
        """Develop a file in sRGB at 16 bits, with the white balance of the camera."""
        return _decode(data, name, max_pixels, 0)

    def decode_reduced(self, data: bytes, name: str, min_side: int) -> Decoded:
        """Develop a file at half its size, which is much faster, if that is large enough."""
        return _decode(data, name, DEFAULT_MAX_PIXELS, min_side)


RAW: Final = register(_Raw())
RAW_SUFFIXES: Final = frozenset(_Raw.suffixes)


def _decode(data: bytes, name: str, max_pixels: int, min_side: int) -> Decoded:
    """Develop a file, or read the preview in it if LibRaw cannot develop it.

    Args:
        data: the whole file.
        name: the photograph's name in messages.
        max_pixels: the largest number of pixels.
        min_side: the shorter side that is needed, in pixels; 0 for the whole size.

    Raises:
        PhotoError: the file is damaged, too large or not supported.
    """
    import rawpy

    if missing := missing_bytes(data):
        raise UnreadablePhoto(f"{name} is damaged or truncated: {missing:,} bytes are missing")
    with decoding(name):
        try:
            with rawpy.imread(io.BytesIO(data)) as file:
                sizes = file.sizes
                check_size((sizes.raw_width, sizes.raw_height), name, max_pixels)
                orientation = _ORIENTATIONS.get(sizes.flip, 1)  # before `_develop` resets it
                halve = 0 < 2 * min_side <= min(sizes.height, sizes.width)
                samples = _develop(file, halve=halve)
                return Decoded(Pixels.split(samples), _info(data, file, name), orientation)
        except (rawpy.LibRawFileUnsupportedError, rawpy.LibRawNotImplementedError):
            return _preview(data, name, max_pixels)
        except rawpy.LibRawError as error:
            reason = error.args[0]
            text = reason.decode() if isinstance(reason, bytes) else reason
            raise UnreadablePhoto(f"{name} is damaged or truncated: {text}") from error


def _develop(file: rawpy.RawPy, *, halve: bool) -> Any:
    """Return sRGB, (H, W, 3) uint16, not yet turned upright; (H, W, 1) from a monochrome sensor.

    Raises:
        ValueError: all samples are black: LibRaw fills in black where samples are missing.
    """
    samples = file.postprocess(
        use_camera_wb=True,
        output_bps=16,
        gamma=_SRGB_CURVE,
        auto_bright_thr=_CLIPPED_SHARE,
        user_flip=0,
        half_size=halve,
    )
    if not samples.any():
        raise ValueError("it holds no samples")
    return samples


def _preview(data: bytes, name: str, max_pixels: int) -> Decoded:
    """Decode the preview that the camera has put into a file.

    Raises:
        UnsupportedPhoto: there is none, or only a thumbnail.
    """
    import rawpy

    with contextlib.suppress(rawpy.LibRawError), rawpy.imread(io.BytesIO(data)) as file:
        orientation = _ORIENTATIONS.get(file.sizes.flip, 1)
        info = _info(data, file, name)
        decoded = JPEG.decode(_jpeg(file), name, max_pixels)
        height, width = decoded.pixels.samples.shape[:2]
        if min(height, width) >= _MIN_PREVIEW_SIDE:
            warnings.warn(
                f"LibRaw cannot develop {name}; its preview of {width} × {height} pixels is used",
                stacklevel=2,
            )
            return Decoded(decoded.pixels, dict(decoded.info) | info, orientation)
    raise UnsupportedPhoto(f"{name} is not a raw file that LibRaw can develop")


def _jpeg(file: rawpy.RawPy) -> bytes:
    """Return the largest preview of a file, which must be a JPEG.

    Raises:
        LibRawError: there is none, or it is not a JPEG.
    """
    import rawpy

    preview = file.extract_thumb()
    if preview.format != rawpy.ThumbFormat.JPEG:
        raise rawpy.LibRawUnsupportedThumbnailError
    return bytes(preview.data)


def _info(data: bytes, file: rawpy.RawPy, name: str) -> dict[str, Any]:
    """Return the metadata of a file, as in the `info` of a Pillow image."""
    import rawpy

    info: dict[Any, Any] = {}
    tiff = as_tiff(data)
    if tiff is not None:
        info = tiff_info(tiff)[0]
    else:
        with contextlib.suppress(rawpy.LibRawError, PhotoError):
            info = JPEG.open(_jpeg(file), name).info
    exif = _without_maker_note(info.get("exif"))
    return {"exif": exif, "xmp": info.get("xmp"), "photoshop": info.get("photoshop")}


def _without_maker_note(exif: object) -> bytes | None:
    """Return EXIF without the maker note, which can be larger than a JPEG can hold."""
    if not isinstance(exif, bytes):
        return None
    tags = Image.Exif()
    with quiet():
        try:
            tags.load(exif)
            tags.get_ifd(_EXIF).pop(_MAKER_NOTE, None)
            return tags.tobytes()
        except Exception:  # noqa: BLE001  better a picture without EXIF than no picture
            return None
