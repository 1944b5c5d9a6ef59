"""A grey JPEG file that is coloured keeps its luma as it is compressed, bit for bit."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
import simplejpeg
from PIL import Image

from photochrom.color_photo import ColorPhoto
from photochrom.colorizer import Colorizer
from photochrom.photo import read
from photochrom.photo.codecs.jpeg import decode_jpeg_luma
from photochrom.photo.codecs.jpeg_repair import SOS, Segment, segments
from tests.support import model, picture_bytes

KINDS: dict[str, dict[str, Any]] = {
    "quality 100": {"quality": 100},
    "quality 92": {"quality": 92},
    "quality 30": {"quality": 30},
    "Huffman tables of its own": {"quality": 80, "optimize": True},
}
SIZES = [(1, 1), (1, 9), (9, 1), (2, 1), (8, 16), (17, 33), (95, 143)]


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer(model())


def scans(data: bytes) -> list[bytes]:
    return [each.scan for each in segments(data) if each.marker == SOS]


def picture(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def assert_keeps(original: bytes, result: bytes) -> None:
    """Assert that a file holds the compressed luma of its original, and has colours."""
    assert scans(result)[0] == scans(original)[0]
    np.testing.assert_array_equal(decode_jpeg_luma(result), decode_jpeg_luma(original))
    assert np.ptp(picture(result).astype(int), axis=-1).max() > 5


@pytest.mark.parametrize("kind", KINDS)
def test_luma_stays_as_it_is_compressed(kind, grey, colorizer):
    original = picture_bytes(grey, "JPEG", **KINDS[kind])
    colored = colorizer.colorize(original)
    result = colored.encode()
    assert_keeps(original, result)
    off = np.abs(picture(result).astype(int) - colored.rgb)
    assert off.mean() < 3  # chroma at half size


@pytest.mark.parametrize("size", SIZES)
def test_every_size(size, grey, colorizer):
    original = picture_bytes(np.ascontiguousarray(grey[: size[0], : size[1]] // 2 + 60), "JPEG")
    assert_keeps(original, colorizer.colorize(original).encode())


def test_a_large_picture(grey, colorizer):
    """Its planes are large enough for several threads."""
    original = picture_bytes(cv2.resize(grey, (2501, 1999)), "JPEG")
    assert_keeps(original, colorizer.colorize(original).encode())


def test_other_decoders_see_the_same_picture(grey, colorizer):
    av = pytest.importorskip("av")
    result = colorizer.colorize(picture_bytes(grey, "JPEG", quality=90)).encode()
    by_libjpeg = picture(result).astype(int)
    by_opencv = cv2.imdecode(np.frombuffer(result, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    with av.open(io.BytesIO(result)) as container:  # FFmpeg's own decoder
        [frame] = container.decode(video=0)
        by_ffmpeg = frame.to_ndarray(format="rgb24")
    assert np.abs(by_opencv - by_libjpeg).max() <= 1
    assert np.abs(by_ffmpeg - by_libjpeg).mean() < 3  # it enlarges chroma differently


def test_metadata_is_that_of_other_files(grey, colorizer):
    exif = Image.Exif()
    exif[0x010E] = "the harbour"
    original = picture_bytes(grey, "JPEG", dpi=(300, 300), exif=exif, comment=b"box 7")
    colored = colorizer.colorize(original)
    kept, encoded = read(colored.encode()), read(colored.encode(quality=92))
    assert vars(kept.metadata) == vars(encoded.metadata)
    assert kept.metadata.dpi == (300, 300)


def test_a_quality_that_is_asked_for_encodes_luma_again(grey, colorizer):
    original = picture_bytes(grey, "JPEG", quality=92)
    [scan] = scans(colorizer.colorize(original).encode(quality=92))
    assert scan != scans(original)[0]


def test_in_another_format_nothing_changes(grey, colorizer):
    colored = colorizer.colorize(picture_bytes(grey, "JPEG"))
    without = replace(colored, encoded=None)
    for name in ("PNG", "WEBP", "TIFF"):
        assert colored.encode(name) == without.encode(name)


def changed(colored: ColorPhoto, how: str) -> ColorPhoto:
    return {"label": colored.labelled, "profile": lambda: colored.in_profile("display-p3")}[how]()


@pytest.mark.parametrize("how", ["label", "profile"])
def test_a_changed_luma_is_encoded(how, grey, colorizer):
    """The file must not hold the luma from before the change."""
    original = picture_bytes(grey, "JPEG", quality=92)
    colored = changed(colorizer.colorize(original), how)
    result = colored.encode()
    assert scans(result)[0] != scans(original)[0]
    assert result == replace(colored, encoded=None).encode()


def test_a_negative_and_a_repaired_photograph_are_encoded(grey, colorizer):
    scratched = grey.copy()
    scratched[:, 40:42] = 255
    original = picture_bytes(scratched, "JPEG", quality=92)
    negative = colorizer.colorize(original, negative=True)
    luma = decode_jpeg_luma(negative.encode())
    assert np.abs(luma.astype(int) - (255 - decode_jpeg_luma(original))).mean() < 2
    photo = read(original)
    repaired = replace(photo, luma=np.ascontiguousarray(photo.luma // 2))
    luma = decode_jpeg_luma(colorizer.colorize(repaired).encode("JPEG"))
    assert np.abs(luma.astype(int) - repaired.luma).mean() < 2


def test_the_luma_of_a_file_cannot_be_changed_in_place(grey):
    """The new file would not show the change."""
    photo = read(picture_bytes(grey, "JPEG"))
    with pytest.raises(ValueError, match="read-only"):
        photo.luma[0, 0] = 1


@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
def test_a_picture_that_is_turned_upright_is_encoded(orientation, grey, colorizer):
    exif = Image.Exif()
    exif[0x0112] = orientation
    original = picture_bytes(grey, "JPEG", exif=exif)
    luma = decode_jpeg_luma(colorizer.colorize(original).encode())
    assert np.abs(luma.astype(int) - read(original).luma).mean() < 2


@pytest.mark.parametrize("save", [{"progressive": True}, {"mode": "RGB"}])
def test_other_files_are_encoded(save, grey, colorizer):
    """Progressive files have several scans of luma, files in colour one with all components."""
    samples = grey if "progressive" in save else np.dstack([grey] * 3)
    original = picture_bytes(samples, "JPEG", **{k: v for k, v in save.items() if k != "mode"})
    result = colorizer.colorize(original).encode()
    assert len(scans(result)) == 1
    luma = decode_jpeg_luma(result).astype(int)
    assert np.abs(luma - decode_jpeg_luma(original)).mean() < 2


def test_a_damaged_file_is_not_copied(grey, colorizer):
    """What libjpeg warns of is read, but the new file must be sound."""
    original = picture_bytes(grey, "JPEG")[:-2] + bytes(16) + b"\xff\xd9"
    result = colorizer.colorize(original).encode()
    assert len(scans(result)) == 1


def test_the_result_can_be_coloured_again(grey, colorizer):
    result = colorizer.colorize(picture_bytes(grey, "JPEG")).encode()
    luma = decode_jpeg_luma(colorizer.colorize(result).encode()).astype(int)
    assert np.abs(luma - decode_jpeg_luma(result)).mean() < 2


def edited(data: bytes, change: Callable[[Segment], list[Segment]]) -> bytes:
    """Return a file whose segments are replaced by those that `change` makes of each."""
    found = [each for each in segments(data) if each.body]
    parts = [bytes(new) for each in found for new in change(each)]
    return b"".join([b"\xff\xd8", *parts, b"\xff\xd9"])


def test_luma_with_restart_markers_is_encoded(grey, colorizer):
    """Go's decoder refuses them beside smaller chroma."""
    original = picture_bytes(grey, "JPEG", restart_marker_blocks=5)
    assert len(scans(colorizer.colorize(original).encode())) == 1


