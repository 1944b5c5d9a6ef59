"""Colours that stay with what they belong to, from frame to frame of a shot.

The network is asked about key frames only. What it says is not shown as it is: every place's
colour is the mean of what was said of it in the key frames before and in those to come, as the
optical flow carries them here. So no colour flickers, none drifts, and one that is wrong in a frame
is outvoted. Frames between two key frames take their colours from both, the nearer one having more
say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from photochrom.color import FloatArray
    from photochrom.film.small_frames import Motion, Still

__all__ = ["Answer", "Memory", "Stretch", "propagate"]

T = TypeVar("T")

_FARTHEST: Final = 16  # frames from one key frame to the next …
_NEAREST: Final = 6  # … and at least, however little can be trusted
_LOST: Final = 0.5  # share of the places that must still be trusted; or it is time for a key frame
_AHEAD: Final = 2  # key frames to come that have a say
_MOST: Final = 6.0  # key frames that a memory counts at most, so that a wrong one is soon outvoted
_DOUBT: Final = 0.1  # what even a motion that cannot be trusted counts: there may be nothing better
_SURE: Final = 0.5  # trust below this is none


@dataclass(frozen=True, eq=False)
class Answer:
    """What is said of a key frame.

    Attributes:
        chroma: (h, w, 2) float32, for the places of the grid.
        weight: (h, w) float32: how many ordinary answers each is worth.
    """

    chroma: FloatArray
    weight: FloatArray


@dataclass(frozen=True, eq=False)
class Memory:
    """What is known of a shot's colours at a key frame; all that is needed to go on from there.

    Attributes:
        chroma: (h, w, 2) float32.
        count: (h, w) float32: how many answers it is the mean of.
    """

    chroma: FloatArray
    count: FloatArray

    def updated(self, answer: Answer, motion: Motion) -> Memory:
        """Carried on to another key frame, of which something else is said.

        Args:
            answer: of the other.
            motion: from the other to this one's.
        """
        trusted = motion.trust * (motion.trust > _SURE)
        count = np.minimum(motion.carry(self.count), _MOST) * trusted
        total = count + answer.weight
        old, new = (count / total)[..., None], (answer.weight / total)[..., None]
        chroma = old * motion.carry(self.chroma) + new * answer.chroma
        return Memory(np.asarray(chroma, np.float32), total)

    def with_future(self, other: Memory, answer: Answer) -> FloatArray:
        """The chroma of both, (h, w, 2); the answer to this frame, in both, counts once."""
        total = self.count + other.count - answer.weight
        joint = self.chroma * self.count[..., None] + other.chroma * other.count[..., None]
        return np.asarray((joint - answer.chroma * answer.weight[..., None]) / total[..., None])


@dataclass(frozen=True, eq=False)
class Stretch(Generic[T]):
    """Frames from behind one key frame up to the next, with their colours.

    Attributes:
        frames: things, stills, and chroma (h, w, 2) float32.
        memory: at the last frame; what to go on from.
        begins: whether a shot begins with its first frame.
    """

    frames: list[tuple[T, Still, FloatArray]]
    memory: Memory
    begins: bool


@dataclass(eq=False)
class _Frame(Generic[T]):
    thing: T
    still: Still
    back: Motion | None  # to the key frame before; of a shot's first frame, None
    ahead: Motion | None = None  # to the key frame after


@dataclass(eq=False)
class _Key(Generic[T]):
    """A key frame, and the frames between it and the one before."""

    answer: Answer
    memory: Memory
    last: _Frame[T]
    between: list[_Frame[T]] = field(default_factory=list)
    ahead: Motion | None = None  # from the key frame before to this one
    chroma: FloatArray | None = None  # once it is settled


def propagate(
    frames: Iterable[tuple[T, Still]],
    ask: Callable[[Still], Answer],
    memory: Memory | None = None,
) -> Iterator[Stretch[T]]:
    """Colour frames, in order.

    Args:
        frames: things, with their stills.
        ask: the network.
        memory: where to go on from: the first frame is the key frame that it belongs to, and is not
            given again.

    Yields:
        Every frame once. Some 50 frames are held.
    """
    shot: _Shot[T] | None = None
    for thing, still in frames:
        if shot is None or still.back is None:
            if shot:
                yield from shot.rest()
            shot = _Shot(ask, memory)
            memory = None
        yield from shot.add(thing, still)
    if shot:
        yield from shot.rest()


class _Shot(Generic[T]):
    """One shot: key frames that wait for those that come after, and frames since the last."""

    def __init__(self, ask: Callable[[Still], Answer], memory: Memory | None) -> None:
        self._ask, self._memory = ask, memory
        self._keys: list[_Key[T]] = []
        self._since: list[_Frame[T]] = []
        self._settled: _Key[T] | None = None

    def add(self, thing: T, still: Still) -> Iterator[Stretch[T]]:
        before = self._since[-1].back if self._since else None
        back = still.back.then(before) if still.back and before else still.back
        self._since.append(_Frame(thing, still, back))
        if self._is_key():
            yield from self._keyed()

    def rest(self) -> Iterator[Stretch[T]]:
        """All that is left when the shot is over."""
        if self._since:
            yield from self._keyed()
        while self._keys:
            yield from self._settle()

    def _is_key(self) -> bool:
        if not (self._keys or self._settled):
            return True
        count, back = len(self._since), self._since[-1].back
        lost = back is not None and float(back.trust.mean()) < _LOST
        return count >= _FARTHEST or (lost and count >= _NEAREST)

    def _keyed(self) -> Iterator[Stretch[T]]:
        """The frame that came last is a key frame."""
        *between, last = self._since
        self._since = []
        answer = self._ask(last.still)
        before = self._keys[-1] if self._keys else self._settled
        if before is None or last.back is None:
            memory = self._memory or Memory(answer.chroma, answer.weight)
            self._keys.append(_Key(answer, memory, last))
        else:
            ahead = _look_ahead(between, last)
            memory = before.memory.updated(answer, last.back)
            self._keys.append(_Key(answer, memory, last, between, ahead))
        if len(self._keys) > _AHEAD:
            yield from self._settle()

    def _settle(self) -> Iterator[Stretch[T]]:
        """The first of the waiting key frames gets its colours, and so do those before it."""
        key = self._keys[0]
        future = Memory(self._keys[-1].answer.chroma, self._keys[-1].answer.weight)
        for one, other in zip(self._keys[-2::-1], self._keys[:0:-1], strict=True):
            assert other.ahead is not None  # all but the first of a shot have it
            future = future.updated(one.answer, other.ahead)
        key.chroma = key.memory.with_future(future, key.answer)
        before, self._settled = self._settled, self._keys.pop(0)
        frames = [] if before is None else _mixed(key.between, before, key)
        if before is not None or self._memory is None:
            frames.append((key.last.thing, key.last.still, key.chroma))
            yield Stretch(frames, key.memory, before is None)


def _look_ahead(between: list[_Frame[T]], last: _Frame[T]) -> Motion | None:
    """Find the motion of each to the last; that from before the first to the last is returned."""
    motion = last.still.ahead
    for frame in reversed(between):
        frame.ahead = motion
        step = frame.still.ahead
        motion = step.then(motion) if step and motion else step
    return motion


def _mixed(
    frames: list[_Frame[T]], before: _Key[T], after: _Key[T]
) -> list[tuple[T, Still, FloatArray]]:
    """Frames between two key frames, coloured from both."""
    found = []
    for number, frame in enumerate(frames, 1):
        assert frame.back
        assert frame.ahead
        assert before.chroma is not None
        assert after.chroma is not None
        share = number / (len(frames) + 1)
        past = (frame.back.trust + _DOUBT) * np.float32(1 - share)
        future = (frame.ahead.trust + _DOUBT) * np.float32(share)
        total = past + future
        chroma = (past / total)[..., None] * frame.back.carry(before.chroma)
        chroma += (future / total)[..., None] * frame.ahead.carry(after.chroma)
        found.append((frame.thing, frame.still, np.asarray(chroma, np.float32)))
    return found
