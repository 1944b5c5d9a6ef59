"""What stands between the network and the application: who may ask, and for how much."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import hmac
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response

from photochrom.web.problems import problem_of, respond
from photochrom.web.settings import is_loopback

if TYPE_CHECKING:
    import threading

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from photochrom.web.settings import Settings

__all__ = ["COOKIE", "OPEN", "Guard"]

COOKIE: Final = "photochrom"
OPEN: Final = ("/healthz", "/login")  # without a token
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_SMALL: Final = 2_000_000  # bytes of a request that brings no photograph
_LOOK_SECONDS: Final = 1.0  # after which an open stream looks whether the service ends
_HERE: Final = ("localhost", "127.0.0.1", "::1")
_CHARSETS: Final = ("utf-8", "ascii")  # Python has others that take minutes for a megabyte

_FOR_ALL: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_FOR_PROGRAMS: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
_FOR_PEOPLE: Final = (  # Gradio and Swagger UI make functions and styles as they go
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


class Guard:
    """An ASGI middleware around all.

    Args:
        app: what is guarded.
        settings: of the service.
        sessions: cookies of people who have shown the token.
        closing: set when the service ends: streams that would never end are told to.
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, sessions: set[str], closing: threading.Event
    ) -> None:
        self._app, self._settings, self._limits = app, settings, settings.limits
        self._sessions, self._closing = sessions, closing
        local = is_loopback(settings.host)
        self._hosts = {*_HERE, settings.host} if local else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        answer = (
            self._refusal(scope, headers) or self._too_much(scope, headers) or _garbled(headers)
        )
        receive, send = self._bounded(scope, receive), _with_headers(scope["path"], send)
        await (answer or self._answered)(scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Even if it fails: what Starlette says then would go out without our headers."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if started:
                raise
            await problem_of(error)(scope, receive, send)

    # --- who ----------------------------------------------------------------------------------

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if self._hosts is not None and _host_in(f"//{host}") not in self._hosts:
            return respond(421, f"expected a request to this machine; received one to {host!r}")
        if scope["method"] not in _SAFE and not _same_origin(headers, host):
            return respond(403, "expected a request from the service's own page or from a program")
        if not self._settings.token or scope["path"] in OPEN or self._knows(headers):
            return None
        if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            return RedirectResponse("/login", 303)
        return respond(
            401,
            "expected the service's token as Authorization: Bearer …",
            headers={"WWW-Authenticate": "Bearer"},
        )

    def _knows(self, headers: Headers) -> bool:
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return hmac.compare_digest(shown.strip().encode(), self._settings.token.encode())
        # of all programs on this host's ports; SimpleCookie gives up at the first odd one
        return cookie_parser(headers.get("cookie", "")).get(COOKIE) in self._sessions

    # --- how much, and how slowly -------------------------------------------------------------

    def _most(self, path: str) -> int:
        if path.startswith("/api/v1/colorize"):
            return self._limits.bytes
        if path.startswith("/api/v1/jobs") or path.endswith("/upload"):
            return self._limits.job_bytes
        return _SMALL

    def _too_much(self, scope: Scope, headers: Headers) -> Response | None:
        length, most = headers.get("content-length", "0"), self._most(scope["path"])
        digits = length.lstrip("0") if length.isdecimal() else "9" * 20
        too_much = len(digits) > len(str(most)) or int(digits or "0") > most
        return respond(413, _too_large_text(most)) if too_much else None

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        most, limits = self._most(scope["path"]), self._limits
        begun, received, complete = time.monotonic(), 0, False

        async def next_message() -> Message:
            nonlocal received, complete
            if complete:
                of_page = not scope["path"].startswith("/api/")
                return await (self._until_closing(receive) if of_page else receive())
            try:
                async with asyncio.timeout(limits.silence):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, f"received nothing for {limits.silence:g} s") from None
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > most:
                raise HTTPException(413, _too_large_text(most))
            slowest = limits.seconds + received / limits.upload_rate
            if time.monotonic() - begun > slowest:
                raise HTTPException(408, f"expected {limits.upload_rate} bytes a second, at least")
            return message

        return next_message

    async def _until_closing(self, receive: Receive) -> Message:
        """That the client has gone; or, once the service ends, that it may as well have."""
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    return await receive()
        return {"type": "http.disconnect"}


def _host_in(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # [ without its ]
        return None


def _same_origin(headers: Headers, host: str) -> bool:
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    return origin.partition("://")[2] == host


def _garbled(headers: Headers) -> Response | None:
    """An answer to a body in a charset that nobody needs."""
    charset = parse_options_header(headers.get("content-type"))[1].get(b"charset", b"utf-8")
    try:
        known = codecs.lookup(charset.decode("latin-1")).name in _CHARSETS
    except (LookupError, ValueError):
        known = False
    return None if known else respond(415, "expected a body in UTF-8")


def _too_large_text(most: int) -> str:
    return f"expected {most:,} bytes at most; received more"


def _with_headers(path: str, send: Send) -> Send:
    policy = _FOR_PROGRAMS if path.startswith("/api/") else _FOR_PEOPLE

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in {**_FOR_ALL, "Content-Security-Policy": policy}.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return guarded
