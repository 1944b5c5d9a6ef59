"""Run the service until it is told to stop."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import numpy as np
import uvicorn

from photochrom.errors import ConfigError
from photochrom.web.app import create_app
from photochrom.web.protocol import impatient

if TYPE_CHECKING:
    from types import FrameType

    from photochrom.colorizer import Colorizer
    from photochrom.web.settings import Settings

__all__ = ["serve"]

_CONNECTIONS: Final = 512
_KEEP_ALIVE: Final = 20  # seconds
_BACKLOG: Final = 256
_FILES: Final = 65_536  # that may be open at once: a job's photographs come in together
_USUAL: Final = (256, 384)  # a photograph's shape; the network is made quick for it
_UNSENT: Final = 1 << 17  # bytes that the system takes ahead, so that reading shows at once


def serve(colorizer: Colorizer, settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; what runs then may end.

    Args:
        colorizer: what colours.
        settings: how to serve.
        ready: told where, once it can be asked.

    Raises:
        ConfigError: it cannot listen there.
        InvalidModel: the network cannot be run.
    """
    _allow_files()
    listening = _listening(settings)
    app = create_app(colorizer, settings)
    colorizer.predict(np.zeros(_USUAL, np.uint8))  # so that the first photograph need not wait
    logging.basicConfig(format="photochrom: %(message)s", level=logging.WARNING)
    config = uvicorn.Config(
        app,
        http=impatient(settings.limits.silence),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=settings.grace,
    )
    host, port = listening.getsockname()[:2]
    place = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    # Uvicorn raises what it was stopped by once more when all is done: that is no failure
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with listening, suppress(KeyboardInterrupt):
            _Server(config, lambda: ready(place)).run(sockets=[listening])
    finally:
        signal.signal(signal.SIGTERM, before)


def _allow_files() -> None:
    """Raise the soft limit of open files, where there is one."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def _listening(settings: Settings) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"cannot listen at {settings.host}, port {settings.port}: {error}"
        ) from error
    return listening


class _Server(uvicorn.Server):
    """Says when it is ready, and lets endless streams end when it is to stop."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.config.app.state.closing.set()  # type: ignore[union-attr]
        super().handle_exit(sig, frame)
