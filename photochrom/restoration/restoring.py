"""Repair a photograph where damage is found."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt

from photochrom import color
from photochrom.errors import ConfigError, ConfigTypeError
from photochrom.photo.photo import Photo, eight_bits
from photochrom.photo.provenance import with_edit
from photochrom.photo.reading import read
from photochrom.restoration.detection import damage_probability, working_size
from photochrom.restoration.fading import faded_levels, stretched
from photochrom.restoration.inpainting import fill_in
from photochrom.restoration.marks import Marks, find_marks

if TYPE_CHECKING:
    from photochrom.color import IntArray
    from photochrom.photo.reading import Source
    from photochrom.restoration.fading import Levels

__all__ = ["REPAIRS", "Restoration", "check_repairs", "parse_repairs", "restore"]

REPAIRS: Final = ("dust", "scratches", "fading")
"""What can be repaired. Scratches include cracks, creases and hairs."""

_BAND: Final = 256  # rows
_SMALLEST: Final = 16  # pixels of the shorter side: too few to tell damage from details
_EDGE: Final = 1.5  # pixels around a mark, in the working size, that are filled in with it


@dataclass(frozen=True, eq=False)
class Restoration:
    """A photograph after repair, and what was repaired.

    Attributes:
        photo: the photograph; the one that was given, if nothing was found.
        mask: the pixels that were filled in, (H, W).
        dust: number of specks that were filled in.
        scratches: number of scratches, cracks and hairs that were filled in.
        levels: the darkest and the lightest level of a faded print, from 0 to 1, which are nearly
            black and nearly white now; None if it had not faded.
    """

    photo: Photo
    mask: npt.NDArray[np.bool_] = field(repr=False)
    dust: int = 0
    scratches: int = 0
    levels: Levels | None = None

    def __bool__(self) -> bool:
        """Return whether anything was repaired."""
        return bool(self.dust or self.scratches or self.levels)

    def __str__(self) -> str:
        """Say what was repaired, for example "2 specks and 1 scratch filled in"."""
        counts = [(self.dust, "speck", "s"), (self.scratches, "scratch", "es")]
        marks = [f"{n} {noun}{plural * (n != 1)}" for n, noun, plural in counts if n]
        parts = [f"{' and '.join(marks)} filled in"] if marks else []
        if self.levels:
            black, white = (round(level * 255) for level in self.levels)
            parts.append(f"contrast of a faded print restored (levels {black} to {white})")
        return ", ".join(parts)


def check_repairs(repairs: Collection[str]) -> None:
    """Check the names of repairs.

    Raises:
        ConfigTypeError: `repairs` is not a sequence of names.
        ConfigError: a name is not one of `REPAIRS`.
    """
    if isinstance(repairs, str) or not isinstance(repairs, Collection):
        raise ConfigTypeError(f"expected a sequence of repairs; received {repairs!r}")
    unknown = [each for each in repairs if each not in REPAIRS]
    if unknown:
        received = ", ".join(map(repr, unknown))
        raise ConfigError(f"expected some of {', '.join(REPAIRS)}; received {received}")


def parse_repairs(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the repairs that texts such as "dust,scratches" name, or all for "all".

    Raises:
        ConfigError: a name is not one of `REPAIRS`.
    """
    names = [name.strip().lower() for text in texts for name in text.split(",")]
    repairs = REPAIRS if names == ["all"] else tuple(dict.fromkeys(filter(None, names)))
    check_repairs(repairs)
    return repairs


def restore(
    source: Source | Photo, repairs: Collection[str] = REPAIRS, *, name: str | None = None
) -> Restoration:
    """Find damage in a photograph, and repair it. This changes luma.

    Args:
        source: a `Photo`, or what `photochrom.read` takes.
        repairs: some of `REPAIRS`.
        name: the photograph's name in messages; None for its path.

    Returns:
        The photograph with a note in its metadata, or unchanged if nothing was found.

    Raises:
        ConfigError: a repair is not known.
        PhotoError: the photograph cannot be read.
        InvalidModel: the detector cannot run.
    """
    check_repairs(repairs)
    photo = source if isinstance(source, Photo) else read(source, name=name)
    if not repairs or min(photo.luma.shape) < _SMALLEST:
        return Restoration(photo, np.zeros(photo.luma.shape, bool))
    luma = photo.luma
    found = dict(zip(("dust", "scratches"), _find(luma), strict=True))
    chosen = {name: marks for name, marks in found.items() if name in repairs and marks.count}
    mask = _at_full_size(chosen.values(), luma.shape)
    if chosen:
        luma = fill_in(luma, mask)
    levels = faded_levels(luma, _unfaded(photo, found.values())) if "fading" in repairs else None
    if levels:
        luma = stretched(luma, levels)
    counts = {name: marks.count for name, marks in chosen.items()}
    result = Restoration(photo, mask, **counts, levels=levels)
    if not result:
        return result
    metadata = with_edit(photo.metadata, str(result))
    repaired = f"{photo.repaired}; {result}" if photo.repaired else str(result)
    edited = replace(_with_luma(photo, luma), metadata=metadata, repaired=repaired)
    return replace(result, photo=edited)


def _unfaded(photo: Photo, marks: Collection[Marks]) -> npt.NDArray[np.bool_] | None:
    """Return where a scan shows something else than the print: marks, and what is transparent."""
    present = [each for each in marks if each.count]
    hidden = None if photo.alpha is None else photo.alpha == 0
    if not present:
        return hidden
    mask = _at_full_size(present, photo.luma.shape)
    return mask if hidden is None else mask | hidden


def _find(luma: IntArray) -> tuple[Marks, Marks]:
    """Return the dust and the scratches in a scan, in its working size."""
    height, width = luma.shape
    size = working_size(width, height)
    small = eight_bits(luma)
    if size != (width, height):
        way = cv2.INTER_AREA if size < (width, height) else cv2.INTER_CUBIC
        small = np.asarray(cv2.resize(small, size, interpolation=way), np.uint8)
    return find_marks(small, damage_probability(small))


def _at_full_size(marks: Collection[Marks], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Join the masks of marks, with what is just around them, in the size of the scan."""
    if not marks:
        return np.zeros(shape, bool)
    height, width = shape
    small = np.logical_or.reduce([each.mask for each in marks]).astype(np.uint8)
    full = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    edge = max(1, round(_EDGE * width / small.shape[1]))
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * edge + 1, 2 * edge + 1))
    return np.asarray(cv2.dilate(full, around) > 0)


def _with_luma(photo: Photo, luma: IntArray) -> Photo:
    """Return a photograph with another luma; its tint or its colours stay."""
    if photo.color is None:
        return replace(photo, luma=luma)
    result, top = photo.color.copy(), np.iinfo(luma.dtype).max
    changed = luma != photo.luma
    for start in range(0, len(luma), _BAND):  # so that little memory is needed
        rows = slice(start, start + _BAND)
        if changed[rows].any():
            rgb = np.divide(result[rows], top, dtype=np.float32)
            merged = color.merge(luma[rows], color.rgb_to_ycbcr(rgb)[..., 1:], "ycbcr")
            np.copyto(result[rows], merged, where=changed[rows][..., None])
    return replace(photo, luma=luma, color=result)
