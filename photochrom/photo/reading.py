"""Read a photograph from a file, from bytes, from an image or from an array."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from photochrom.color import IntArray, luma
from photochrom.errors import UnsupportedPhoto
from photochrom.photo.album import find_photographs
from photochrom.photo.arrays import ArraySource, array_of, array_pixels
from photochrom.photo.codecs import FORMATS, Decoded, codec_named
from photochrom.photo.container import DEFAULT_MAX_PIXELS, check_size, decoding
from photochrom.photo.metadata import Metadata, orientation_of, read_metadata
from photochrom.photo.orientation import upright
from photochrom.photo.photo import Photo, eight_bits
from photochrom.photo.pixels import pixels_of
from photochrom.photo.profile import to_srgb
from photochrom.photo.source import ByteSource, detect_format, name_of, read_bytes
from photochrom.photo.tint import is_exactly_grey, tint_of

__all__ = ["Source", "read"]

Source: TypeAlias = "ByteSource | Image.Image | ArraySource"


def read(source: Source, *, max_pixels: int = DEFAULT_MAX_PIXELS, name: str | None = None) -> Photo:
    """Read a photograph, turn it upright and convert it to sRGB; luma is kept as stored.

    Args:
        source: a path, bytes, a binary file object, a PIL image (whose luma is that of its RGB),
            or an array or a tensor in main memory: (H, W), (H, W, C) or (C, H, W), with C of 1,
            3 (RGB) or 4 (RGBA). It holds uint8, uint16, bool, or floats in [0, 1], which become
            16 bits. Other libraries give theirs through `__array__` or DLPack.
        max_pixels: the largest number of pixels; checked before anything is decoded.
        name: the photograph's name in messages; None for its path.

    Raises:
        UnreadablePhoto: the file is missing, empty, damaged or not a picture.
        UnsupportedPhoto: the file is an animation, has several pages, has 12 or 32 bits a
            sample, or is of a format that is not read.
        PhotoTypeError: a photograph cannot come from this object, or from this dtype.
        PhotoValueError: the array's shape is not that of one picture, or could be that of two
            kinds, for example (3, 640, 3); or floats are not in [0, 1].
        PhotoTooLarge: the photograph has more than `max_pixels` pixels.
    """
    name = name_of(source) if name is None else name
    if isinstance(source, Image.Image):
        decoded = _image_pixels(source, name, max_pixels)
        file_format = source.format if source.format in FORMATS else None
        return _photo(decoded, file_format or "PNG", name)
    array = array_of(source, name)
    if array is not None:
        return _photo(Decoded(array_pixels(array, name, max_pixels), {}, 1), "PNG", name)
    data = read_bytes(source, name)
    codec = codec_named(detect_format(data, name))
    return _photo(codec.decode(data, name, max_pixels), codec.written_as or codec.name, name)


def _image_pixels(image: Image.Image, name: str, max_pixels: int) -> Decoded:
    """Decode a PIL image, with its orientation tag; the image itself is not changed or closed."""
    check_size(image.size, name, max_pixels)
    frames = int(getattr(image, "n_frames", 1))
    if frames > 1:
        raise UnsupportedPhoto(f"expected one picture; {name} has {frames} frames")
    with decoding(name):
        pixels = pixels_of(image.copy(), name)
    codec = FORMATS.get(image.format or "")
    info = (
        codec.info(image, b"") if codec and isinstance(image, ImageFile.ImageFile) else image.info
    )
    return Decoded(pixels, info, orientation_of(info))


def _photo(decoded: Decoded, file_format: str, name: str) -> Photo:
    """Turn a photograph upright, convert it to sRGB, and detect whether it is grey."""
    orientation = decoded.orientation
    stored, icc = decoded.pixels, decoded.info.get("icc_profile")
    metadata: Metadata = read_metadata(decoded.info, orientation)
    alpha = None if stored.alpha is None else upright(stored.alpha, orientation)
    if stored.color is None:
        y = upright(stored.samples, orientation)
        encoded = stored.encoded
        return Photo(y, None, alpha, "grey", metadata, file_format, name, encoded=encoded)
    profile = icc if isinstance(icc, bytes) and stored.color.shape[2] == 3 else None
    srgb = to_srgb(stored.color, icc if isinstance(icc, bytes) else None)
    rgb = upright(srgb, orientation)
    if is_exactly_grey(rgb):
        grey: Any = cv2.extractChannel(rgb, 0)
        return Photo(grey, None, alpha, "grey", metadata, file_format, name, profile)
    # A profile changes colours and so their luma; only without one is the stored luma right.
    stored_luma = stored.luma if srgb is stored.color else None
    y = luma(rgb) if stored_luma is None else upright(stored_luma, orientation)
    tint = tint_of(_preview(rgb))
    scan = Photo(y, rgb, alpha, tint, metadata, file_format, name, profile)
    return replace(scan, tint="tinted") if tint == "colour" and _only_paper(scan) else scan


def _only_paper(scan: Photo) -> bool:
    """Whether a scan in colour is an album page that is in colour only between its photographs.

    Grey prints on cream paper are such a page: the paper has a colour, and the same levels in the
    prints have none, so the page as a whole is not just tinted.
    """
    photographs = [region.inside(scan.rgb) for region in find_photographs(scan)]
    return bool(photographs) and all(tint_of(_preview(each)) != "colour" for each in photographs)


def _preview(rgb: IntArray) -> npt.NDArray[np.uint8]:
    """Return a small 8-bit copy, which is enough to tell a tint."""
    scale = max(1, min(rgb.shape[:2]) // 512)
    size = max(1, rgb.shape[1] // scale), max(1, rgb.shape[0] // scale)
    small: Any = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if scale > 1 else rgb
    return np.asarray(eight_bits(small), np.uint8)
