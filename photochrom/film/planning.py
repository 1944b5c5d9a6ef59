"""Decide what is put into a film before the work begins, and refuse what its container refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from photochrom.errors import OutputError
from photochrom.film.containers import CONTAINERS, FIXED_RATE_CONTAINERS, MP4_CONTAINERS
from photochrom.film.encoder import PartWriter
from photochrom.film.mux import OutputPlan
from photochrom.film.pixel_format import assumed_matrix, empty_frame
from photochrom.film.stream_copy import codec_name
from photochrom.film.tags import film_tags, has_timecode, is_timecode
from photochrom.film.trial import first_packets, is_held, written_film

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.stream import Stream

    from photochrom.film.job import Job
    from photochrom.film.pixel_format import Layout
    from photochrom.film.reader import FilmReader
    from photochrom.film.trial import Packets, WrittenFilm

__all__ = ["conversions", "plan_output"]

_COLOR_TAGS: Final = ("matrix", "primaries", "transfer")
_UNKNOWN: Final = (0, 2)  # values of colour tags that say nothing
_SUGGESTED: Final = (".mkv", ".mp4", ".mov", ".webm", ".ts", ".nut")
_NAMED_TAGS: Final = 5  # in a message
_ASPECT_TOLERANCE: Final = 0.01  # WebM rounds the shape of the pixels by up to this share


def plan_output(
    film: FilmReader, job: Job, container: str, folder: Path
) -> tuple[OutputPlan, list[str]]:
    """Write one frame with all that the film will hold, and decide what can be kept.

    So what is impossible is refused at once, and not after hours of work.

    Args:
        film: the original film.
        job: the settings, with a codec.
        container: FFmpeg's name of the container.
        folder: a folder for temporary files.

    Returns:
        The plan, and a message for everything that is changed or left out.

    Raises:
        ConfigError: the encoder does not accept its options.
        OutputError: the container cannot hold the video or the sound.
    """
    part = folder / "trial.part"
    try:
        writer = PartWriter(part, film.layout, job.encoding, film.time_base, film.rate)
        writer.write(empty_frame(film.layout, film.layout.pix_fmt), 0, 0)
        writer.finish()
        with film.open() as original:
            planner = _Planner(film, original, job, part, folder / "trial.film")
            end = _stated_end(original, film)
            rate = film.rate if container in FIXED_RATE_CONTAINERS else None
            plan = OutputPlan(
                container, film.layout, job.span, end, has_timecode=False, fixed_rate=rate
            )
            plan = planner.with_streams(planner.with_video(plan))
            return planner.with_tags(plan), planner.notes
    finally:
        part.unlink(missing_ok=True)


def conversions(film: FilmReader, job: Job) -> Iterator[str]:
    """Yield a message for everything that is converted in the pictures of a film."""
    layout = film.layout
    if layout.interlaced:
        yield "the film is interlaced; it is deinterlaced first"
    elif layout.is_converted:
        yield f"the pixel format {layout.stored_pix_fmt} is converted to {layout.pix_fmt}"
    yield from job.encoding.notes(layout)


def _stated_end(original: InputContainer, film: FilmReader) -> int | None:
    """Return the end of the pictures, in the film's time base, if the file states it exactly.

    MP4 and MOV do. There, the duration of the last frame is not known otherwise, since durations
    are stored in the order of decoding.
    """
    stream = original.streams[film.index]
    if not stream.duration or not set(MP4_CONTAINERS) & set(original.format.name.split(",")):
        return None
    return film.start + stream.duration


class _Planner:
    """Makes a plan step by step.

    Attributes:
        notes: messages about what is changed or left out.
    """

    def __init__(
        self, film: FilmReader, original: InputContainer, job: Job, part: Path, trial: Path
    ) -> None:
        """Remember what all steps need.

        Args:
            film: the original film.
            original: the original film, opened.
            job: the settings, with a codec.
            part: a part of one frame.
            trial: a file to write trials to.
        """
        self._film, self._original, self._part, self._trial = film, original, part, trial
        self._name, self._codec = job.target.name, job.encoding.codec
        self.notes: list[str] = []

    def with_video(self, plan: OutputPlan) -> OutputPlan:
        """Check that the container holds the video, and how much of its description."""
        written = self._written(plan)
        if written is None:
            raise OutputError(f"{self._name} cannot hold {self._codec} video; .mkv holds any codec")
        layout = plan.layout
        if layout.levels.full and written.color_tags[-1] != layout.color_tags[-1]:
            plan = replace(plan, layout=layout.as_limited())
            self.notes.append(
                f"{self._name} cannot say that {self._codec} video has full range; it is converted "
                "to limited range"
            )
        if lost := _lost_color_tags(layout, written):
            self.notes.append(
                f"{self._name} cannot hold these colour tags with {self._codec} video: "
                f"{', '.join(lost)}"
            )
        if abs(written.pixel_aspect / layout.pixel_aspect - 1) > _ASPECT_TOLERANCE:
            self.notes.append(
                f"{self._name} cannot hold the shape of the pixels with {self._codec} video, which "
                f"is {layout.pixel_aspect.numerator}:{layout.pixel_aspect.denominator}"
            )
        return plan

    def with_streams(self, plan: OutputPlan) -> OutputPlan:
        """Add the original's other streams, and name those that the container cannot hold.

        Raises:
            OutputError: it cannot hold the sound.
        """
        packets, copied = first_packets(self._film), set[int]()
        for stream in self._original.streams:
            if stream.index == self._film.index:
                continue
            if is_held(self._film, stream, packets, plan.container, self._trial):
                copied.add(stream.index)
            elif stream.type == "audio":
                raise OutputError(self._refusal(stream, packets))
            # A timecode is a tag of the video stream, too, from which MP4 makes a stream.
            elif not any(map(is_timecode, stream.metadata)):
                self.notes.append(
                    f"{self._name} cannot hold the {stream.type} stream ({codec_name(stream)}), so "
                    "it is left out"
                )
        return replace(plan, copied=frozenset(copied))

    def with_tags(self, plan: OutputPlan) -> OutputPlan:
        """Write everything together, and name the tags that the container cannot hold.

        Raises:
            OutputError: the container cannot hold everything together.
        """
        whole = replace(plan, has_timecode=True)
        written = self._written(whole)
        had_timecode = has_timecode(self._original)
        if written is None and had_timecode:
            whole, written = plan, self._written(plan)
        if had_timecode and not (written and written.has_timecode):
            self.notes.append(f"{self._name} cannot hold the timecode, so it is left out")
        if written is None:
            raise OutputError(
                f"{self._name} cannot hold the streams of {self._film.path.name} together"
            )
        if self._original.chapters() and not written.has_chapters:
            self.notes.append(f"{self._name} cannot hold chapters, so they are left out")
        tags = film_tags(self._original.metadata, 0, self._film.rate)
        lost = [key for key in tags if key.lower() not in written.tags and not is_timecode(key)]
        if lost:
            named = ", ".join(lost[:_NAMED_TAGS]) + (", …" if len(lost) > _NAMED_TAGS else "")
            self.notes.append(f"{self._name} cannot hold these tags of the film: {named}")
        return whole

    def _written(self, plan: OutputPlan) -> WrittenFilm | None:
        return written_film(self._film, self._original, self._part, plan, self._trial)

    def _refusal(self, stream: Stream, packets: Packets) -> str:
        """Return the message for sound that the container cannot hold."""
        able = [
            suffix
            for suffix in _SUGGESTED
            if is_held(self._film, stream, packets, CONTAINERS[suffix], self._trial)
        ]
        others = f"{_listed(able)} can" if able else "no other container can, either"
        return f"{self._name} cannot hold the film's sound ({codec_name(stream)}); {others}"


def _lost_color_tags(layout: Layout, written: WrittenFilm) -> list[str]:
    """Return the names of the colour tags whose values differ from the layout's when read back."""
    pairs = zip(_COLOR_TAGS, layout.color_tags, written.color_tags, strict=False)
    lost = [name for name, old, new in pairs if new != old and old not in _UNKNOWN]
    # Players assume a matrix where there is no tag.
    if layout.matrix == assumed_matrix(layout.width, layout.height):
        lost = [name for name in lost if name != "matrix"]
    return lost


def _listed(names: list[str]) -> str:
    """Return names as people write them: one, one and two, or one, two and three."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
