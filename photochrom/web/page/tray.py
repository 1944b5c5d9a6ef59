"""The photographs of one person, and their files."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from photochrom.files.names import restored_name
from photochrom.guidance.shared_colors import SharedColors
from photochrom.web.filenames import colorized_name, safe_name, unique
from photochrom.web.page.choices import Choices

if TYPE_CHECKING:
    from photochrom.batch import Status

__all__ = ["Picture", "Tray"]


@dataclass(eq=False)
class Picture:
    """A photograph in a tray.

    Attributes:
        number: Number within the tray, from 1.
        name: Name of the original, with a suffix that fits its format.
        folder: Folder of the files of this photograph.
        status: Progress; "skipped" if it is in colour already.
        reason: Why it failed or was skipped; "" otherwise.
        recolor: Whether to colour it although it is in colour already.
        size: Width and height, in pixels.
        found: Number of photographs on the page that are coloured; 0 if it is itself a photograph.
        in_color: Number of further photographs on the page, which are in colour already.
        repaired: What was repaired; "" if nothing was.
        seconds: Time that the first colouring took.
        choices: How the photograph is to be coloured.
        shared: Colours of related photographs of the tray, which this one shares; mostly empty.
        history: Earlier choices, for undo; the latest comes last.
        undone: Choices that were undone, for redo; the latest comes last.
        version: Number of the current preview; grows with every change.
        saved_as: Version and colour space of the coloured file; others if it is out of date.
        lock: Held while the choices or the files change.
    """

    number: int
    name: str
    folder: Path
    status: Status = "queued"
    reason: str = ""
    recolor: bool = False
    size: tuple[int, int] = (0, 0)
    found: int = 0
    in_color: int = 0
    repaired: str = ""
    seconds: float = 0.0
    choices: Choices = field(default_factory=Choices)
    shared: SharedColors = field(default_factory=SharedColors, repr=False)
    history: list[Choices] = field(default_factory=list)
    undone: list[Choices] = field(default_factory=list)
    version: int = 0
    saved_as: tuple[int, str] = (-1, "")
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def source(self) -> Path:
        """Path of the original file."""
        return self.folder / "original"

    @property
    def target(self) -> Path:
        """Path of the coloured file."""
        return self.folder / "coloured" / colorized_name(self.name)

    @property
    def target_name(self) -> str:
        """Name under which the coloured file is saved."""
        name = PurePath(colorized_name(self.name))
        return str(restored_name(name, set()) if self.repaired else name)

    @property
    def share_name(self) -> str:
        """Name under which the picture to share is saved."""
        return f"{PurePath(self.name).stem}-before-and-after.jpg"

    def preview_path(self, what: str) -> Path:
        """Return the path of a preview: "before", "after-3", "thumb-3" and the like."""
        return self.folder / f"{what}.jpg"


class Tray:
    """All photographs of one session, by number.

    Attributes:
        pictures: The photographs, in the order of their arrival.
    """

    def __init__(self, folder: Path) -> None:
        """Start without photographs.

        Args:
            folder: An empty folder for this tray alone.
        """
        self.pictures: dict[int, Picture] = {}
        self._folder = folder
        self._count = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def first(self) -> Picture | None:
        """The photograph that arrived first, of those that are left."""
        return next(iter(self.pictures.values()), None)

    @property
    def done(self) -> list[Picture]:
        """The photographs that are coloured."""
        return [picture for picture in list(self.pictures.values()) if picture.status == "done"]

    def get(self, number: int) -> Picture | None:
        """Return the photograph with that number, or None."""
        return self.pictures.get(number)

    def add(self, files: Iterable[Path], names: Iterable[str] = ()) -> list[Picture]:
        """Add photographs.

        Args:
            files: Files to move into the tray; one that is listed twice is added once.
            names: Their names; the files' own names if left out.

        Returns:
            The photographs that were added.
        """
        files = list(files)
        wanted = [safe_name(name) for name in (list(names) or [file.name for file in files])]
        with self._lock:
            used = [picture.name for picture in self.pictures.values()]
            new_names = list(unique([*used, *wanted]))[len(used) :]
            return [
                self._add_file(file, name)
                for file, name in zip(files, new_names, strict=True)
                if file.is_file()  # false for the second mention of a file, which has been moved
            ]

    def copy_file(self, file: Path) -> Path:
        """Copy a file into the tray's folder, so that `add` moves the copy, not the original."""
        return Path(shutil.copy(file, self.new_path()))

    def new_path(self, suffix: str = "") -> Path:
        """Return the path of a file that does not exist yet, in the folder of the tray."""
        return self._folder / f"{secrets.token_hex(8)}{suffix}"

    def _add_file(self, file: Path, name: str) -> Picture:
        self._count += 1
        picture = Picture(self._count, name, self._folder / str(self._count))
        picture.target.parent.mkdir(parents=True)
        shutil.move(file, picture.source)
        self.pictures[picture.number] = picture
        return picture

    def remove(self, picture: Picture) -> None:
        """Remove a photograph and delete its files."""
        self.pictures.pop(picture.number, None)
        with picture.lock:  # waits until nobody writes into the folder
            shutil.rmtree(picture.folder, ignore_errors=True)

    def clear(self) -> None:
        """Delete all files."""
        shutil.rmtree(self._folder, ignore_errors=True)
