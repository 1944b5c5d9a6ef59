"""The picture that `photochrom colorize --compare` writes: before and after, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from photochrom.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from photochrom.batch import Job

__all__ = ["check_comparison", "write_comparison"]


def check_comparison(path: Path, jobs: Sequence[Job], *, overwrite: bool) -> None:
    """Check before any work that a comparison can be written.

    Args:
        path: the file of the comparison.
        jobs: the photographs to colour.
        overwrite: whether an existing file may be replaced.

    Raises:
        ConfigError: there are several photographs or results, or one of them is `path`.
        OutputError: `path` cannot be written, or is of an unknown format.
    """
    from photochrom.files.atomic import check_destination, ensure_not_original, identity
    from photochrom.photo.codecs import format_of

    targets = [target for job in jobs for target in job.targets]
    if len(targets) > 1:
        raise ConfigError(
            f"expected --compare with one photograph and one result; received {len(targets)}"
        )
    if path.resolve() == targets[0].resolve():
        raise ConfigError(f"expected --compare with another file than the result; received {path}")
    ensure_not_original(path, {identity(jobs[0].source)})
    format_of(path)
    check_destination(path, overwrite=overwrite)


def write_comparison(path: Path, job: Job, *, max_pixels: int, overwrite: bool) -> None:
    """Write the photograph and its result side by side, if there is a result.

    Args:
        path: the file of the comparison.
        job: the photograph and its result.
        max_pixels: as in `photo.read`.
        overwrite: whether an existing file may be replaced.

    Raises:
        OutputError: `path` cannot be written.
    """
    from photochrom import photo
    from photochrom.photo.photo import eight_bits
    from photochrom.photo.provenance import with_provenance
    from photochrom.photo.side_by_side import side_by_side

    if not job.target.exists():  # the photograph was in colour already
        return
    before, after = (
        eight_bits(photo.read(each, max_pixels=max_pixels).rgb) for each in (job.source, job.target)
    )
    metadata = with_provenance(photo.Metadata())
    photo.write(path, side_by_side(before, after), metadata=metadata, overwrite=overwrite)
