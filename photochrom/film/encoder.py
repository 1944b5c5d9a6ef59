"""Encode coloured frames: the codecs, their options, and the writer of a film's parts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import av
from av.codec import Codec
from av.codec.context import ThreadType
from av.packet import Packet
from av.video.reformatter import ColorRange

from photochrom.checks import check_number
from photochrom.errors import ConfigError
from photochrom.film.captions import with_captions
from photochrom.film.containers import FIXED_RATE_CONTAINERS
from photochrom.film.pixel_format import Layout, reformat
from photochrom.film.thread_priority import ordinary_threads
from photochrom.parallel import core_count, is_limited

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

__all__ = ["CODECS", "PART_FORMAT", "PART_SHIFT", "PIXEL_FORMATS", "Encoding", "PartWriter"]

# For each codec, FFmpeg's encoder and its options. The options prefer quality to speed. With b=0,
# the CRF alone decides the quality of VP9. Without a log level, x265 writes to the terminal. With
# AVX-512 instructions, x264 reads memory that it never wrote, unless cpu-independent excludes them
# there; the same frames then give the same film on every processor, 1 to 4% slower.
_ENCODERS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "h264": ("libx264", {"crf": "18", "preset": "medium", "x264-params": "cpu-independent=1"}),
    "hevc": ("libx265", {"crf": "20", "preset": "medium", "x265-params": "log-level=error"}),
    "vp9": ("libvpx-vp9", {"crf": "24", "b": "0", "cpu-used": "4", "row-mt": "1"}),
    "av1": ("libsvtav1", {"crf": "28", "preset": "8", "svtav1-params": "enable-overlays=0"}),
    "prores": ("prores_ks", {}),
    "ffv1": ("ffv1", {"level": "3"}),
}
CODECS: Final = tuple(_ENCODERS)
"""The names of the codecs that films can be written with."""

_DEFAULT_CODEC: Final = "h264"
_CONTAINER_CODECS: Final = {"webm": "vp9"}  # containers with another default codec
_MAX_QUALITY: Final = 63
# The options of encoders that would otherwise store frames in another order
_UNORDERED: Final = {
    "h264": {"bf": "0"},
    "hevc": {"x265-params": "log-level=error:bframes=0"},
}

PIXEL_FORMATS: Final = ("auto", "420", "source")
"""The names of the choices for the pixel format."""

_PLAYED: Final = {  # what most players play of each codec; the codecs for editing are not here
    "h264": ("yuv420p",),
    "hevc": ("yuv420p", "yuv420p10le"),
    "vp9": ("yuv420p", "yuv420p10le"),
    "av1": ("yuv420p", "yuv420p10le"),
}

# NUT holds nearly every codec, and times in any time base, but no negative times.
PART_FORMAT: Final = "nut"
_CODEC_FORMATS: Final = {"prores": "mov"}  # codecs that need another container than NUT
# Encoders that reorder frames set decoding times before the time of the first frame. The shift
# keeps these times from being negative in a part; `mux` subtracts it again.
PART_SHIFT: Final = 3600
"""Seconds by which the times in a part are later than in the film."""


@dataclass(frozen=True)
class Encoding:
    """The encoder settings that the user asked for.

    Attributes:
        codec: one of `CODECS`. Empty selects H.264, or VP9 in a .webm file.
        quality: the codec's constant rate factor (CRF), 0 to 63; a lower one is better. None
            selects a value at which no loss is visible.
        preset: the encoder preset, for example "fast" or "slow". Empty selects a default.
        pixel_format: "420" for 8 bits at 4:2:0, which all players play; "source" for that of the
            film; "auto" for 4:2:0 without a change of luma, and in codecs for editing the film's.
        reorders: whether frames may be stored in another order than they are shown in.
    """

    codec: str = ""
    quality: int | None = None
    preset: str = ""
    pixel_format: str = "auto"
    reorders: bool = True

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            ConfigError: `codec` or `pixel_format` is unknown, or `quality` is out of range.
        """
        if self.pixel_format not in PIXEL_FORMATS:
            raise ConfigError(
                f"expected one of the pixel formats {', '.join(PIXEL_FORMATS)}; "
                f"received {self.pixel_format!r}"
            )
        if self.codec and self.codec not in CODECS:
            raise ConfigError(
                f"expected one of the codecs {', '.join(CODECS)}; received {self.codec!r}"
            )
        if self.quality is not None:
            expected = f"a quality from 0 to {_MAX_QUALITY}"
            check_number(self.quality, expected, 0, _MAX_QUALITY, whole=True)

    def with_codec(self, container: str) -> Encoding:
        """Return these settings; if they name no codec, with the container's default codec.

        Args:
            container: FFmpeg's name for the container.

        Raises:
            ConfigError: `quality` is given, but the codec has no such setting.
        """
        codec = self.codec or _CONTAINER_CODECS.get(container, _DEFAULT_CODEC)
        if self.quality is not None and "crf" not in _ENCODERS[codec][1]:
            raise ConfigError(f"expected no quality with {codec}; received {self.quality}")
        return replace(self, codec=codec, reorders=container not in FIXED_RATE_CONTAINERS)

    @property
    def encoder(self) -> str:
        """FFmpeg's name for the encoder."""
        return _ENCODERS[self.codec][0]

    @property
    def options(self) -> dict[str, str]:
        """The options for FFmpeg's encoder."""
        options = dict(_ENCODERS[self.codec][1])
        if self.quality is not None:
            options["crf"] = str(self.quality)
        if self.preset:
            options["preset"] = self.preset
        if not self.reorders and self.codec in _UNORDERED:
            options |= _UNORDERED[self.codec]
        return options

    def pix_fmt(self, layout: Layout) -> str:
        """Return the pixel format in which frames of a layout are stored.

        Raises:
            ConfigError: 4:2:0 was asked for, and the codec or the size of the frames excludes it.
        """
        accepted = [each.name for each in Codec(self.encoder, "w").video_formats or []]
        is_odd = bool(layout.width % 2 or layout.height % 2)
        if self.pixel_format == "420":
            _check_420(layout, self.codec, possible="yuv420p" in accepted and not is_odd)
            return "yuv420p"
        halved = "yuv420p10le" if layout.is_deep else "yuv420p"  # its luma is the same
        wanted = [layout.pix_fmt, halved, "yuv420p", "yuv422p10le"]
        if self.pixel_format == "auto" and self.codec in _PLAYED and not is_odd:
            wanted.insert(0, halved)
        # ProRes, for example, accepts neither 4:2:0 nor 8 bits.
        return next((each for each in wanted if each in accepted), accepted[0])

    def notes(self, layout: Layout) -> Iterator[str]:
        """Yield what people should know of the pixel format in which a layout is stored."""
        stored, own = self.pix_fmt(layout), layout.pix_fmt
        accepted = [each.name for each in Codec(self.encoder, "w").video_formats or []]
        if own not in accepted:
            yield f"{self.codec} cannot store {own}; it stores {stored} instead"
        elif stored != own:
            luma = "rounded to 8 bits" if layout.is_deep and not _is_deep(stored) else "kept"
            yield (
                f"{_described(own)} is stored as {_described(stored)}, which more players play; "
                f"luma is {luma}. The pixel format 'source' keeps {_described(own)}"
            )
        if stored not in _PLAYED.get(self.codec, (stored,)):
            advice = self._playback_advice(layout)
            yield f"many players cannot play {self.codec} with {_described(stored)}{advice}"

    def _playback_advice(self, layout: Layout) -> str:
        """Return the end of a message: how to get a film that more players play."""
        if layout.width % 2 or layout.height % 2:
            return f", which the odd size {layout.width} × {layout.height} needs"
        if self.pixel_format == "source":
            return "; the pixel formats 'auto' and '420' avoid that where they can"
        return "; they can play hevc, or the pixel format '420', which rounds luma to 8 bits"


