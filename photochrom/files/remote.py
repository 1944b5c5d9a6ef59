"""Talk to storages through fsspec: patiently, and with one kind of error."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from photochrom.errors import ConfigError, MissingExtra, OutputError, StorageError

__all__ = ["ATTEMPTS", "patiently", "split_member", "storage_errors", "system_of"]

ATTEMPTS: Final = 5
"""How often a storage is asked before its error counts."""

_FIRST_WAIT: Final = 0.5  # seconds; doubled after each attempt
# Asking again would give the same answer.
_FINAL_ERRORS: Final = (
    FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError,
)  # fmt: skip

_LINK: Final = re.compile(r"::(?=[a-z][a-z0-9+]*(?:://|::))")  # before a URI, or a protocol

T = TypeVar("T")


def split_member(location: str) -> tuple[str, str]:
    """Return the location of a member within its zip or tar, and that of the zip or tar.

    Of other files, it returns the location and "". Only URIs have members: in a path of this
    machine, "::" is a part of a name. It can be one of a member's name, too.
    """
    link = _LINK.search(location) if "://" in location else None
    return (location[: link.start()], location[link.end() :]) if link else (location, "")


def system_of(location: str) -> tuple[Any, str]:
    """Return the file system of `fsspec` for a URI, and the path in it."""
    try:
        import fsspec
    except ModuleNotFoundError as error:
        raise MissingExtra("archive", f"{location}") from error
    member, holder = split_member(location)
    protocol, is_named, name = member.partition("://")
    try:
        # What `fsspec` is not to split at the "::" of a name is kept from it.
        if holder and is_named:
            return fsspec.core.url_to_fs(f"{protocol}://::{holder}")[0], name
        if location.startswith("file://"):
            system = fsspec.filesystem("file")
            return system, system._strip_protocol(location)  # noqa: SLF001  no public name for it
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
