"""Write files atomically: completely or not at all.

A file is written under a temporary name in the same folder, and renamed when it is complete.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from photochrom.errors import OutputError, OutputExists, OutputFailed, PhotochromError

__all__ = [
    "atomic_write",
    "check_destination",
    "discard_draft",
    "ensure_not_original",
    "identity",
    "is_disk_full",
    "make_folder",
    "numbered",
    "output_errors",
    "unused",
    "write_bytes",
    "write_text",
]

# Opens a new file only: an existing one, or a link that someone put there, is an error.
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
# After these errors, writing other files would fail, too; see `OutputFailed`. EFBIG comes from
# file systems, such as FAT32, that do not hold files of that size, and from limits on it.
_DISK_ERRORS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_TRIES: Final = 9  # processes that may die one after another while they write the same file


def write_bytes(path: Path, data: bytes, *, overwrite: bool, draft: str = "") -> None:
    """Write a file atomically; if anything fails, an existing file is unchanged.

    Args:
        path: where to write; the folder must exist.
        data: the contents of the file.
        overwrite: whether an existing file may be replaced.
        draft: as in `atomic_write`.

    Raises:
        OutputExists: `path` exists and `overwrite` is False.
        OutputFailed: the disk is full or broken.
        OutputError: the file cannot be written.
    """
    with (
        atomic_write(path, overwrite=overwrite, draft=draft) as temporary,
        os.fdopen(os.open(temporary, _NEW_FILE, 0o666), "wb") as file,
    ):
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8 atomically, and replace an existing one.

    Raises:
        OutputFailed: as in `write_bytes`.
        OutputError: as in `write_bytes`.
    """
    write_bytes(path, text.encode(), overwrite=True)


@contextlib.contextmanager
def atomic_write(path: Path, *, overwrite: bool, draft: str = "") -> Iterator[Path]:
    """Yield a temporary path to write to; it is renamed to `path` at the end of the block.

    The temporary path has the suffix of `path`. If the block raises an exception, the temporary
    file is deleted.

    Args:
        path: as in `write_bytes`.
        overwrite: as in `write_bytes`.
        draft: a name for the temporary file, which nothing else uses, so that `discard_draft` can
            delete what a killed process left; "" for a random one. Where a process was killed that
            used the name, a number is added to it, and what was left is deleted in the end.

    Raises:
        OutputExists: as in `write_bytes`.
        OutputFailed: as in `write_bytes`.
        OutputError: as in `write_bytes`.
    """
    with output_errors(path):
        check_destination(path, overwrite=overwrite)
        # Replacing follows a symbolic link, so that the link stays and its target is replaced.
        # Absolute, because FFmpeg takes a relative name with a colon for an address.
        target = Path(os.path.realpath(path)) if overwrite else path.absolute()
        names = _drafts(target, draft or secrets.token_hex(8))
        temporary = unused(names)
        try:
            yield temporary
            _sync(temporary)
            if overwrite:
                temporary.replace(target)
            else:
                _rename_to_new(temporary, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
    for left in names[: names.index(temporary)]:
        with contextlib.suppress(OSError):
            left.unlink()
    _sync_folder(target.parent)


def discard_draft(path: Path, draft: str) -> None:
    """Delete the temporary file of an `atomic_write` whose process was killed, if there is one.

    Args:
        path: as in `atomic_write`.
        draft: as in `atomic_write`, not "".
    """
    for target in {path.absolute(), Path(os.path.realpath(path))}:
        for left in _drafts(target, draft):
            with contextlib.suppress(OSError):
                left.unlink()


def _drafts(target: Path, name: str) -> list[Path]:
    # The suffix stays, because some writers choose the format by it.
    return numbered(target.with_name(f".photochrom-{name}{target.suffix}"))


def numbered(path: Path) -> list[Path]:
    """Return the names that a temporary file or folder may have: `a.png`, `a-2.png` and so on.

    A process that died, or that still lives on another machine, may hold the first of them.
    """
    names = [path.stem, *(f"{path.stem}-{number}" for number in range(2, _TRIES + 1))]
    return [path.with_name(f"{name}{path.suffix}") for name in names]


def unused(paths: Sequence[Path]) -> Path:
    """Return the first path that does not exist; the last one if all do."""
    return next((path for path in paths if not os.path.lexists(path)), paths[-1])


@contextlib.contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn the errors of writing a file into those of this package.

    Args:
        path: the file or folder, for messages.

    Raises:
        OutputExists: something of this name exists already.
        OutputFailed: the disk is full or broken.
        OutputError: it cannot be written.
    """
    try:
        yield
    except PhotochromError:
        raise
    except FileExistsError as error:
        raise _exists(path) from error
    except (OSError, ValueError) as error:
        cause = _disk_error(error)
        reason = getattr(cause or error, "strerror", None) or error
        kind = OutputFailed if cause else OutputError
        raise kind(f"cannot write {path}: {reason}") from error


def make_folder(folder: Path) -> None:
    """Make a folder for results, with the folders above it, where it is not there.

    Raises:
        OutputFailed: the disk is full or broken.
        OutputError: the folder cannot be made, for example because a file has its name.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"expected a folder to write to; {folder} is none")
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)


