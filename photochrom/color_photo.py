"""A coloured photograph, ready to be saved."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np
from PIL import Image

from photochrom import photo
from photochrom.errors import OutputError
from photochrom.photo.codecs import format_named
from photochrom.photo.label import LabelledChroma, labelled_luma
from photochrom.photo.output_profile import output_profile, profile_of
from photochrom.photo.photo import Picture, eight_bits

if TYPE_CHECKING:
    from photochrom.color import IntArray
    from photochrom.photo import Metadata
    from photochrom.photo.encoding import Chroma
    from photochrom.photo.pixels import EncodedLuma

__all__ = ["ColorPhoto"]


@dataclass(frozen=True, eq=False)
class ColorPhoto(Picture):
    """A coloured photograph: the luma of the original, and the colours laid over it.

    Attributes:
        luma: BT.601 Y' of the original, unchanged unless it was repaired, (H, W) uint8 or uint16.
        chroma: the predicted colours, as functions of luma.
        alpha: (H, W) of the dtype of `luma`, or None.
        metadata: metadata of the original, with a note that the colours are computer-generated.
        format: file format of the original, for example "JPEG".
        mean_chroma: mean distance of the colours from grey, in Lab units.
        icc: the profile of the scan's own colours; None without one.
        in_color: number of photographs on an album page that were in colour and stay as they are.
        repaired: what was repaired before colouring, which has changed luma; "" for nothing.
        encoded: the grey file that luma was decoded from, if its compressed luma can be kept.
    """

    luma: IntArray = field(repr=False)
    chroma: Chroma = field(repr=False)
    alpha: IntArray | None = field(repr=False)
    metadata: Metadata = field(repr=False)
    format: str
    mean_chroma: float
    icc: bytes | None = field(default=None, repr=False)
    in_color: int = 0
    repaired: str = ""
    encoded: EncodedLuma | None = field(default=None, repr=False)

    @cached_property
    def rgb(self) -> IntArray:
        """sRGB, (H, W, 3) of the dtype of `luma`; its luma is within one level of `luma`."""
        return self.chroma.rgb(self.luma)

    def _rgb(self) -> IntArray:
        return self.rgb

    def save(
        self,
        destination: str | os.PathLike[str] | BinaryIO,
        *,
        format: str | None = None,  # noqa: A002
        quality: int | None = None,
        overwrite: bool = False,
    ) -> None:
        """Write the photograph with its metadata, completely or not at all.

        Args:
            destination: a path, or a binary file object.
            format: a key of `photo.FORMATS`. By default the suffix of the path decides; for a
                file object, the format of the original.
            quality: 1 to 100 for JPEG, WebP, AVIF and HEIC; None for the format's default.
            overwrite: whether an existing file may be replaced.

        Raises:
            OutputExists: the file exists and `overwrite` is False.
            OutputError: the file cannot be written, or not in this format.
            ConfigError: `quality` is out of range.
        """
        if format is None and not isinstance(destination, str | os.PathLike):
            format = self.format  # noqa: A001

        def encode(name: str) -> bytes:
            return self.encode(name, quality=quality)

        photo.deliver(destination, encode, format=format, overwrite=overwrite)

    def encode(self, format: str | None = None, *, quality: int | None = None) -> bytes:  # noqa: A002
        """Return the bytes of an image file.

        Args:
            format: a key of `photo.FORMATS`; None for the format of the original.
            quality: 1 to 100 for JPEG, WebP, AVIF and HEIC; None for the format's default.

        Raises:
            OutputError: the format is unknown or cannot hold this photograph, or it was repaired,
                and the format has no metadata that could say so.
            ConfigError: `quality` is out of range.
        """
        codec = format_named(format or self.format)
        if self.repaired and "xmp" not in codec.keeps:
            raise OutputError(
                f"expected a format whose metadata can say that the photograph was repaired, such "
                f"as PNG or JPEG; received {codec.name}"
            )
        return photo.encode_colored(
            self.luma,
            self.chroma,
            format=format or self.format,
            alpha=self.alpha,
            metadata=self.metadata,
            quality=quality,
            encoded=self.encoded,
        )

    def metadata_lost(self, format: str | None = None) -> tuple[str, ...]:  # noqa: A002
        """Name the metadata of the original that a file of the photograph does not carry over.

        Args:
            format: as in `encode`.

        Returns:
            Names for people, for example "IPTC" or "text Title"; nothing if all is kept.

        Raises:
            OutputError: the format is unknown.
        """
        return photo.metadata_lost(self.metadata, format or self.format)

    def in_profile(self, name: str) -> ColorPhoto:
        """Return the same photograph, to be saved and encoded in another colour space.

        A viewer shows the same colours, with the same luma within a level or two. In an RGB file
        of sRGB and Display P3, grey has the same numbers as before.

        Args:
            name: a member of `photo.output_profile.PROFILES`, or "keep" for the space of the
                original's own profile, if it has one that can hold colours.

        Raises:
            ConfigError: there is no such colour space.
        """
        if name == "srgb":
            return replace(self, metadata=replace(self.metadata, icc=None))
        if name == "keep":
            profile = profile_of(self.icc) if self.icc else None
        else:
            profile = output_profile(name)
        icc = profile.icc if profile else None
        return replace(self, metadata=replace(self.metadata, icc=icc))

    def labelled(self) -> ColorPhoto:
        """Return the photograph with a strip below it that says "Colours guessed by a machine".

        The photograph itself stays as it is; the strip makes it a little higher.
        """
        luma, alpha = labelled_luma(self.luma), self.alpha
        if alpha is not None:
            strip = ((0, len(luma) - len(alpha)), (0, 0))
            opaque = np.iinfo(alpha.dtype).max
            alpha = cast("IntArray", np.pad(alpha, strip, constant_values=opaque))
        chroma = LabelledChroma(self.chroma, len(self.luma))
        return replace(self, luma=luma, chroma=chroma, alpha=alpha)

    def to_pil(self) -> Image.Image:
        """Return an 8-bit Pillow image, RGB or RGBA."""
        planes = [self.rgb] if self.alpha is None else [self.rgb, self.alpha[..., None]]
        return Image.fromarray(eight_bits(cast("IntArray", np.concatenate(planes, -1))))
