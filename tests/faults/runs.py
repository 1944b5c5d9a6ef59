"""Runs of an archive in processes of their own, and what must be true after they were killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from photochrom.archive.entry import Entry
from photochrom.archive.manifest import Manifest
from photochrom.errors import PhotochromError
from tests.commands import PROGRAM, invoke
from tests.support import heed_interrupts

__all__ = ["MANIFEST", "Before", "hashes", "left_over", "rows", "run", "spawned", "until"]

MANIFEST = "run.sqlite"


def run(*arguments: object, code: int = 0, manifest: str = MANIFEST, output: str = "out") -> str:
    """Run in this process, and return what was said."""
    place = ["-o", output] if output else []
    said = invoke("archive", "run", *arguments, "--manifest", manifest, *place)
    assert said.exit_code == code, said.output
    return said.stderr


def rows(manifest: str = MANIFEST) -> dict[str, Entry]:
    """Return the rows by source."""
    with Manifest(manifest) as opened:
        return {entry.source: entry for entry in opened.entries()}


def hashes(manifest: str = MANIFEST) -> dict[str, str]:
    """Return the hash of each result by the name of the source."""
    return {Path(source).name: entry.output_sha256 for source, entry in rows(manifest).items()}


def left_over(folder: str = "out") -> list[Path]:
    """Return the unfinished files in a folder."""
    return list(Path(folder).rglob(".photochrom-*"))


@contextmanager
def spawned(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process group with the program, whose output goes to `said`."""
    added = {"PYTHONPATH": os.pathsep.join(map(str, sys.path))} | environment
    with Path("said").open("wb") as said:
        process = subprocess.Popen(
            [*PROGRAM, *arguments],
            stdout=said,
            stderr=said,
            env=os.environ | added,
            start_new_session=True,
            preexec_fn=heed_interrupts,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(true: object, seconds: float = 150) -> None:
    """Wait until a function returns something true."""
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


class Before:
    """What was done at a moment, to see later that it was not done again."""

    def __init__(self, manifest: str = MANIFEST) -> None:
        try:
            found = rows(manifest)
        except PhotochromError:  # there is none yet, or it has no tables yet
            found = {}
        self.done = {source: entry for source, entry in found.items() if entry.status == "done"}
        self.files = {
            entry.output: _identity(entry.output)
            for entry in self.done.values()
            if not entry.shard and "://" not in entry.output
        }

    def check(self, manifest: str = MANIFEST) -> None:
        """Check that the rows and the files are still the same."""
        now = rows(manifest) if self.done else {}
        assert {source: now[source] for source in self.done} == self.done
        assert {output: _identity(output) for output in self.files} == self.files


def _identity(path: str) -> tuple[int, int, int]:
    status = Path(path).stat()
    return status.st_ino, status.st_mtime_ns, status.st_size
