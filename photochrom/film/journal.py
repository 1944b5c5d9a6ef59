"""The work on a film that is done already: parts in a folder beside the film that is to be."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final, Self

import numpy as np

from photochrom.errors import OutputError
from photochrom.film.encoder import PART_FORMAT
from photochrom.film.propagation import Memory

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["Done", "Work"]

_JOB: Final = "job.json"
_DONE: Final = "done.json"
_LOCK: Final = "lock"


@dataclass(frozen=True)
class Done:
    """How far it is.

    Attributes:
        parts: finished.
        last: when the last picture in them is shown, in the film's time base.
        frames: in them.
        shots: begun in them.
        problems: seconds from the film's start, and what was broken there.
    """

    parts: int = 0
    last: int | None = None
    frames: int = 0
    shots: int = 0
    problems: list[tuple[float, str]] = field(default_factory=list)


class Work:
    """A folder of parts. What is in it is whole: a part counts once it is written to the end.

    Work on the same film with other settings has a folder beside it, until the film is written.
    """

    def __init__(self, target: Path, job: dict[str, Any]) -> None:
        """Open the folder that belongs to a film, or begin one.

        Args:
            target: the film that is to be.
            job: all that its pictures depend on.

        Raises:
            OutputError: there can be no such folder, or another run is at work in it.
        """
        written = json.dumps(job, sort_keys=True, indent=2)
        self._all = target.with_name(f".{target.name}.photochrom")
        self.folder = self._all / hashlib.sha256(written.encode()).hexdigest()[:12]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(self._all / _LOCK)
            self._write(_JOB, written)  # for people
        except BlockingIOError as error:
            raise OutputError(f"another run is at work on {target}") from error
        except OSError as error:
            raise OutputError(f"cannot work in {self.folder}: {error.strerror}") from error
        self.done = _done(self._read(_DONE))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves nothing where nothing is done."""
        if not self.done.parts:
            shutil.rmtree(self.folder, ignore_errors=True)
        if not any(path.is_dir() for path in self._all.glob("*")):
            self.remove()
        self._lock.close()

    @property
    def others(self) -> int:
        """How many works with other settings there are."""
        return len([each for each in self._all.glob(f"*/{_DONE}") if each.parent != self.folder])

    @property
    def parts(self) -> list[Path]:
        """The finished ones, in order."""
        return [self._part(number) for number in range(1, self.done.parts + 1)]

    @property
    def next_part(self) -> Path:
        """Where the next is to be written."""
        return self._part(self.done.parts + 1)

    @property
    def memory(self) -> Memory | None:
        """Of the last picture that is done."""
        if not self.done.parts:
            return None
        with np.load(self._memory(self.done.parts)) as kept:
            return Memory(kept["chroma"], kept["count"])

    def keep(self, done: Done, memory: Memory) -> None:
        """The next part is written; now it counts."""
        with self._memory(done.parts).open("wb") as file:
            np.savez(file, chroma=memory.chroma, count=memory.count)
        for path in (self._part(done.parts), self._memory(done.parts)):
            _synced(path)
        self._write(_DONE, json.dumps(asdict(done)))
        self._memory(done.parts - 1).unlink(missing_ok=True)
        self.done = done

    def remove(self) -> None:
        """The film is written."""
        shutil.rmtree(self._all, ignore_errors=True)

    def _part(self, number: int) -> Path:
        return self.folder / f"{number:05d}.{PART_FORMAT}"

    def _memory(self, number: int) -> Path:
        return self.folder / f"{number:05d}.npz"

    def _read(self, name: str) -> str:
        try:
            return (self.folder / name).read_text("utf-8")
        except FileNotFoundError:
            return ""

    def _write(self, name: str, text: str) -> None:
        draft = self.folder / f"{name}.tmp"
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / name)


def _locked(path: Path) -> IO[bytes]:
    """A file that this run alone holds, for as long as it is open; where the system can.

    Raises:
        BlockingIOError: another run holds it.
    """
    file = path.open("ab")
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise
        except OSError:  # a file system without locks
            pass
    return file


def _done(text: str) -> Done:
    if not text:
        return Done()
    kept = json.loads(text)
    problems = [(seconds, what) for seconds, what in kept.pop("problems")]
    return Done(**kept, problems=problems)


def _synced(path: Path) -> None:
    """On the disk, should the power be cut."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
