"""Errors name formats that cannot be read, and say what to do or which extra to install."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from photochrom import photo
from photochrom.errors import UnsupportedPhoto
from photochrom.photo.codecs import NOT_INSTALLED, READABLE_SUFFIXES, sniff
from photochrom.photo.codecs.base import RECOGNIZED
from tests.photo import scenes

OPTIONAL = ("pillow_heif", "OpenImageIO", "brotli", "rawpy")

NAMED = {
    "a.dcm": (bytes(128) + b"DICM" + bytes(100), "DICOM", "export it as PNG or TIFF"),
    "a.psd": (b"8BPS\0\1" + bytes(100), "Photoshop", "save it as TIFF or PNG"),
    "a.xcf": (b"gimp xcf v011" + bytes(100), "GIMP", "export it"),
    "a.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript", "Ghostscript"),
    "a.svg": (b"<?xml version='1.0'?>\n<!-- a --><svg></svg>", "SVG", "a drawing"),
    "a.exr": (b"v/1\x01\2\0\0\0", "OpenEXR", "16 bits"),
    "a.hdr": (b"#?RADIANCE\n", "Radiance HDR", "16 bits"),
    "a.ico": (b"\0\0\1\0\1\0", "ICO", "icons"),
    "a.jxr": (b"II\xbc\1\x20\0\0\0", "JPEG XR", "convert it"),
    "a.djvu": (b"AT&TFORM\0\0\0\0DJVU", "DjVu", "ddjvu"),
    "a.fits": (b"SIMPLE  =                    T", "FITS", "FITS viewer"),
    "a.qoi": (b"qoif\0\0\0\1", "QOI", "PNG first"),
    "a.dpx": (b"SDPX\0\0\x20\0", "DPX", "film scan"),
    "a.pgm": (b"P5\n8 8\n255\n" + bytes(64), "Netpbm", "PNG or TIFF"),
    "a.pcd": (bytes(2048) + b"PCD_IPI" + bytes(100), "Photo CD", "TIFF"),
    "a.mp4": (struct.pack(">I", 24) + b"ftypisom" + bytes(99), "video", "colour it with `film`"),
    "a.mkv": (b"\x1aE\xdf\xa3" + bytes(99), "video", "colour it with `film`"),
    "a.avi": (b"RIFF\0\0\0\0AVI LIST", "video", "colour it with `film`"),
}


@pytest.mark.parametrize("name", NAMED)
def test_formats_that_are_not_read(name, tmp_path):
    data, kind, advice = NAMED[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnsupportedPhoto, match=rf"{name} holds {kind} data: .*{advice}"):
        photo.read(tmp_path / name)


def test_text_is_no_picture():
    assert sniff(b"plain text") is None


SCRIPT = f"""
import sys
for name in {OPTIONAL!r}:
    sys.modules[name] = None  # as if it were not installed
from photochrom import batch, photo
from photochrom.errors import OutputError, PhotoError
from photochrom.photo.codecs import NOT_INSTALLED

for path in sys.argv[1:]:
    try:
        photo.read(path)
    except PhotoError as error:
        print(type(error).__name__, error)
try:
    photo.write("new.heic", photo.read(path.replace("heic/grey8.heic", "gif/magick.gif")).rgb)
except OutputError as error:
    print(error)
print(sorted(NOT_INSTALLED)[:4], ".heic" in photo.READABLE_SUFFIXES)
"""


def test_a_missing_extra_is_named(tmp_path):
    raw = tmp_path / "a.dng"
    raw.write_bytes(scenes.dng(scenes.grey(), scenes.LINEAR_RAW))
    files = [raw, scenes.CASES / "jxl" / "grey16.jxl", scenes.CASES / "heic" / "grey8.heic"]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *map(str, files)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    expected = [("RAW", "raw"), ("JXL", "jxl"), ("HEIC", "heif")]
    *refusals, written, suffixes = done.stdout.splitlines()
    for line, path, (kind, extra) in zip(refusals, files, expected, strict=True):
        assert line == (
            f"UnsupportedPhoto {path} holds {kind} data; install photochrom[{extra}] to read it"
        )
    assert "Install photochrom[heif] to write it" in written
    assert suffixes == "['.3fr', '.arw', '.cr2', '.cr3'] False"


def test_optional_packages_are_not_imported_before_they_are_needed():
    script = "import sys, photochrom.photo; print(sorted({*sys.modules} & {" + (
        ", ".join(map(repr, OPTIONAL)) + "}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_every_extra_is_in_the_project_file():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    extras = {codec.extra for codec in RECOGNIZED.values() if codec.extra}
    assert extras == {"heif", "jxl", "raw"}
    assert all(f"\n{extra} = [" in text for extra in extras)
    assert not {*NOT_INSTALLED} & {*READABLE_SUFFIXES}
