"""Share colours among the key frames of a shot, so that a coat keeps its colour to the end.

Optical flow loses what turns, is covered or moves fast, and the colour of such a thing would be
decided anew again and again. The network's features find the thing in earlier key frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from photochrom.guidance.reference import Reference
from photochrom.guidance.shared_colors import CompactReference, mixed

__all__ = ["ShotHistory"]

# Earlier key frames that a key frame shares colours with. Eight gave the same scores as four.
_MAX_KEY_FRAMES: Final = 4


@dataclass(frozen=True, eq=False)
class ShotHistory:
    """Earlier key frames of a shot, spread evenly over it.

    Attributes:
        key_frames: at most four of them, each with the colours that the network gave it.
        count: the number of all key frames of the shot so far.
        step: one of this many key frames is kept.
    """

    key_frames: tuple[CompactReference, ...] = ()
    count: int = 0
    step: int = 1

    def mix(self, key_frame: Reference) -> Reference:
        """Return a key frame whose colours are mixed with those of earlier ones."""
        chroma = mixed(key_frame.features, key_frame.chroma, self.key_frames)
        return Reference(key_frame.features, chroma)

    def extended(self, key_frame: Reference) -> ShotHistory:
        """Return the history including one more key frame, with the network's own colours."""
        kept, step = self.key_frames, self.step
        if self.count % step == 0 and len(kept) == _MAX_KEY_FRAMES:
            kept, step = kept[::2], 2 * step
        if self.count % step == 0:
            kept = (*kept, CompactReference.of(key_frame))
        return ShotHistory(kept, self.count + 1, step)
