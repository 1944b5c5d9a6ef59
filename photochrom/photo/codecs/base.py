"""The base class of image formats, their registry, and how files are recognized.

A format is one file in this folder: a subclass of `Codec`, and a call of `register`. Another
package can add a format in the same way; it names its module in the entry-point group
`photochrom.codecs`.

A format can also be registered without suffixes. It is then only recognized: messages name it, but
its files are neither read nor written.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import PurePath
from typing import Any, ClassVar, Final

import numpy as np
from PIL import Image, ImageFile

from photochrom.color import IntArray
from photochrom.errors import OutputError, UnsupportedPhoto
from photochrom.photo.container import DEFAULT_MAX_PIXELS, check_size, decoding, quiet
from photochrom.photo.deep import deep_pixels, is_deep
from photochrom.photo.metadata import Metadata, orientation_of
from photochrom.photo.pixels import Pixels, pixels_of

__all__ = [
    "ENTRY_POINTS",
    "FORMATS",
    "RAW_SUFFIXES",
    "READABLE_SUFFIXES",
    "Codec",
    "Decoded",
    "brands",
    "codec_named",
    "depth_error",
    "format_named",
    "format_of",
    "known_formats",
    "load_entry_points",
    "recognizes",
    "register",
    "save_with_pillow",
    "sniff",
]

ENTRY_POINTS: Final = "photochrom.codecs"
"""The entry-point group of packages that add formats."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """The samples of a file as they are stored, not turned upright, and the file's metadata.

    Attributes:
        pixels: the samples.
        info: metadata blocks, as Pillow's `Image.info` has them: "exif", "icc_profile" and so on.
        orientation: the EXIF orientation, 1 to 8.
    """

    pixels: Pixels
    info: Mapping[Any, Any]
    orientation: int


class Codec:
    """Reads and writes one image format.

    Subclasses set the attributes and override `encode`. They also override `check` if the header
    alone shows that a file must be refused, and `decode` if Pillow loses something.

    Attributes:
        name: name of the format in upper case, as Pillow has it, for example "JPEG".
        suffixes: file suffixes in lower case; the first is used for new files. Empty for a format
            that is only recognized.
        media_type: the media type in HTTP.
        signatures: the first bytes of its files; any one of them is enough.
        alpha: whether the format holds transparency.
        deep: whether it holds 16 bits a sample.
        max_side: the largest width and height it can hold, in pixels.
        default_quality: the encoder's quality, 1 to 100, if none is asked for; None for formats
            without a quality.
        keeps: what it holds besides pixels: names of the attributes of `Metadata`. What it does
            not hold is moved to XMP or EXIF, if possible, before `encode` is called.
        stores_planes: whether it stores luma and chroma planes; then `encode_planes` is called.
        reader: Pillow's class for the format. It is called directly, because `Image.open` has one
            limit on pixels for the whole process.
    """

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    media_type: ClassVar[str] = ""
    signatures: ClassVar[tuple[bytes, ...]] = ()
    alpha: ClassVar[bool] = False
    deep: ClassVar[bool] = False
    max_side: ClassVar[int] = 2**31 - 1
    default_quality: ClassVar[int | None] = None
    keeps: ClassVar[frozenset[str]] = frozenset()
    stores_planes: ClassVar[bool] = False
    reader: ClassVar[type[ImageFile.ImageFile]]

    def matches(self, head: bytes) -> bool:
        """Return whether a file that begins with `head`, 256 bytes, is of this format."""
        return head.startswith(self.signatures) if self.signatures else False

    def check(self, data: bytes, name: str, max_pixels: int) -> None:
        """Refuse a file by its header, before Pillow opens it.

        Args:
            data: the whole file.
            name: the photograph's name in messages.
            max_pixels: the largest number of pixels.

        Raises:
            PhotoError: the file is damaged, too large or not supported.
        """

    def check_pages(self, image: ImageFile.ImageFile, name: str) -> None:
        """Refuse animations.

        Raises:
            UnsupportedPhoto: the file has more than one frame.
        """
        frames = int(getattr(image, "n_frames", 1))
        if frames > 1:
            raise UnsupportedPhoto(f"expected a still; {name} is an animation of {frames} frames")

    def open(
        self, data: bytes, name: str, max_pixels: int = DEFAULT_MAX_PIXELS
    ) -> ImageFile.ImageFile:
        """Open a picture without decoding it, and check its size, depth and number of frames.

        Args:
            data: the whole file.
            name: the photograph's name in messages.
            max_pixels: the largest number of pixels.

        Raises:
            PhotoError: the file is damaged, too large or not supported.
        """
        with decoding(name), quiet():
            self.check(data, name, max_pixels)
            image = self.reader(io.BytesIO(data))
            check_size(image.size, name, max_pixels)
            self.check_pages(image, name)
            return image

    def decode(self, data: bytes, name: str, max_pixels: int) -> Decoded:
        """Decode the samples of a file.

        Args:
            data: the whole file.
            name: the photograph's name in messages.
            max_pixels: the largest number of pixels.

        Raises:
            PhotoError: the file is damaged, too large or not supported.
        """
        with decoding(name):
            image = self.open(data, name, max_pixels)
            pixels = self.pixels(image, data, name)
            info = self.info(image, data)
            return Decoded(pixels, info, orientation_of(info))

    def info(self, image: ImageFile.ImageFile, data: bytes) -> Mapping[Any, Any]:
        """Return the metadata of an opened picture, as `read_metadata` takes it.

        Args:
            image: the picture.
            data: its whole file; empty if only the picture is known.
        """
        return image.info

    def pixels(self, image: ImageFile.ImageFile, data: bytes, name: str) -> Pixels:
        """Return the samples of an opened picture; `data` is its whole file."""
        if not is_deep(image):
            return pixels_of(image, name)
        reopened = self.open(data, name, image.width * image.height)
        return deep_pixels(image, reopened)

    def decode_reduced(self, data: bytes, name: str, min_side: int) -> Decoded:
        """Decode a copy whose shorter side is at least `min_side` pixels, or the whole picture.

        Args:
            data: the whole file.
            name: the photograph's name in messages.
            min_side: the shorter side that is needed, in pixels.

        Raises:
            PhotoError: the file is damaged, too large or not supported.
        """
        return self.decode(data, name, DEFAULT_MAX_PIXELS)

    def encode(
        self, rgb: IntArray, alpha: IntArray | None, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode a picture as the bytes of a file, in sRGB.

        Args:
            rgb: sRGB, (H, W, 3) uint8, or uint16 if the format is deep.
            alpha: (H, W) of the same dtype, or None.
            metadata: metadata for the file, as far as the format can hold it.
            quality: 1 to 100; formats without a `default_quality` ignore it.
        """
        raise NotImplementedError

    def encode_planes(
        self, luma: IntArray, cb: IntArray, cr: IntArray, metadata: Metadata, quality: int
    ) -> bytes:
        """Encode luma and chroma planes, for formats that store them.

        Args:
            luma: (H, W) uint8.
            cb: (H, W) uint8, or (⌈H/2⌉, ⌈W/2⌉) if `halves_chroma` says so for this quality.
            cr: of the same shape as `cb`.
            metadata: metadata for the file.
            quality: 1 to 100.
        """
        raise NotImplementedError

    def unkept(self, metadata: Metadata) -> tuple[str, ...]:
        """Name what `encode` leaves out although the format holds it, because it is too large."""
        return ()

    def halves_chroma(self, quality: int) -> bool:
        """Return whether chroma planes are stored at half size when encoded with this quality."""
        return False


