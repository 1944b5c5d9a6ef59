"""Carry colours from frame to frame of a shot, so that they do not flicker.

The network colours key frames only, and its estimates are not shown as they are. The colour of
each place is the mean of the estimates in the key frames before and after it, which optical flow
moves to where the place is now. A colour that is wrong in one frame is therefore outvoted. Frames
between two key frames take their colours from both, and more from the nearer one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import cv2
import numpy as np

from photochrom.film.shot_history import ShotHistory

if TYPE_CHECKING:
    from photochrom.color import FloatArray
    from photochrom.film.small_frames import Motion, SmallFrame
    from photochrom.guidance.reference import Reference

__all__ = ["KEY_LOOKAHEAD", "MAX_KEY_DISTANCE", "Estimate", "Memory", "Segment", "propagate"]

T = TypeVar("T")

MAX_KEY_DISTANCE: Final = 16
"""The largest number of frames from one key frame to the next."""
_MIN_KEY_DISTANCE: Final = 6  # even if the motion is unreliable; this bounds the network's cost
_MIN_CONFIDENCE: Final = 0.5  # mean confidence below which a new key frame is due
KEY_LOOKAHEAD: Final = 2
"""Later key frames that contribute to the colours of a key frame."""
# A memory weighs no more than this many estimates. With a longer memory a wrong colour stays: at
# 16, a wall remained red where a red coat had passed.
_MAX_COUNT: Final = 6.0
# Added to every confidence when frames are mixed. Where no motion is reliable, an uncertain colour
# is still better than none.
_BASE_CONFIDENCE: Final = 0.1
_RELIABLE: Final = 0.5  # a memory is dropped where the confidence is not above this


@dataclass(frozen=True, eq=False)
class Estimate:
    """The colours that the network estimates for a key frame.

    Attributes:
        chroma: (h, w, 2) float32, one for each grid cell, in the model's colour space.
        weight: (h, w) float32: how many ordinary estimates each one counts for.
        key_frame: the key frame with these colours, at the size of the network's features; None
            if the network gives none.
    """

    chroma: FloatArray
    weight: FloatArray
    key_frame: Reference | None = None

    def mixed(self, history: ShotHistory) -> Estimate:
        """Return an estimate that shares colours with earlier key frames of the shot.

        Colours that are known, and so have a greater weight, change less.
        """
        if self.key_frame is None:
            return self
        small = history.mix(self.key_frame).chroma - self.key_frame.chroma
        change = cv2.resize(small, self.chroma.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        chroma = np.asarray(self.chroma + change / self.weight[..., None], np.float32)
        return replace(self, chroma=chroma)


@dataclass(frozen=True, eq=False)
class Memory:
    """The mean of a shot's estimates up to a key frame. Colouring can resume from it.

    Attributes:
        chroma: (h, w, 2) float32, one for each grid cell, in the model's colour space.
        count: (h, w) float32: the number of estimates in each mean.
        history: the key frames of the shot before this one.
    """

    chroma: FloatArray
    count: FloatArray
    history: ShotHistory = field(default_factory=ShotHistory)

    def updated(self, estimate: Estimate, motion: Motion) -> Memory:
        """Return the memory at another key frame, including the estimate for it.

        Args:
            estimate: the network's estimate for the other key frame.
            motion: the motion from the other key frame to this memory's.
        """
        confidence = motion.confidence * (motion.confidence > _RELIABLE)
        count = np.minimum(motion.warp(self.count), _MAX_COUNT) * confidence
        total = count + estimate.weight
        old, new = (count / total)[..., None], (estimate.weight / total)[..., None]
        chroma = old * motion.warp(self.chroma) + new * estimate.chroma
        return Memory(np.asarray(chroma, np.float32), total)

    def with_future(self, future: Memory, estimate: Estimate) -> FloatArray:
        """Return the mean chroma of this memory and one that was built backwards in time.

        Args:
            future: the memory of the later key frames, at the same key frame as this one.
            estimate: the estimate for that key frame. Both memories include it; it counts once.

        Returns:
            (h, w, 2) float32.
        """
        total = self.count + future.count - estimate.weight
        joint = self.chroma * self.count[..., None] + future.chroma * future.count[..., None]
        return np.asarray((joint - estimate.chroma * estimate.weight[..., None]) / total[..., None])


@dataclass(frozen=True, eq=False)
class Segment(Generic[T]):
    """The frames after one key frame up to and including the next, with their colours.

    Attributes:
        frames: (item, small frame, chroma) of each frame, with chroma (h, w, 2) float32.
        memory: the memory at the last frame. A later run can resume from it.
        begins_shot: whether a shot begins with the first frame.
    """

    frames: list[tuple[T, SmallFrame, FloatArray]]
    memory: Memory
    begins_shot: bool


@dataclass(eq=False)
class _Frame(Generic[T]):
    item: T
    small: SmallFrame
    to_key: Motion | None  # to the previous key frame; None for the first frame of a shot
    to_next_key: Motion | None = None


@dataclass(eq=False)
class _KeyFrame(Generic[T]):
    """A key frame, and the frames between the previous key frame and this one."""

    estimate: Estimate
    memory: Memory
    frame: _Frame[T]
    between: list[_Frame[T]] = field(default_factory=list)
    from_previous: Motion | None = None  # from the previous key frame to this one
    chroma: FloatArray | None = None  # set once the later key frames are known


def propagate(
    frames: Iterable[tuple[T, SmallFrame]],
    estimate: Callable[[T, SmallFrame], Estimate],
    memory: Memory | None = None,
) -> Iterator[Segment[T]]:
    """Colour the frames of a film, in order.

    Args:
        frames: pairs of any item and its small frame.
        estimate: the network: returns an estimate for a key frame, from its item and small frame.
        memory: the memory of an earlier run, to resume from. The first frame must be the key frame
            that the memory belongs to; it is read again, but not yielded again.

    Yields:
        Segments that together hold every frame once. About 50 frames are in memory at a time.
    """
    shot: _Shot[T] | None = None
    for item, small in frames:
        if shot is None or small.backward is None:
            if shot:
                yield from shot.finish()
            shot = _Shot(estimate, memory)
            memory = None
        yield from shot.add(item, small)
    if shot:
        yield from shot.finish()


class _Shot(Generic[T]):
    """The colouring of one shot.

    Attributes:
        _history: the key frames so far.
        _pending: key frames that wait for later ones, which contribute to their colours.
        _since_key: the frames since the latest key frame.
        _previous: the last key frame whose colours are known.
    """

    def __init__(
        self, estimate: Callable[[T, SmallFrame], Estimate], memory: Memory | None
    ) -> None:
        self._estimate, self._memory = estimate, memory
        self._history = memory.history if memory else ShotHistory()
        self._pending: list[_KeyFrame[T]] = []
        self._since_key: list[_Frame[T]] = []
        self._previous: _KeyFrame[T] | None = None

    def add(self, item: T, small: SmallFrame) -> Iterator[Segment[T]]:
        """Add a frame, and yield the segment that it completes, if any."""
        before = self._since_key[-1].to_key if self._since_key else None
        to_key = small.backward.compose(before) if small.backward and before else small.backward
        self._since_key.append(_Frame(item, small, to_key))
        if self._is_key_due():
            yield from self._add_key_frame()

    def finish(self) -> Iterator[Segment[T]]:
        """Yield the remaining segments at the end of the shot."""
        if self._since_key:
            yield from self._add_key_frame()
        while self._pending:
            yield from self._color_next()

    def _is_key_due(self) -> bool:
        if not (self._pending or self._previous):
            return True
        count, to_key = len(self._since_key), self._since_key[-1].to_key
        is_lost = to_key is not None and float(to_key.confidence.mean()) < _MIN_CONFIDENCE
        return count >= MAX_KEY_DISTANCE or (is_lost and count >= _MIN_KEY_DISTANCE)

    def _add_key_frame(self) -> Iterator[Segment[T]]:
        """Make the latest frame a key frame."""
        *between, last = self._since_key
        self._since_key = []
        history, own = self._history, self._estimate(last.item, last.small)
        estimate = own.mixed(history)
        if own.key_frame:
            self._history = history.extended(own.key_frame)
        previous = self._pending[-1] if self._pending else self._previous
        if previous is None or last.to_key is None:
            # When a run resumes, this key frame's estimate is part of the memory already.
            memory = self._memory or Memory(estimate.chroma, estimate.weight, history)
            self._pending.append(_KeyFrame(estimate, memory, last))
        else:
            from_previous = _motions_to_key(between, last)
            memory = previous.memory.updated(estimate, last.to_key)
            memory = replace(memory, history=history)
            self._pending.append(_KeyFrame(estimate, memory, last, between, from_previous))
        if len(self._pending) > KEY_LOOKAHEAD:
            yield from self._color_next()

    def _color_next(self) -> Iterator[Segment[T]]:
        """Compute the colours of the first pending key frame and of the frames before it."""
        key = self._pending[0]
        # The later estimates are accumulated backwards, from the last key frame to this one.
        future = Memory(self._pending[-1].estimate.chroma, self._pending[-1].estimate.weight)
        for earlier, later in zip(self._pending[-2::-1], self._pending[:0:-1], strict=True):
            assert later.from_previous is not None  # only the first key frame of a shot has none
            future = future.updated(earlier.estimate, later.from_previous)
        key.chroma = key.memory.with_future(future, key.estimate)
        previous, self._previous = self._previous, self._pending.pop(0)
        frames = [] if previous is None else _mix(key.between, previous, key)
        # The first key frame of a resumed run was yielded by the run before.
        if previous is not None or self._memory is None:
            frames.append((key.frame.item, key.frame.small, key.chroma))
            yield Segment(frames, key.memory, previous is None)


def _motions_to_key(between: list[_Frame[T]], last: _Frame[T]) -> Motion | None:
    """Set the motion of each frame in between to the new key frame.

    Returns:
        The motion from the previous key frame to the new one.
    """
    motion = last.small.forward
    for frame in reversed(between):
        frame.to_next_key = motion
        forward = frame.small.forward
        motion = forward.compose(motion) if forward and motion else forward
    return motion


def _mix(
    frames: list[_Frame[T]], previous: _KeyFrame[T], following: _KeyFrame[T]
) -> list[tuple[T, SmallFrame, FloatArray]]:
    """Colour the frames between two key frames from both."""
    mixed = []
    for number, frame in enumerate(frames, 1):
        assert frame.to_key
        assert frame.to_next_key
        assert previous.chroma is not None
        assert following.chroma is not None
        share = number / (len(frames) + 1)
        past = (frame.to_key.confidence + _BASE_CONFIDENCE) * np.float32(1 - share)
        future = (frame.to_next_key.confidence + _BASE_CONFIDENCE) * np.float32(share)
        total = past + future
        chroma = (past / total)[..., None] * frame.to_key.warp(previous.chroma)
        chroma += (future / total)[..., None] * frame.to_next_key.warp(following.chroma)
        mixed.append((frame.item, frame.small, np.asarray(chroma, np.float32)))
    return mixed
