"""The description of a film to be coloured."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from photochrom import __version__
from photochrom.checks import check_number
from photochrom.errors import ConfigError, ConfigTypeError
from photochrom.film.encoder import Encoding
from photochrom.film.network import ShotReference
from photochrom.film.sources import source_files
from photochrom.guidance.hints import Hint
from photochrom.options import ColorOptions

if TYPE_CHECKING:
    from photochrom.guidance.reference import Reference
    from photochrom.model.model import Model

__all__ = ["Encoding", "Job", "Span"]


@dataclass(frozen=True)
class Span:
    """The section of a film that is to be coloured, in seconds from its start.

    Attributes:
        start: the time at which the section begins.
        end: the time before which it ends. None means the end of the film.
    """

    start: float = 0.0
    end: float | None = None

    def __post_init__(self) -> None:
        """Check the times.

        Raises:
            ConfigError: `start` is negative, or `end` is not after it.
        """
        for seconds in (self.start, 0 if self.end is None else self.end):
            check_number(seconds, "a time in seconds")
        if not 0 <= self.start < (math.inf if self.end is None else self.end):
            end = "no end" if self.end is None else f"{self.end:g}"
            raise ConfigError(
                "expected a start of at least 0 and an end after it, in seconds; "
                f"received {self.start:g} and {end}"
            )

    @property
    def is_whole(self) -> bool:
        """Whether the section is the whole film."""
        return self.start == 0 and self.end is None

    def contains(self, seconds: float) -> bool:
        """Return whether a time, in seconds from the start of the film, is in the section."""
        return seconds >= self.start and (self.end is None or seconds < self.end)


@dataclass(frozen=True)
class Job:
    """A film to be coloured, and how.

    Attributes:
        source: the original film.
        target: the file to write.
        vividness: colour strength, from 0 (cautious) to 1 (vivid). None uses the model's default.
        references: frames or photographs to copy colours from, some of them only in a section of
            the film. Where several match, the first one is used.
        hints: pairs of a time, in seconds from the start of the film, and a hint for its frame.
        hint_spans: by the time of hints, the section that they apply to. Hints of other times apply
            wherever the film shows similar things.
        span: the section of the film to colour.
        encoding: the encoder settings.
        overwrite: whether `target` may be replaced if it exists.
        partial: whether an interrupted run writes a playable film of its finished frames.
        max_rows: taller frames are reduced to this height, for a quick preview; 0 means no limit.
    """

    source: Path
    target: Path
    vividness: float | None = None
    references: Sequence[Reference | ShotReference] = ()
    hints: Sequence[tuple[float, Hint]] = ()
    hint_spans: Mapping[float, Span] = field(default_factory=dict)
    span: Span = field(default_factory=Span)
    encoding: Encoding = field(default_factory=Encoding)
    overwrite: bool = False
    partial: bool = False
    max_rows: int = 0

    def __post_init__(self) -> None:
        """Check the settings that photographs have, too.

        Raises:
            ConfigError: `vividness` or `max_rows` is out of range.
            ConfigTypeError: a setting is of the wrong type.
        """
        ColorOptions(vividness=self.vividness)
        check_number(self.max_rows, "a number of rows, or 0 for no limit", 0, whole=True)
        for entry in self.hints:
            if not (isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[1], Hint)):
                raise ConfigTypeError(
                    f"expected hints as pairs (seconds, Hint); received {entry!r}"
                )
            check_number(entry[0], "the time of a hint in seconds")

    def fingerprint(self, model: Model) -> dict[str, object]:
        """Return everything that the result depends on, for JSON.

        A run resumes the parts of an earlier one only if their fingerprints are equal.
        """
        return {
            "version": __version__,
            "parts": 4,  # raised whenever parts are made differently
            "source": _file_state(self.source),
            "model": model.digest,
            "engine": model.engine,
            "vividness": self.vividness,
            "references": [_reference_state(each) for each in self.references],
            "hints": [[moment, *astuple(hint)] for moment, hint in self.hints],
            "hint_spans": [[moment, *astuple(span)] for moment, span in self.hint_spans.items()],
            "span": astuple(self.span),
            "encoding": astuple(self.encoding),
            "rows": self.max_rows,
        }


def _reference_state(reference: Reference | ShotReference) -> list[object]:
    """Return a hash of a reference, and the start and end of its section if it has one."""
    if isinstance(reference, ShotReference):
        return [*_reference_state(reference.reference), *astuple(reference.span)]
    content = reference.features.tobytes() + reference.chroma.tobytes()
    return [hashlib.sha256(content).hexdigest()]


def _file_state(source: Path) -> str:
    """Return a hash of the names, sizes and modification times of a film's files.

    Reading the contents of a whole film would take too long.
    """
    digest = hashlib.sha256()
    for file in source_files(source):
        status = file.stat()
        digest.update(os.fsencode(file.name))  # a name need not be UTF-8
        digest.update(f" {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
