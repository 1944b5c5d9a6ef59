"""Locks that only one process at a time can have."""

from __future__ import annotations

from pathlib import Path
from typing import IO

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["lock_file"]


def lock_file(path: Path) -> IO[bytes]:
    """Open a file that only one run at a time can have open.

    The system releases the lock when the file is closed or the process ends, even if it is killed.
    Windows and some network file systems have no such locks; there, nothing is locked.

    Raises:
        BlockingIOError: another run has the lock.
    """
    file = path.open("ab")
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise
        except OSError:  # the file system has no locks
            pass
    return file
