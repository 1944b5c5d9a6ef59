"""Encoded files have exact luma and the right depth; unsuitable formats give errors."""

from __future__ import annotations

import io

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from photochrom import photo
from photochrom.color import luma, merge
from photochrom.errors import ConfigError, OutputError
from photochrom.photo.photo import eight_bits

pictures = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)),
    elements=st.integers(0, 255),
)


def y_plane(data: bytes) -> np.ndarray:
    """Return Y as a JPEG file stores it, not computed from RGB."""
    image = Image.open(io.BytesIO(data))
    image.draft("YCbCr", None)
    assert image.mode == "YCbCr"
    return np.asarray(image)[..., 0]


@settings(max_examples=60, deadline=None)
@given(pictures)
def test_png_holds_luma_within_a_level(rgb):
    read = photo.read(photo.encode(rgb, luma(rgb), format="PNG"))
    np.testing.assert_array_equal(read.rgb, rgb)
    assert np.abs(read.luma.astype(int) - luma(rgb)).max() <= 1


def grey_jpeg(grey, quality):
    return simplejpeg.encode_jpeg_yuv_planes(grey, None, None, quality)


def test_jpeg_gets_the_luma_as_it_is(grey):
    """The file's Y plane equals that of a JPEG file of the grey picture alone."""
    chroma = np.random.default_rng(0).uniform(-40, 40, (*grey.shape, 2)).astype(np.float32)
    rgb = merge(grey, chroma)
    for quality in (60, 92, 100):
        alone = np.asarray(Image.open(io.BytesIO(grey_jpeg(grey, quality))))
        data = photo.encode(rgb, grey, format="JPEG", quality=quality)
        np.testing.assert_array_equal(y_plane(data), alone)
    assert np.abs(y_plane(data).astype(int) - grey).max() <= 2


def test_jpeg_luma_is_the_argument_not_that_of_the_colour(rgb):
    other = np.full(rgb.shape[:2], 90, np.uint8)
    assert (y_plane(photo.encode(rgb, other, format="JPEG")) == 90).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 150), st.integers(1, 40), st.sampled_from([60, 92, 97]), st.integers(0, 9))
def test_a_jpeg_in_stripes_is_the_same_picture(height, width, quality, seed):
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    whole = photo.encode(rgb, format="JPEG", quality=quality)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("photochrom.photo.codecs.jpeg._STRIPE_PIXELS", 1)
        striped = photo.encode(rgb, format="JPEG", quality=quality)
    assert (striped == whole) == (height <= (8 if quality == 97 else 16))
    one, other = (Image.open(io.BytesIO(data)) for data in (whole, striped))
    assert one.size == other.size == (width, height)
    np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
    np.testing.assert_array_equal(*(simplejpeg.decode_jpeg(d) for d in (whole, striped)))


def test_a_large_jpeg_is_whole_by_every_reader():
    import cv2

    grey = np.tile(np.arange(256, dtype=np.uint8), (2100, 8))
    data = photo.encode(np.dstack([grey] * 3), grey, format="JPEG", quality=97)
    assert data.count(b"\xff\xd0") >= 1  # it is in stripes
    image = Image.open(io.BytesIO(data))
    image.load()
    np.testing.assert_array_equal(np.asarray(image.convert("L")), y_plane(data))
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(read, y_plane(data))


def test_jpeg_is_baseline_with_chroma_halved_below_95(rgb):
    from PIL.JpegImagePlugin import get_sampling

    for quality, sampling in ((None, 2), (94, 2), (95, 0), (100, 0)):
        image = Image.open(io.BytesIO(photo.encode(rgb, format="JPEG", quality=quality)))
        assert get_sampling(image) == sampling
        assert "progressive" not in image.info


@pytest.mark.parametrize("kind", photo.FORMATS)
def test_every_format_goes_round(kind, rgb):
    read = photo.read(photo.encode(rgb, luma(rgb), format=kind))
    assert read.format == kind
    assert np.abs(read.rgb.astype(int) - rgb).mean() < (6 if kind in LOSSY else 0.001)


