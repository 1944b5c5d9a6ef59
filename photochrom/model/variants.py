"""Several different colourings from one distribution.

Pixels whose distributions are similar form a region. Each region has a most likely colour and
others that are likely, too. Each colouring differs from the first in the colour of one region,
not of single pixels; the most likely and largest changes come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from photochrom.color import FloatArray
    from photochrom.model.card import DecodingParams
    from photochrom.model.distribution import Distribution

__all__ = ["variants"]

_HUE_REGIONS: Final = 6  # regions that k-means begins with, by hue; one more is for greys
_GREY_CHROMA: Final = 6.0  # ab units; below that a pixel counts as grey
_KMEANS_ROUNDS: Final = 6
_BIN_SPREAD: Final = 12.0  # ab units: standard deviation by which neighbouring bins are pooled
_MIN_DISTANCE: Final = 28.0  # ab units between a region's colour and another colour for it
_TARGET_SPREAD: Final = 24.0  # ab units: standard deviation around a region's new colour
_PULL_STRENGTH: Final = 4  # factor on the logits that draw a region to its new colour
_COLORS_PER_REGION: Final = 2  # other colours that are tried for a region
_MIN_AREA: Final = 1 / 100  # share of the picture; smaller regions keep their colour
# Directions in ab: warmer, cooler and rosier light, for when no region has another likely colour.
_LIGHT_DIRECTIONS: Final = np.array([[0.4, 0.9], [-0.3, -0.95], [0.95, -0.3]], np.float32)
_LIGHT_STRENGTH: Final = 0.06  # nats for each ab unit
_DULLING: Final = 0.8  # factor on chroma from one duller colouring to the next


@dataclass(frozen=True)
class _Change:
    """Another colour, `target` (2,), for one region, and how good a change it would be."""

    score: float
    region: int
    target: FloatArray


def variants(distribution: Distribution, params: DecodingParams, count: int) -> list[FloatArray]:
    """Return the most likely colouring of a photograph, and others.

    When no region has another likely colour, the rest are colourings in another light, and after
    these, duller ones.

    Args:
        distribution: the distribution of the photograph, (h, w).
        params: decoding parameters.
        count: the number of colourings, 1 or more.

    Returns:
        `count` arrays of chroma, (h, w, 2) float32, in the units of the colour space.
    """
    # Segments agree before regions change: afterwards, they would average a change away.
    agreed, params = distribution.with_agreement(params.agreement), replace(params, agreement=0.0)
    first = agreed.mean(params)
    colorings = [first]
    membership = _regions(distribution, params, first)
    changes = sorted(
        _changes(distribution, params, first, membership),
        key=lambda change: change.score,
        reverse=True,
    )
    local = replace(params, cast_correction=0.0)  # a region's new colour is not a cast
    for change in changes[: count - 1]:
        member = membership[..., change.region, None]
        squares = ((distribution.bins - change.target) ** 2).sum(-1)
        pull = member * (squares / (-2 * _TARGET_SPREAD**2)) * _PULL_STRENGTH
        changed = replace(agreed, logits=agreed.logits + pull.astype(np.float32))
        # Chroma restoration depends on the whole picture; blending keeps the other regions exact.
        colorings.append(np.asarray(first + member * (changed.mean(local) - first)))
    for direction in _LIGHT_DIRECTIONS[: count - len(colorings)]:
        tilted = agreed.logits + agreed.bins @ direction * np.float32(_LIGHT_STRENGTH)
        colorings.append(replace(agreed, logits=tilted).mean(params))
    powers = range(1, 1 + count - len(colorings))
    return [*colorings, *(first * np.float32(_DULLING**power) for power in powers)]


def _regions(distribution: Distribution, params: DecodingParams, mean: FloatArray) -> FloatArray:
    """Find regions by k-means over the distributions of pixels.

    Returns:
        How much each pixel belongs to each region, (h, w, regions) float32 in [0, 1].
    """
    height, width, bins = distribution.logits.shape
    # Square roots make Euclidean distance the Hellinger distance of distributions.
    points = np.sqrt(distribution.probabilities(params)).reshape(-1, bins)
    hue = np.arctan2(mean[..., 1], mean[..., 0]).reshape(-1)
    labels = ((hue + np.pi) / (2 * np.pi) * _HUE_REGIONS).astype(int) % _HUE_REGIONS
    labels[np.linalg.norm(mean, axis=-1).reshape(-1) < _GREY_CHROMA] = _HUE_REGIONS
    for _ in range(_KMEANS_ROUNDS):
        present = np.unique(labels)
        centres = np.stack([points[labels == label].mean(0) for label in present])
        # The nearest centre: |p - c|² without |p|², which is the same for all of them.
        labels = (points @ centres.T - (centres**2).sum(-1) / 2).argmax(-1)
    hard = (labels[:, None] == np.arange(len(present))).reshape(height, width, -1)
    soft = cv2.blur(hard.astype(np.float32), (3, 3))
    return np.asarray(soft).reshape(height, width, -1)


def _changes(
    distribution: Distribution, params: DecodingParams, mean: FloatArray, membership: FloatArray
) -> Iterator[_Change]:
    """Yield other likely colours of each region, up to two per region."""
    bins = distribution.bins
    probabilities = distribution.probabilities(params).reshape(-1, len(bins))
    similarity = np.exp(((bins[:, None] - bins) ** 2).sum(-1) / (-2 * _BIN_SPREAD**2))
    for region in range(membership.shape[-1]):
        weights = membership[..., region].reshape(-1)
        area = weights.sum()
        if area < len(weights) * _MIN_AREA:
            continue
        mass = weights @ probabilities @ similarity / area
        colors = [weights @ mean.reshape(-1, 2) / area]
        current = mass[((bins - colors[0]) ** 2).sum(-1).argmin()]
        for _ in range(_COLORS_PER_REGION):
            distance = np.sqrt(((bins[:, None] - np.array(colors)) ** 2).sum(-1)).min(-1)
            capped = np.minimum(distance, 2 * _MIN_DISTANCE)
            score = np.where(distance < _MIN_DISTANCE, 0, mass * capped)
            chosen = int(score.argmax())
            if score[chosen] == 0:
                break
            colors.append(bins[chosen])
            likelihood = float(np.sqrt(mass[chosen] / max(current, 1e-9)))
            change = likelihood * float(area) * float(distance[chosen])
            yield _Change(change, region, bins[chosen])
