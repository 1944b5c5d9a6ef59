"""Unfinished files of results: their names, and how those of a killed run are deleted."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from photochrom.files import storage
from photochrom.files.atomic import numbered, output_errors, unused

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry

__all__ = ["discard", "draft_folder", "draft_of"]


def draft_of(entry: Entry) -> str:
    """Return the name of the draft of a photograph's result: 16 hexadecimal digits.

    It is another one at each attempt. So nothing of an earlier attempt is in the way, even if its
    process still lives on another machine.
    """
    attempt = f"{entry.source}\n{entry.output}\n{entry.attempts}"
    return hashlib.sha256(attempt.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@contextmanager
def draft_folder(entry: Entry) -> Iterator[Path]:
    """Yield a temporary folder, for example for the tar that a photograph is the first of.

    Raises:
        OutputFailed, OutputError: as in `output_errors`.
    """
    folder = unused(_folders(entry))
    with output_errors(folder):
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def discard(entry: Entry) -> None:
    """Delete what a killed run left of the result that it was making."""
    name = draft_of(entry)
    storage.discard((entry.shard or entry.output).removeprefix("file://"), name)
    for folder in _folders(entry):
        shutil.rmtree(folder, ignore_errors=True)


def _folders(entry: Entry) -> list[Path]:
    return numbered(Path(tempfile.gettempdir(), f"photochrom-{draft_of(entry)}"))