# --- registry -------------------------------------------------------------------------------

FORMATS: Final[dict[str, Codec]] = {}
"""The formats that are read and written, by name."""

READABLE_SUFFIXES: Final[dict[str, str]] = {}
"""The name of the format of each file suffix, in lower case."""

_RECOGNIZED: Final[dict[str, Codec]] = {}


def register(codec: Codec) -> Codec:
    """Add a format, so that every part of the program reads and writes it.

    Args:
        codec: the format; without suffixes, it is only recognized.

    Returns:
        `codec` itself.

    Raises:
        ValueError: the name or a suffix belongs to another format.
    """
    taken = [each for each in codec.suffixes if each in READABLE_SUFFIXES]
    if codec.name in _RECOGNIZED or taken:
        raise ValueError(f"expected a new format; {' '.join([codec.name, *taken])} exists already")
    _RECOGNIZED[codec.name] = codec
    if codec.suffixes:
        FORMATS[codec.name] = codec
        READABLE_SUFFIXES.update(dict.fromkeys(codec.suffixes, codec.name))
    return codec


def load_entry_points() -> None:
    """Import the modules that installed packages name in the group `photochrom.codecs`."""
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            entry.load()
        except Exception as error:  # noqa: BLE001  a broken package must not stop the other formats
            warnings.warn(f"cannot load the image format {entry.value}: {error}", stacklevel=2)


