"""Copy the streams of a film, such as its sound and its subtitles, into another container."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import av
from av.bitstream import BitStreamFilterContext
from av.stream import AttachmentStream, Disposition

from photochrom.film.containers import ATTACHMENT_CONTAINERS

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.stream import Stream

    from photochrom.film.reader import FilmReader

__all__ = ["codec_name", "copy_stream", "copy_to_attachment", "is_attachment", "is_cover"]

_COPIED_TYPES: Final = ("audio", "subtitle", "video")
_NO_TAG: Final = "\0\0\0\0"


def codec_name(stream: Stream) -> str:
    """Return FFmpeg's name of a stream's codec."""
    context = stream.codec_context  # None if FFmpeg has no decoder
    return context.codec.canonical_name if context else getattr(stream, "name", "") or "unknown"


def is_cover(stream: Stream) -> bool:
    """Return whether a video stream is a picture that belongs to the file, not to the film."""
    return bool(stream.disposition & Disposition.attached_pic)


def is_attachment(stream: Stream, container: str) -> bool:
    """Return whether a container stores a stream as an attachment.

    MP4 stores a cover as a video stream of one frame, Matroska as an attachment.
    """
    return container in ATTACHMENT_CONTAINERS and (
        isinstance(stream, AttachmentStream) or is_cover(stream)
    )


def copy_to_attachment(output: OutputContainer, stream: Stream, film: FilmReader) -> None:
    """Copy an attachment or a cover into an attachment of an output container."""
    if isinstance(stream, AttachmentStream):
        name, mime_type = stream.name or "attachment", stream.mimetype or ""
        output.add_attachment(name, mime_type, stream.data)
    else:
        output.add_attachment(*_read_cover(film, stream.index))


def _read_cover(film: FilmReader, index: int) -> tuple[str, str, bytes]:
    """Return the file name, the MIME type and the bytes of a cover.

    The film is opened again, because reading the cover would move the original's position.
    """
    with film.open() as original:
        stream = original.streams[index]
        kind = codec_name(stream).replace("mjpeg", "jpeg")
        data = next((bytes(packet) for packet in original.demux(stream) if packet.size), b"")
        return f"cover.{kind.replace('jpeg', 'jpg')}", f"image/{kind}", data


def copy_stream(output: OutputContainer, stream: Stream) -> Stream | None:
    """Add a stream of the original to an output container.

    Returns:
        The new stream, or None if the container cannot hold it. Some containers say so only when
        their header is written.
    """
    if stream.type not in _COPIED_TYPES:
        return None
    try:
        # Without `opaque`, PyAV looks for an encoder of the codec, which a copy does not need.
        copy = output.add_stream_from_template(stream, opaque=True)
    except (av.FFmpegError, ValueError, TypeError, RuntimeError):
        if stream.type != "audio" or output.format.name not in ATTACHMENT_CONTAINERS:
            return None
        copy = _copy_as_wave_sound(output, stream)
    copy.metadata.update(stream.metadata)
    copy.disposition = stream.disposition
    return copy


def _copy_as_wave_sound(output: OutputContainer, stream: Stream) -> AudioStream:
    """Add sound to Matroska under the number that its codec has in WAVE files.

    Matroska can hold all sound that WAVE files can hold, such as WMA and ADPCM. PyAV asks for the
    codecs with names of their own in Matroska only, so the stream is added with such a codec, and
    its description is replaced.
    """
    with av.open(os.devnull, "w", format="nut") as scratch:
        template = scratch.add_stream("pcm_s16le", rate=8000)
        copy = output.add_stream_from_template(template, opaque=True)
    BitStreamFilterContext("null", in_stream=stream, out_stream=copy)
    copy.codec_context.codec_tag = _NO_TAG  # the number in the original's container
    if stream.time_base:
        copy.time_base = stream.time_base
    return copy
