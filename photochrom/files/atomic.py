"""Write a file whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from photochrom.errors import OutputError, OutputExists, OutputFailed

__all__ = ["atomic_write", "check_destination", "ensure_not_original", "identity", "write_bytes"]

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_OF_THE_DISK: Final = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def write_bytes(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Put `data` at `path` in one step; whatever goes wrong, what was there is untouched.

    Args:
        path: where; its folder must exist.
        data: the whole file.
        overwrite: whether a file that is there already may be replaced.

    Raises:
        OutputExists: something is there and `overwrite` is False.
        OutputFailed: the disk is full, or fails.
        OutputError: it cannot be written there.
    """
    with atomic_write(path, overwrite=overwrite) as draft:
        _write_through(draft, data)


@contextlib.contextmanager
def atomic_write(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A name beside `path` to write under; if all goes well, what is there is put at `path`.

    Args:
        path: as in `write_bytes`.
        overwrite: as in `write_bytes`.

    Raises:
        OutputExists: as `write_bytes`.
        OutputFailed: as `write_bytes`.
        OutputError: as `write_bytes`.
    """
    try:
        check_destination(path, overwrite=overwrite)
        target = Path(os.path.realpath(path)) if overwrite else path
        draft = target.with_name(f".photochrom-{secrets.token_hex(8)}.tmp")
        try:
            yield draft
            if overwrite:
                draft.replace(target)
            else:
                _place(draft, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                draft.unlink()
    except FileExistsError as error:
        raise _exists(path) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        kind = OutputFailed if getattr(error, "errno", None) in _OF_THE_DISK else OutputError
        raise kind(f"cannot write {path}: {reason}") from error
    _sync_folder(target.parent)


def _exists(path: Path) -> OutputExists:
    return OutputExists(f"{path} exists already; choose another name, or allow overwriting")


def check_destination(path: Path, *, overwrite: bool) -> None:
    """Find what stands in the way before any work is done.

    Raises:
        OutputExists: something is there and `overwrite` is False.
        OutputError: a folder, a device, or no such folder to write in.
    """
    if path.is_dir():
        raise OutputError(f"expected the name of a file to write; {path} is a folder")
    if not path.parent.is_dir():
        raise OutputError(f"there is no folder {path.parent} to write {path.name} in")
    if not os.path.lexists(path):
        return
    if not overwrite:
        raise _exists(path)
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise OutputError(f"expected a regular file to replace; {path} is something else")


def identity(place: str | os.PathLike[str] | int) -> tuple[int, int] | None:
    """The same for one file under two names: letters of another case, another mount, a link.

    Args:
        place: a path, or the number of an open file.

    Returns:
        Device and inode; None if nothing is there.
    """
    try:
        status = os.stat(place)  # noqa: PTH116  it may be a number
    except (OSError, ValueError):  # no name at all
        return None
    return status.st_dev, status.st_ino


def ensure_not_original(place: Path | int, originals: Collection[tuple[int, int] | None]) -> None:
    """Whether a result leaves the files alone that it comes from.

    Args:
        place: where it is to go; or the number of an open file, 1 for stdout.
        originals: each file's `identity`.

    Raises:
        OutputError: it would take the place of one of them.
    """
    if (there := identity(place)) and there in originals:
        name = "the file behind stdout" if place == 1 else place
        raise OutputError(f"{name} is an original and is never written over; name another place")


def _write_through(draft: Path, data: bytes) -> None:
    with os.fdopen(os.open(draft, _NEW, 0o666), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _place(draft: Path, target: Path) -> None:
    """Give the draft its name, unless somebody has taken it meanwhile."""
    try:
        os.link(draft, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: take the name first
        os.close(os.open(target, _NEW, 0o666))
        try:
            draft.replace(target)
        except BaseException:
            target.unlink()
            raise


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