def known_formats() -> str:
    """Return the names and suffixes of all formats, for messages."""
    return f"{', '.join(FORMATS)} ({' '.join(READABLE_SUFFIXES)})"


def recognizes(name: str) -> bool:
    """Return whether a format of that name is registered, even one that is only recognized."""
    return name in _RECOGNIZED


def codec_named(name: str) -> Codec:
    """Return the registered format of that exact name, even one that is only recognized."""
    return _RECOGNIZED[name]


def depth_error(name: str, bits: object) -> UnsupportedPhoto:
    """Return the error for samples of an unsupported number of bits."""
    return UnsupportedPhoto(f"expected 8 or 16 bits a sample; {name} has {bits}")


def save_with_pillow(codec: Codec, rgb: IntArray, alpha: IntArray | None, **options: Any) -> bytes:
    """Encode 8-bit RGB or RGBA with Pillow's writer of a format; `options` are the writer's."""
    samples = rgb if alpha is None else np.dstack([rgb, alpha])
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(samples)).save(stream, codec.name, **options)
    return stream.getvalue()


# --- recognition ----------------------------------------------------------------------------

# The raw files of many cameras begin like TIFF files, so raw files are recognized by their suffix.
_RAW: Final = "3fr arw cr2 cr3 crw dcr dng erf iiq kdc mef mos mrw nef nrw orf pef raf raw rw2 srw"
RAW_SUFFIXES: Final = frozenset(f".{ending}" for ending in _RAW.split())

# The first bytes of formats that have no codec, so that messages can name them.
_OTHER_SIGNATURES: Final = (
    (b"%PDF", "PDF"),
    (b"8BPS", "Photoshop"),
    (b"%!PS", "PostScript"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"\0\0\x01\0", "ICO"),
    (b"FUJIFILMCCD-RAW", "RAW"),
    (b"IIU\0", "RAW"),
    (b"IIRO", "RAW"),
    (b"<svg", "SVG"),
)
_HEIF_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")


def sniff(head: bytes) -> str | None:
    """Recognize a file's format by its first bytes.

    Args:
        head: the first 256 bytes.

    Returns:
        The name of the format, even if it cannot be read; None if it is unknown.
    """
    for codec in _RECOGNIZED.values():
        if codec.matches(head):
            return codec.name
    for signature, name in _OTHER_SIGNATURES:
        if head.startswith(signature):
            return name
    return _other_box_format(head) if head[4:8] == b"ftyp" else None


def brands(head: bytes) -> list[bytes]:
    """Return the brands of a file's `ftyp` box (ISO base media file format), or an empty list."""
    if head[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(head[:4], "big"), 256)
    return [head[8:12], *(head[i : i + 4] for i in range(16, end, 4))]


def _other_box_format(head: bytes) -> str:
    """Name the format of an ISO base media file that no codec matches."""
    found = brands(head)
    if found[0] == b"crx ":
        return "RAW"
    return "HEIC" if any(brand in _HEIF_BRANDS for brand in found) else "video"


def format_named(name: str) -> Codec:
    """Return the format with a name or suffix, in upper or lower case ("JPEG", "jpg", ".jpg").

    Raises:
        OutputError: no format that can be written has this name.
    """
    key = READABLE_SUFFIXES.get(f".{name.lower().lstrip('.')}", name.upper())
    if key not in FORMATS:
        raise OutputError(f"expected one of the formats {known_formats()}; received {name!r}")
    return FORMATS[key]


def format_of(path: PurePath) -> Codec:
    """Return the format of a path's suffix.

    Raises:
        OutputError: the path has no suffix, or an unknown one.
    """
    suffix = path.suffix.lower()
    if suffix not in READABLE_SUFFIXES:
        received = f"the suffix {suffix!r}" if suffix else "no suffix"
        raise OutputError(
            f"expected a name that ends like one of {known_formats()}; {path} has {received}"
        )
    return FORMATS[READABLE_SUFFIXES[suffix]]
