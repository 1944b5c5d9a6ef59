"""What a service allows."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from photochrom.errors import ConfigError

__all__ = ["Limits", "Settings", "read_token"]

_SHORTEST_TOKEN: Final = 16


@dataclass(frozen=True)
class Limits:
    """What one request, and all of them together, may cost.

    Attributes:
        bytes: of one photograph's request.
        pixels: of one photograph.
        waiting: requests that wait for a turn; one more is refused.
        seconds: from a request's last byte to its answer.
        silence: seconds for which a client may neither send nor take anything.
        upload_rate: bytes a second; who sends more slowly, over the whole request, is cut off.
        job_bytes: of one job's request.
        uploads: requests that come in at once; one more is refused.
        spare: bytes that are left free on the disk.
        files: photographs in one job.
        jobs: jobs that wait or run; one more is refused.
        kept: seconds for which the results of a job are kept.
        results: jobs whose results are kept; of more than these the oldest are forgotten.
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
    """How to serve.

    Attributes:
        host: the address to listen at.
        port: 0: any that is free.
        page: whether there is the page for people.
        workers: photographs coloured at once; 0: one a core, four at most.
        token: what a client must show; "": nothing.
        grace: seconds that running work has to end after SIGTERM.
        limits: what is allowed.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    page: bool = True
    workers: int = 0
    token: str = field(default="", repr=False)
    grace: int = 60
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Raises ConfigError: it would be open to a network without a token."""
        if not self.token and not is_loopback(self.host):
            raise ConfigError(
                f"expected a token to serve at {self.host}, where others can reach it; "
                "give --token-file, or keep to 127.0.0.1"
            )

    @property
    def threads(self) -> int:
        """Photographs coloured at once."""
        return self.workers or min(4, os.cpu_count() or 1)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_token(path: Path) -> str:
    """The first line of a file.

    Raises:
        ConfigError: it cannot be read, or is too short to be a secret.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"expected a token in {path}: {error}") from error
    token = lines[0].strip() if lines else ""
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        raise ConfigError(
            f"expected a token of at least {_SHORTEST_TOKEN} ASCII characters in the first line "
            f"of {path}; received {len(token)}"
        )
    return token
