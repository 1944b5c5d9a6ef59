"""The application: the service, and the page before it."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel
from starlette.routing import Match, Route

from photochrom import __version__
from photochrom.web import problems
from photochrom.web.api import router
from photochrom.web.metrics import Meter
from photochrom.web.problems import Problem
from photochrom.web.security import COOKIE, Guard
from photochrom.web.state import ServiceState

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer
    from photochrom.web.settings import Settings

__all__ = ["create_app"]

_METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"
_LOGIN: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Photochrom</title>
<style>
 :root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }}
 form {{ max-width: 22rem; margin: 20vh auto; padding: 0 1rem }}
 label, input, button {{ display: block; width: 100%; box-sizing: border-box; font: inherit }}
 input, button {{ padding: .6rem; margin: .4rem 0 }}
</style>
<form method="post" action="/login"><h1>Photochrom</h1><p role="alert">{said}</p>
<label for="token">The service's token</label>
<input id="token" name="token" type="password" autocomplete="current-password" autofocus required>
<button>Enter</button></form></html>"""


class Health(BaseModel):
    """That it is there."""

    status: str
    version: str
    engine: str


def create_app(colorizer: Colorizer, settings: Settings) -> FastAPI:
    """A service, as an ASGI application.

    Args:
        colorizer: what colours; its limit of pixels is that of requests, too.
        settings: how to serve.

    Raises:
        InvalidModel: the network cannot be run.
    """
    workshop, engine = ServiceState(colorizer, settings), colorizer.engine

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tidying = asyncio.create_task(workshop.tidy())
        yield
        tidying.cancel()
        await asyncio.to_thread(workshop.close)

    app = FastAPIOffline(
        redoc_url=None,
        title="Photochrom",
        version=__version__,
        description="Colour for black-and-white photographs and films. Luma is never touched.",
        lifespan=lifespan,
    )
    app.state.workshop = workshop
    problems.install(app)
    app.include_router(router)
    _add_health(app, workshop, engine)
    sessions: set[str] = set()
    if settings.token:
        _add_login(app, settings, sessions)
    _describe(app)
    if settings.page:
        from photochrom.web.page.mount import mount_page

        _end_api(app)
        mount_page(app, workshop)
    app.state.closing = threading.Event()
    app.add_middleware(Guard, settings=settings, sessions=sessions, closing=app.state.closing)
    app.add_middleware(Meter, metrics=workshop.metrics)  # around the guard: refusals count
    return app


def _add_health(app: FastAPI, workshop: ServiceState, engine: str) -> None:
    @app.get("/healthz", response_model=Health, responses=problems.documented(421))
    async def healthz() -> Health:
        """That the service is there, and what runs the network."""
        return Health(status="ok", version=__version__, engine=engine)

    @app.get(
        "/metrics",
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
            **problems.documented(401, 421),
        },
    )
    async def metrics() -> Response:
        """Counts and times, for Prometheus."""
        return Response(workshop.metrics.text(), headers={"Content-Type": _METRICS})


def _end_api(app: FastAPI) -> None:
    """What is not there below /api is a problem, and not the page's."""
    routes = [route for route in router.routes if isinstance(route, Route)]

    async def refuse(request: Request) -> None:
        near = [each for each in routes if each.matches(request.scope)[0] is Match.PARTIAL]
        if not near:
            raise HTTPException(404)
        allowed = sorted({method for each in near for method in each.methods or ()})
        raise HTTPException(405, headers={"Allow": ", ".join(allowed)})

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]
    app.add_api_route("/api/{rest:path}", refuse, methods=methods, include_in_schema=False)


def _add_login(app: FastAPI, settings: Settings, sessions: set[str]) -> None:
    @app.get("/login", include_in_schema=False)
    async def ask() -> HTMLResponse:
        return HTMLResponse(_LOGIN.format(said=""))

    @app.post("/login", include_in_schema=False)
    async def enter(token: Annotated[str, Form()]) -> Response:
        if not hmac.compare_digest(token.strip().encode(), settings.token.encode()):
            await asyncio.sleep(1)
            return HTMLResponse(_LOGIN.format(said="That is not the token."), 403)
        session = secrets.token_urlsafe(32)
        sessions.add(session)
        response = RedirectResponse("/", 303)
        response.set_cookie(COOKIE, session, httponly=True, samesite="strict")
        return response


def _describe(app: FastAPI) -> None:
    """Let OpenAPI know what a problem is, and nothing of FastAPI's own idea of one."""
    made = app.openapi

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            schemas = made()["components"]["schemas"]
            schemas["Problem"] = Problem.model_json_schema()
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
