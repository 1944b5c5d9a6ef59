"""The preview sheet of a film: a coloured frame of each shot, and the colours given there."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from photochrom import photo
from photochrom.errors import PhotochromError
from photochrom.film import require
from photochrom.photo.photo import eight_bits
from photochrom.progress import ProgressListener
from photochrom.web.page.sheet_shot import SheetShot, ShotPhotograph
from photochrom.web.page.views import encode_preview

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer
    from photochrom.film.job import Span
    from photochrom.film.shots import Shot, ShotFrame
    from photochrom.guidance.hints import Hint
    from photochrom.guidance.reference import Reference
    from photochrom.options import FilmReferenceSource
    from photochrom.photo import Photo
    from photochrom.prediction import Prediction
    from photochrom.web.page.choices import Mark

__all__ = ["MAX_SHOTS", "Look", "ShotSheet"]

MAX_SHOTS: Final = 60
"""How many shots are looked for at a time."""

_THUMBNAIL_SIDE: Final = 240
_PHOTOGRAPH_SIDE: Final = 120
# Seconds between two frames in the background. Without it, the thread would take the lock again
# before a person's own change gets it.
_PAUSE: Final = 0.01
_log = logging.getLogger(__name__)


class _Stopped(Exception):
    """Raised within a search that is to stop."""


@dataclass(frozen=True)
class Look:
    """What applies to the whole film, besides the colours given in its shots.

    Attributes:
        vividness: Colour strength, 0 to 1; None takes the model's default.
        reference: Path of a photograph to copy colours from; "" if there is none.
        all_shots: Whether the colours given in a shot apply in other shots, too, where they show
            similar things.
    """

    vividness: float | None = None
    reference: str = ""
    all_shots: bool = False


class ShotSheet(ProgressListener):
    """Finds the shots of a film in a thread, and colours a frame of each, as the film will be.

    Attributes:
        key: Random key that nobody can guess.
        film: Path of the film.
        used: Time of the last use, in seconds since 1970.
        status: Progress of the search: "more" if it ended because of `MAX_SHOTS`.
        reason: Why the search failed; "" otherwise.
        done: Number of frames that were read.
        total: Number of frames to read, about; 0 if that is not known.
        shots: The shots, in the order of the film.
    """

    def __init__(self, colorizer: Colorizer, film: Path, folder: Path) -> None:
        """Prepare a sheet without shots.

        Args:
            colorizer: Colours the frames.
            film: Path of the film.
            folder: An empty folder for the pictures of this sheet.
        """
        self.key, self.used = secrets.token_urlsafe(16), time.time()
        self.film, self.folder = film, folder
        self.status: Literal["waiting", "running", "done", "more", "stopped", "failed"] = "waiting"
        self.reason, self.done, self.total = "", 0, 0
        self.shots: list[SheetShot] = []
        self._colorizer = colorizer
        self._span: Span | None = None
        self._look, self._settings, self._numbers = Look(), 0, 0
        self._stop, self._closed = threading.Event(), False
        self._lock = threading.RLock()
        self._references: dict[object, Reference] = {}
        self._prediction: tuple[int, Prediction] | None = None

    # --- finding the shots ------------------------------------------------------------------

    def prepare(self, span: Span) -> None:
        """Prepare to find the shots of a section anew; those with colours of a person stay."""
        with self._lock:
            for dropped in [each for each in self.shots if not each.has_colors]:
                self.shots.remove(dropped)
                for path in self._paths(dropped):
                    path.unlink(missing_ok=True)
            self._span = span
            self._wait()

    def prepare_more(self) -> None:
        """Prepare to find the shots after the last one that was found."""
        self._wait()

    def _wait(self) -> None:
        self.status, self.reason, self.done, self.total = "waiting", "", 0, 0
        self._stop.clear()

    def stop(self) -> None:
        """Stop the search; the shots that were found stay."""
        self._stop.set()

    def close(self) -> None:
        """Stop the search and the colouring for good."""
        self._closed = True
        self.stop()

    def find(self) -> None:
        """Find the shots, and colour a frame of each; meant for a thread."""
        try:
            self.status = "running"
            self.status = self._find()
        except _Stopped:
            self.status = "stopped"
        except PhotochromError as error:
            self.reason = str(error).replace(str(self.film), self.film.name)
            self.status = "failed"
        except Exception:  # noqa: BLE001  the page shows that it failed
            if not self._closed:  # otherwise its folder may be gone
                _log.exception("the shots of a film could not be shown")
            self.reason, self.status = "an error of the program; its log says more", "failed"
        self.color_outdated()

    def _find(self) -> Literal["done", "more"]:
        from photochrom.film.job import Span
        from photochrom.film.reader import FilmReader
        from photochrom.film.shots import find_shots

        require()
        film, model = FilmReader(self.film), self._colorizer.model
        span, count, end = self._span or Span(), 0, 0.0
        with closing(find_shots(film, model, span, listener=self)) as found:
            for shot, frame in islice(found, MAX_SHOTS):
                self._add(shot, (frame.size[1], frame.size[0]), frame.luma)
                count, end = count + 1, shot.end
        if count < MAX_SHOTS:
            return "done"
        start = film.seconds_at(film.pts_at(end) + 1)
        if span.end is not None and start >= span.end:
            return "done"
        self._span = Span(start, span.end)
        return "more"

    def progress(self, task: str, done: int, total: int) -> None:
        """Keep the progress of the search, and stop it on request."""
        if self._stop.is_set():
            raise _Stopped
        self.done, self.total = done, total

    def _add(self, shot: Shot, size: tuple[int, int], luma: np.ndarray) -> None:
        with self._lock:
            if any(each.shot.middle == shot.middle for each in self.shots):
                return  # a person has given colours there before
            self._numbers += 1
            added = SheetShot(self._numbers, shot, size, luma.shape[:2])
            np.save(self._luma_path(added), luma)
            self.color(added)
            self.shots.append(added)
            self.shots.sort(key=lambda each: each.shot.start)

    # --- colouring --------------------------------------------------------------------------

    def find_shot(self, number: int) -> SheetShot | None:
        """Return the shot with that number, or None."""
        return next((each for each in self.shots if each.number == number), None)

    def set_look(self, look: Look) -> None:
        """Set what applies to the whole film.

        Raises:
            PhotochromError: the reference cannot be read, or has no colours.
        """
        with self._lock:
            if look == self._look:
                return
            previous, self._look = self._look, look
            try:
                self._film_references()
            except BaseException:
                self._look = previous
                raise
            self._settings += 1

    def set_marks(self, shot: SheetShot, marks: tuple[Mark, ...]) -> None:
        """Give a shot other colours, and colour its frame with them.

        Raises:
            PhotochromError: the colours cannot be applied; the shot stays as it was.
        """
        self._set(shot, marks, shot.photograph)

    def set_photograph(self, shot: SheetShot, file: str) -> None:
        """Let a shot copy colours from a photograph, and colour its frame with them.

        Args:
            shot: The shot.
            file: Path of the photograph; "" to remove the one that it has.

        Raises:
            PhotochromError: The photograph cannot be read, or has no colours; the shot stays as it
                was.
        """
        if not file:
            self._set(shot, shot.marks, None)
            return
        picture = self._read(file)
        colors = self._colorizer.reference(picture)
        thumbnail = encode_preview(eight_bits(picture.rgb), _PHOTOGRAPH_SIDE)
        self._set(shot, shot.marks, ShotPhotograph(file, colors, thumbnail))

    def _set(
        self, shot: SheetShot, marks: tuple[Mark, ...], photograph: ShotPhotograph | None
    ) -> None:
        """Give a shot other colours, or leave everything as it was."""
        with self._lock:
            previous = shot.marks, shot.photograph
            shot.marks, shot.photograph = marks, photograph
            self._settings += 1
            try:
                self.color(shot)
            except BaseException:
                shot.marks, shot.photograph = previous
                raise

    @property
    def all_shots(self) -> bool:
        """Whether the colours given in a shot apply in other shots, too."""
        return self._look.all_shots

    @property
    def is_searching(self) -> bool:
        """Whether shots are looked for, or will be."""
        return self.status in ("waiting", "running")

    @property
    def is_busy(self) -> bool:
        """Whether shots are looked for, or frames are to be coloured anew."""
        return self.is_searching or any(self._outdated())

    def _outdated(self) -> Iterator[SheetShot]:
        return (each for each in list(self.shots) if each.settings != self._settings)

    def color_outdated(self) -> None:
        """Colour the frames again that were coloured before the last change of any colour."""
        while not self._closed and (shot := next(self._outdated(), None)):
            try:
                self.color(shot)
            except Exception:  # noqa: BLE001  the other frames can be coloured nevertheless
                if not self._closed:
                    _log.exception("a frame of a film could not be coloured")
                shot.settings = self._settings  # or it would be tried without end
            time.sleep(_PAUSE)

    def color(self, shot: SheetShot) -> None:
        """Colour the frame of a shot, with all hints and references, if that is not done yet."""
        with self._lock:
            if shot.settings == self._settings:
                return
            rgb = self._frame(shot).color(
                self._colorizer.model,
                vividness=self._look.vividness,
                references=self._references_of(shot),
            )
            self.picture_path(shot.number).write_bytes(encode_preview(rgb))
            small = encode_preview(rgb, _THUMBNAIL_SIDE)
            self.picture_path(shot.number, small=True).write_bytes(small)
            shot.version, shot.settings = shot.version + 1, self._settings

    def _frame(self, shot: SheetShot) -> ShotFrame:
        from photochrom.film.shots import ShotFrame

        return ShotFrame(np.load(self._luma_path(shot)), (shot.size[1], shot.size[0]))

    def _references_of(self, shot: SheetShot) -> list[Reference]:
        """Return the references that a shot will have in the film, the first the most important."""
        return [
            reference
            for number, reference in self._film_references(shot)
            if number in (shot.number, None) or self._look.all_shots
        ]

    def _film_references(
        self, first: SheetShot | None = None
    ) -> list[tuple[int | None, Reference]]:
        """Return the references of the film, each with the number of its shot.

        The most important come first: hints, then photographs of shots, then that of the film.

        Args:
            first: The shot whose photograph precedes the others.
        """
        model, vividness = self._colorizer.model, self._look.vividness
        wanted: dict[object, Reference] = {}
        numbers: list[int | None] = []
        for shot in [each for each in self.shots if each.marks]:
            key = shot.number, shot.marks, vividness
            wanted[key] = self._references.get(key) or self._frame(shot).reference(
                model, shot.hints(), vividness
            )
            numbers.append(shot.number)
        for shot in sorted(self.shots, key=lambda each: each is not first):
            if shot.photograph:
                wanted[shot.number] = shot.photograph.colors
                numbers.append(shot.number)
        if path := self._look.reference:
            wanted[path] = self._references.get(path) or self._colorizer.reference(self._read(path))
            numbers.append(None)
        self._references = wanted
        return list(zip(numbers, wanted.values(), strict=True))

    def _read(self, path: str) -> Photo:
        return photo.read(path, max_pixels=self._colorizer.max_pixels, name=Path(path).name)

    def color_candidates(self, shot: SheetShot, x: float, y: float) -> list[tuple[str, float]]:
        """Return likely colours for a place in the frame of a shot, the most likely first.

        Args:
            shot: The shot.
            x: Distance from the left, as a share of the width, 0 to 1.
            y: Distance from the top, as a share of the height, 0 to 1.

        Raises:
            ConfigError: The model predicts only one colour.
        """
        with self._lock:
            if self._prediction is None or self._prediction[0] != shot.number:
                luma = np.load(self._luma_path(shot))
                self._prediction = shot.number, self._colorizer.predict(luma)
            height, width = shot.shape
            column, row = min(x * width, width - 1), min(y * height, height - 1)
            candidates = self._prediction[1].color_candidates(column, row)
        return [(f"#{bytes(color).hex()}", share) for color, share in candidates]

    def hints(self) -> list[tuple[float, Hint]]:
        """Return all colours, as pairs of a time in seconds and a hint, for `Colorizer.film`."""
        return [(each.shot.middle, hint) for each in self.shots for hint in each.hints()]

    def hint_spans(self) -> dict[float, tuple[float, float]]:
        """Return the sections that the colours apply to, by their times, for `Colorizer.film`."""
        if self._look.all_shots:
            return {}
        return {each.shot.middle: each.section for each in self.shots if each.marks}

    def references(self) -> list[FilmReferenceSource]:
        """Return the photographs of the shots, for `Colorizer.film`."""
        given = [(each.photograph.colors, each.section) for each in self.shots if each.photograph]
        # Also for all shots, its own photograph comes first in each
        return [*given, *([colors for colors, _ in given] if self._look.all_shots else [])]

    def picture_path(self, number: int, *, small: bool = False) -> Path:
        """Return the path of a coloured frame."""
        return self.folder / f"{number}{'-thumb' * small}.jpg"

    def _paths(self, shot: SheetShot) -> list[Path]:
        pictures = [self.picture_path(shot.number, small=small) for small in (False, True)]
        return [self._luma_path(shot), *pictures]

    def _luma_path(self, shot: SheetShot) -> Path:
        return self.folder / f"{shot.number}.npy"
