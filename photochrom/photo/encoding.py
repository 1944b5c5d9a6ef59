"""Encode pixels as the bytes of an image file."""

from __future__ import annotations

import io
from typing import Any, Final, Protocol

import numpy as np
from PIL import Image

from photochrom.color import IntArray, chroma_planes
from photochrom.color import luma as luma_of
from photochrom.errors import ConfigError, OutputError
from photochrom.photo.container import quiet
from photochrom.photo.formats import FORMATS, Format, format_named
from photochrom.photo.jpegs import FULL_CHROMA_QUALITY, encode_jpeg, halved
from photochrom.photo.metadata import Metadata, as_stored
from photochrom.photo.photo import eight_bits
from photochrom.photo.pngs import encode_png
from photochrom.photo.profile import srgb_profile
from photochrom.photo.tiff_writing import encode_tiff

__all__ = ["DEFAULT_QUALITY", "Chroma", "encode", "encode_colored"]

DEFAULT_QUALITY: Final = {"JPEG": 92, "WEBP": 92, "AVIF": 85}
_ORIENTATION: Final = 274


class Chroma(Protocol):
    """Colours for a luma, as RGB or as chroma planes: `color.guided.LinearChroma` for example."""

    def over(self, luma: IntArray) -> IntArray:
        """Return RGB, (H, W, 3), for luma (H, W) uint8 or uint16."""

    def planes(self, luma: IntArray, *, halved: bool) -> tuple[IntArray, IntArray]:
        """Return Cb and Cr as a JPEG file stores them, for luma (H, W) uint8."""


def encode_colored(
    luma: IntArray,
    chroma: Chroma,
    *,
    format: str,  # noqa: A002
    alpha: IntArray | None = None,
    metadata: Metadata | None = None,
    quality: int | None = None,
) -> bytes:
    """Encode luma and chroma as the bytes of an image file.

    A JPEG file gets its planes directly, not by way of RGB, so its luma is exact.

    Args:
        luma: BT.601 Y', (H, W) uint8 or uint16.
        chroma: the colours.
        format: as in `encode`.
        alpha: as in `encode`.
        metadata: as in `encode`.
        quality: as in `encode`.

    Raises:
        OutputError: as in `encode`.
        ConfigError: as in `encode`.
    """
    target = format_named(format)
    if target.name != "JPEG":
        rgb = chroma.over(luma)
        return encode(rgb, luma, format=format, alpha=alpha, metadata=metadata, quality=quality)
    quality = DEFAULT_QUALITY["JPEG"] if quality is None else _check_quality(quality)
    _check_alpha(alpha, target)
    _check_size(luma, target)
    luma = eight_bits(luma)
    try:
        cb, cr = chroma.planes(luma, halved=quality < FULL_CHROMA_QUALITY)
        return encode_jpeg(luma, cb, cr, metadata or Metadata(), quality)
    except Exception as error:
        raise OutputError(f"cannot encode this picture as JPEG: {error}") from error


def encode(
    rgb: IntArray,
    luma: IntArray | None = None,
    *,
    format: str,  # noqa: A002
    alpha: IntArray | None = None,
    metadata: Metadata | None = None,
    quality: int | None = None,
) -> bytes:
    """Encode RGB as the bytes of an image file, in sRGB with a profile.

    A JPEG file gets `luma` as its Y plane, unchanged. For formats of 8 bits, 16 bits are rounded.

    Args:
        rgb: sRGB, (H, W, 3) uint8 or uint16.
        luma: BT.601 Y', (H, W) of the same dtype; None for the luma of `rgb`.
        format: "JPEG", "PNG", "WEBP", "AVIF", "TIFF" or "BMP".
        alpha: (H, W) of the same dtype, or None.
        metadata: metadata for the file, as far as the format can hold it.
        quality: 1 to 100 for JPEG, WebP and AVIF; 100 is lossless for WebP. None for the default.

    Raises:
        OutputError: the format is unknown or cannot hold this picture.
        ConfigError: `quality` is out of range.
        ValueError: the shapes or dtypes of the arrays do not agree.
    """
    target = format_named(format)
    _check_arrays(rgb, luma, alpha)
    quality = DEFAULT_QUALITY.get(target.name, 0) if quality is None else _check_quality(quality)
    alpha = _check_alpha(alpha, target)
    _check_size(rgb, target)
    if not target.deep:
        rgb = eight_bits(rgb)
        luma, alpha = (None if plane is None else eight_bits(plane) for plane in (luma, alpha))
    try:
        return _encode(target.name, rgb, luma, alpha, metadata or Metadata(), quality)
    except Exception as error:
        raise OutputError(f"cannot encode this picture as {target.name}: {error}") from error