def test_very_many_segments_after_the_picture_do_no_harm(grey, colorizer):
    plain = picture_bytes(grey, "JPEG")
    comments = [Segment(0xFE, b"note")] * 10_001
    original = edited(plain, lambda each: [each, *comments] if each.marker == SOS else [each])
    assert_keeps(plain, colorizer.colorize(original).encode())


def test_a_file_without_huffman_tables_is_encoded(grey, colorizer):
    """As frames of films are: libjpeg knows the usual tables, but other decoders do not."""
    original = picture_bytes(grey, "JPEG")
    original = edited(original, lambda each: [] if each.marker == 0xC4 else [each])
    assert len(scans(colorizer.colorize(original).encode())) == 1


def test_needless_bytes_within_the_data_are_not_copied(grey, colorizer):
    """Decoders do not read them alike."""
    original = picture_bytes(grey, "JPEG", quality=98)
    [scan] = scans(original)
    filled = original.replace(scan, scan.replace(b"\xff\0", b"\xff\xff\0"))
    assert len(scans(colorizer.colorize(filled).encode())) == 1


def test_padding_after_the_picture_gives_no_warning(grey, colorizer):
    """In a grey file, libjpeg does not see a few bytes of it."""
    for size in range(8, 96):
        data = picture_bytes(grey[:size], "JPEG")
        result = colorizer.colorize(data[:-2] + bytes(2) + data[-2:]).encode()
        simplejpeg.decode_jpeg(result, "RGB", strict=True)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda photo: pickle.loads(pickle.dumps(photo))])
def test_the_luma_of_a_copy_cannot_be_changed_in_place(copied, grey):
    photo = copied(read(picture_bytes(grey, "JPEG")))
    with pytest.raises(ValueError, match="read-only"):
        photo.luma[0, 0] = 1


def test_a_luma_that_was_made_writable_is_encoded(grey, colorizer):
    photo = read(picture_bytes(grey, "JPEG"))
    photo.luma.flags.writeable = True
    photo.luma[:] = 50
    assert decode_jpeg_luma(colorizer.colorize(photo).encode()).mean() == pytest.approx(50, abs=1)
