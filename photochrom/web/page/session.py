"""The photographs of one person, their order of work, and what was chosen for each."""

from __future__ import annotations

import secrets
import shutil
import threading
import time
import zipfile
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from photochrom import photo
from photochrom.errors import PhotochromError
from photochrom.web.filenames import named_for, safe_name, unique
from photochrom.web.page import views
from photochrom.web.page.choices import Choices

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer
    from photochrom.prediction import Prediction

__all__ = ["Picture", "Session"]

Status = Literal["queued", "running", "done", "failed", "cancelled"]

_KEPT_VERSIONS: Final = 3  # previews that a browser may still ask for while a new one is made
_MAX_BYTES: Final = 1_000_000_000  # of a photograph's file
_MAX_UNDO: Final = 20


@dataclass(eq=False)
class Picture:
    """A photograph in a session.

    Attributes:
        number: Number within the session, from 1.
        name: Name of the coloured file.
        folder: Folder of the files of this photograph.
        source: The original file.
        status: Progress.
        reason: Why it failed; "" otherwise.
        size: Width and height, in pixels.
        seconds: Time that the first colouring took.
        choices: How the photograph is to be coloured.
        history: Earlier choices, for undo; the latest comes last.
        version: Number of the current preview; grows with every change.
        saved_version: Version of the coloured file; smaller than `version` if it is out of date.
        lock: Held while the choices or the files change.
    """

    number: int
    name: str
    folder: Path
    source: Path
    status: Status = "queued"
    reason: str = ""
    size: tuple[int, int] = (0, 0)
    seconds: float = 0.0
    choices: Choices = field(default_factory=Choices)
    history: list[Choices] = field(default_factory=list)
    version: int = 0
    saved_version: int = -1
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def target(self) -> Path:
        """Path of the coloured file."""
        return self.folder / "coloured" / self.name

    def preview_path(self, what: str) -> Path:
        """Return the path of a preview: "before", "after-3", "thumb-3" and the like."""
        return self.folder / f"{what}.jpg"


