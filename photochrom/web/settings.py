"""Settings and limits of a service."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from photochrom.errors import ConfigError
from photochrom.parallel import worker_count

__all__ = ["Limits", "Settings", "is_loopback", "read_token"]

_MIN_TOKEN_LENGTH: Final = 16


@dataclass(frozen=True)
class Limits:
    """How much a single request, and all requests together, may use.

    Attributes:
        bytes: Largest request with one photograph, in bytes.
        pixels: Largest photograph, in pixels.
        waiting: Number of requests that may wait for a worker; any more are refused.
        seconds: Longest time from the last byte of a request to its response, in seconds.
        silence: Longest time that a client may neither send nor read anything, in seconds.
        upload_rate: Slowest upload, in bytes a second on average; a slower one is refused.
        job_bytes: Largest request that starts a job, in bytes.
        uploads: Number of uploads at the same time; any more are refused.
        spare: Free disk space to keep, in bytes; uploads are refused below it.
        files: Number of photographs in one job.
        jobs: Number of jobs that wait or run; any more are refused.
        kept: How long the result of a job is kept, in seconds.
        results: Number of ended jobs to keep; the oldest are deleted first.
    """

    bytes: int = 100_000_000
    pixels: int = 100_000_000
    waiting: int = 32
    seconds: float = 60
    silence: float = 20
    upload_rate: int = 16_384
    job_bytes: int = 8_000_000_000
    uploads: int = 64
    spare: int = 1_000_000_000
    files: int = 1000
    jobs: int = 16
    kept: float = 6 * 3600
    results: int = 200


@dataclass(frozen=True)
class Settings:
    """How to run a service.

    Attributes:
        host: Address to listen on. Anything but this machine's own needs a token.
        port: Port to listen on; 0 picks a free one.
        page: Whether to serve the page besides the API; it needs jobs.
        workers: Number of photographs coloured at the same time; 0 uses one a core, at most four.
        token: Secret that clients must send; "" asks for none.
        grace: Seconds that running work has to end after SIGTERM.
        limits: How much requests may use.
        jobs: Whether to take jobs, of many photographs or a film.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    page: bool = True
    workers: int = 0
    token: str = field(default="", repr=False)
    grace: int = 60
    limits: Limits = field(default_factory=Limits)
    jobs: bool = True

    def __post_init__(self) -> None:
        """Check that a service which others can reach has a token.

        Raises:
            ConfigError: `host` can be reached from other machines, and `token` is empty; or there
                is to be a page without jobs.
        """
        if self.page and not self.jobs:
            raise ConfigError("expected a page with jobs, or neither; received a page alone")
        if not self.token and not is_loopback(self.host):
            raise ConfigError(
                f"expected a token to serve at {self.host}, where others can reach it; "
                "set a token, or listen on 127.0.0.1"
            )

    @property
    def threads(self) -> int:
        """Number of photographs coloured at the same time, with 0 resolved."""
        return worker_count(self.workers, spare=0)


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach the address `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_token(path: Path) -> str:
    """Return the token in the first line of a file.

    Raises:
        ConfigError: `path` cannot be read, or its first line is no token of 16 ASCII characters
            or more.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"expected a token in {path}: {error}") from error
    token = lines[0].strip() if lines else ""
    if len(token) < _MIN_TOKEN_LENGTH or not token.isascii() or not token.isprintable():
        raise ConfigError(
            f"expected a token of at least {_MIN_TOKEN_LENGTH} ASCII characters in the first line "
            f"of {path}; received {len(token)}"
        )
    return token
