"""Several coherent answers from one distribution: whole things change colour, not pixels.

Places whose distributions look alike are taken together; each such region has, besides its best
colour, others that are likely too. An answer differs from the first in what one region shows, the
likeliest and largest changes first.
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

_HUES: Final = 6  # regions by hue, to begin with; and one for greys
_GREY: Final = 6.0  # chroma up to which a place counts as grey
_ROUNDS: Final = 6
_SPREAD: Final = 12.0  # ab units; bins nearer than that speak for one another
_APART: Final = 28.0  # ab units that another colour must be away
_PULL: Final = 24.0  # ab units: the spread around the colour that a region is drawn to
_WARM_AND_COOL: Final = np.array([[0.4, 0.9], [-0.3, -0.95], [0.95, -0.3]], np.float32)
_TILT: Final = 0.06  # nats for each ab unit


@dataclass(frozen=True)
class _Change:
    score: float
    region: int
    target: FloatArray


def variants(distribution: Distribution, reading: DecodingParams, count: int) -> list[FloatArray]:
    """The best answer, and others.

    Args:
        distribution: of a photograph.
        reading: how to read it.
        count: how many, 1 or more.

    Returns:
        So many chromas, (h, w, 2) float32, in the units of the colour space.
    """
    # segments agree before regions change: otherwise they would average a change away
    agreed, reading = distribution.agreed(reading.agreement), replace(reading, agreement=0.0)
    first = agreed.mean(reading)
    found = [first]
    membership = _regions(distribution, reading, first)
    changes = sorted(
        _changes(distribution, reading, first, membership), key=lambda c: c.score, reverse=True
    )
    local = replace(reading, cast_correction=0.0)  # one region's new colour is no cast
    for change in changes[: count - 1]:
        member = membership[..., change.region, None]
        squares = ((distribution.bins - change.target) ** 2).sum(-1)
        pull = member * (squares / (-2 * _PULL**2)) * 4
        changed = replace(agreed, logits=agreed.logits + pull.astype(np.float32))
        # the other regions stay exactly as they are, whatever the whole picture's restoration
        found.append(np.asarray(first + member * (changed.mean(local) - first)))
    for direction in _WARM_AND_COOL[: count - len(found)]:  # nothing else is likely: other light
        tilted = agreed.logits + agreed.bins @ direction * np.float32(_TILT)
        found.append(replace(agreed, logits=tilted).mean(reading))
    duller = (first * np.float32(0.8**power) for power in range(1, 1 + count - len(found)))
    return [*found, *duller]


def _regions(distribution: Distribution, reading: DecodingParams, mean: FloatArray) -> FloatArray:
    """How much each place belongs to each region, (h, w, regions): k-means over distributions."""
    height, width, bins = distribution.logits.shape
    points = np.sqrt(distribution.shares(reading)).reshape(-1, bins)
    hue = np.arctan2(mean[..., 1], mean[..., 0]).reshape(-1)
    labels = ((hue + np.pi) / (2 * np.pi) * _HUES).astype(int) % _HUES
    labels[np.linalg.norm(mean, axis=-1).reshape(-1) < _GREY] = _HUES
    for _ in range(_ROUNDS):
        present = np.unique(labels)
        centres = np.stack([points[labels == each].mean(0) for each in present])
        labels = (points @ centres.T - (centres**2).sum(-1) / 2).argmax(-1)
    hard = (labels[:, None] == np.arange(len(present))).reshape(height, width, -1)
    soft = cv2.blur(hard.astype(np.float32), (3, 3))
    return np.asarray(soft).reshape(height, width, -1)


def _changes(
    distribution: Distribution, reading: DecodingParams, mean: FloatArray, membership: FloatArray
) -> Iterator[_Change]:
    bins = distribution.bins
    shares = distribution.shares(reading).reshape(-1, len(bins))
    near = np.exp(((bins[:, None] - bins) ** 2).sum(-1) / (-2 * _SPREAD**2))
    for region in range(membership.shape[-1]):
        weights = membership[..., region].reshape(-1)
        area = weights.sum()
        if area < len(weights) / 100:
            continue
        mass = weights @ shares @ near / area
        taken = [weights @ mean.reshape(-1, 2) / area]
        best = mass[((bins - taken[0]) ** 2).sum(-1).argmin()]
        for _ in range(2):
            away = np.sqrt(((bins[:, None] - np.array(taken)) ** 2).sum(-1)).min(-1)
            score = np.where(away < _APART, 0, mass * np.minimum(away, 2 * _APART))
            chosen = int(score.argmax())
            if score[chosen] == 0:
                break
            taken.append(bins[chosen])
            likely = float(np.sqrt(mass[chosen] / max(best, 1e-9)))
            yield _Change(likely * float(area) * float(away[chosen]), region, bins[chosen])
