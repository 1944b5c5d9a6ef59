"""The finished parts of a film, in a folder beside the target, so that a run can be resumed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Self

import numpy as np

from photochrom.errors import OutputError
from photochrom.files.locks import lock_file
from photochrom.files.names import hidden_beside
from photochrom.film.encoder import PART_FORMAT
from photochrom.film.propagation import Memory
from photochrom.film.shot_history import ShotHistory
from photochrom.guidance.shared_colors import CompactReference

__all__ = ["Journal", "JournalState", "Parts", "parse_state"]

_JOB_FILE: Final = "job.json"
_STATE_FILE: Final = "done.json"
_LOCK_FILE: Final = "lock"


@dataclass(frozen=True)
class JournalState:
    """How much of a film is finished. The field names are those of the JSON file.

    Attributes:
        parts: the number of finished parts.
        last: the time of the last frame in them, in the film's time base. None without parts.
        last_duration: how long that frame is shown, in the time base; 0 if unknown.
        frames: the number of frames in them.
        shots: the number of shots that begin in them.
        stretch: the time of the first frame of the stretch that they end in, in the time base.
        problems: damaged places, as (seconds from the start of the film, description).
        notes: messages for the user about the frames in them.
    """

    parts: int = 0
    last: int | None = None
    last_duration: int = 0
    frames: int = 0
    shots: int = 0
    stretch: int | None = None
    problems: list[tuple[float, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Parts:
    """Finished parts of a film in a folder, and a file that says how many of them count.

    A part counts once it has been written to its end and recorded. Whatever a stopped run leaves
    beyond that is overwritten by the next run.

    Attributes:
        folder: the folder of the parts.
        state: how much of the film is finished.
    """

    def __init__(self, folder: Path, state: JournalState) -> None:
        """Continue the parts in a folder.

        Args:
            folder: the folder.
            state: how much of the film is finished. The colour memory must be in the folder; of
                the finished parts, nothing is read.
        """
        self.folder, self.state = folder, state

    @property
    def paths(self) -> list[Path]:
        """The files of the finished parts, in order."""
        return [self._part(number) for number in range(1, self.state.parts + 1)]

    @property
    def next_part(self) -> Path:
        """The file for the next part."""
        return self._part(self.state.parts + 1)

    @property
    def memory_file(self) -> Path:
        """The file of the colour memory at the last finished frame."""
        return self._memory(self.state.parts)

    @property
    def memory(self) -> Memory | None:
        """The colour memory at the last finished frame; None without parts."""
        if not self.state.parts:
            return None
        with np.load(self.memory_file) as arrays:
            frames = zip(arrays["features"], arrays["key_frames"], strict=True)
            kept = tuple(CompactReference(features, chroma) for features, chroma in frames)
            history = ShotHistory(kept, int(arrays["seen"]), int(arrays["step"]))
            return Memory(arrays["chroma"], arrays["count"], history)

    def commit(self, state: JournalState, memory: Memory) -> None:
        """Record that the next part is finished.

        Args:
            state: the new state, including the part.
            memory: the colour memory at the last frame of the part.
        """
        with self._memory(state.parts).open("wb") as file:
            history = memory.history
            np.savez(
                file,
                chroma=memory.chroma,
                count=memory.count,
                features=[each.features for each in history.key_frames],
                key_frames=[each.chroma for each in history.key_frames],
                seen=history.count,
                step=history.step,
            )
        # The part must be on the disk before the state counts it; otherwise a power cut in between
        # would leave a state that counts a part which is not there.
        for path in (self._part(state.parts), self._memory(state.parts)):
            _flush_to_disk(path)
        self._write(_STATE_FILE, json.dumps(asdict(state)))
        # Not earlier: until the new state is written, a run that resumes needs this memory.
        self._memory(state.parts - 1).unlink(missing_ok=True)
        self.state = state

    def _part(self, number: int) -> Path:
        return self.folder / f"{number:05d}.{PART_FORMAT}"

    def _memory(self, number: int) -> Path:
        return self.folder / f"{number:05d}.npz"

    def _write(self, name: str, text: str) -> None:
        """Write a file so that, whatever happens, it has either the old or the new text."""
        draft = self.folder / f"{name}.tmp"
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / name)


class Journal(Parts):
    """The finished parts of a film, in a folder beside it, which one run at a time can use.

    Runs of the same film with other settings have folders beside this one. They are kept until the
    film is written.
    """

    def __init__(self, target: Path, job: Mapping[str, object]) -> None:
        """Open the folder for a film, and create it if it does not exist.

        Args:
            target: the film to be written.
            job: everything that the film depends on, as `Job.fingerprint` returns it.

        Raises:
            OutputError: the folder cannot be created, or another run is using it.
        """
        job_text = json.dumps(job, sort_keys=True, indent=2)
        # Absolute, because FFmpeg takes a relative name with a colon for an address.
        self._root = target.absolute().with_name(hidden_beside(target.name, ".photochrom"))
        folder = self._root / hashlib.sha256(job_text.encode()).hexdigest()[:12]
        super().__init__(folder, JournalState())
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # The lock is for all settings, because `remove` deletes the folders of all of them.
            self._lock = lock_file(self._root / _LOCK_FILE)
            self._write(_JOB_FILE, job_text)  # never read; it tells people what the folder is for
        except BlockingIOError as error:
            raise OutputError(f"another run is already writing {target}") from error
        except OSError as error:
            raise OutputError(f"cannot use the folder {self.folder}: {error.strerror}") from error
        self.state = parse_state(self._read(_STATE_FILE))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Delete the folder if nothing in it is finished, and release the lock."""
        if not self.state.parts:
            shutil.rmtree(self.folder, ignore_errors=True)
        if not any(path.is_dir() for path in self._root.glob("*")):
            self.remove()
        self._lock.close()

    @property
    def other_runs(self) -> int:
        """The number of unfinished runs with other settings."""
        states = self._root.glob(f"*/{_STATE_FILE}")
        return len([each for each in states if each.parent != self.folder])

    def remove(self) -> None:
        """Delete the parts of all runs for this film."""
        shutil.rmtree(self._root, ignore_errors=True)

    def _read(self, name: str) -> str:
        """Return the text of a file, or an empty text if there is no such file."""
        try:
            return (self.folder / name).read_text("utf-8")
        except FileNotFoundError:
            return ""


def parse_state(text: str) -> JournalState:
    """Return the state in the text of its file; an empty text means that nothing is finished."""
    if not text:
        return JournalState()
    fields = json.loads(text)
    problems = [(seconds, problem) for seconds, problem in fields.pop("problems")]
    return JournalState(**fields, problems=problems)


def _flush_to_disk(path: Path) -> None:
    """Wait until a file is on the disk, so that it survives a power cut."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
