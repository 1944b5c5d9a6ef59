"""How the service responds to each HTTP method: HEAD wherever GET works, and 405 elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import HTTPException, Request
from starlette.datastructures import MutableHeaders
from starlette.routing import Match, Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HeadMiddleware", "add_api_fallback"]


class HeadMiddleware:
    """ASGI middleware that responds to HEAD with the headers that GET would get."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "HEAD":
            await self._app(_as_get(scope), receive, _headers_only(send))
        else:
            await self._app(scope, receive, _with_head_allowed(send))


def _as_get(scope: Scope) -> Scope:
    extensions = dict(scope.get("extensions") or {})
    if scope["path"].startswith("/api/"):
        # Lets a file response send its path instead of its bytes, so a film is not read in vain.
        # Gradio's compression of the page's files does not know this message.
        extensions["http.response.pathsend"] = {}
    return {**scope, "method": "GET", "extensions": extensions}


def _headers_only(send: Send) -> Send:
    """Wrap `send` so that it ends the response after the headers."""

    async def send_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            _allow_head(message)
            await send(message)
            await send({"type": "http.response.body"})

    return send_headers


def _with_head_allowed(send: Send) -> Send:
    async def send_with_head_allowed(message: Message) -> None:
        if message["type"] == "http.response.start":
            _allow_head(message)
        await send(message)

    return send_with_head_allowed


def _allow_head(message: Message) -> None:
    """Add HEAD to the header `Allow` of a response to another method, if it has GET."""
    headers = MutableHeaders(scope=message)
    allowed = headers.get("allow", "").split(", ")
    if "GET" in allowed:
        headers["allow"] = ", ".join(sorted({*allowed, "HEAD"}))


def add_api_fallback(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Respond to other paths and methods below /api with a problem.

    Without this route the page would take these paths, and `Allow` would have only the method of
    the first route of a path.

    Args:
        app: The application; all other routes below /api have been added to it.
        routes: The routes of the API.
    """

    async def refuse(request: Request) -> None:
        # A partial match is a known path with another method
        partial = [
            route
            for route in routes
            if isinstance(route, Route) and route.matches(request.scope)[0] is Match.PARTIAL
        ]
        if not partial:
            raise HTTPException(404)
        allowed = sorted({method for route in partial for method in route.methods or ()})
        raise HTTPException(405, headers={"Allow": ", ".join(allowed)})

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]
    app.add_api_route("/api/{rest:path}", refuse, methods=methods, include_in_schema=False)