def _check_arrays(rgb: IntArray, luma: IntArray | None, alpha: IntArray | None) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f"expected RGB of shape (H, W, 3), uint8 or uint16; received {rgb.shape}, {rgb.dtype}"
        )
    for name, plane in (("luma", luma), ("alpha", alpha)):
        if plane is not None and (plane.shape != rgb.shape[:2] or plane.dtype != rgb.dtype):
            raise ValueError(
                f"expected {name} of shape {rgb.shape[:2]} and dtype {rgb.dtype}; "
                f"received {plane.shape}, {plane.dtype}"
            )


def _check_quality(quality: int) -> int:
    """Return `quality` if it is in range."""
    if not 1 <= quality <= 100:
        raise ConfigError(f"expected a quality from 1 to 100; received {quality}")
    return quality


def _check_alpha(alpha: IntArray | None, target: Format) -> IntArray | None:
    """Return the alpha to write; an opaque one is dropped where the format has no alpha.

    Raises:
        OutputError: the format cannot hold the transparency.
    """
    if alpha is None or bool((alpha == np.iinfo(alpha.dtype).max).all()):
        return alpha if target.alpha else None
    if not target.alpha:
        suitable = ", ".join(entry.name for entry in FORMATS.values() if entry.alpha)
        raise OutputError(
            f"{target.name} cannot hold this picture's transparency; these formats can: {suitable}"
        )
    return alpha


def _check_size(picture: IntArray, target: Format) -> None:
    height, width = picture.shape[:2]
    if not 1 <= min(width, height) <= max(width, height) <= target.max_side:
        raise OutputError(
            f"expected sides from 1 to {target.max_side:,} pixels for {target.name}; "
            f"received {width} × {height}"
        )


def _encode(
    name: str,
    rgb: IntArray,
    luma: IntArray | None,
    alpha: IntArray | None,
    metadata: Metadata,
    quality: int,
) -> bytes:
    if name == "PNG":
        return encode_png(rgb, alpha, metadata)
    if name == "TIFF":
        return encode_tiff(rgb, alpha, metadata)
    if name == "JPEG":
        return _encode_jpeg(rgb, luma_of(rgb) if luma is None else luma, metadata, quality)
    image = Image.fromarray(np.ascontiguousarray(rgb if alpha is None else np.dstack([rgb, alpha])))
    if name == "BMP":
        return _save(image, "BMP", **({"dpi": metadata.dpi} if metadata.dpi else {}))
    exif = _clean_exif(metadata.exif) if name == "AVIF" else metadata.exif
    return _save(
        image,
        name,
        quality=quality,
        **({"lossless": quality == 100} if name == "WEBP" else {}),
        icc_profile=srgb_profile(),
        exif=exif or b"",
        xmp=metadata.xmp or b"",
    )


def _encode_jpeg(rgb: IntArray, luma: IntArray, metadata: Metadata, quality: int) -> bytes:
    cb, cr = chroma_planes(rgb)
    if quality < FULL_CHROMA_QUALITY:
        cb, cr = halved(cb), halved(cr)
    return encode_jpeg(luma, cb, cr, metadata, quality)


def _clean_exif(exif: bytes | None) -> bytes | None:
    """Return EXIF that Pillow's AVIF writer can parse; None if it is too damaged for that."""
    if not exif:
        return None
    source = Image.Exif()
    with quiet():
        try:
            source.load(exif)
            source.pop(_ORIENTATION, None)
            for tag in source:
                source[tag] = as_stored(source[tag])
            return source.tobytes()[len(b"Exif\0\0") :]
        except Exception:  # noqa: BLE001  better a picture without EXIF than no picture
            return None


def _save(image: Image.Image, name: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, name, **options)
    return stream.getvalue()
