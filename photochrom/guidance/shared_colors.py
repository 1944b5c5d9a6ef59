"""Colours that the photographs of an album share, so that the same things are coloured alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt

from photochrom.guidance.reference import Reference

if TYPE_CHECKING:
    from photochrom.color import FloatArray

__all__ = ["CompactReference", "SharedColors", "mixed"]

_SKETCH_SIDE: Final = 6  # a photograph is compared with all others by this many rows and columns
# Mean similarity of the sketches of two photographs that share colours. Copies of one photograph,
# cropped or exposed differently, are above it in 99 of 100 pairs, different ones in 1 of 100.
_MIN_SIMILARITY: Final = 0.86
_IDENTICAL: Final = 0.9999  # the photograph itself, or a copy of its file
_MAX_RELATED: Final = 6  # photographs that one shares colours with
# How fast weights fall with similarity, in units of cosine similarity: among the places of one
# photograph, so that neighbours of another colour have little part, and among photographs.
_PLACE_TEMPERATURE: Final = 0.03
_PHOTO_TEMPERATURE: Final = 0.2
# A colour that a person has given counts this many times as much as a predicted one where places
# are equal. Its weight falls faster, so that what looks less alike does not take the colour.
_GIVEN_WEIGHT: Final = 100.0
_GIVEN_TEMPERATURE: Final = 0.1


@dataclass(frozen=True, eq=False)
class CompactReference:
    """A photograph with its colours, in half the memory of a `Reference`.

    Attributes:
        features: (h, w, F) float16, unit vectors.
        chroma: (h, w, 2) float32, in the units of the network's colour space.
        given: how far the chroma was given by hints, (h, w) float32 in [0, 1]; None if it was not.
    """

    features: npt.NDArray[np.float16]
    chroma: FloatArray
    given: FloatArray | None = None

    @classmethod
    def of(cls, reference: Reference) -> CompactReference:
        """Make a compact copy of a reference."""
        return cls(reference.features.astype(np.float16), reference.chroma, reference.given)


@dataclass(frozen=True, eq=False)
class _Photograph:
    """A photograph of an album, and its features in few places, (36, F) float32, unit vectors."""

    reference: CompactReference
    sketch: FloatArray


class SharedColors:
    """The colours of an album, which each of its photographs can be coloured with.

    Two photographs are related if the network's features of one have counterparts in the other: a
    second print of the same negative, or other pictures of the same people, room or place. Each
    place of a photograph then gets the mean colour of the places that look like it, in this
    photograph and in those that are related to it. What looks like nothing else keeps its colour.
    """

    def __init__(self, photographs: Iterable[Reference] = ()) -> None:
        """Collect the colours of an album.

        Args:
            photographs: each photograph with its predicted colours, from
                `Prediction.as_references`. About 0.2 MB are kept for each.
        """
        self._photographs = tuple(
            _Photograph(CompactReference.of(each), _sketch(each.features)) for each in photographs
        )

    @classmethod
    def joined(cls, albums: Iterable[SharedColors]) -> SharedColors:
        """Return the colours of several albums as those of one; nothing is copied."""
        return cls._of(each for album in albums for each in album)

    @classmethod
    def _of(cls, photographs: Iterable[_Photograph]) -> SharedColors:
        album = cls()
        album._photographs = tuple(photographs)
        return album

    def __iter__(self) -> Iterator[_Photograph]:
        return iter(self._photographs)

    def __len__(self) -> int:
        """Return the number of photographs."""
        return len(self._photographs)

    def __eq__(self, other: object) -> bool:
        """Return whether two albums hold the very same photographs, in the same order."""
        if not isinstance(other, SharedColors):
            return NotImplemented
        return self._photographs == other._photographs

    def __hash__(self) -> int:
        """Return a hash that is the same for equal albums."""
        return hash(self._photographs)

    def related_to(self, others: SharedColors) -> SharedColors:
        """Return the photographs that others share colours with, which is all that they need."""
        needed = {each for other in others for each in self._related(other.sketch)}
        return self._of(each for each in self if each in needed)

    def mix(self, features: FloatArray, chroma: FloatArray) -> FloatArray:
        """Return the chroma of a photograph, mixed with that of the related ones.

        Args:
            features: the network's features of the photograph, (h, w, F) float32, unit vectors.
            chroma: its chroma, (h', w', 2) float32, in the units of the model's colour space.

        Returns:
            (h', w', 2) float32.
        """
        related = self._related(_sketch(features))
        return mixed(features, chroma, [each.reference for each in related])

    @cached_property
    def _sketches(self) -> FloatArray:
        """Sketches of all photographs, (n, s, F) float32."""
        return np.stack([each.sketch for each in self._photographs])

    def _related(self, sketch: FloatArray) -> list[_Photograph]:
        """Return the photographs that one with this sketch shares colours with."""
        if not self._photographs:
            return []
        similarity = np.tensordot(sketch, self._sketches, ((1,), (2,)))  # (s, n, s)
        # The mean over both directions: how well each finds its places in the other.
        scores = (similarity.max(2).mean(0) + similarity.max(0).mean(1)) / 2
        order = np.argsort(-scores, kind="stable")  # the most similar first
        is_related = (scores > _MIN_SIMILARITY) & (scores < _IDENTICAL)
        return [self._photographs[index] for index in order if is_related[index]][:_MAX_RELATED]


def mixed(
    features: FloatArray, chroma: FloatArray, others: Sequence[CompactReference]
) -> FloatArray:
    """Return the chroma of a photograph, mixed with that of the same things in other photographs.

    Args:
        features: the network's features of the photograph, (h, w, F) float32, unit vectors.
        chroma: its chroma, (h', w', 2) float32, in the units of the model's colour space.
        others: the other photographs; without any, nothing changes.

    Returns:
        (h', w', 2) float32.
    """
    if not others:
        return chroma
    own = cv2.resize(chroma, features.shape[1::-1], interpolation=cv2.INTER_AREA)
    sums = _weighted(features, Reference(features, np.asarray(own)))
    for other in others:
        sums += _weighted(features, other)
    change = (sums[..., :2] / sums[..., 2:] - own).astype(np.float32)
    # The change is smooth, so the finer detail of the photograph's own chroma stays.
    return np.asarray(
        chroma + cv2.resize(change, chroma.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    )


def _sketch(features: FloatArray) -> FloatArray:
    """Reduce features, (h, w, F), to few unit vectors, (36, F) float32."""
    size = (_SKETCH_SIDE, _SKETCH_SIDE)
    planes = features.transpose(2, 0, 1)  # OpenCV resizes few channels at once
    small = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes]
    vectors = np.stack(small, -1).reshape(_SKETCH_SIDE**2, -1)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def _weighted(features: FloatArray, other: Reference | CompactReference) -> FloatArray:
    """Return the colour that each place has in another photograph, times a weight, and the weight.

    Args:
        features: (h, w, F) float32, unit vectors.
        other: the other photograph, or the same one.

    Returns:
        (h, w, 3) float32.
    """
    theirs = other.features.astype(np.float32, copy=False).reshape(-1, features.shape[-1])
    similarity = features.reshape(-1, features.shape[-1]) @ theirs.T
    best = similarity.max(1, keepdims=True)
    similarity -= best
    similarity *= np.float32(1 / _PLACE_TEMPERATURE)
    shares = np.exp(similarity, out=similarity)
    shares /= shares.sum(1, keepdims=True)
    weight = np.exp((best - 1) / np.float32(_PHOTO_TEMPERATURE))
    if other.given is not None:
        given = shares @ other.given.reshape(-1, 1)
        weight += given * _GIVEN_WEIGHT * np.exp((best - 1) / np.float32(_GIVEN_TEMPERATURE))
    chroma = shares @ other.chroma.reshape(-1, 2)
    return np.concatenate([chroma * weight, weight], -1).reshape(*features.shape[:2], 3)