def is_disk_full(error: BaseException | None) -> bool:
    """Return whether an error comes from a full disk, so that other files would fail, too."""
    cause = _disk_error(error)
    return cause is not None and cause.errno in _FULL


def _disk_error(error: BaseException | None) -> OSError | None:
    """Return the error of a full or broken disk that led to an error, if there is one.

    Libraries that write archives fail again when they close them, and raise that error instead.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
            return error
        error = error.__context__
    return None


def _exists(path: Path) -> OutputExists:
    return OutputExists(f"{path} exists already; choose another name, or allow overwriting")


def check_destination(path: Path, *, overwrite: bool) -> None:
    """Check that a file can be written, before any work is done for it.

    Args:
        path: as in `write_bytes`.
        overwrite: as in `write_bytes`.

    Raises:
        OutputExists: `path` exists and `overwrite` is False.
        OutputError: `path` is a folder or a device, or its folder does not exist.
    """
    if path.is_dir():
        raise OutputError(f"expected a file name to write to; {path} is a folder")
    if not path.parent.is_dir():
        raise OutputError(f"there is no folder {path.parent} to write {path.name} in")
    if not os.path.lexists(path):
        return
    if not overwrite:
        raise _exists(path)
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise OutputError(f"expected a regular file to replace; {path} is something else")


def identity(file: str | os.PathLike[str] | int) -> tuple[int, int] | None:
    """Return what identifies a file under all its names: other cases, other mounts, links.

    Args:
        file: a path, or the descriptor of an open file.

    Returns:
        Device and inode; None if there is no such file.
    """
    try:
        status = os.stat(file)  # noqa: PTH116  `file` may be a descriptor
    except (OSError, ValueError):  # ValueError: not a possible name
        return None
    return status.st_dev, status.st_ino


def ensure_not_original(target: Path | int, originals: Collection[tuple[int, int] | None]) -> None:
    """Refuse to write over an original.

    Args:
        target: where a result will be written: a path, or the descriptor of an open file, 1 for
            stdout.
        originals: the `identity` of each original.

    Raises:
        OutputError: `target` is one of the originals.
    """
    if (existing := identity(target)) and existing in originals:
        name = "the file behind stdout" if target == 1 else target
        raise OutputError(f"{name} is an original and is never written over; choose another name")


def _sync(draft: Path) -> None:
    """Store a file on the disk, or a power cut could leave an empty one under the final name."""
    with draft.open("r+b") as file:
        os.fsync(file.fileno())


def _rename_to_new(draft: Path, target: Path) -> None:
    """Rename the draft, unless another program has made a file of this name meanwhile."""
    # A hard link fails if the name exists; a rename would silently replace the file.
    try:
        os.link(draft, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: reserve the name with an empty file
        os.close(os.open(target, _NEW_FILE, 0o666))
        try:
            draft.replace(target)
        except BaseException:
            target.unlink()
            raise


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, on systems that can sync a folder."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
