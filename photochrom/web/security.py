"""The middleware in front of the application: access control, size limits and time limits."""

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

__all__ = ["COOKIE", "PUBLIC_PATHS", "SecurityMiddleware"]

COOKIE: Final = "photochrom"
PUBLIC_PATHS: Final = ("/healthz", "/login")  # need no token
_SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
_MAX_OTHER_BYTES: Final = 2_000_000  # for a request that carries no photograph or film
_POLL_SECONDS: Final = 1.0  # how often an open stream checks whether the service stops
_LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "::1")
_CHARSETS: Final = ("utf-8", "ascii")  # some others of Python's take minutes for a megabyte

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
# Gradio and Swagger UI create functions and styles at run time, so these need the "unsafe" sources
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


class SecurityMiddleware:
    """ASGI middleware that refuses forbidden, oversized and slow requests.

    Args:
        app: The application to protect.
        settings: Settings of the service.
        logins: Cookie values of people who have logged in with the token.
        closing: Set when the service stops; open streams then end.
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, logins: set[str], closing: threading.Event
    ) -> None:
        self._app, self._settings, self._limits = app, settings, settings.limits
        self._logins, self._closing = logins, closing
        # A local service checks the Host header against DNS rebinding: a foreign page whose name
        # resolves to 127.0.0.1. A public one cannot know its names, and has a token instead.
        local = is_loopback(settings.host)
        self._hosts = {*_LOCAL_HOSTS, settings.host} if local else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        refusal = (
            self._check_access(scope, headers)
            or self._check_length(scope, headers)
            or _check_charset(headers)
        )
        send = _with_security_headers(scope["path"], send)
        if refusal:
            await refusal(scope, receive, send)
        else:
            await self._call_app(scope, receive, send)

    async def _call_app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, and respond with a problem if it raises.

        Starlette's own response to an exception is sent outside this middleware, and would go out
        without the security headers.
        """
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, self._limit_body(scope, receive), send_and_note)
        except Exception as error:
            if not started:
                await problem_of(error)(scope, receive, send)
            elif not any(isinstance(each, HTTPException) for each in (error, error.__cause__)):
                raise
            # A refusal that comes too late, as of a body that nobody reads: the connection ends

    # --- access -------------------------------------------------------------------------------

    def _check_access(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the refusal of a request that may not be made, or None."""
        host = headers.get("host", "")
        if self._hosts is not None and _host_of(f"//{host}") not in self._hosts:
            return respond(421, f"expected a request to this machine; received one to {host!r}")
        if scope["method"] not in _SAFE_METHODS and not _is_same_origin(headers, host):
            return respond(403, "expected a request from the service's own page or from a program")
        is_public = not self._settings.token or scope["path"] in PUBLIC_PATHS
        if is_public or self._is_authorized(headers):
            return None
        if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            return RedirectResponse("/login", 303)
        return respond(
            401,
            "expected the service's token as Authorization: Bearer …",
            headers={"WWW-Authenticate": "Bearer"},
        )

    def _is_authorized(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return hmac.compare_digest(token.strip().encode(), self._settings.token.encode())
        # Browsers send the cookies of every port of this host, so other programs' cookies come
        # along. Python's SimpleCookie would stop at the first malformed one.
        return cookie_parser(headers.get("cookie", "")).get(COOKIE) in self._logins

    # --- size and speed -----------------------------------------------------------------------

    def _max_bytes(self, path: str) -> int:
        if path.startswith("/api/v1/colorize"):
            return self._limits.bytes
        if path.startswith("/api/v1/jobs") or path.endswith("/upload"):
            return self._limits.job_bytes
        return _MAX_OTHER_BYTES

    def _check_length(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the refusal of a request that is too large by its own header, or None."""
        length, limit = headers.get("content-length", "0"), self._max_bytes(scope["path"])
        # Compare the number of digits first: parsing a very long number is slow
        digits = length.lstrip("0") if length.isdecimal() else "9" * 20
        too_large = len(digits) > len(str(limit)) or int(digits or "0") > limit
        return respond(413, _too_large_message(limit)) if too_large else None

    def _limit_body(self, scope: Scope, receive: Receive) -> Receive:
        """Wrap `receive` so that it raises for a body that is too large or too slow."""
        max_bytes, limits = self._max_bytes(scope["path"]), self._limits
        start, received, complete = time.monotonic(), 0, False

        async def next_message() -> Message:
            nonlocal received, complete
            if complete:
                is_page = not scope["path"].startswith("/api/")
                return await (self._wait_for_disconnect(receive) if is_page else receive())
            try:
                async with asyncio.timeout(limits.silence):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, f"received nothing for {limits.silence:g} s") from None
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            # Checked again here: a chunked body states no length
            if received > max_bytes:
                raise HTTPException(413, _too_large_message(max_bytes))
            # `limits.seconds` are free, so that a slow start alone is not refused
            max_seconds = limits.seconds + received / limits.upload_rate
            if time.monotonic() - start > max_seconds:
                raise HTTPException(
                    408, f"expected an upload of {limits.upload_rate} bytes a second or more"
                )
            return message

        return next_message

    async def _wait_for_disconnect(self, receive: Receive) -> Message:
        """Wait until the client disconnects or the server shuts down."""
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    return await receive()
        return {"type": "http.disconnect"}


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # "[" without "]"
        return None


def _is_same_origin(headers: Headers, host: str) -> bool:
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    return origin.partition("://")[2] == host


def _check_charset(headers: Headers) -> Response | None:
    """Return the refusal of a body in any charset but UTF-8 and ASCII, or None."""
    charset = parse_options_header(headers.get("content-type"))[1].get(b"charset", b"utf-8")
    try:
        supported = codecs.lookup(charset.decode("latin-1")).name in _CHARSETS
    except (LookupError, ValueError):
        supported = False
    return None if supported else respond(415, "expected a body in UTF-8")


def _too_large_message(limit: int) -> str:
    return f"expected {limit:,} bytes at most; received more"


def _with_security_headers(path: str, send: Send) -> Send:
    """Wrap `send` so that it adds the security headers to every response."""
    policy = _API_POLICY if path.startswith("/api/") else _PAGE_POLICY

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in {**_HEADERS, "Content-Security-Policy": policy}.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_with_headers
