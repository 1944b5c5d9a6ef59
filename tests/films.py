"""Small films for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import skimage.data
from PIL import Image

from photochrom import Colorizer
from photochrom.film import FilmListener

CASES = Path(__file__).parent / "cases" / "film"
HEIGHT, WIDTH = 64, 96
BASE = Fraction(1, 600)


def panned(
    count: int, *, start: int = 0, speed: int = 1, name: str = "astronaut"
) -> list[np.ndarray]:
    """Return frames, (64, 96, 3) uint8, of a camera that moves over a photograph."""
    wide = cv2.resize(getattr(skimage.data, name)(), (260, 160), interpolation=cv2.INTER_AREA)
    lefts = [start + number * speed for number in range(count)]
    return [wide[40 : 40 + HEIGHT, left : left + WIDTH].copy() for left in lefts]


def write_film(
    path: Path,
    frames: Iterable[np.ndarray],
    *,
    pix_fmt: str = "yuv420p",
    codec: str = "ffv1",
    times: Sequence[int] | None = None,
    sound: str = "",
    sample_rate: int = 8000,
    chapters: bool = False,
    tags: Mapping[str, str] = {"title": "A test"},
    title: str = "",
    size: tuple[int, int] = (WIDTH, HEIGHT),
    **stream_settings: Any,
) -> Path:
    """Write RGB frames as a film.

    `times` are in 600ths of a second. By default there are 25 frames per second. `sound` is the
    codec of a second of sound. `title` is that of the video stream.
    """
    with av.open(str(path), "w") as film:
        film.metadata.update(tags)
        if chapters:
            base = Fraction(1, 1000)
            film.set_chapters(
                [
                    {
                        "id": 1,
                        "start": 0,
                        "end": 400,
                        "time_base": base,
                        "metadata": {"title": "One"},
                    },
                    {"id": 2, "start": 400, "end": 900, "time_base": base, "metadata": {}},
                ]
            )
        video: Any = film.add_stream(codec, rate=25)
        (video.width, video.height), video.pix_fmt = size, pix_fmt
        video.time_base = video.codec_context.time_base = BASE
        for key, value in stream_settings.items():
            setattr(video.codec_context, key, value)
        if title:
            video.metadata["title"] = title
        voice = film.add_stream(sound, rate=sample_rate, layout="mono") if sound else None
        for number, rgb in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = (times[number] if times else number * 24), BASE
            film.mux(video.encode(frame))
        if voice is not None:
            samples = (np.sin(np.arange(sample_rate) / 7) * 9000).astype(np.int16)
            for number, part in enumerate(np.split(samples, 20)):
                audio = av.AudioFrame.from_ndarray(part[None], format="s16", layout="mono")
                audio.sample_rate, audio.pts = sample_rate, number * len(part)
                film.mux(voice.encode(audio))
            film.mux(voice.encode(None))
        film.mux(video.encode(None))
    return path


def slow_film(path: Path, *names: str, count: int = 11, codec: str = "ffv1") -> Path:
    """Write a film of one picture a second, whose shots of `count` pictures show photographs."""
    frames = [frame for name in names for frame in panned(count, name=name)]
    times = [600 * number for number in range(len(frames))]
    return write_film(path, frames, times=times, codec=codec, sound="pcm_s16le")


def planes(path: Path) -> list[tuple[Fraction, list[np.ndarray]]]:
    """Return the time of each frame, in seconds, and its planes."""
    frames = []
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            kind = np.uint16 if "10le" in frame.format.name else np.uint8
            stored = [
                np.frombuffer(p, kind).reshape(p.height, -1)[:, : p.width].copy()
                for p in frame.planes
            ]
            frames.append((frame.pts * frame.time_base, stored))
    return frames


def sound(path: Path) -> bytes:
    """Return the bytes of all sound packets of a film."""
    with av.open(str(path)) as film:
        return b"".join(bytes(packet) for packet in film.demux(audio=0))


def check_same(path: Path, whole: Path) -> None:
    """Check that a film is another one: its frames, times, sound, and the rest of the file."""
    assert sound(path) == sound(whole)
    assert len(planes(path)) == len(planes(whole))
    for (time, old), (other, new) in zip(planes(whole), planes(path), strict=True):
        assert time == other
        assert all((a == b).all() for a, b in zip(old, new, strict=True))
    assert path.read_bytes() == whole.read_bytes()


def write_frames(folder: Path, frames: list[np.ndarray]) -> Path:
    """Write RGB frames as 000.png and so on into a new folder."""
    folder.mkdir()
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{number:03d}.png")
    return folder


class RecordingListener(FilmListener):
    """A listener that records the notes and the problems."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.problems: list[tuple[float, str]] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def problem(self, seconds: float, text: str) -> None:
        self.problems.append((seconds, text))


class InterruptingListener(RecordingListener):
    """Interrupts the film after a number of frames."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def progress(self, task: str, done: int, total: int) -> None:
        if done >= self.after:
            raise KeyboardInterrupt


def colored(tmp_path: Path, colorizer: Colorizer, source: Path, **options: Any) -> Path:
    """Colour a film without loss, into `out.mkv`; `options` are arguments of `Colorizer.film`."""
    target = tmp_path / f"out{options.pop('suffix', '.mkv')}"
    colorizer.film(source, target, codec=options.pop("codec", "ffv1"), **options)
    return target
