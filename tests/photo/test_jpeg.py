"""JPEG files with faults that viewers accept are read; files with lost pixels are refused."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photochrom import photo
from photochrom.errors import PhotoError, UnreadablePhoto, UnsupportedPhoto
from tests.photo.photo_files import pil_bytes

CASES = Path(__file__).parents[1] / "cases" / "jpeg"
SAMPLINGS = sorted(CASES.glob("j13_*.jpg"))
EOI = b"\xff\xd9"
SOS = b"\xff\xda"
RESTART = re.compile(rb"\xff[\xd0-\xd7]")

Change = Callable[[bytes], bytes]


def inserted(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at:]


def replaced(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def app2(*chunks: tuple[int, int]) -> bytes:
    bodies = [b"ICC_PROFILE\0" + bytes(numbers) + b"profile" for numbers in chunks]
    return b"".join(struct.pack(">HH", 0xFFE2, len(body) + 2) + body for body in bodies)


def restart(data: bytes, which: int) -> int:
    """Return the offset of a restart marker; the first is number 0."""
    begin = data.index(SOS)
    return [begin + found.start() for found in RESTART.finditer(data[begin:])][which]


HARMLESS: dict[str, Change] = {
    "16 zeros before EOI": lambda data: data[:-2] + bytes(16) + EOI,
    "text before EOI": lambda data: data[:-2] + b"scanned by a scanner" + EOI,
    "a megabyte of zeros before EOI": lambda data: data[:-2] + bytes(1_000_000) + EOI,
    "no EOI": lambda data: data[:-2],
    "no EOI, but a film": lambda data: data[:-2] + b"\0\0\0\x18ftypmp42" + bytes(range(100)) * 9,
    "a restart marker instead of EOI": lambda data: data[:-2] + b"\xff\xd5",
    "JFIF 2.01": lambda data: replaced(data, data.index(b"JFIF\0") + 5, b"\2\1"),
    "stray bytes before SOS": lambda data: inserted(data, data.index(SOS), bytes(7)),
    "stray 0xFF before SOS": lambda data: inserted(data, data.index(SOS), b"\xff\0\x12\xff\xff"),
    "an ICC chunk is missing": lambda data: inserted(data, 2, app2((1, 3), (3, 3))),
    "an ICC chunk of none": lambda data: inserted(data, 2, app2((1, 0))),
    "ICC chunks given twice": lambda data: inserted(data, 2, app2((1, 1), (1, 1))),
    "wrong ICC, no EOI": lambda data: inserted(data[:-2], 2, app2((1, 0))),
}

RESTARTS: dict[str, Change] = {
    "20 bytes before restart markers": lambda data: inserted(data, restart(data, 3), b"stray" * 9),
    "20 zeros before a restart marker": lambda data: inserted(data, restart(data, 3), bytes(20)),
    "a number too high": lambda data: replaced(data, restart(data, 3) + 1, b"\xd4"),
    "a number too low": lambda data: replaced(data, restart(data, 3) + 1, b"\xd2"),
    "a number far off": lambda data: replaced(data, restart(data, 3) + 1, b"\xd7"),
    "a restart marker twice": lambda data: inserted(data, restart(data, 3), b"\xff\xd3"),
    "all have number 0": lambda data: RESTART.sub(b"\xff\xd0", data),
}

RESTARTED = {"restart_marker_rows": 1, "subsampling": 0}
SOUND = {
    "grey": {},
    "colour": {},
    "progressive grey": {"progressive": True},
    "progressive colour": {"progressive": True},
}


def jpeg(kind: str, rgb: np.ndarray, **options: object) -> bytes:
    samples = rgb[..., 1] if "grey" in kind else rgb
    options = SOUND.get(kind, {}) | {"quality": 85} | options
    return pil_bytes(Image.fromarray(np.ascontiguousarray(samples)), "JPEG", **options)


def assert_same(data: bytes, sound: bytes) -> None:
    read, expected = photo.read(data), photo.read(sound)
    np.testing.assert_array_equal(read.luma, expected.luma)
    np.testing.assert_array_equal(read.rgb, expected.rgb)
    assert photo.thumbnail(data, 24).shape == photo.thumbnail(sound, 24).shape


@pytest.mark.parametrize("kind", SOUND)
@pytest.mark.parametrize("fault", HARMLESS)
def test_a_harmless_fault_changes_no_pixel(fault, kind, rgb):
    sound = jpeg(kind, rgb)
    assert_same(HARMLESS[fault](sound), sound)


@pytest.mark.parametrize("kind", ["grey", "colour"])
@pytest.mark.parametrize("fault", [*HARMLESS, *RESTARTS])
def test_a_harmless_fault_in_a_file_with_restart_markers(fault, kind, rgb):
    sound = jpeg(kind, rgb, **RESTARTED)
    assert_same((HARMLESS | RESTARTS)[fault](sound), sound)


@pytest.mark.parametrize("kind", ["grey", "colour"])
def test_a_sequential_scan_always_has_all_coefficients(kind, rgb):
    sound = jpeg(kind, rgb)
    end = sound.index(SOS) + 2
    end += struct.unpack_from(">H", sound, end)[0]
    assert_same(replaced(sound, end - 2, b"\0"), sound)


@pytest.mark.parametrize("path", SAMPLINGS, ids=lambda path: path.stem)
def test_unusual_sampling_keeps_the_stored_luma(path):
    stored = Image.open(path)
    stored.draft("L", None)
    read = photo.read(path)
    np.testing.assert_array_equal(read.luma, np.asarray(stored))
    np.testing.assert_array_equal(read.rgb, np.asarray(Image.open(path)))
    with pytest.raises(UnreadablePhoto, match="damaged or truncated"):
        photo.read(path.read_bytes()[:-200] + EOI)


@pytest.mark.parametrize(
    "name", ["grey_sos_se0", "j09_grey_rst_extraneous", "j01_grey_noEOI_mp4trailer"]
)
def test_files_from_devices(name):
    data = (CASES / f"{name}.jpg").read_bytes()
    stored = Image.open(io.BytesIO(data + EOI))
    np.testing.assert_array_equal(photo.read(data).luma, np.asarray(stored))


LOST: dict[str, Change] = {
    "half of it": lambda data: data[: len(data) // 2],
    "half of it, and EOI": lambda data: data[: len(data) // 2] + EOI,
    "half of it, and zeros": lambda data: data[: len(data) // 2].ljust(len(data) * 2, b"\0"),
    "half of it, zeros and EOI": lambda data: data[: len(data) // 2] + bytes(5000) + EOI,
    "30 bytes before EOI": lambda data: data[:-32] + EOI,
    "30 bytes before EOI, in their place zeros": lambda data: data[:-32] + bytes(30) + EOI,
    "30 bytes, and the ICC chunk is wrong": lambda data: inserted(data[:-32], 2, app2((1, 0))),
    "the scan": lambda data: data[: data.index(SOS) + 14] + EOI,
    "all from SOS on": lambda data: data[: data.index(SOS)],
}


@pytest.mark.parametrize("kind", SOUND)
@pytest.mark.parametrize("lost", LOST)
def test_lost_pixels_are_refused(lost, kind, rgb):
    with pytest.raises(UnreadablePhoto, match="damaged or truncated"):
        photo.read(LOST[lost](jpeg(kind, rgb)))


LOST_INTERVALS: dict[str, Change] = {
    "an interval": lambda data: data[: restart(data, 3)] + data[restart(data, 4) :],
    "a restart marker": lambda data: data[: restart(data, 3)] + data[restart(data, 3) + 2 :],
    "the last intervals, then stray bytes": lambda data: data[: restart(data, 5)] + b"stray" * 9,
    "30 bytes before a restart marker": lambda data: (
        data[: restart(data, 3) - 30] + data[restart(data, 3) :]
    ),
    "30 bytes behind stray bytes": lambda data: inserted(
        data[: restart(data, 6) - 30] + data[restart(data, 6) :], restart(data, 1), b"stray" * 9
    ),
}


@pytest.mark.parametrize("kind", ["grey", "colour"])
@pytest.mark.parametrize("lost", LOST_INTERVALS)
def test_lost_intervals_are_refused(lost, kind, rgb):
    with pytest.raises(UnreadablePhoto, match="damaged or truncated"):
        photo.read(LOST_INTERVALS[lost](jpeg(kind, rgb, **RESTARTED)))


@pytest.mark.parametrize("kind", SOUND)
def test_wherever_a_file_ends_no_pixel_is_made_up(kind, rgb):
    sound = jpeg(kind, rgb[:40, :56])
    expected = photo.read(sound)
    for end in range(sound.index(SOS), len(sound), 13):
        for tail in (b"", bytes(600)):
            try:
                read = photo.read(sound[:end] + tail)
            except PhotoError:
                continue
            np.testing.assert_array_equal(read.luma, expected.luma)


def test_a_lost_sector_is_refused(rgb):
    """512 bytes that were lost and read as zeros still decode, and leave bytes over."""
    sound = jpeg("grey", np.tile(rgb, (3, 3, 1)))
    middle = len(sound) // 2
    with pytest.raises(UnreadablePhoto, match="damaged or truncated"):
        photo.read(replaced(sound, middle, bytes(1024))[:-2] + b"stray bytes" + EOI)


def test_a_profile_in_wrong_chunks_is_left_out(rgb):
    sound = jpeg("colour", rgb)
    np.testing.assert_array_equal(
        photo.read(inserted(sound, 2, app2((1, 2)))).rgb, photo.read(sound).rgb
    )


def test_cmyk_that_has_lost_pixels_is_refused(rgb):
    sound = pil_bytes(Image.fromarray(rgb).convert("CMYK"), "JPEG")
    expected = photo.read(sound)
    np.testing.assert_array_equal(photo.read(sound[:-2]).rgb, expected.rgb)
    with pytest.raises(UnreadablePhoto, match="damaged or truncated"):
        photo.read(sound[: len(sound) // 2] + EOI)


def test_dnl_is_named():
    with pytest.raises(UnsupportedPhoto, match=r"DNL marker .* is not supported"):
        photo.read(CASES / "j21_dnl.jpg")


def hostile_scans(data: bytes) -> bytes:
    """A sequential file of three components, each of which has thousands of scans."""
    at = data.index(SOS)
    scan = SOS + struct.pack(">HB4sB", 8, 1, b"\1\0\0\x3f", 0) + b"\0"
    return data[:at] + scan * 2000 + EOI


def test_hostile_files_are_bounded(rgb):
    sound = jpeg("colour", rgb)
    with pytest.raises(UnsupportedPhoto, match=r"500 scans at most; .* has 2,000"):
        photo.read(hostile_scans(sound))
    with pytest.raises(UnreadablePhoto, match="more than 10,000 segments"):
        photo.read(inserted(sound, 2, b"\xff\xe5\0\2" * 10_001))
    with pytest.raises(UnreadablePhoto, match="no frame header"):
        photo.read(b"\xff\xd8\xff" + bytes(1_000_000))


def test_a_film_behind_the_picture_has_no_scans(rgb):
    sound = jpeg("progressive colour", rgb)
    assert_same(sound + SOS * 1000, sound)
