"""Pictures of all formats and depths are turned upright, and written without the tag."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from photochrom import photo
from photochrom.photo.codecs.png import encode_png
from photochrom.photo.orientation import upright
from tests.photo.photo_files import pil_bytes

EIGHT = range(1, 9)


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274], exif[271] = orientation, "Kodak"
    return exif.tobytes()


@pytest.mark.parametrize("orientation", EIGHT)
def test_turned_as_pillow_turns(orientation, rgb):
    image = Image.fromarray(rgb)
    image.getexif()[274] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(upright(rgb, orientation), expected)
    np.testing.assert_array_equal(
        upright(np.ascontiguousarray(rgb[..., 0]), orientation), expected[..., 0]
    )


@pytest.mark.parametrize("orientation", EIGHT)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_eight_bits(kind, orientation, rgb):
    options = {"lossless": True} if kind == "WEBP" else {}
    if kind in ("JPEG", "AVIF"):
        options = {"quality": 100, "subsampling": "4:4:4"}
    data = pil_bytes(Image.fromarray(rgb), kind, exif=exif_of(orientation), **options)
    read = photo.read(data)
    expected = upright(rgb, orientation)
    assert read.rgb.shape == expected.shape
    assert np.abs(read.rgb.astype(int) - expected).max() <= (12 if len(options) > 1 else 0)
    again = photo.read(photo.encode(read.rgb, read.luma, format=kind, metadata=read.metadata))
    assert again.rgb.shape == expected.shape
    assert _orientation(photo.encode(read.rgb, format=kind, metadata=read.metadata)) == 1
    small = photo.thumbnail(data, 48)
    assert (small.shape[0] > small.shape[1]) == (expected.shape[0] > expected.shape[1])


def _orientation(data: bytes) -> int:
    with Image.open(io.BytesIO(data)) as image:
        return image.getexif().get(274, 1)


@pytest.mark.parametrize("orientation", EIGHT)
def test_sixteen_bits(orientation, deep):
    metadata = photo.Metadata(exif=exif_of(orientation)[6:])
    png = encode_png(deep, None, metadata)
    stream = io.BytesIO()
    tags = [(274, 3, 1, orientation, True)]
    tifffile.imwrite(stream, deep, photometric="rgb", extratags=tags)
    for data in (png, stream.getvalue()):
        read = photo.read(data)
        np.testing.assert_array_equal(read.rgb, upright(deep, orientation))
        for kind in ("PNG", "TIFF"):
            written = photo.encode(read.rgb, format=kind, metadata=read.metadata)
            np.testing.assert_array_equal(photo.read(written).rgb, read.rgb)
            assert _orientation(written) == 1


def test_grey_and_alpha_turn_together(grey, rgb, alpha):
    image = Image.fromarray(rgb)
    image.putalpha(Image.fromarray(alpha))
    read = photo.read(pil_bytes(image, "PNG", exif=exif_of(6)))
    np.testing.assert_array_equal(read.alpha, upright(alpha, 6))
    read = photo.read(pil_bytes(Image.fromarray(grey), "PNG", exif=exif_of(8)))
    np.testing.assert_array_equal(read.luma, upright(grey, 8))


def test_orientation_of_an_image_in_memory(rgb):
    data = pil_bytes(Image.fromarray(rgb), "PNG", exif=exif_of(6))
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(photo.read(image).rgb, upright(rgb, 6))


@pytest.mark.parametrize("orientation", [0, 9, 4711])
def test_a_senseless_orientation_is_none(orientation, rgb):
    read = photo.read(pil_bytes(Image.fromarray(rgb), "PNG", exif=exif_of(orientation)))
    np.testing.assert_array_equal(read.rgb, rgb)


def test_orientation_only_in_xmp(rgb):
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><d tiff:Orientation="6"/></x:xmpmeta>'
    read = photo.read(pil_bytes(Image.fromarray(rgb), "JPEG", xmp=packet))
    assert read.rgb.shape == (144, 96, 3)
    assert b'tiff:Orientation="1"' in read.metadata.xmp