class Session:
    """The photographs of one person, coloured a few at a time in the order of their arrival.

    Attributes:
        key: Random key that nobody can guess.
        used: Time of the last use, in seconds since 1970.
        pictures: All photographs, by number.
        paused: Whether no further photograph is to be started.
    """

    def __init__(
        self,
        colorizer: Colorizer,
        folder: Path,
        predictions: views.PredictionCache,
        pool: ThreadPoolExecutor,
        workers: int,
    ) -> None:
        """Start without photographs.

        Args:
            colorizer: Colours the photographs.
            folder: An empty folder for this session alone.
            predictions: Cache of predictions; shared with the other sessions.
            pool: Threads that do the work; shared with the other sessions.
            workers: Number of photographs coloured at the same time.
        """
        self.key = secrets.token_urlsafe(16)
        self.used = time.time()
        self.pictures: dict[int, Picture] = {}
        self.paused = False
        self._colorizer, self._folder, self._predictions = colorizer, folder, predictions
        self._pool, self._workers = pool, workers
        self._waiting: deque[Picture] = deque()
        self._recolor_tasks: list[Future[None]] = []
        # Guards the queue and the counters; notified when a photograph changes its status
        self._changed = threading.Condition()
        self._active = self._count = 0

    # --- all photographs ----------------------------------------------------------------------

    def add(self, files: Iterable[Path], names: Iterable[str] = ()) -> list[Picture]:
        """Add photographs, and start to colour them.

        Args:
            files: Files to move into the session; one that is listed twice is added once.
            names: Their names; the files' own names if left out.

        Returns:
            The photographs that were added.
        """
        files = list(files)
        wanted = [safe_name(name) for name in (list(names) or [file.name for file in files])]
        with self._changed:
            used = [picture.name for picture in self.pictures.values()]
            new_names = list(unique([*used, *wanted]))[len(used) :]
            added = [
                self._add_file(file, name)
                for file, name in zip(files, new_names, strict=True)
                if file.is_file()  # false for the second mention of a file, which has been moved
            ]
            self._waiting.extend(added)
        self._start_waiting()
        return added

    def copy_file(self, file: Path) -> Path:
        """Copy a file into the session, so that `add` moves the copy and not the original."""
        return Path(shutil.copy(file, self._folder / secrets.token_hex(8)))

    def _add_file(self, file: Path, name: str) -> Picture:
        self._count += 1
        folder = self._folder / str(self._count)
        (folder / "coloured").mkdir(parents=True)
        source = folder / "original"
        shutil.move(file, source)
        picture = self.pictures[self._count] = Picture(self._count, name, folder, source)
        return picture

    @property
    def is_busy(self) -> bool:
        """Whether a photograph waits or is being coloured."""
        return bool(self._waiting or self._active)

    def pause(self, *, wanted: bool) -> None:
        """Stop starting further photographs, or continue."""
        self.paused = wanted
        self._start_waiting()

    def cancel(self) -> None:
        """Cancel all photographs that wait; those that have started are finished."""
        with self._changed:
            for picture in self._waiting:
                picture.status = "cancelled"
            self._waiting.clear()
            self._active -= sum(task.cancel() for task in self._recolor_tasks)
            self.paused = False
            self._changed.notify_all()

    def remove(self, number: int) -> None:
        """Remove a photograph and delete its files."""
        with self._changed:
            picture = self.pictures.pop(number, None)
            if picture and picture in self._waiting:
                self._waiting.remove(picture)
        if picture:
            with picture.lock:  # waits until nobody writes into the folder
                shutil.rmtree(picture.folder, ignore_errors=True)

    def set_vividness(self, vividness: float) -> None:
        """Set the vividness of all photographs; those that are done are coloured again."""
        with self._changed:
            self._recolor_tasks = [task for task in self._recolor_tasks if not task.done()]
            for picture in self.pictures.values():
                if picture in self._waiting:
                    picture.choices = replace(picture.choices, vividness=vividness)
                elif picture.status in ("running", "done"):
                    self._active += 1
                    task = self._pool.submit(self._recolor, picture, vividness)
                    self._recolor_tasks.append(task)

    def _recolor(self, picture: Picture, vividness: float) -> None:
        try:
            with picture.lock:
                choices = replace(picture.choices, vividness=vividness)
                self.choose(picture, choices, undoable=False)
        except (PhotochromError, OSError):  # it had failed, or was removed meanwhile
            pass
        finally:
            self._finish()

    def wait(self, picture: Picture, seconds: float) -> None:
        """Wait until a photograph is done, failed or cancelled, or `seconds` have passed."""
        with self._changed:
            self._changed.wait_for(lambda: picture.status not in ("queued", "running"), seconds)

    def close(self) -> None:
        """Cancel what waits, and delete all files."""
        self.cancel()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start_waiting(self) -> None:
        """Start as many waiting photographs as this session has workers left."""
        with self._changed:
            while self._waiting and not self.paused and self._active < self._workers:
                self._active += 1
                self._pool.submit(self._work, self._waiting.popleft())

    def _work(self, picture: Picture) -> None:
        picture.status = "running"
        try:
            self._color(picture)
        except (PhotochromError, OSError) as error:
            self._end(picture, "failed", str(error))
        except MemoryError:
            self._end(picture, "failed", f"{picture.name} is too large for this machine's memory")
        except Exception as error:  # noqa: BLE001  one bad photograph must not stop the others
            self._end(picture, "failed", f"{picture.name}: {type(error).__name__}: {error}")
        self._finish()

    def _finish(self) -> None:
        with self._changed:
            self._active -= 1
        self._start_waiting()

    def _end(self, picture: Picture, status: Status, reason: str = "") -> None:
        with self._changed:
            picture.status, picture.reason = status, reason
            self._changed.notify_all()

    def _color(self, picture: Picture) -> None:
        start = time.perf_counter()
        with picture.lock:
            whole = self._read(picture)
            picture.size, picture.name = whole.size, named_for(picture.name, whole.format)
            prediction = self._colorizer.predict(whole, reference=picture.choices.reference)
            self._predictions.put(self._cache_key(picture), views.downscaled(prediction))
            picture.preview_path("before").write_bytes(views.original_preview(whole))
            self.update_previews(picture)
            picture.seconds = time.perf_counter() - start
            # Done before the full-size file is written, so that the page can show it at once
            self._end(picture, "done")
            self._save(picture, prediction)

    # --- one photograph -----------------------------------------------------------------------

    def choose(self, picture: Picture, choices: Choices, *, undoable: bool = True) -> None:
        """Colour a photograph as chosen.

        Args:
            picture: The photograph.
            choices: How to colour it.
            undoable: Whether `undo` returns to the choices before.

        Raises:
            PhotochromError: the choices cannot be applied; the photograph stays as it was.
        """
        with picture.lock:
            previous, picture.choices = picture.choices, choices
            try:
                self.update_previews(picture)
            except BaseException:
                picture.choices = previous
                raise
            if undoable:
                picture.history.append(previous)
                del picture.history[:-_MAX_UNDO]  # choices may hold large reference photographs

    def undo(self, picture: Picture) -> None:
        """Return to the choices before the last ones, but keep the vividness."""
        with picture.lock:
            if picture.history:
                vividness = picture.choices.vividness
                choices = replace(picture.history[-1], vividness=vividness)
                self.choose(picture, choices, undoable=False)
                picture.history.pop()

    def update_previews(self, picture: Picture) -> None:
        """Make the preview and the thumbnail again, as a new version."""
        with picture.lock:
            preview = views.jpeg(views.apply_choices(self.prediction(picture), picture.choices))
            version = picture.version + 1
            picture.preview_path(f"after-{version}").write_bytes(preview)
            picture.preview_path(f"thumb-{version}").write_bytes(views.thumbnail(preview))
            picture.version = version
            for what in ("after", "thumb"):
                old = picture.preview_path(f"{what}-{version - _KEPT_VERSIONS}")
                old.unlink(missing_ok=True)

    def prediction(self, picture: Picture) -> Prediction:
        """Return the prediction for a small copy of a photograph, from the cache if possible."""
        return self._predictions.get(
            self._cache_key(picture), lambda: views.downscaled(self._predict(picture))
        )

    def color_candidates(self, number: int, x: float, y: float) -> list[tuple[str, float]]:
        """Return likely colours for a place in a photograph, the most likely one first.

        Args:
            number: Number of the photograph.
            x: Distance from the left, as a share of the width, 0 to 1.
            y: Distance from the top, as a share of the height, 0 to 1.

        Returns:
            Colours as #rrggbb, each with its probability; none if there is no such place.

        Raises:
            ConfigError: the model predicts only one colour.
        """
        picture = self.pictures.get(number)
        if picture is None or picture.status != "done" or not (0 <= x <= 1 and 0 <= y <= 1):
            return []
        prediction = self.prediction(picture)
        width, height = prediction.photo.size
        candidates = prediction.color_candidates(
            min(x * width, width - 1), min(y * height, height - 1)
        )
        return [(f"#{bytes(color).hex()}", share) for color, share in candidates]

    def variants(self, picture: Picture) -> list[bytes]:
        """Return a small JPEG file of each alternative."""
        small = views.downscaled(self.prediction(picture), views.THUMBNAIL_SIDE * 2)
        variants = small.variants(views.VARIANTS, vividness=picture.choices.vividness)
        return [views.jpeg(variant) for variant in variants]

    def uncertainty_layer(self, picture: Picture) -> bytes:
        """Return a PNG file that covers the uncertain places; see `views.uncertainty_layer`."""
        return views.uncertainty_layer(self.prediction(picture), picture.choices.vividness)

    def colored_file(self, picture: Picture) -> Path:
        """Return the coloured file at full size, written again if the choices have changed."""
        with picture.lock:
            if picture.saved_version != picture.version:
                self._save(picture, self._predict(picture))
            return picture.target

    def make_zip(self) -> Path:
        """Write a zip of all coloured files, and return its path."""
        path = self._folder / f"{secrets.token_hex(8)}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            done = [each for each in list(self.pictures.values()) if each.status == "done"]
            for picture, name in zip(done, unique(each.name for each in done), strict=True):
                with suppress(FileNotFoundError):  # it was removed meanwhile
                    archive.write(self.colored_file(picture), name)
        return path

    def _save(self, picture: Picture, prediction: Prediction) -> None:
        views.apply_choices(prediction, picture.choices).save(picture.target, overwrite=True)
        picture.saved_version = picture.version

    def _predict(self, picture: Picture) -> Prediction:
        whole = self._read(picture)
        return self._colorizer.predict(whole, reference=picture.choices.reference)

    def _read(self, picture: Picture) -> photo.Photo:
        if picture.source.stat().st_size > _MAX_BYTES:
            raise PhotochromError(f"expected a file of 1 GB at most; {picture.name} is larger")
        data = picture.source.read_bytes()
        return photo.read(data, max_pixels=self._colorizer.max_pixels, name=picture.name)

    def _cache_key(self, picture: Picture) -> tuple[Any, ...]:
        # The reference is an input of the network; all other choices apply to its output
        return self.key, picture.number, picture.choices.reference
