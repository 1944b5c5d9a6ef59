"""Metadata in the chunks of a PNG file."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from PIL import PngImagePlugin

from photochrom.photo.iptc import as_record, as_resource, resources
from photochrom.photo.metadata import Metadata, Text

__all__ = ["chunk", "metadata_chunks", "read_chunks", "texts_of", "without_texts"]

_SIGNATURE_BYTES: Final = 8
_CHUNK_OVERHEAD: Final = 12  # length, type and checksum
_TEXT_CHUNKS: Final = (b"tEXt", b"zTXt", b"iTXt")
_METRES_PER_INCH: Final = 0.0254
_MAX_KEYWORD: Final = 79
# Limits against hostile files. Sizes are in bytes, after decompression.
_MAX_TEXT: Final = 1 << 24
_MAX_TEXTS: Final = 1 << 26
_MAX_COUNT: Final = 1000
_MAX_NAMED: Final = 8
_XMP_KEYWORD: Final = "XML:com.adobe.xmp"
_EXIF_HEAD: Final = b"Exif\0\0"
_XMP_HEAD: Final = b"http://ns.adobe.com/xap/1.0/\0"
# Blocks that ImageMagick and exiftool store as texts: "\nNAME\n   LENGTH\nHEXADECIMAL LINES\n".
_PROFILE_KEYWORD: Final = "Raw profile type "
_PROFILE_KINDS: Final = {
    "exif": "exif", "app1": "exif", "xmp": "xmp", "icc": "icc_profile", "icm": "icc_profile",
    "iptc": "iptc", "8bim": "photoshop",
}  # fmt: skip
_PROFILE: Final = re.compile(r"\s*+[^\n]{1,80}+\n\s*+(\d{1,12}+)\s++([0-9A-Fa-f\s]*+)")
_HEX_LINE: Final = 72


@dataclass
class _Found:
    """What has been found in the texts of a file.

    Attributes:
        info: metadata as `read_metadata` takes it.
        profiles: the same from "raw profiles", which count less.
        texts: all other texts.
        lost: names of texts that cannot be read.
        left: how many more bytes of text are read.
    """

    info: dict[str, Any] = field(default_factory=dict)
    profiles: dict[str, Any] = field(default_factory=dict)
    texts: list[Text] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    left: int = _MAX_TEXTS

    def take(self, text: Text) -> None:
        """Keep a text, or the block of metadata that it is."""
        if text.keyword == _XMP_KEYWORD:
            self.info.setdefault("xmp", text.value)
        elif not self._take_profile(text):
            self.texts.append(text)

    def _take_profile(self, text: Text) -> bool:
        """Keep the block that a text holds in hexadecimal digits; False if it holds none."""
        kind = text.keyword.removeprefix(_PROFILE_KEYWORD).lower()
        if kind not in _PROFILE_KINDS or not text.keyword.startswith(_PROFILE_KEYWORD):
            return False
        match = _PROFILE.match(text.value)
        digits = "".join(match[2].split()) if match else ""
        block = bytes.fromhex(digits[: len(digits) // 2 * 2])
        if match and block and len(block) >= int(match[1]):
            key, value = _profile(kind, block[: int(match[1])])
            self.profiles.setdefault(key, value)
        else:
            self.lost.append(f"text {text.keyword} (damaged)")
        return True

    def completed(self, info: Mapping[Any, Any]) -> dict[Any, Any]:
        """Return all metadata; `info` is what Pillow read."""
        names = self.lost[:_MAX_NAMED]
        if len(self.lost) > _MAX_NAMED:
            names.append(f"{len(self.lost) - _MAX_NAMED} more texts")
        known = {key: value for key, value in info.items() if value is not None}
        if "dpi" in known:
            known["dpi"] = tuple(_nearest(side) for side in known["dpi"])
        more = {"texts": tuple(self.texts), "lost": tuple(names)}
        return {**self.profiles, **known, **self.info, **more}


def _profile(kind: str, block: bytes) -> tuple[str, Any]:
    """Return the name and the value of the metadata in a "raw profile" of a kind."""
    if kind == "app1" and block.startswith(_XMP_HEAD):
        return "xmp", block[len(_XMP_HEAD) :]
    if kind in ("iptc", "8bim"):
        record = as_record(block)
        return ("iptc", record) if record else ("photoshop", resources(block))
    return _PROFILE_KINDS[kind], block


def _nearest(dpi: float) -> float:
    """Return the whole number that was rounded to dots per metre, if it may have been one."""
    return float(round(dpi)) if abs(dpi - round(dpi)) <= _METRES_PER_INCH / 2 else dpi


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type of each chunk, and where its data begin and end."""
    at = _SIGNATURE_BYTES
    while at + _CHUNK_OVERHEAD <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            return
        yield kind, at + 8, end
        if kind == b"IEND":
            return
        at = end + 4


