"""The base class of image formats, their registry, and how files are recognized.

A format is one file in this folder: a subclass of `Codec`, and a call of `register`. Another
package can add a format in the same way; it names its module in the entry-point group
`photochrom.codecs`.

A format can also be registered without suffixes. It is then only recognized: messages name it, but
its files are neither read nor written. The same holds for a format whose optional packages are not
installed.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
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
    "NOT_INSTALLED",
    "READABLE_SUFFIXES",
    "RECOGNIZED",
    "WRITABLE_SUFFIXES",
    "Codec",
    "Decoded",
    "codec_named",
    "depth_error",
    "format_named",
    "format_of",
    "known_formats",
    "load_entry_points",
    "readable_formats",
    "register",
    "result_suffix",
    "save_with_pillow",
]

ENTRY_POINTS: Final = "photochrom.codecs"
"""The entry-point group of packages that add formats."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """The samples of a file as they are stored, not turned upright, and the file's metadata.

    Attributes:
        pixels: the samples.
        info: metadata blocks, in the form of Pillow's `Image.info`: "exif" and so on.
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
        name: name of the format in upper case, the same as in Pillow, for example "JPEG".
        suffixes: file suffixes in lower case; the first is used for new files. Empty for a format
            that is only recognized.
        media_type: the media type in HTTP.
        signatures: the first bytes of its files; any one of them is enough.
        alpha: whether the format holds transparency.
        deep: whether it holds 16 bits per sample.
        max_side: the largest width and height it can hold, in pixels.
        default_quality: the encoder's quality, 1 to 100, if none is asked for; None for formats
            without a quality.
        keeps: what it holds besides pixels: names of the attributes of `Metadata`. What it does
            not hold is moved to XMP or EXIF, if possible, before `encode` is called.
        stores_planes: whether it stores luma and chroma planes; then `encode_planes` is called.
        written_as: for a format that is read but not written, the name of the format that results
            get instead; "" for a format that is written.
        extra: the extra of Photochrom that installs `packages`; "" if the format needs none.
        packages: optional packages that the format needs, by the names under which they are
            imported. They must not be imported before a file of the format is met.
        reader: Pillow's class for the format, used by `open`. It is called directly, because
            `Image.open` has one limit on pixels for the whole process.
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
    written_as: ClassVar[str] = ""
    extra: ClassVar[str] = ""
    packages: ClassVar[tuple[str, ...]] = ()
    reader: ClassVar[type[ImageFile.ImageFile]]

    @property
    def is_installed(self) -> bool:
        """Whether the optional packages that the format needs are installed; imports none."""
        return all(find_spec(package) for package in self.packages)

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
            cr: the same shape as `cb`.
            metadata: metadata for the file.
            quality: 1 to 100.
        """
        raise NotImplementedError

    def add_chroma(
        self, data: bytes, cb: IntArray, cr: IntArray, metadata: Metadata
    ) -> bytes | None:
        """Add chroma planes to a grey file, whose compressed luma stays as it is.

        Args:
            data: the grey file.
            cb: Cb as in `encode_planes`, for the default quality.
            cr: Cr, of the same shape.
            metadata: metadata for the file, in place of that of `data`.

        Returns:
            The bytes of a file in colour; None where luma has to be encoded again.
        """
        return None

    def omitted_metadata(self, metadata: Metadata) -> tuple[str, ...]:
        """Name the metadata that `encode` omits because they are too large or damaged."""
        return ()

    def halves_chroma(self, quality: int) -> bool:
        """Return whether chroma planes are stored at half size when encoded with this quality."""
        return False


# --- registry -------------------------------------------------------------------------------

FORMATS: Final[dict[str, Codec]] = {}
"""The formats that are written, by name. They are read, too."""

READABLE_SUFFIXES: Final[dict[str, str]] = {}
"""The name of the format of each file suffix that is read, in lower case."""

WRITABLE_SUFFIXES: Final[dict[str, str]] = {}
"""The name of the format of each file suffix that is written, in lower case."""

NOT_INSTALLED: Final[dict[str, Codec]] = {}
"""The formats whose optional packages are not installed, by file suffix in lower case."""

RECOGNIZED: Final[dict[str, Codec]] = {}
"""All registered formats by name, even those that are only recognized."""


def register(codec: Codec) -> Codec:
    """Add a format, so that every part of the program reads and writes it.

    Args:
        codec: the format; without suffixes, or without its packages, it is only recognized.

    Returns:
        `codec` itself.

    Raises:
        ValueError: the name or a suffix belongs to another format.
    """
    taken = [each for each in codec.suffixes if each in READABLE_SUFFIXES or each in NOT_INSTALLED]
    if codec.name in RECOGNIZED or taken:
        raise ValueError(f"expected a new format; {' '.join([codec.name, *taken])} exists already")
    RECOGNIZED[codec.name] = codec
    suffixes = dict.fromkeys(codec.suffixes, codec.name)
    if not codec.is_installed:
        NOT_INSTALLED.update(dict.fromkeys(suffixes, codec))
        return codec
    READABLE_SUFFIXES.update(suffixes)
    if suffixes and not codec.written_as:
        FORMATS[codec.name] = codec
        WRITABLE_SUFFIXES.update(suffixes)
    return codec


def load_entry_points() -> None:
    """Import the modules that installed packages name in the group `photochrom.codecs`."""
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            entry.load()
        except Exception as error:  # noqa: BLE001  a broken package must not stop the other formats
            warnings.warn(f"cannot load the image format {entry.value}: {error}", stacklevel=2)


def known_formats() -> str:
    """Return the names and suffixes of the formats that are written, for messages."""
    return f"{', '.join(FORMATS)} ({' '.join(WRITABLE_SUFFIXES)})"


def readable_formats() -> str:
    """Return the names and suffixes of the formats that are read, for messages."""
    names = dict.fromkeys(READABLE_SUFFIXES.values())
    return f"{', '.join(names)} ({' '.join(READABLE_SUFFIXES)})"


def codec_named(name: str) -> Codec:
    """Return the registered format of that exact name, even one that is only recognized."""
    return RECOGNIZED[name]


def result_suffix(suffix: str) -> str:
    """Return the suffix of the results of photographs with a suffix, such as .jpg for .nef."""
    name = READABLE_SUFFIXES.get(suffix.lower())
    codec = RECOGNIZED[name] if name else None
    return FORMATS[codec.written_as].suffixes[0] if codec and codec.written_as else suffix


def depth_error(name: str, bits: object) -> UnsupportedPhoto:
    """Return the error for samples of an unsupported number of bits."""
    return UnsupportedPhoto(f"expected 8 or 16 bits per sample; {name} has {bits}")


def save_with_pillow(codec: Codec, rgb: IntArray, alpha: IntArray | None, **options: Any) -> bytes:
    """Encode 8-bit RGB or RGBA with Pillow's writer of a format; `options` are the writer's."""
    samples = rgb if alpha is None else np.dstack([rgb, alpha])
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(samples)).save(stream, codec.name, **options)
    return stream.getvalue()


def format_named(name: str) -> Codec:
    """Return the format with a name or suffix, in upper or lower case ("JPEG", "jpg", ".jpg").

    Raises:
        OutputError: no format that can be written has this name.
    """
    key = WRITABLE_SUFFIXES.get(f".{name.lower().lstrip('.')}", name.upper())
    if key not in FORMATS:
        raise OutputError(f"expected one of the formats {known_formats()}; received {name!r}")
    return FORMATS[key]


def format_of(path: PurePath) -> Codec:
    """Return the format of a path's suffix.

    Raises:
        OutputError: the path has no suffix, or an unknown one.
    """
    suffix = path.suffix.lower()
    if suffix not in WRITABLE_SUFFIXES:
        received = f"the suffix {suffix!r}" if suffix else "no suffix"
        missing = NOT_INSTALLED.get(suffix)
        if missing and not missing.written_as:
            received += f". Install photochrom[{missing.extra}] to write it"
        raise OutputError(
            f"expected a name that ends like one of {known_formats()}; {path} has {received}"
        )
    return FORMATS[WRITABLE_SUFFIXES[suffix]]
