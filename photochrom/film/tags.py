"""The tags of a film and of its streams, such as the title, the place and the timecode."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from av.container import Container

__all__ = [
    "film_tags",
    "has_quicktime_keys",
    "has_timecode",
    "is_timecode",
    "shift_timecode",
    "video_tags",
]

# Tags that describe the original file or its encoding, not the film
_FILE_TAGS: Final = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration")
_ENCODING_TAGS: Final = ("rotate", "encoder", "duration", "bps", "number_of_", "_statistics")
# Keys such as com.apple.quicktime.location.ISO6709 and com.android.version
_QUICKTIME_KEY: Final = re.compile(r"com\.[\w-]+\.[\w.-]+", re.IGNORECASE)
_TIMECODE: Final = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")


def film_tags(tags: Mapping[str, str], start: float, rate: Fraction) -> dict[str, str]:
    """Return the tags of a film that are true of its coloured copy, too.

    Args:
        tags: the tags of the original.
        start: where the copy begins, in seconds from the start of the original.
        rate: the number of frames per second.
    """
    return _without(tags, _FILE_TAGS, start, rate)


def video_tags(tags: Mapping[str, str], start: float, rate: Fraction) -> dict[str, str]:
    """Return the tags of a video stream that are true of its coloured copy, too.

    The arguments are those of `film_tags`.
    """
    return _without(tags, _ENCODING_TAGS, start, rate)


def has_quicktime_keys(tags: Mapping[str, str]) -> bool:
    """Return whether some tags can be stored in MP4 and MOV only as QuickTime metadata keys."""
    return any(_QUICKTIME_KEY.fullmatch(key) for key in tags)


def is_timecode(key: str) -> bool:
    """Return whether the tag with this name is a timecode."""
    return key.lower() == "timecode"


def has_timecode(container: Container) -> bool:
    """Return whether a film or one of its streams has a timecode."""
    tagged = (container.metadata, *(each.metadata for each in container.streams))
    return any(is_timecode(key) for tags in tagged for key in tags)


def shift_timecode(timecode: str, seconds: float, rate: Fraction) -> str:
    """Return the timecode of a later frame.

    Args:
        timecode: a SMPTE timecode such as 01:00:00:00. A semicolon before the frames marks drop
            frame, which leaves out numbers so that the timecode follows the clock at 29.97 and
            59.94 frames per second.
        seconds: how much later the frame is shown.
        rate: the number of frames per second.
    """
    match = _TIMECODE.fullmatch(timecode.strip())
    if not match or not seconds:
        return timecode
    hours, minutes, seconds_, frames = (int(match[group]) for group in (1, 2, 3, 5))
    per_second = max(1, round(rate))
    # Drop frame leaves out two numbers (at 30 frames per second) in nine of ten minutes.
    dropped = per_second // 15 if match[4] != ":" else 0
    per_ten_minutes, per_minute = 600 * per_second - 9 * dropped, 60 * per_second - dropped
    total_minutes = 60 * hours + minutes
    number = (60 * total_minutes + seconds_) * per_second + frames
    number -= dropped * (total_minutes - total_minutes // 10)
    number += round(seconds * rate)
    tens, rest = divmod(number, per_ten_minutes)
    number += dropped * (9 * tens + max(0, rest - dropped) // per_minute)
    whole, frames = divmod(number, per_second)
    hours, minutes, seconds_ = whole // 3600 % 24, whole // 60 % 60, whole % 60
    return f"{hours:02}:{minutes:02}:{seconds_:02}{match[4]}{frames:02}"


def _without(
    tags: Mapping[str, str], outdated: tuple[str, ...], start: float, rate: Fraction
) -> dict[str, str]:
    kept = {key: text for key, text in tags.items() if not key.lower().startswith(outdated)}
    for key, text in kept.items():
        if is_timecode(key):
            kept[key] = shift_timecode(text, start, rate)
    return kept
