"""The elements of Matroska files, and the shape of the pixels that is written into them."""

from __future__ import annotations

import zlib
from fractions import Fraction

import av
import pytest

from photochrom.film.ebml import SEGMENT, TRACKS, children, elements, encoded
from photochrom.film.matroska import RESERVE, set_pixel_aspect
from tests.films import panned, write_film


@pytest.mark.parametrize("title", ["", "Reel 2"])
@pytest.mark.parametrize("aspect", [Fraction(32, 27), Fraction(10, 11)])
def test_nothing_else_changes(tmp_path, title, aspect):
    path = write_film(tmp_path / "film.mkv", panned(3), title=title + RESERVE)
    before = path.read_bytes()
    set_pixel_aspect(path, aspect, as_ratio=True)
    after = path.read_bytes()
    assert len(after) == len(before)
    cluster = before.index(b"\x1f\x43\xb6\x75")
    assert after[cluster:] == before[cluster:]
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        assert stream.sample_aspect_ratio == aspect
        assert stream.metadata.get("title", "") == title
        assert len(list(film.decode(video=0))) == 3
    tracks = after.rindex(b"\x16\x54\xae\x6b", 0, cluster)
    checksum = after.index(b"\xbf\x84", tracks) + 2  # the element CRC-32, of 4 bytes
    size = int.from_bytes(after[tracks + 4 : checksum - 2]) & (
        (1 << 7 * (checksum - tracks - 6)) - 1
    )
    content = after[checksum + 4 : checksum - 2 + size]
    assert zlib.crc32(content) == int.from_bytes(after[checksum : checksum + 4], "little")


def test_the_last_element_can_be_cut_off_anywhere():
    data = encoded(SEGMENT, encoded(TRACKS, b"track") + encoded(b"\x1f\x43\xb6\x75", b"cluster"))
    for length in range(len(data)):
        names = [each.name for each in elements(data[:length])]
        assert names == ([SEGMENT] if length > 4 else [])
        found = [data[each.content : each.end] for each in children(data[:length], SEGMENT, TRACKS)]
        assert found == ([b"track"[: max(0, length - 12)]] if length > 10 else [])
