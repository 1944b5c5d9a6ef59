"""The ASGI application: the API, the login form and, if wanted, the page."""

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
from pydantic import BaseModel, Field
from starlette.routing import Match, Route

from photochrom import __version__
from photochrom.web import problems
from photochrom.web.api import router
from photochrom.web.metrics import MetricsMiddleware
from photochrom.web.problems import Problem
from photochrom.web.security import COOKIE, SecurityMiddleware
from photochrom.web.state import ServiceState

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer
    from photochrom.web.settings import Settings

__all__ = ["create_app"]

_METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_LOGIN_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Photochrom</title>
<style>
 :root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }}
 form {{ max-width: 22rem; margin: 20vh auto; padding: 0 1rem }}
 label, input, button {{ display: block; width: 100%; box-sizing: border-box; font: inherit }}
 input, button {{ padding: .6rem; margin: .4rem 0 }}
</style>
<form method="post" action="/login"><h1>Photochrom</h1><p role="alert">{message}</p>
<label for="token">Token of this service</label>
<input id="token" name="token" type="password" autocomplete="current-password" autofocus required>
<button>Log in</button></form></html>"""


class Health(BaseModel):
    """The state of the service."""

    status: str = Field(description="`ok` while the service runs.")
    version: str = Field(description="Version of Photochrom.")
    engine: str = Field(description="Inference engine that runs the network.")


def create_app(colorizer: Colorizer, settings: Settings) -> FastAPI:
    """Create the service as an ASGI application.

    Args:
        colorizer: Colours the photographs; its pixel limit also holds for requests.
        settings: How to run the service.

    Raises:
        InvalidModel: the network cannot be run.
    """
    service, engine = ServiceState(colorizer, settings), colorizer.engine

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        cleanup = asyncio.create_task(service.clean_up_regularly())
        yield
        cleanup.cancel()
        await asyncio.to_thread(service.close)

    # The offline variant serves Swagger UI from this machine instead of a CDN
    app = FastAPIOffline(
        redoc_url=None,
        title="Photochrom",
        version=__version__,
        description="Colour for black-and-white photographs and films. Luma is never changed.",
        lifespan=lifespan,
    )
    app.state.service = service
    problems.install(app)
    app.include_router(router)
    _add_health(app, service, engine)
    logins: set[str] = set()
    if settings.token:
        _add_login(app, settings, logins)
    _add_problem_schema(app)
    if settings.page:
        from photochrom.web.page.mount import mount_page

        # The page is mounted at "/" and takes every path that no route before it has taken
        _add_api_fallback(app)
        mount_page(app, service)
    app.state.closing = threading.Event()
    app.add_middleware(
        SecurityMiddleware, settings=settings, logins=logins, closing=app.state.closing
    )
    # Added last, so it is outermost: the metrics count refused requests too
    app.add_middleware(MetricsMiddleware, metrics=service.metrics)
    return app


def _add_health(app: FastAPI, service: ServiceState, engine: str) -> None:
    @app.get("/healthz", response_model=Health, responses=problems.documented(421))
    async def healthz() -> Health:
        """Report that the service runs, and which engine runs the network."""
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
        """Return counts and times in the format of Prometheus."""
        return Response(service.metrics.text(), headers={"Content-Type": _METRICS_TYPE})


def _add_api_fallback(app: FastAPI) -> None:
    """Answer unknown paths below /api with a problem, not with the page."""
    routes = [route for route in router.routes if isinstance(route, Route)]

    async def refuse(request: Request) -> None:
        # A partial match is a known path with another method
        partial = [route for route in routes if route.matches(request.scope)[0] is Match.PARTIAL]
        if not partial:
            raise HTTPException(404)
        allowed = sorted({method for route in partial for method in route.methods or ()})
        raise HTTPException(405, headers={"Allow": ", ".join(allowed)})

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]
    app.add_api_route("/api/{rest:path}", refuse, methods=methods, include_in_schema=False)


def _add_login(app: FastAPI, settings: Settings, logins: set[str]) -> None:
    @app.get("/login", include_in_schema=False)
    async def show_form() -> HTMLResponse:
        return HTMLResponse(_LOGIN_PAGE.format(message=""))

    @app.post("/login", include_in_schema=False)
    async def log_in(token: Annotated[str, Form()]) -> Response:
        if not hmac.compare_digest(token.strip().encode(), settings.token.encode()):
            await asyncio.sleep(1)  # slows down guessing
            return HTMLResponse(_LOGIN_PAGE.format(message="This token is wrong."), 403)
        # The cookie holds a random key and not the token, which it would give away
        login = secrets.token_urlsafe(32)
        logins.add(login)
        response = RedirectResponse("/", 303)
        response.set_cookie(COOKIE, login, httponly=True, samesite="strict")
        return response


def _add_problem_schema(app: FastAPI) -> None:
    """Describe errors in OpenAPI as problem details instead of FastAPI's own error format."""
    create_schema = app.openapi

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            schemas = create_schema()["components"]["schemas"]
            schemas["Problem"] = Problem.model_json_schema()
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
