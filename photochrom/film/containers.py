"""The containers that films can be written to."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from photochrom.errors import OutputError

__all__ = [
    "ATTACHMENT_CONTAINERS",
    "CONTAINERS",
    "FIXED_RATE_CONTAINERS",
    "MP4_CONTAINERS",
    "container_format",
]

CONTAINERS: Final = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".ts": "mpegts",
    ".nut": "nut",
    ".avi": "avi",
}
"""FFmpeg's names of the containers, by suffix."""

FIXED_RATE_CONTAINERS: Final = ("avi",)
"""The containers that store a frame rate, not the time of each frame."""

MP4_CONTAINERS: Final = ("mp4", "mov")
ATTACHMENT_CONTAINERS: Final = ("matroska",)


def container_format(path: Path) -> str:
    """Return FFmpeg's name of the container for a file name.

    Raises:
        OutputError: no container with this suffix can be written.
    """
    container = CONTAINERS.get(path.suffix.lower())
    if not container:
        raise OutputError(
            f"expected a file name that ends in {', '.join(CONTAINERS)}; received {path.name}"
        )
    return container
