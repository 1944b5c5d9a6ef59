"""Talk to storages through fsspec: patiently, and with one kind of error."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from photochrom.errors import ConfigError, MissingExtra, OutputError, StorageError

__all__ = ["ATTEMPTS", "patiently", "storage_errors", "system_of"]

ATTEMPTS: Final = 5
"""How often a storage is asked before its error counts."""

_FIRST_WAIT: Final = 0.5  # seconds; doubled after each attempt
# Asking again would give the same answer.
_FINAL_ERRORS: Final = (
    FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError,
)  # fmt: skip

T = TypeVar("T")


def system_of(location: str) -> tuple[Any, str]:
    """Return the file system of `fsspec` for a URI, and the path in it."""
    try:
        import fsspec
    except ModuleNotFoundError as error:
        raise MissingExtra("archive", f"{location}") from error
    try:
        system, path = fsspec.core.url_to_fs(location)
    except (ImportError, ValueError) as error:
        raise StorageError(f"cannot use {location}: {error}") from error
    return system, path


def patiently(action: Callable[[], T]) -> T:
    """Call a function that asks a storage, again and again while that fails, ever more rarely."""
    for attempt in range(1, ATTEMPTS):
        try:
            return action()
        except _FINAL_ERRORS:
            raise
        except Exception:  # noqa: BLE001  each storage has exceptions of its own
            # Not all at the same moment: a busy storage would be as busy again.
            time.sleep(_FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))
    return action()


@contextmanager
def storage_errors(action: str, location: str) -> Iterator[None]:
    """Turn the errors of storages into one kind, which names the file."""
    try:
        yield
    except (StorageError, ConfigError, OutputError, MissingExtra):
        raise
    except FileNotFoundError as error:
        raise StorageError(f"cannot {action} {location}: there is no such file") from error
    except PermissionError as error:
        name = error.filename or location
        raise StorageError(f"cannot {action} {name}: no permission") from error
    except Exception as error:  # each storage has exceptions of its own
        reason = str(error) or type(error).__name__
        raise StorageError(f"cannot {action} {location}: {reason}") from error
