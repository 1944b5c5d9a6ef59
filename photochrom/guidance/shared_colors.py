"""Colours that the photographs of an album share, so that the same things are coloured alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from photochrom.color import FloatArray
    from photochrom.guidance.reference import Reference

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


@dataclass(frozen=True, eq=False)
class CompactReference:
    """A photograph with its colours, in half the memory of a `Reference`.

    Attributes:
        features: (h, w, F) float16, unit vectors.
        chroma: (h, w, 2) float32, in the units of the network's colour space.
    """

    features: npt.NDArray[np.float16]
    chroma: FloatArray

    @classmethod
    def of(cls, reference: Reference) -> CompactReference:
        """Make a compact copy of a reference."""
        return cls(reference.features.astype(np.float16), reference.chroma)


class SharedColors:
    """The colours of an album, which each of its photographs can be coloured with.

    Two photographs are related if the network's features of one have counterparts in the other: a
    second print of the same negative, or other pictures of the same people, room or place. Each
    place of a photograph then gets the mean colour of the places that look like it, in this
    photograph and in those that are related to it. What looks like nothing else keeps its colour.
    """

    def __init__(self, photographs: Iterable[Reference]) -> None:
        """Collect the colours of an album.

        Args:
            photographs: each photograph with its predicted colours, from
                `Prediction.as_references`. About 0.2 MB are kept for each.
        """
        self._photographs: list[CompactReference] = []
        sketches: list[FloatArray] = []
        for each in photographs:
            self._photographs.append(CompactReference.of(each))
            sketches.append(_sketch(each.features))
        self._sketches = np.stack(sketches) if sketches else None

    def __len__(self) -> int:
        """Return the number of photographs."""
        return len(self._photographs)

    def mix(self, features: FloatArray, chroma: FloatArray) -> FloatArray:
        """Return the chroma of a photograph, mixed with that of the related ones.

        Args:
            features: the network's features of the photograph, (h, w, F) float32, unit vectors.
            chroma: its chroma, (h', w', 2) float32, in the units of the model's colour space.

        Returns:
            (h', w', 2) float32.
        """
        return mixed(features, chroma, self._related(features))

    def _related(self, features: FloatArray) -> list[CompactReference]:
        """Return the photographs that share colours with one, the most similar first."""
        if self._sketches is None:
            return []
        similarity = np.tensordot(_sketch(features), self._sketches, ((1,), (2,)))  # (s, n, s)
        # The mean over both directions: how well each finds its places in the other.
        scores = (similarity.max(2).mean(0) + similarity.max(0).mean(1)) / 2
        order = np.argsort(-scores, kind="stable")
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
    sums = _weighted(features, features, np.asarray(own))
    for other in others:
        sums += _weighted(features, other.features.astype(np.float32), other.chroma)
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


def _weighted(features: FloatArray, others: FloatArray, chroma: FloatArray) -> FloatArray:
    """Return the colour that each place has in another photograph, times a weight, and the weight.

    Args:
        features: (h, w, F) float32, unit vectors.
        others: features of the other photograph, (h', w', F) float32, unit vectors.
        chroma: chroma of the other photograph, (h', w', 2) float32.

    Returns:
        (h, w, 3) float32.
    """
    similarity = features.reshape(-1, features.shape[-1]) @ others.reshape(-1, others.shape[-1]).T
    best = similarity.max(1, keepdims=True)
    similarity -= best
    similarity *= np.float32(1 / _PLACE_TEMPERATURE)
    shares = np.exp(similarity, out=similarity)
    values = np.concatenate([chroma, np.ones((*chroma.shape[:2], 1), np.float32)], -1)
    sums = shares @ values.reshape(-1, 3)
    weights = np.exp((best - 1) / np.float32(_PHOTO_TEMPERATURE)) / sums[:, 2:]
    return np.asarray((sums * weights).reshape(*features.shape[:2], 3))
