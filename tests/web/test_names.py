"""Any names that clients send become safe for files and headers."""

from __future__ import annotations

import re
from email.message import Message
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from photochrom.web.filenames import (
    colorized_name,
    content_disposition,
    media_type_of,
    safe_name,
    unique,
)

NASTY = st.text(
    st.sampled_from("./\\:*?<>|\"' \0\n\r\t\x7f\u202e\u200b\ud800é日a0~$-") | st.characters(),
    max_size=300,
)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        (None, "photograph"),
        ("", "photograph"),
        ("old.jpg", "old.jpg"),
        ("Großmutter 1936.JPG", "Großmutter 1936.JPG"),
        ("e\u0301te\u0301.png", "été.png"),
        ("祖母.tif", "祖母.tif"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("C:\\photos\\a.jpg", "a.jpg"),
        ("C:a.jpg", "C_a.jpg"),
        ("/", "photograph"),
        ("..", "photograph"),
        ("...jpg", "jpg"),
        (".jpg", "jpg"),
        ("a/", "photograph"),
        ("a\0b.jpg", "ab.jpg"),
        ("a\r\nSet-Cookie: b.jpg", "aSet-Cookie_ b.jpg"),
        ("gpj.\u202eexe", "gpj.exe"),
        ('a"b?.jpg', "a_b_.jpg"),
        ("con", "_con"),
        ("COM1.png", "_COM1.png"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("con .jpg", "_con.jpg"),
        ("a.jpg. . .", "a.jpg"),
        ("~", "~"),
    ],
)
def test_names_as_they_come_out(name, safe):
    assert safe_name(name) == safe


def test_long_names_keep_their_suffix():
    assert safe_name("a" * 5000 + ".jpg") == "a" * 160 + ".jpg"
    assert len(safe_name("é日" * 5000 + ".jpg").encode()) <= 255
    assert len(safe_name("a." + "b" * 5000).encode()) <= 255


@given(NASTY)
@example("con.")
@example(". .")
@example("\ud800")
def test_any_name_is_fit_for_a_file(name):
    safe = safe_name(name)
    assert safe == safe_name(safe)
    assert 0 < len(safe.encode()) <= 255
    assert safe not in (".", "..")
    assert safe.isprintable()
    assert not re.search(r'[<>:"/\\|?*]', safe)
    assert safe[-1] not in " ."
    assert PurePosixPath(safe).name == safe
    assert PureWindowsPath(safe).name == safe
    stem = safe.partition(".")[0].strip().lower()
    assert not re.fullmatch(r"con|prn|aux|nul|com\d|lpt\d", stem)


@given(st.lists(NASTY.map(safe_name), max_size=12))
@example(["a.jpg", "a.jpg", "a (2).jpg", "A.JPG"])
@example(["Straße.jpg", "STRASSE.jpg"])
def test_names_are_told_apart_whatever_their_case(names):
    found = list(unique(names))
    assert len({name.casefold() for name in found}) == len(names)
    assert all(PurePosixPath(name).name == name for name in found)
    if names:
        assert found[0] == names[0]


@given(NASTY.map(safe_name))
@example("a.jpg")
@example("été 100%.jpg")
@example("'quoted'.jpg")
def test_the_header_says_the_name_and_nothing_else(name):
    value = content_disposition(name)
    assert value.isascii()
    assert "\n" not in value
    assert "\r" not in value
    message = Message()
    message["content-disposition"] = value
    assert message.get_content_disposition() == "attachment"
    _, _, quoted = value.partition("filename*=UTF-8''")
    assert unquote(quoted) == name
    assert value.count('"') == 2


@given(NASTY.map(safe_name))
@example("a.jpg")
@example("archive.tar.gz")
@example("no suffix")
def test_a_result_is_named_beside_its_original(name):
    colored = colorized_name(name)
    assert colored != name
    assert "-colorized" in colored
    assert PurePosixPath(colored).suffix == PurePosixPath(name).suffix
    assert safe_name(colored) == colored or len(name.encode()) > 140


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jpg", "image/jpeg"),
        ("a.JPEG", "image/jpeg"),
        ("a.tif", "image/tiff"),
        ("a.zip", "application/zip"),
        ("a.mkv", "video/matroska"),
        ("a.nut", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_media_types(name, kind):
    assert media_type_of(name) == kind