def _check_420(layout: Layout, codec: str, *, possible: bool) -> None:
    if not possible:
        raise ConfigError(
            f"expected a codec and a size that allow 4:2:0; received {codec} and "
            f"{layout.width} × {layout.height}"
        )


def _is_deep(pix_fmt: str) -> bool:
    return pix_fmt.endswith("10le")


def _described(pix_fmt: str) -> str:
    """Return words for a pixel format, for example "4:4:4 with 10 bits"."""
    subsampling = ":".join(pix_fmt.removeprefix("yuv")[:3])
    return f"{subsampling} with 10 bits" if _is_deep(pix_fmt) else subsampling


class PartWriter:
    """Encodes a part of a film, consecutive frames, into a file that begins with a key frame.

    Attributes:
        frames: the number of frames written.
        shots: the number of shots that begin in this part. The caller counts them.
        last: the time of the last frame, in the time base.
        last_duration: how long the last frame is shown, in the time base; 0 if unknown.
    """

    def __init__(
        self, path: Path, layout: Layout, encoding: Encoding, time_base: Fraction, rate: Fraction
    ) -> None:
        """Create the file and open the encoder.

        Args:
            path: the file; an existing one is replaced.
            layout: the layout of the frames.
            encoding: the encoder settings, with a codec.
            time_base: the unit of the times, in seconds.
            rate: the average number of frames per second.

        Raises:
            ConfigError: the encoder does not accept its options.
        """
        self.frames = self.shots = 0
        self.last = self.last_duration = self._first = 0
        self._time_base, self._shift = time_base, round(PART_SHIFT / time_base)
        self._codec, self._pix_fmt = encoding.codec, encoding.pix_fmt(layout)
        self._is_compressed = layout.is_compressed
        self._captions: dict[
            int, bytes
        ] = {}  # captions of frames that are being encoded, by the frames' times
        container = _CODEC_FORMATS.get(encoding.codec, PART_FORMAT)
        self._file = av.open(str(path), "w", format=container)
        stream = self._file.add_stream(encoding.encoder, rate=rate, options=encoding.options)
        self._stream = cast("VideoStream", stream)
        self._stream.time_base = time_base
        try:
            _open_encoder(self._stream.codec_context, layout, self._pix_fmt, time_base)
        except (av.FFmpegError, ValueError, OSError) as error:
            self._file.close()
            chosen = ", ".join(f"{key} {value}" for key, value in encoding.options.items())
            reason = getattr(error, "strerror", None) or error  # without the call that failed
            raise ConfigError(
                f"the encoder {encoding.encoder} does not accept {chosen}: {reason}"
            ) from error

    def write(self, frame: VideoFrame, pts: int, duration: int, captions: bytes = b"") -> None:
        """Encode a frame.

        Args:
            frame: the frame, as `pixel_format.make_frame` returns it.
            pts: the time at which it is shown, in the time base.
            duration: how long it is shown, in the time base; 0 if unknown.
            captions: its captions, as `captions_of` returns them, if the codec can hold any.
        """
        if self._is_compressed:
            frame = reformat(frame, format=self._pix_fmt, dst_color_range=ColorRange.MPEG)
        elif frame.format.name != self._pix_fmt:
            frame = reformat(frame, format=self._pix_fmt)
        frame.pts, frame.time_base = pts + self._shift, self._time_base
        if duration:
            frame.duration = duration
        if captions:
            self._captions[frame.pts] = captions
        self._mux(self._stream.encode(frame))
        if not self.frames:
            self._first = pts
        self.frames, self.last, self.last_duration = self.frames + 1, pts, duration

    @property
    def seconds(self) -> float:
        """The time from the first frame to the last."""
        return float((self.last - self._first) * self._time_base) if self.frames else 0.0

    def finish(self) -> None:
        """Write the frames that the encoder still holds, and close the file."""
        self._mux(self._stream.encode(None))
        self._file.close()

    def abort(self) -> None:
        """Close the file without finishing it."""
        self._file.close()

    def _mux(self, packets: Iterable[Packet[VideoStream]]) -> None:
        for packet in packets:
            captions = b"" if packet.pts is None else self._captions.pop(packet.pts, b"")
            if packet.pts is not None and not 0 <= (packet.dts or 0) <= packet.pts:
                packet.dts = packet.pts  # x265 leaves it undefined if there are one or two frames
            self._file.mux_one(self._with_captions(packet, captions) if captions else packet)

    def _with_captions(self, packet: Packet[VideoStream], captions: bytes) -> Packet[VideoStream]:
        """Return a packet with captions in its picture."""
        data = with_captions(bytes(packet), captions, self._codec)
        copy = cast("Packet[VideoStream]", Packet(data))
        copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
        copy.duration, copy.is_keyframe = packet.duration, packet.is_keyframe
        copy.stream = self._stream
        return copy


def _open_encoder(
    context: VideoCodecContext, layout: Layout, pix_fmt: str, time_base: Fraction
) -> None:
    """Open an encoder for the frames of a layout."""
    context.width, context.height, context.pix_fmt = layout.width, layout.height, pix_fmt
    # The encoder has its own time base; the default one would need a constant frame rate.
    context.time_base = time_base
    context.sample_aspect_ratio = layout.pixel_aspect
    context.thread_type = ThreadType.AUTO
    if is_limited():
        # With one thread alone, VP9 would make another film than with two or more.
        context.thread_count = max(2, core_count())
    (
        context.colorspace,
        context.color_primaries,
        context.color_trc,
        context.color_range,
    ) = layout.color_tags
    # SVT-AV1 takes its log level from this variable alone. 1 is errors; by default, it prints more.
    os.environ.setdefault("SVT_LOG", "1")
    with ordinary_threads():
        context.open()
