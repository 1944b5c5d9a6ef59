"""EXIF is read whatever the type of its numbers, and corrected without moving its other bytes."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from photochrom import photo
from photochrom.photo.exif import clean_exif, exif_orientation, exif_resolution, with_resolution
from tests.photo.photo_files import pil_bytes, with_segments

# Type numbers of TIFF, with the value 6 in each.
SIXES = {
    1: b"\6", 2: b"6\0", 3: "H", 4: "I", 6: b"\6", 7: b"\6", 8: "h", 9: "i", 11: "f", 12: "d",
    5: "II", 10: "ii",
}  # fmt: skip


def exif_with(tag: int, kind: int, order: str = "<") -> bytes:
    """A block of EXIF with one tag of the value 6."""
    code = SIXES[kind]
    if isinstance(code, bytes):
        value, count = code, len(code)
    else:
        value, count = struct.pack(order + code, *(6, 1)[: len(code)]), 1
    place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(order + "I", 26)
    head = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHI", tag, kind, count) + place
    return head + struct.pack(order + "IH", 8, 1) + entry + bytes(4) + value


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", SIXES)
def test_an_orientation_of_any_type_is_applied_and_then_1(kind, order, grey):
    wide = np.ascontiguousarray(grey[:60])
    block = exif_with(274, kind, order)
    jpeg = pil_bytes(Image.fromarray(wide), "JPEG")
    read = photo.read(with_segments(jpeg, (0xE1, b"Exif\0\0" + block)))
    assert read.size == (60, 96)
    assert exif_orientation(read.metadata.exif) == 1
    for target in ("PNG", "WEBP", "JPEG"):
        data = photo.encode(read.rgb, format=target, metadata=read.metadata)
        assert photo.read(data).size == (60, 96)


@pytest.mark.parametrize("kind", [kind for kind in SIXES if kind not in (11, 12)])
def test_and_in_tiff(kind, grey):
    """Written by hand: libraries for TIFF write an orientation as a SHORT."""
    wide = np.ascontiguousarray(grey[:60])
    tags = [(256, 96), (257, 60), (258, 8), (259, 1), (262, 1), (273, 0), (277, 1), (278, 60)]
    entry = exif_with(274, kind)[10:22]
    end = 8 + 2 + 12 * (len(tags) + 2) + 4
    value = exif_with(274, kind)[26:] if struct.unpack_from("<I", entry, 8)[0] == 26 else b""
    if value:
        entry = entry[:8] + struct.pack("<I", end)
    tags = [(273, end + len(value)) if tag == 273 else (tag, number) for tag, number in tags]
    entries = [struct.pack("<HHII", tag, 4, 1, number) for tag, number in [*tags, (279, wide.size)]]
    entries = sorted([*entries, entry], key=lambda each: struct.unpack_from("<H", each))
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    read = photo.read(head + b"".join(entries) + bytes(4) + value + wide.tobytes())
    np.testing.assert_array_equal(read.luma, np.rot90(wide, -1))


def test_an_orientation_that_is_senseless_is_1(grey):
    block = bytearray(exif_with(274, 3))
    for value in (0, 9, 65535):
        struct.pack_into("<H", block, 18, value)
        assert exif_orientation(bytes(block)) is None
    assert exif_orientation(b"II*\0\x08\0\0\0\xff\xff") is None


def camera_exif() -> bytes:
    exif = Image.Exif()
    exif[282], exif[283], exif[296] = 300, 150, 2
    camera = exif.get_ifd(0x8769)
    camera[0x927C] = b"MAKERNOTE"
    return exif.tobytes()


def test_a_resolution_changes_sides_with_the_picture():
    block = clean_exif(camera_exif(), swap=True)
    assert exif_resolution(block) == (150, 300, 2)


@pytest.mark.parametrize("exif", [None, camera_exif()])
def test_a_resolution_is_put_in_and_nothing_moves(exif):
    before = clean_exif(exif, swap=False) if exif else None
    block = with_resolution(before, (1200, 600.5), inches=True)
    assert exif_resolution(block) == (1200, 600.5, 2)
    loaded = Image.Exif()
    loaded.load(block)
    assert loaded[282] == 1200
    if before:
        assert block.index(b"MAKERNOTE") == before.index(b"MAKERNOTE")
        assert loaded.get_ifd(0x8769)[0x927C] == b"MAKERNOTE"


def test_maker_notes_do_not_move_in_any_format(rgb):
    metadata = photo.Metadata(exif=clean_exif(with_orientation(), swap=False))
    for target in ("JPEG", "PNG", "WEBP", "AVIF"):
        data = photo.encode(rgb, format=target, metadata=metadata)
        found = Image.open(io.BytesIO(data)).info["exif"].removeprefix(b"Exif\0\0")
        assert found.index(b"MAKERNOTE") == metadata.exif.index(b"MAKERNOTE")


def with_orientation() -> bytes:
    exif = Image.Exif()
    exif.load(camera_exif())
    exif[274] = 1
    return exif.tobytes()


@pytest.mark.parametrize("target", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF", "BMP"])
@pytest.mark.parametrize("source", ["JFIF", "EXIF alone", "PNG"])
def test_no_resolution_is_invented(source, target, grey):
    """Pillow takes 72 for a JPEG file whose EXIF states none, and writes 96 in BMP."""
    data = pil_bytes(Image.fromarray(grey), "PNG" if source == "PNG" else "JPEG")
    if source == "EXIF alone":
        data = with_segments(data, (0xE1, b"Exif\0\0" + exif_with(274, 3)))
        data = data[:2] + data[20:]  # without the JFIF segment
    read = photo.read(data)
    assert read.metadata.dpi is None
    result = photo.encode(read.rgb, format=target, metadata=read.metadata)
    assert photo.read(result).metadata.dpi is None
    info = Image.open(io.BytesIO(result)).info
    if target == "JPEG":
        assert (info["jfif_unit"], info["jfif_density"]) == (0, (1, 1))
    else:
        assert info.get("dpi", (0, 0)) in ((0, 0), (1, 1))  # Pillow takes 1 for TIFF without one
