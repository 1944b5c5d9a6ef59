"""One person's photographs: those that wait, those that are done, and what was chosen for each."""

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

Status = Literal["waiting", "working", "done", "failed", "cancelled"]

_KEPT_BACK: Final = 3  # versions of a picture that a browser may still ask for
_LARGEST: Final = 1_000_000_000  # bytes of a photograph
_UNDONE: Final = 20  # choices that can be undone


@dataclass(eq=False)
class Picture:
    """A photograph on a desk.

    Attributes:
        number: on its desk, from 1.
        name: its file's.
        folder: of its files.
        source: the original, as it came.
        status: how far it is.
        reason: why it failed.
        size: width and height.
        seconds: that colouring it took.
        choices: how it is to be coloured.
        earlier: choices before these, to be undone.
        version: of what is shown; grows with every change.
        saved: the version that its coloured file is of.
    """

    number: int
    name: str
    folder: Path
    source: Path
    status: Status = "waiting"
    reason: str = ""
    size: tuple[int, int] = (0, 0)
    seconds: float = 0.0
    choices: Choices = field(default_factory=Choices)
    earlier: list[Choices] = field(default_factory=list)
    version: int = 0
    saved: int = -1
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def target(self) -> Path:
        """The coloured file."""
        return self.folder / "coloured" / self.name

    def shown(self, what: str) -> Path:
        """A file that the page shows: "before", "after-3", "thumb-3" …"""
        return self.folder / f"{what}.jpg"


