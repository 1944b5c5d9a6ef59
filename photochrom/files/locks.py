"""Locks that only one process at a time can have."""

from __future__ import annotations

import time
from pathlib import Path
from typing import IO, Final

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["lock_file", "shared_lock"]

_PATIENCE: Final = 0.2  # seconds, in which those who only look let go


def lock_file(path: Path) -> IO[bytes]:
    """Open a file that only one run at a time can have open.

    The system releases the lock when the file is closed or the process ends, even if it is killed.
    Windows and some network file systems have no such locks; there, nothing is locked.

    Raises:
        BlockingIOError: another run has the lock.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return _locked(path.open("ab"), exclusive=True)
        except BlockingIOError:
            if time.monotonic() > end:
                raise
        time.sleep(_PATIENCE / 20)


def shared_lock(path: Path) -> IO[bytes]:
    """Open a file that any number may have open in this way, but none together with `lock_file`.

    Close it at once: it is only to see whether a run has the lock.

    Raises:
        BlockingIOError: a run has the lock.
        FileNotFoundError: there is no such file.
    """
    return _locked(path.open("rb"), exclusive=False)


def _locked(file: IO[bytes], *, exclusive: bool) -> IO[bytes]:
    """Lock a file, or close it where another lock is in the way."""
    if fcntl is not None:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise
        except OSError:  # the file system has no locks
            pass
    return file