def test_the_best_webp_is_lossless(rgb):
    read = photo.read(photo.encode(rgb, format="WEBP", quality=100))
    np.testing.assert_array_equal(read.rgb, rgb)


LOSSY = ("JPEG", "WEBP", "AVIF", "HEIC")


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("with_alpha", [False, True])
def test_sixteen_bits_go_round(kind, with_alpha, deep):
    alpha = deep[..., 2] if with_alpha else None
    read = photo.read(photo.encode(deep, luma(deep), format=kind, alpha=alpha))
    np.testing.assert_array_equal(read.rgb, deep)
    if alpha is not None:
        np.testing.assert_array_equal(read.alpha, alpha)


@pytest.mark.parametrize("kind", ["JPEG", "BMP", "WEBP", "AVIF"])
def test_sixteen_bits_are_rounded_for_formats_of_eight(kind, deep, rgb):
    data = photo.encode(deep, luma(deep), format=kind)
    assert data == photo.encode(eight_bits(deep), eight_bits(luma(deep)), format=kind)


def test_rounding_to_eight_bits():
    samples = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(eight_bits(samples), np.rint(samples / 257).astype(np.uint8))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "AVIF"])
def test_alpha_goes_round(kind, rgb, alpha):
    read = photo.read(photo.encode(rgb, format=kind, alpha=alpha))
    limit = 4 if kind == "AVIF" else 0
    assert np.abs(read.alpha.astype(int) - alpha).max() <= limit


@pytest.mark.parametrize("kind", ["JPEG", "BMP"])
def test_transparency_that_cannot_be_held(kind, rgb, alpha):
    with pytest.raises(OutputError, match="these formats can: PNG, WEBP, AVIF, TIFF"):
        photo.encode(rgb, format=kind, alpha=alpha)
    photo.encode(rgb, format=kind, alpha=np.full_like(alpha, 255))


def test_names_of_formats(rgb):
    assert photo.encode(rgb, format="jpg")[:2] == b"\xff\xd8"
    assert photo.encode(rgb, format=".tif")[:2] == b"II"
    with pytest.raises(OutputError, match=r"one of the formats JPEG, PNG, .* received 'gif'"):
        photo.encode(rgb, format="gif")


@pytest.mark.parametrize("quality", [0, 101, -1])
def test_quality_out_of_range(quality, rgb):
    with pytest.raises(ConfigError, match=f"from 1 to 100; received {quality}"):
        photo.encode(rgb, format="JPEG", quality=quality)


def test_sides_that_a_format_cannot_hold():
    wide = np.zeros((1, 16384, 3), np.uint8)
    with pytest.raises(OutputError, match=r"from 1 to 16,383 pixels for WEBP; received 16384 × 1"):
        photo.encode(wide, format="WEBP")
    with pytest.raises(OutputError, match="0 × 4"):
        photo.encode(np.zeros((4, 0, 3), np.uint8), format="PNG")


def test_arrays_that_do_not_fit(rgb, grey):
    for bad in (rgb[..., 0], rgb.astype(np.float32), rgb[..., :2]):
        with pytest.raises(ValueError, match="expected RGB of shape"):
            photo.encode(bad, format="PNG")
    with pytest.raises(ValueError, match="expected luma of shape"):
        photo.encode(rgb, grey, format="PNG")
    with pytest.raises(ValueError, match="expected alpha of shape"):
        photo.encode(rgb, format="PNG", alpha=luma(rgb).astype(np.uint16))


@pytest.mark.parametrize("kind", photo.FORMATS)
def test_a_photograph_read_grey_can_be_written(kind, grey):
    """`Photo.rgb` of a grey photograph is a view that encoders must accept."""
    read = photo.read(grey)
    again = photo.read(photo.encode(read.rgb, read.luma, format=kind))
    assert np.abs(again.luma.astype(int) - grey).mean() < 2


def test_the_same_bytes_every_time(rgb):
    for kind in photo.FORMATS:
        assert photo.encode(rgb, format=kind) == photo.encode(rgb, format=kind)