class Session:
    """Photographs on their way to colour, a few at a time, in the order in which they came."""

    def __init__(
        self,
        colorizer: Colorizer,
        folder: Path,
        held: views.Views,
        pool: ThreadPoolExecutor,
        workers: int,
    ) -> None:
        """Set it up.

        Args:
            colorizer: what colours.
            folder: an empty one, of its own.
            held: predictions in memory; shared with other desks.
            pool: does the work; shared with other desks.
            workers: photographs at once.
        """
        self.key = secrets.token_urlsafe(16)
        self.used = time.time()
        self.pictures: dict[int, Picture] = {}
        self.paused = False
        self._colorizer, self._folder, self._views = colorizer, folder, held
        self._pool, self._workers = pool, workers
        self._waiting: deque[Picture] = deque()
        self._again_later: list[Future[None]] = []
        self._changed = threading.Condition()
        self._at_work = self._count = 0

    # --- many ---------------------------------------------------------------------------------

    def add(self, files: Iterable[Path], names: Iterable[str] = ()) -> list[Picture]:
        """Take photographs on; the files become the desk's own, each once, however often named."""
        files = list(files)
        wanted = [safe_name(name) for name in (list(names) or [file.name for file in files])]
        with self._changed:
            taken = [each.name for each in self.pictures.values()]
            fresh = list(unique([*taken, *wanted]))[len(taken) :]
            added = [
                self._put(file, name)
                for file, name in zip(files, fresh, strict=True)
                if file.is_file()
            ]
            self._waiting.extend(added)
        self._pump()
        return added

    def borrowed(self, file: Path) -> Path:
        """A copy that the desk may keep."""
        return Path(shutil.copy(file, self._folder / secrets.token_hex(8)))

    def _put(self, file: Path, name: str) -> Picture:
        self._count += 1
        folder = self._folder / str(self._count)
        (folder / "coloured").mkdir(parents=True)
        source = folder / "original"
        shutil.move(file, source)
        picture = self.pictures[self._count] = Picture(self._count, name, folder, source)
        return picture

    @property
    def is_busy(self) -> bool:
        """Whether something waits or is being worked on."""
        return bool(self._waiting or self._at_work)

    def pause(self, *, wanted: bool) -> None:
        """Begin nothing more, or go on."""
        self.paused = wanted
        self._pump()

    def cancel(self) -> None:
        """Let nothing wait any more; what has begun is finished."""
        with self._changed:
            for picture in self._waiting:
                picture.status = "cancelled"
            self._waiting.clear()
            self._at_work -= sum(each.cancel() for each in self._again_later)
            self.paused = False
            self._changed.notify_all()

    def remove(self, number: int) -> None:
        """Forget a photograph and delete its files."""
        with self._changed:
            picture = self.pictures.pop(number, None)
            if picture and picture in self._waiting:
                self._waiting.remove(picture)
        if picture:
            with picture.lock:
                shutil.rmtree(picture.folder, ignore_errors=True)

    def vivify(self, vividness: float) -> None:
        """All of them as vivid as that; those that are done in their turn."""
        with self._changed:
            self._again_later = [each for each in self._again_later if not each.done()]
            for picture in self.pictures.values():
                if picture in self._waiting:
                    picture.choices = replace(picture.choices, vividness=vividness)
                elif picture.status in ("working", "done"):
                    self._at_work += 1
                    self._again_later.append(self._pool.submit(self._again, picture, vividness))

    def _again(self, picture: Picture, vividness: float) -> None:
        try:
            with picture.lock:
                wanted = replace(picture.choices, vividness=vividness)
                self.choose(picture, wanted, undoable=False)
        except (PhotochromError, OSError):  # it failed, or was taken away meanwhile
            pass
        finally:
            self._rest()

    def wait(self, picture: Picture, seconds: float) -> None:
        """Until it is done, but not for ever."""
        with self._changed:
            self._changed.wait_for(lambda: picture.status not in ("waiting", "working"), seconds)

    def close(self) -> None:
        """Forget everything."""
        self.cancel()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _pump(self) -> None:
        with self._changed:
            while self._waiting and not self.paused and self._at_work < self._workers:
                self._at_work += 1
                self._pool.submit(self._work, self._waiting.popleft())

    def _work(self, picture: Picture) -> None:
        picture.status = "working"
        try:
            self._color(picture)
        except (PhotochromError, OSError) as error:
            self._end(picture, "failed", str(error))
        except MemoryError:
            self._end(picture, "failed", f"{picture.name} is too large for this machine's memory")
        except Exception as error:  # noqa: BLE001  one bad photograph must not stop the others
            self._end(picture, "failed", f"{picture.name}: {type(error).__name__}: {error}")
        self._rest()

    def _rest(self) -> None:
        with self._changed:
            self._at_work -= 1
        self._pump()

    def _end(self, picture: Picture, status: Status, reason: str = "") -> None:
        with self._changed:
            picture.status, picture.reason = status, reason
            self._changed.notify_all()

    def _color(self, picture: Picture) -> None:
        begun = time.perf_counter()
        with picture.lock:
            whole = self._read(picture)
            picture.size, picture.name = whole.size, named_for(picture.name, whole.format)
            prediction = self._colorizer.predict(whole, reference=picture.choices.reference)
            self._views.put(self._view_key(picture), views.view_of(prediction))
            picture.shown("before").write_bytes(views.before(whole))
            self.show(picture)
            picture.seconds = time.perf_counter() - begun
            self._end(picture, "done")  # it can be looked at while it is written at full size
            self._save(picture, prediction)

    # --- one ----------------------------------------------------------------------------------

    def choose(self, picture: Picture, choices: Choices, *, undoable: bool = True) -> None:
        """Colour it otherwise.

        Raises:
            PhotochromError: that cannot be done; it stays as it was.
        """
        with picture.lock:
            before, picture.choices = picture.choices, choices
            try:
                self.show(picture)
            except BaseException:
                picture.choices = before
                raise
            if undoable:
                picture.earlier.append(before)
                del picture.earlier[:-_UNDONE]  # they may hold photographs that were followed

    def undo(self, picture: Picture) -> None:
        """What was chosen last, except for vividness."""
        with picture.lock:
            if picture.earlier:
                before = replace(picture.earlier[-1], vividness=picture.choices.vividness)
                self.choose(picture, before, undoable=False)
                picture.earlier.pop()

    def show(self, picture: Picture) -> None:
        """Make what the page shows of it anew."""
        with picture.lock:
            made = views.jpeg(views.painted(self.view(picture), picture.choices))
            version = picture.version + 1
            picture.shown(f"after-{version}").write_bytes(made)
            picture.shown(f"thumb-{version}").write_bytes(views.thumbnail(made))
            picture.version = version
            for what in ("after", "thumb"):
                picture.shown(f"{what}-{version - _KEPT_BACK}").unlink(missing_ok=True)

    def view(self, picture: Picture) -> Prediction:
        """What the network says of it, over a small copy."""
        return self._views.get(
            self._view_key(picture), lambda: views.view_of(self._prediction(picture))
        )

    def color_candidates(self, number: int, x: float, y: float) -> list[tuple[str, float]]:
        """Colours to choose from at a place, as shares of width and height; the likeliest first.

        Raises:
            ConfigError: the model gives one colour only.
        """
        picture = self.pictures.get(number)
        if picture is None or picture.status != "done" or not (0 <= x <= 1 and 0 <= y <= 1):
            return []
        prediction = self.view(picture)
        width, height = prediction.photo.size
        found = prediction.color_candidates(min(x * width, width - 1), min(y * height, height - 1))
        return [(f"#{bytes(color).hex()}", share) for color, share in found]

    def variants(self, picture: Picture) -> list[bytes]:
        """Small pictures of several answers."""
        small = views.view_of(self.view(picture), views.THUMBNAIL * 2)
        found = small.variants(views.VARIANTS, vividness=picture.choices.vividness)
        return [views.jpeg(each) for each in found]

    def unsure(self, picture: Picture) -> bytes:
        """See `views.unsure`."""
        return views.unsure(self.view(picture), picture.choices.vividness)

    def saved(self, picture: Picture) -> Path:
        """The coloured file, at full size, as was chosen last."""
        with picture.lock:
            if picture.saved != picture.version:
                self._save(picture, self._prediction(picture))
            return picture.target

    def zipped(self) -> Path:
        """All coloured files in one."""
        made = self._folder / f"{secrets.token_hex(8)}.zip"
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
            done = [each for each in list(self.pictures.values()) if each.status == "done"]
            for picture, name in zip(done, unique(each.name for each in done), strict=True):
                with suppress(FileNotFoundError):  # it was taken away meanwhile
                    archive.write(self.saved(picture), name)
        return made

    def _save(self, picture: Picture, prediction: Prediction) -> None:
        views.painted(prediction, picture.choices).save(picture.target, overwrite=True)
        picture.saved = picture.version

    def _prediction(self, picture: Picture) -> Prediction:
        whole = self._read(picture)
        return self._colorizer.predict(whole, reference=picture.choices.reference)

    def _read(self, picture: Picture) -> photo.Photo:
        if picture.source.stat().st_size > _LARGEST:
            raise PhotochromError(f"expected 1 GB at most; {picture.name} is larger")
        data = picture.source.read_bytes()
        return photo.read(data, max_pixels=self._colorizer.max_pixels, name=picture.name)

    def _view_key(self, picture: Picture) -> tuple[Any, ...]:
        return self.key, picture.number, picture.choices.reference
