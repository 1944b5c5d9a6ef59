"""Encode pixels as the bytes of an image file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from photochrom.checks import check_number
from photochrom.color import IntArray, chroma_planes
from photochrom.color import luma as luma_of
from photochrom.errors import OutputError
from photochrom.photo.codecs import FORMATS, Codec, format_named
from photochrom.photo.codecs.jpeg import halve
from photochrom.photo.fitting import fitted
from photochrom.photo.metadata import Metadata
from photochrom.photo.output_profile import OutputProfile
from photochrom.photo.photo import eight_bits
from photochrom.photo.pixels import EncodedLuma

__all__ = ["Chroma", "encode", "encode_colored", "metadata_lost"]


class Chroma(Protocol):
    """Colours for a luma, as RGB or as chroma planes: `color.guided.LinearChroma` for example."""

    def rgb(self, luma: IntArray) -> IntArray:
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
    encoded: EncodedLuma | None = None,
) -> bytes:
    """Encode luma and chroma as the bytes of an image file.

    A JPEG file gets its planes directly, not by way of RGB, so its luma is exact. If luma comes
    from a grey JPEG file and no quality is asked for, that file's compressed luma is kept, so that
    nothing is lost by encoding it again.

    Args:
        luma: BT.601 Y', (H, W) uint8 or uint16.
        chroma: the colours.
        format: as in `encode`.
        alpha: as in `encode`.
        metadata: as in `encode`.
        quality: as in `encode`.
        encoded: the grey file that luma was decoded from, or None.

    Raises:
        OutputError: as in `encode`.
        ConfigError: as in `encode`.
    """
    target = format_named(format)
    if not target.stores_planes or (metadata is not None and metadata.icc):
        rgb = chroma.rgb(luma)
        return encode(rgb, luma, format=format, alpha=alpha, metadata=metadata, quality=quality)
    kept = encoded if quality is None and encoded and encoded.holds(luma, target.name) else None
    quality = _quality(quality, target)
    _writable_alpha(alpha, target)  # raises if the format cannot hold the transparency
    _check_size(luma, target)
    luma = eight_bits(luma)
    with _encoding(target):
        planes = chroma.planes(luma, halved=target.halves_chroma(quality))
        fitting = _fitted(metadata, target)
        file = target.add_chroma(kept.data, *planes, fitting) if kept else None
        return file or target.encode_planes(luma, *planes, fitting, quality)


def encode(
    rgb: IntArray,
    luma: IntArray | None = None,
    *,
    format: str,  # noqa: A002
    alpha: IntArray | None = None,
    metadata: Metadata | None = None,
    quality: int | None = None,
) -> bytes:
    """Encode RGB as the bytes of an image file, in sRGB or the space of `metadata.icc`.

    A JPEG file gets `luma` as its Y plane, unchanged. Samples of 16 bits are rounded for formats
    that hold only 8.

    Args:
        rgb: sRGB, (H, W, 3) uint8 or uint16.
        luma: BT.601 Y', (H, W) of the same dtype; None for the luma of `rgb`.
        format: the name of a format, a key of `FORMATS`, for example "JPEG".
        alpha: (H, W) of the same dtype, or None.
        metadata: metadata for the file, as far as the format can hold it.
        quality: 1 to 100 for JPEG, WebP, AVIF and HEIC; 100 is lossless for WebP and HEIC. None
            for the default.

    Raises:
        OutputError: the format is unknown or cannot hold this picture.
        ConfigError: `quality` is out of range.
        ValueError: the shapes or dtypes of the arrays do not agree.
    """
    target = format_named(format)
    _check_arrays(rgb, luma, alpha)
    quality = _quality(quality, target)
    alpha = _writable_alpha(alpha, target)
    _check_size(rgb, target)
    if metadata is not None and metadata.icc:
        # In another colour space, the same colour has a different luma.
        rgb, luma = OutputProfile(metadata.icc).from_srgb(rgb), None
    if not target.deep:
        rgb = eight_bits(rgb)
        luma, alpha = (None if plane is None else eight_bits(plane) for plane in (luma, alpha))
    with _encoding(target):
        if not target.stores_planes:
            return target.encode(rgb, alpha, _fitted(metadata, target), quality)
        cb, cr = chroma_planes(rgb)
        if target.halves_chroma(quality):
            cb, cr = halve(cb), halve(cr)
        y = luma_of(rgb) if luma is None else luma
        return target.encode_planes(y, cb, cr, _fitted(metadata, target), quality)


def metadata_lost(metadata: Metadata, format: str) -> tuple[str, ...]:  # noqa: A002
    """Name the metadata of the original that a file of the given format does not keep.

    Args:
        metadata: the metadata of a photograph.
        format: as in `encode`.

    Returns:
        Names for people, for example "IPTC" or "text Title"; nothing if all is kept.

    Raises:
        OutputError: the format is unknown.
    """
    target = format_named(format)
    kept, lost = fitted(metadata, target.keeps)
    return lost + target.omitted_metadata(kept)


def _fitted(metadata: Metadata | None, target: Codec) -> Metadata:
    """Return the metadata that a format can hold."""
    return fitted(metadata or Metadata(), target.keeps)[0]


@contextmanager
def _encoding(target: Codec) -> Iterator[None]:
    """Turn any exception of an encoder into an `OutputError`."""
    try:
        yield
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


def _quality(quality: int | None, target: Codec) -> int:
    """Return the quality to encode with: the requested one, or the format's default.

    Raises:
        ConfigError: `quality` is out of range.
    """
    if quality is None:
        return target.default_quality or 0
    check_number(quality, "a quality from 1 to 100", 1, 100, whole=True)
    return quality


def _writable_alpha(alpha: IntArray | None, target: Codec) -> IntArray | None:
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


def _check_size(picture: IntArray, target: Codec) -> None:
    height, width = picture.shape[:2]
    if not 1 <= min(width, height) <= max(width, height) <= target.max_side:
        raise OutputError(
            f"expected sides from 1 to {target.max_side:,} pixels for {target.name}; "
            f"received {width} × {height}"
        )
