"""Colours that the photographs of an album share, so that the same things are coloured alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from photochrom.color import FloatArray
    from photochrom.guidance.reference import Reference

__all__ = ["SharedColors"]

_SKETCH_SIDE: Final = 6  # a photograph is compared with all others by this many rows and columns
# Mean similarity of the sketches of two photographs that share colours. Copies of one photograph,
# cropped or exposed differently, are above it in 99 of 100 pairs, different ones in 1 of 100.
_MIN_SIMILARITY: Final = 0.86
_IDENTICAL: Final = 0.9999  # the photograph itself, or a copy of its file
_MAX_RELATED: Final = 6  # photographs that one shares colours with
_TEMPERATURE: Final = 0.1  # units of cosine similarity: how fast the weight of a place falls
_GIVEN_WEIGHT: Final = 100.0  # of a colour that a person has given, beside a predicted one


@dataclass(frozen=True, eq=False)
class _Photograph:
    """What others need of a photograph.

    Attributes:
        features: (h, w, F) float16, unit vectors.
        chroma: (h, w, 2) float32.
        given: how far the chroma was given by hints, (h, w) float32 in [0, 1]; None if it was not.
        sketch: the features in few places, (36, F) float32, unit vectors.
    """

    features: npt.NDArray[np.float16]
    chroma: FloatArray
    given: FloatArray | None
    sketch: FloatArray

    @classmethod
    def of(cls, photograph: Reference) -> _Photograph:
        features = photograph.features
        small, sketch = features.astype(np.float16), _sketch(features)
        return cls(small, photograph.chroma, photograph.given, sketch)


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
        self._photographs = tuple(map(_Photograph.of, photographs))

    @classmethod
    def joined(cls, albums: Iterable[SharedColors]) -> SharedColors:
        """Return the colours of several albums as those of one; nothing is copied."""
        return cls._of(each for album in albums for each in album)

    def __iter__(self) -> Iterator[_Photograph]:
        return iter(self._photographs)

    @classmethod
    def _of(cls, photographs: Iterable[_Photograph]) -> SharedColors:
        album = cls()
        album._photographs = tuple(photographs)
        return album

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
        if not related:
            return chroma
        own = cv2.resize(chroma, features.shape[1::-1], interpolation=cv2.INTER_AREA)
        sums = _weighted_sums(features, features, np.asarray(own), None)
        for other in related:
            theirs = other.features.astype(np.float32)
            sums += _weighted_sums(features, theirs, other.chroma, other.given)
        change = (sums[..., :2] / sums[..., 2:] - own).astype(np.float32)
        # The change is smooth, so the finer detail of the photograph's own chroma stays.
        return np.asarray(
            chroma + cv2.resize(change, chroma.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        )

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


def _sketch(features: FloatArray) -> FloatArray:
    """Reduce features, (h, w, F), to few unit vectors, (36, F) float32."""
    size = (_SKETCH_SIDE, _SKETCH_SIDE)
    planes = features.transpose(2, 0, 1)  # OpenCV resizes few channels at once
    small = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes]
    vectors = np.stack(small, -1).reshape(_SKETCH_SIDE**2, -1)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def _weighted_sums(
    features: FloatArray, others: FloatArray, chroma: FloatArray, given: FloatArray | None
) -> FloatArray:
    """Return, for each place, the sum of other places' chroma by similarity, and of the weights.

    Args:
        features: (h, w, F) float32, unit vectors.
        others: (h', w', F) float32, unit vectors.
        chroma: (h', w', 2) float32.
        given: how far the chroma was given by hints, (h', w') float32 in [0, 1], or None.

    Returns:
        (h, w, 3) float32.
    """
    values = np.concatenate([chroma, np.ones((*chroma.shape[:2], 1), np.float32)], -1)
    values = values.reshape(-1, 3)
    likeness = features.reshape(-1, features.shape[-1]) @ others.reshape(-1, others.shape[-1]).T
    likeness -= 1
    likeness *= np.float32(1 / _TEMPERATURE)
    np.exp(likeness, out=likeness)
    sums = likeness @ values
    if given is not None:
        # Squared, it falls twice as fast, so that what looks less alike does not take the colour.
        np.square(likeness, out=likeness)
        sums += likeness @ (values * (given.reshape(-1, 1) * np.float32(_GIVEN_WEIGHT)))
    return np.asarray(sums.reshape(*features.shape[:2], 3))