def without_texts(data: bytes) -> bytes:
    """Return a file without its texts; Pillow refuses a file with one that is long or damaged.

    Args:
        data: the whole file; it is returned itself if it has no text.
    """
    kept, at = [], 0
    for kind, start, end in _chunks(data):
        if kind in _TEXT_CHUNKS:
            kept.append(data[at : start - 8])
            at = end + 4
    return b"".join([*kept, data[at:]]) if kept else data


def read_chunks(info: Mapping[Any, Any], data: bytes) -> dict[Any, Any]:
    """Return the metadata of a file, as `read_metadata` takes it.

    Args:
        info: what Pillow read of it, without its texts.
        data: the whole file.
    """
    found = _Found()
    for kind, start, end in _chunks(data):
        if kind == b"eXIf":
            found.info["exif"] = data[start:end]
        elif kind in _TEXT_CHUNKS:
            sound = zlib.crc32(data[start - 4 : end]) == int.from_bytes(data[end : end + 4], "big")
            _read_text(found, kind, data[start:end], sound=sound)
    return found.completed(info)


def _read_text(found: _Found, kind: bytes, content: bytes, *, sound: bool) -> None:
    """Read the text of a chunk, or name it as lost."""
    keyword, _, rest = content.partition(b"\0")
    name = keyword[:_MAX_KEYWORD].decode("latin-1")
    limit = min(found.left, _MAX_TEXT)
    language = translated = b""
    if kind == b"tEXt":
        value: bytes | None = rest
    elif kind == b"zTXt":
        value = _decompressed(rest[1:], limit) if rest[:1] == b"\0" else None
    else:
        language, _, after = rest[2:].partition(b"\0")
        translated, _, value = after.partition(b"\0")
        value = _decompressed(value, limit) if rest[:1] == b"\1" else value
    if value is None or not (name and sound):
        found.lost.append(f"text {name} (damaged)")
    elif len(value) > limit or len(found.texts) >= _MAX_COUNT:
        found.lost.append(f"text {name} (too long)")
    else:
        found.left -= len(value)
        text = value.decode("utf-8" if kind == b"iTXt" else "latin-1", "replace")
        others = (each[:_MAX_KEYWORD].decode("utf-8", "replace") for each in (language, translated))
        found.take(Text(name, text, *others))


def texts_of(image: PngImagePlugin.PngImageFile) -> dict[Any, Any]:
    """Return the metadata of a picture that Pillow has opened, if its file is not known."""
    found = _Found()
    for keyword, value in image.text.items():
        language, translated = getattr(value, "lang", None), getattr(value, "tkey", None)
        found.take(Text(keyword, str(value), str(language or ""), str(translated or "")))
    return found.completed({key: each for key, each in image.info.items() if key not in image.text})


def _decompressed(data: bytes, limit: int) -> bytes | None:
    """Decompress a text, but one byte more than `limit` at most; None if it is damaged."""
    stream = zlib.decompressobj()
    try:
        value = stream.decompress(data, limit + 1)
    except zlib.error:
        return None
    return value if stream.eof or len(value) > limit else None


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk: its length, type, data and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def metadata_chunks(metadata: Metadata) -> list[bytes]:
    """Return the chunks for metadata, except the profile."""
    chunks = []
    if metadata.dpi:
        dots = (round(side / _METRES_PER_INCH) for side in metadata.dpi)  # per metre
        chunks.append(chunk(b"pHYs", struct.pack(">IIB", *dots, 1)))
    elif metadata.aspect:
        chunks.append(chunk(b"pHYs", struct.pack(">IIB", *map(round, metadata.aspect), 0)))
    if metadata.exif:
        chunks.append(chunk(b"eXIf", metadata.exif))
    if metadata.xmp:
        chunks.append(chunk(b"iTXt", _XMP_KEYWORD.encode() + bytes(5) + metadata.xmp))
    if metadata.iptc:
        chunks.append(_text_chunk(Text(f"{_PROFILE_KEYWORD}iptc", _raw_profile(metadata.iptc))))
    return chunks + [_text_chunk(text) for text in metadata.texts]


def _raw_profile(record: bytes) -> str:
    """Return an IPTC record as the text in which ImageMagick and exiftool store it."""
    block = as_resource(record)
    digits = block.hex()
    lines = (digits[at : at + _HEX_LINE] for at in range(0, len(digits), _HEX_LINE))
    return "\n".join(["", "iptc", f"{len(block):8}", *lines, ""])


def _text_chunk(text: Text) -> bytes:
    """Return a text as `tEXt`, or as `iTXt` if it has a language or letters beyond Latin-1."""
    keyword = text.keyword.encode("latin-1", "replace")[:_MAX_KEYWORD] + b"\0"
    value = text.value.replace("\0", " ")
    if not text.language and not text.translated:
        try:
            return chunk(b"tEXt", keyword + value.encode("latin-1"))
        except UnicodeEncodeError:
            pass
    names = text.language.encode("ascii", "replace"), text.translated.encode()
    content = [b"\0", *(name.replace(b"\0", b" ") + b"\0" for name in names)]
    return chunk(b"iTXt", keyword + b"\0" + b"".join(content) + value.encode("utf-8", "replace"))
