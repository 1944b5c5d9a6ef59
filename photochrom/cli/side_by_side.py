"""The picture that `photochrom colorize --compare` writes: before and after, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from photochrom.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from photochrom.batch import Job

__all__ = ["Comparison"]


@dataclass(frozen=True)
class Comparison:
    """A picture of one photograph and its result, side by side.

    Attributes:
        path: the file to write.
        max_pixels: as in `photo.read`.
        overwrite: whether an existing file may be replaced.
    """

    path: Path
    max_pixels: int
    overwrite: bool

    def check(self, jobs: Sequence[Job], originals: Iterable[Path]) -> None:
        """Check before any work that the picture can be written.

        Args:
            jobs: the photographs to colour.
            originals: further files that must not be replaced.

        Raises:
            ConfigError: there are several photographs or results, or the result is `path`.
            OutputError: `path` cannot be written, is of an unknown format, or is an original.
        """
        from photochrom.files.atomic import check_destination, ensure_not_original, identity
        from photochrom.photo.codecs import format_of

        if len(jobs) > 1 or jobs[0].split or len(jobs[0].unsplit_targets) > 1:
            raise ConfigError("expected --compare with one photograph and one result")
        if self.path.resolve() == jobs[0].target.resolve():
            raise ConfigError(
                f"expected --compare with another file than the result; received {self.path}"
            )
        ensure_not_original(self.path, {identity(each) for each in (jobs[0].source, *originals)})
        format_of(self.path)
        check_destination(self.path, overwrite=self.overwrite)

    def write(self, job: Job) -> None:
        """Write the picture, unless the photograph was in colour already and has no result.

        Raises:
            OutputError: `path` cannot be written.
        """
        from photochrom import photo
        from photochrom.photo.photo import eight_bits
        from photochrom.photo.provenance import with_provenance
        from photochrom.photo.side_by_side import side_by_side

        if not job.target.exists():
            return
        before, after = (
            eight_bits(photo.read(each, max_pixels=self.max_pixels).rgb)
            for each in (job.source, job.target)
        )
        metadata = with_provenance(photo.Metadata())
        # The picture has a caption itself, so a label below the result is left out.
        picture = side_by_side(before, after[: len(before)])
        photo.write(self.path, picture, metadata=metadata, overwrite=self.overwrite)
