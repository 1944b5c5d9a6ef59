"""Timecodes of later frames."""

from __future__ import annotations

from fractions import Fraction

import pytest

from photochrom.film.tags import shift_timecode

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("timecode", "seconds", "rate", "later"),
    [
        ("01:00:00:00", 0, Fraction(25), "01:00:00:00"),
        ("01:00:00:20", 0.4, Fraction(25), "01:00:01:05"),
        ("00:59:59:23", 1 / 24, Fraction(24000, 1001), "01:00:00:00"),
        ("23:59:59:24", 0.04, Fraction(25), "00:00:00:00"),
        # In drop frame, the first two numbers of a minute do not exist, except of every tenth.
        ("00:00:59;29", 1001 / 30000, NTSC, "00:01:00;02"),
        ("00:09:59;29", 1001 / 30000, NTSC, "00:10:00;00"),
        ("00:00:00;00", 3600, NTSC, "01:00:00;00"),
        ("00:00:59;59", 1001 / 60000, 2 * NTSC, "00:01:00;04"),
        ("not a timecode", 5, Fraction(25), "not a timecode"),
    ],
)
def test_the_timecode_of_a_later_frame(timecode, seconds, rate, later):
    assert shift_timecode(timecode, seconds, rate) == later
