"""A file is written completely or not at all, and existing files stay unharmed."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest

from photochrom import photo
from photochrom.errors import OutputError, OutputExists, OutputFailed
from photochrom.files import atomic


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", photo.WRITABLE_SUFFIXES)
def test_the_suffix_names_the_format(suffix, tmp_path, rgb):
    path = tmp_path / f"out{suffix.upper()}"
    photo.write(path, rgb)
    assert photo.read(path).format == photo.READABLE_SUFFIXES[suffix]
    assert names(tmp_path) == [path.name]


def test_an_existing_file_is_not_overwritten(tmp_path, rgb):
    path = tmp_path / "out.png"
    path.write_bytes(b"dear")
    with pytest.raises(OutputExists, match=r"out\.png exists already"):
        photo.write(path, rgb)
    assert path.read_bytes() == b"dear"
    photo.write(path, rgb, overwrite=True)
    np.testing.assert_array_equal(photo.read(path).rgb, rgb)
    assert names(tmp_path) == ["out.png"]


def test_a_name_taken_meanwhile(tmp_path, monkeypatch):
    """A file of this name appears after the check: it is not replaced."""
    path = tmp_path / "out.png"
    monkeypatch.setattr(atomic, "check_destination", lambda *a, **k: path.write_bytes(b"first"))
    with pytest.raises(OutputExists):
        atomic.write_bytes(path, b"second", overwrite=False)
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["out.png"]


def test_a_file_system_without_links(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "out.png"
    atomic.write_bytes(path, b"whole", overwrite=False)
    assert path.read_bytes() == b"whole"
    monkeypatch.setattr(atomic, "check_destination", lambda *a, **k: None)
    with pytest.raises(OutputExists):
        atomic.write_bytes(path, b"second", overwrite=False)
    assert path.read_bytes() == b"whole"
    assert names(tmp_path) == ["out.png"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("there", [True, False])
def test_a_failure_leaves_everything_as_it_was(error, step, there, tmp_path, monkeypatch, rgb):
    path = tmp_path / "out.png"
    if there:
        path.write_bytes(b"dear")

    def fail(*_: object) -> None:
        raise error

    if step == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else OutputError
    with pytest.raises(expected):
        photo.write(path, rgb, overwrite=True)
    assert names(tmp_path) == (["out.png"] if there else [])
    assert not there or path.read_bytes() == b"dear"


def test_the_disk_is_full(tmp_path, monkeypatch, rgb):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputFailed, match=r"cannot write .*out\.png: No space left on device"):
        photo.write(tmp_path / "out.png", rgb)


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_permissions_are_the_users(tmp_path, rgb):
    was = os.umask(0o027)
    try:
        photo.write(tmp_path / "out.png", rgb)
    finally:
        os.umask(was)
    assert (tmp_path / "out.png").stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_a_link_is_followed_when_overwriting(tmp_path, rgb):
    (tmp_path / "real.png").write_bytes(b"old")
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")
    photo.write(tmp_path / "link.png", rgb, overwrite=True)
    assert (tmp_path / "link.png").is_symlink()
    assert photo.read(tmp_path / "real.png").format == "PNG"


@pytest.mark.skipif(os.name == "nt", reason="devices of POSIX")
def test_a_device_is_not_replaced(rgb):
    with pytest.raises(OutputError, match="regular file"):
        photo.write("/dev/null", rgb, format="PNG", overwrite=True)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder(tmp_path, rgb):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="Permission denied"):
            photo.write(tmp_path / "out.png", rgb)
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_that_may_not_be_written(tmp_path, monkeypatch, rgb):
    def locked(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", locked)
    with pytest.raises(OutputError, match=r"cannot write .*out\.png: Permission denied"):
        photo.write(tmp_path / "out.png", rgb)


def test_bad_destinations(tmp_path, rgb):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for destination, message in {
        tmp_path / "folder.png": r"folder\.png is a folder",
        tmp_path / "none" / "out.png": "there is no folder .*none to write out.png in",
        tmp_path / "file" / "out.png": "there is no folder",
        tmp_path / "out": r"ends like one of JPEG, .*\.bmp .*\); .* has no suffix",
        tmp_path / "out.gif": r"has the suffix '\.gif'",
        tmp_path / "out.psd": r"has the suffix '\.psd'",
        "bad\0name.png": "null|embedded|no folder",
        tmp_path / ("n" * 300 + ".png"): "cannot write|name",
    }.items():
        with pytest.raises(OutputError, match=message):
            photo.write(destination, rgb)


def test_the_destination_is_checked_before_the_work(tmp_path, monkeypatch, rgb):
    monkeypatch.setattr("photochrom.photo.writing.encode", lambda *a, **k: pytest.fail("encoded"))
    with pytest.raises(OutputError):
        photo.write(tmp_path / "none" / "out.png", rgb)


def test_file_objects(tmp_path, rgb):
    stream = io.BytesIO()
    photo.write(stream, rgb, format="PNG")
    np.testing.assert_array_equal(photo.read(stream.getvalue()).rgb, rgb)
    with (tmp_path / "out.webp").open("wb") as file:
        photo.write(file, rgb)
    assert photo.read(tmp_path / "out.webp").format == "WEBP"
    with pytest.raises(OutputError, match="no suffix"):
        photo.write(io.BytesIO(), rgb)
    with pytest.raises(OutputError, match="cannot write to StringIO"):
        photo.write(io.StringIO(), rgb, format="PNG")
    stream.close()
    with pytest.raises(OutputError, match="closed"):
        photo.write(stream, rgb, format="PNG")


def test_writing_over_the_photograph_itself(tmp_path, rgb):
    path = tmp_path / "cat.png"
    photo.write(path, rgb)
    read = photo.read(path)
    photo.write(path, read.rgb, read.luma, metadata=read.metadata, overwrite=True)
    np.testing.assert_array_equal(photo.read(path).rgb, rgb)
