"""What is to be done with a film."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photochrom import __version__
from photochrom.errors import ConfigError
from photochrom.film.encoder import Encoding

if TYPE_CHECKING:
    from photochrom.guidance.hints import Hint
    from photochrom.guidance.reference import Reference
    from photochrom.model.model import Model

__all__ = ["Job", "Span"]


@dataclass(frozen=True)
class Span:
    """The part of a film that is wanted, in seconds from its start.

    Attributes:
        start: the first moment.
        end: the first that is not wanted any more; None: all.
    """

    start: float = 0.0
    end: float | None = None

    def __post_init__(self) -> None:
        """Raises ConfigError: it ends before it begins."""
        if not 0 <= self.start < (math.inf if self.end is None else self.end):
            raise ConfigError(
                "expected a start from 0 and an end after it, in seconds; "
                f"received {self.start:g} and {self.end}"
            )

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.start == 0 and self.end is None

    def holds(self, seconds: float) -> bool:
        """Whether this moment, in seconds from the film's start, is in it."""
        return seconds >= self.start and (self.end is None or seconds < self.end)


@dataclass(frozen=True)
class Job:
    """What is to be done.

    Attributes:
        source: the film.
        target: where the coloured one goes.
        vividness: from 0, faithful, to 1, vivid; None: what the model's card says.
        references: frames or photographs whose colours are known.
        hints: moments, in seconds from the film's start, and what is known of a place then.
        span: the part of the film that is wanted.
        encoding: of the pictures.
        overwrite: whether a file that is there already may be replaced.
        partial: whether a stop in between leaves a film of what is done.
        most_rows: a taller film is made smaller, for a quick look; 0: it never is.
    """

    source: Path
    target: Path
    vividness: float | None = None
    references: Sequence[Reference] = ()
    hints: Sequence[tuple[float, Hint]] = ()
    span: Span = field(default_factory=Span)
    encoding: Encoding = field(default_factory=Encoding)
    overwrite: bool = False
    partial: bool = False
    most_rows: int = 0

    def fingerprint(self, model: Model) -> dict[str, Any]:
        """All that the pictures depend on, to tell whether work that was begun is on the same."""
        return {
            "version": __version__,
            "source": _state(self.source),
            "model": model.digest,
            "engine": model.engine,
            "vividness": self.vividness,
            "references": [
                hashlib.sha256(each.features.tobytes() + each.chroma.tobytes()).hexdigest()
                for each in self.references
            ],
            "hints": [[moment, *astuple(hint)] for moment, hint in self.hints],
            "span": astuple(self.span),
            "encoding": astuple(self.encoding),
            "rows": self.most_rows,
        }


def _state(source: Path) -> str:
    """Another one when the film, or one of its single pictures, is another."""
    files = [source] if source.is_file() else sorted(source.parent.glob(f"*{source.suffix}"))
    found = hashlib.sha256()
    for file in files:
        status = file.stat()
        found.update(f"{file.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return found.hexdigest()
