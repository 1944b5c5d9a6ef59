"""How a TIFF page stores its samples, and which ways of storing them are not supported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from photochrom.errors import UnreadablePhoto, UnsupportedPhoto
from photochrom.photo.codecs.base import depth_error

__all__ = ["WHITE_IS_ZERO", "Layout", "check_layout"]

_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR = 258, 259, 262, 277, 284
_EXTRA_SAMPLES, _SAMPLE_FORMAT = 338, 339
_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES = 273, 279, 324, 325

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
_COLORS: Final = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3}
_OTHER_SPACES: Final = {
    4: "a transparency mask",
    8: "CIELAB",
    9: "ICCLAB",
    10: "ITULAB",
    32803: "a colour filter array",
    32844: "LogL",
    32845: "LogLuv",
    34892: "linear raw samples",
    51177: "a depth map",
}
_UNCOMPRESSED: Final = 1
_CCITT: Final = (2, 3, 4, 32771)
_JPEG: Final = (6, 7)
# none, CCITT, LZW, JPEG (old and new), Deflate, PackBits, ThunderScan, Deflate, LZMA, Zstandard
_COMPRESSIONS: Final = (_UNCOMPRESSED, *_CCITT, 5, *_JPEG, 8, 32773, 32809, 32946, 34925, 50000)
_OTHER_COMPRESSIONS: Final = {
    22610: "JPEG XR",
    32766: "NeXT",
    33003: "JPEG 2000",
    33004: "JPEG 2000",
    33005: "JPEG 2000",
    33007: "JPEG",
    34661: "JBIG",
    34676: "SGI Log",
    34677: "SGI Log 24",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG",
    34933: "PNG",
    34934: "JPEG XR",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_UNSPECIFIED, _ASSOCIATED, _UNASSOCIATED = 0, 1, 2


@dataclass(frozen=True)
class Layout:
    """How a page stores its samples.

    Attributes:
        photometric: the photometric interpretation; -1 if it is not given and not obvious.
        bits: bits of each sample.
        samples: samples of a pixel, with the extra ones.
        extra: what each extra sample means (ExtraSamples).
        is_planar: whether each sample has a plane of its own.
        compression: number of the compression.
    """

    photometric: int
    bits: tuple[int, ...]
    samples: int
    extra: tuple[int, ...]
    is_planar: bool
    compression: int

    @classmethod
    def parse(cls, directory: Any) -> Layout:
        """Read the tags of a page.

        If there is no photometric interpretation, it is assumed as libtiff does. If the meaning of
        extra samples is not given, the first is alpha, as in most programs.
        """
        bits = tuple(directory.get(_BITS, (1,)))
        samples = int(directory.get(_SAMPLES, len(bits)))
        extra = tuple(directory.get(_EXTRA_SAMPLES, ()))
        compression = int(directory.get(_COMPRESSION, _UNCOMPRESSED))
        photometric = directory.get(_PHOTOMETRIC)
        if photometric is None:
            grey = WHITE_IS_ZERO if compression in _CCITT else BLACK_IS_ZERO
            color = -1 if compression in _JPEG else RGB  # it could be YCbCr as well as RGB
            photometric = {1: grey, 3: color}.get(samples - len(extra), -1)
        number = max(0, samples - _COLORS.get(photometric, samples))
        if not extra:
            extra = (_UNASSOCIATED,)
        extra = (extra + (_UNSPECIFIED,) * min(number, 8))[:number]
        is_planar = samples > 1 and directory.get(_PLANAR, 1) == 2
        return cls(int(photometric), bits, samples, extra, is_planar, compression)

    @property
    def colors(self) -> int:
        """How many samples of a pixel are grey or colour."""
        return self.samples - len(self.extra)

    @property
    def is_plain(self) -> bool:
        """Whether the samples are grey or RGB of 8 or 16 bits."""
        return self.photometric <= RGB and self.bits[0] in (8, 16)

    @property
    def alpha(self) -> int | None:
        """Which sample is alpha."""
        kinds = (kind for kind in self.extra if kind != _UNSPECIFIED)
        kind = next(kinds, None)
        return None if kind is None else self.colors + self.extra.index(kind)

    @property
    def is_premultiplied(self) -> bool:
        """Whether grey or colour has been multiplied by alpha (associated alpha)."""
        return self.alpha is not None and self.extra[self.alpha - self.colors] == _ASSOCIATED

    def tags_for_pillow(self) -> dict[int, Any]:
        """Return the tags with which Pillow decodes all samples of a page as they are stored.

        Pillow knows few combinations, and divides by alpha with 8 bits only. So plain samples are
        given to it as grey, grey with alpha, RGB or RGBA, whatever they are. Pairs of 16-bit
        samples are given to it as four bytes.
        """
        tags: dict[int, Any] = {_PHOTOMETRIC: self.photometric, _SAMPLE_FORMAT: 1}
        if not self.is_plain:
            return tags
        bits, samples = self.bits[0], self.samples
        if (bits, samples) == (16, 2):
            bits, samples = 8, 4
        tags[_PHOTOMETRIC] = RGB if samples > 2 else BLACK_IS_ZERO
        tags[_BITS], tags[_SAMPLES] = (bits,) * samples, samples
        extra = samples - (3 if samples > 2 else 1)
        tags[_EXTRA_SAMPLES] = (_UNASSOCIATED, *(_UNSPECIFIED,) * (extra - 1)) if extra else ()
        return tags


def check_layout(layout: Layout, directory: Any, size: int, name: str) -> None:
    """Check that a page stores samples in a way that is supported.

    Args:
        layout: the layout of the page.
        directory: the tags of the page.
        size: size of the file in bytes.
        name: the photograph's name in messages.

    Raises:
        UnreadablePhoto: the page is truncated.
        UnsupportedPhoto: its samples are not supported.
    """
    if layout.compression not in _COMPRESSIONS:
        other = _OTHER_COMPRESSIONS.get(layout.compression, f"number {layout.compression}")
        raise UnsupportedPhoto(f"the TIFF compression {other} is not supported; {name} has it")
    _check_depth(layout, directory, name)
    _check_space(layout, name)
    _check_end(layout, directory, size, name)


def _check_depth(layout: Layout, directory: Any, name: str) -> None:
    """Refuse samples that are not unsigned integers of at most 16 bits."""
    formats = set(directory.get(_SAMPLE_FORMAT, (1,)))
    if not formats <= {1, 4}:
        kind = "floating-point" if 3 in formats else "signed or complex"
        raise UnsupportedPhoto(f"expected unsigned samples; {name} has {kind} ones")
    bits = set(layout.bits)
    if len(bits) != 1 or not bits <= {1, 2, 4, 8, 16}:
        raise depth_error(name, "/".join(map(str, sorted(bits))))


def _check_space(layout: Layout, name: str) -> None:
    """Refuse unknown colour spaces, and samples that Pillow cannot decode in a known one."""
    bits, space = layout.bits[0], layout.photometric
    if space not in _COLORS:
        other = _OTHER_SPACES.get(space, f"photometric interpretation {space}")
        if space < 0:
            other = f"{layout.samples} samples per pixel without a photometric interpretation"
        raise UnsupportedPhoto(f"{other} in a TIFF is not supported; {name} has it")
    if bits == 16 and space == CMYK:
        raise UnsupportedPhoto(f"expected CMYK of 8 bits per sample; {name} has 16")
    if space == YCBCR and (layout.compression == _UNCOMPRESSED or layout.is_planar):
        kind = "YCbCr in separate planes" if layout.is_planar else "uncompressed YCbCr"
        raise UnsupportedPhoto(f"{kind} in a TIFF is not supported; {name} has it")
    if layout.samples < _COLORS[space]:
        raise UnreadablePhoto(f"{name} is damaged: it has too few samples per pixel")
    is_wide = layout.samples > (4 if bits == 16 else 6) or (layout.alpha or 0) > 3
    if is_wide and not layout.is_planar:
        raise _samples_error(layout, name)
    if layout.extra and not layout.is_plain and ((space == CMYK and layout.alpha) or bits < 8):
        raise _samples_error(layout, name)


def _samples_error(layout: Layout, name: str) -> UnsupportedPhoto:
    """Return the error for too many samples per pixel."""
    alpha = "" if layout.alpha is None else ", one of them alpha,"
    return UnsupportedPhoto(
        f"{layout.samples} samples per pixel{alpha} of {layout.bits[0]} bits in this TIFF are not "
        f"supported; {name} has them"
    )


def _check_end(layout: Layout, directory: Any, size: int, name: str) -> None:
    """Find truncation before the decoder does, which would not say at which byte."""
    offsets = directory.get(_STRIP_OFFSETS) or directory.get(_TILE_OFFSETS) or ()
    counts = directory.get(_STRIP_BYTES) or directory.get(_TILE_BYTES) or ()
    end = max((a + b for a, b in zip(offsets, counts, strict=False)), default=0)
    if layout.compression != _UNCOMPRESSED and end > size:
        raise UnreadablePhoto(
            f"{name} is damaged or truncated: its pixels end at byte {end:,}, the file at {size:,}"
        )
