"""How coloured pictures are encoded: the codec, its settings, and a part of a film in a file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import av
from av.codec import Codec

from photochrom.errors import ConfigError
from photochrom.film.pixel_format import Layout
from photochrom.film.thread_priority import ordinary_threads

if TYPE_CHECKING:
    from av import VideoFrame

__all__ = ["CODECS", "PART_FORMAT", "PART_SHIFT", "Encoding", "Part"]

# FFmpeg's encoder, and what it is told; quality first
_ENCODERS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "h264": ("libx264", {"crf": "18", "preset": "medium"}),
    "hevc": ("libx265", {"crf": "20", "preset": "medium", "x265-params": "log-level=error"}),
    "vp9": ("libvpx-vp9", {"crf": "24", "b": "0", "cpu-used": "4", "row-mt": "1"}),
    "av1": ("libsvtav1", {"crf": "28", "preset": "8", "svtav1-params": "enable-overlays=0"}),
    "prores": ("prores_ks", {}),
    "ffv1": ("ffv1", {"level": "3"}),
}
CODECS: Final = tuple(_ENCODERS)
_USUAL: Final = {"webm": "vp9"}
PART_FORMAT: Final = "nut"  # holds nearly every codec, and times in any base, but none below 0
_OTHER_FORMATS: Final = {"prores": "mov"}
PART_SHIFT: Final = 3600  # seconds, by which times are later in a part than in the film
_MOST: Final = 63


@dataclass(frozen=True)
class Encoding:
    """What a person asks of the encoder.

    Attributes:
        codec: one of `CODECS`; by default H.264, and VP9 in a .webm file.
        quality: the codec's CRF: less is better; by default one at which no loss is seen.
        preset: the encoder's own word for how hard it is to try.
    """

    codec: str = ""
    quality: int | None = None
    preset: str = ""

    def __post_init__(self) -> None:
        """Raises ConfigError: no such codec, or a quality that it does not have."""
        if self.codec and self.codec not in CODECS:
            raise ConfigError(
                f"expected a codec out of {', '.join(CODECS)}; received {self.codec!r}"
            )
        if self.quality is not None and not 0 <= self.quality <= _MOST:
            raise ConfigError(f"expected a quality from 0 to {_MOST}; received {self.quality}")

    def settled(self, place: str) -> Encoding:
        """With the usual codec of a container, unless one was asked for.

        Raises:
            ConfigError: a quality is asked of a codec that has none.
        """
        codec = self.codec or _USUAL.get(place, "h264")
        if self.quality is not None and "crf" not in _ENCODERS[codec][1]:
            raise ConfigError(f"expected no quality with {codec}; received {self.quality}")
        return Encoding(codec, self.quality, self.preset)

    @property
    def encoder(self) -> str:
        """FFmpeg's name of it."""
        return _ENCODERS[self.codec][0]

    @property
    def settings(self) -> dict[str, str]:
        """What the encoder is told."""
        settings = dict(_ENCODERS[self.codec][1])
        if self.quality is not None:
            settings["crf"] = str(self.quality)
        if self.preset:
            settings["preset"] = self.preset
        return settings

    def pix_fmt(self, layout: Layout) -> str:
        """The layout's, or the nearest that the encoder takes."""
        formats = [each.name for each in Codec(self.encoder, "w").video_formats or []]
        deep = layout.pix_fmt.endswith("10le")
        wanted = [layout.pix_fmt, "yuv420p10le" if deep else "yuv420p", "yuv420p", "yuv422p10le"]
        return next((each for each in wanted if each in formats), formats[0])


class Part:
    """A run of pictures, in a file of its own that begins with a key frame.

    Attributes:
        frames: that were written.
        shots: that began in it; for whoever writes to count.
        last: when the last frame is shown, in the time base.
    """

    def __init__(
        self, path: Path, layout: Layout, encoding: Encoding, time_base: Fraction, rate: Fraction
    ) -> None:
        """Begin one.

        Args:
            path: where; written over.
            layout: of its pictures.
            encoding: settled.
            time_base: of their times.
            rate: frames a second, on average.

        Raises:
            ConfigError: the encoder refuses its settings.
        """
        self.frames = self.shots = 0
        self.last = self._first = 0
        self._time_base, self._shift = time_base, round(PART_SHIFT / time_base)
        place = _OTHER_FORMATS.get(encoding.codec, PART_FORMAT)
        self._file = av.open(str(path), "w", format=place)
        self._pix_fmt = encoding.pix_fmt(layout)
        stream: Any = self._file.add_stream(encoding.encoder, rate=rate, options=encoding.settings)
        stream.width, stream.height, stream.pix_fmt = layout.width, layout.height, self._pix_fmt
        stream.time_base = time_base
        context = stream.codec_context
        context.time_base = time_base
        context.sample_aspect_ratio = layout.pixel_aspect
        context.thread_type = "AUTO"
        (
            context.colorspace,
            context.color_primaries,
            context.color_trc,
            context.color_range,
        ) = layout.tags
        self._stream = stream
        try:
            with ordinary_threads():
                context.open()
        except (av.FFmpegError, ValueError, OSError) as error:
            self._file.close()
            raise ConfigError(
                f"the encoder {encoding.encoder} refuses {encoding.settings}: {error}"
            ) from error

    def write(self, frame: VideoFrame, pts: int, duration: int) -> None:
        """Add a picture.

        Args:
            frame: as `layout.filled` makes it.
            pts: when it is shown, in the time base.
            duration: for how long, or 0.
        """
        if frame.format.name != self._pix_fmt:
            frame = frame.reformat(format=self._pix_fmt)
        frame.pts, frame.time_base = pts + self._shift, self._time_base
        if duration:
            frame.duration = duration
        self._file.mux(self._stream.encode(frame))
        if not self.frames:
            self._first = pts
        self.frames, self.last = self.frames + 1, pts

    @property
    def seconds(self) -> float:
        """From its first picture to its last."""
        return float((self.last - self._first) * self._time_base) if self.frames else 0.0

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._file.mux(self._stream.encode(None))
        self._file.close()

    def drop(self) -> None:
        """It is not wanted any more."""
        self._file.close()
