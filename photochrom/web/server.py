"""Run the service until a signal stops it."""

from __future__ import annotations

import errno
import logging
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import numpy as np
import uvicorn

from photochrom.errors import AddressInUse, ConfigError
from photochrom.web.app import create_app
from photochrom.web.protocol import protocol_with_timeouts

if TYPE_CHECKING:
    from types import FrameType

    from photochrom.colorizer import Colorizer
    from photochrom.web.settings import Settings

__all__ = ["serve"]

_MAX_CONNECTIONS: Final = 512
_KEEP_ALIVE_SECONDS: Final = 20
_BACKLOG: Final = 256
_MAX_OPEN_FILES: Final = 65_536  # each photograph of a job is one while the job is uploaded
_PORTS_TO_TRY: Final = 20  # after the one that is in use
_WARM_UP_SHAPE: Final = (256, 384)  # height and width, 3:2; the network compiles for it
# Bytes that the kernel buffers for a slow client. A small buffer makes progress visible soon, so
# that the timeout on reading can tell a slow client from a silent one.
_SEND_BUFFER_BYTES: Final = 1 << 17


def serve(colorizer: Colorizer, settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then let running work end.

    Args:
        colorizer: Colours the photographs.
        settings: How to run the service.
        ready: Called with the URL of the service once it accepts requests.

    Raises:
        AddressInUse: another program listens on the address.
        ConfigError: the address is not available for another reason.
        InvalidModel: the network cannot be run.
    """
    _raise_open_file_limit()
    listener = _open_listener(settings)
    app = create_app(colorizer, settings)
    colorizer.predict(np.zeros(_WARM_UP_SHAPE, np.uint8))  # the first request would wait for it
    logging.basicConfig(format="photochrom: %(message)s", level=logging.WARNING)
    config = uvicorn.Config(
        app,
        http=protocol_with_timeouts(settings.limits.silence),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.grace,
    )
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    # Uvicorn raises the signal that stopped it again after its shutdown; that is not a failure
    previous = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with listener, suppress(KeyboardInterrupt):
            _Server(config, lambda: ready(url)).run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, previous)


def _raise_open_file_limit() -> None:
    """Raise the soft limit on open files, on systems that have one."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        limit = _MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_OPEN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))


def _open_listener(settings: Settings) -> socket.socket:
    """Open the socket here, before the network loads, so that a taken port fails at once."""
    host, port = settings.host, settings.port
    try:
        listener = _bind(host, port)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _SEND_BUFFER_BYTES)
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            free = _next_free_port(host, port)
            hint = f"; port {free} is free" if free else ""
            raise AddressInUse(
                f"expected a free address; {host}, port {port}, is in use, perhaps by another "
                f"Photochrom{hint}",
                free,
            ) from error
        raise ConfigError(f"cannot listen on {host}, port {port}: {error}") from error
    return listener


def _bind(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to an address, but does not listen yet."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound


def _next_free_port(host: str, port: int) -> int:
    """Return the first free port after `port`; 0 if none of the next ones is free."""
    for candidate in range(port + 1, min(port + _PORTS_TO_TRY, 65535) + 1):
        with suppress(OSError), _bind(host, candidate):
            return candidate
    return 0


class _Server(uvicorn.Server):
    """A server that reports when it is ready, and ends open streams when it stops."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # An open page holds an event stream; without this the server would wait for it to end
        self.config.app.state.closing.set()  # type: ignore[union-attr]
        super().handle_exit(sig, frame)
