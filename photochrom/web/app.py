"""The ASGI application: the API, the login form and, if wanted, the page."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import FastAPI, Form, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, Field

from photochrom import __version__
from photochrom.documents.coloring import limit_pdf_memory
from photochrom.web import api, job_api, openapi, problems
from photochrom.web.http_methods import HeadMiddleware, add_api_fallback
from photochrom.web.metrics import MetricsMiddleware
from photochrom.web.security import COOKIE, SecurityMiddleware
from photochrom.web.state import ServiceState

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer
    from photochrom.web.settings import Settings

__all__ = ["create_app"]

_MIN_PDF_BYTES: Final = 1 << 28  # that a stream of a PDF may unpack to
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
    limit_pdf_memory(max(_MIN_PDF_BYTES, 4 * colorizer.max_pixels))

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
        openapi_tags=openapi.TAGS,
        generate_unique_id_function=openapi.operation_id,
    )
    app.state.service = service
    problems.install(app)
    routers = [api.router, job_api.router] if settings.jobs else [api.router]
    for router in routers:
        app.include_router(router)
    add_api_fallback(app, [route for router in routers for route in router.routes])
    _add_health(app, service, engine)
    logins: set[str] = set()
    if settings.token:
        _add_login(app, settings, logins)
    openapi.complete_schema(app, needs_token=bool(settings.token))
    if settings.page:
        from photochrom.web.page.mount import mount_page

        # The page is mounted at "/" and takes every path that no route before it has taken
        mount_page(app, service)
    else:
        _add_pointer_to_documentation(app)
    app.state.closing = threading.Event()
    app.add_middleware(
        SecurityMiddleware, settings=settings, logins=logins, closing=app.state.closing
    )
    # The last one added is outermost: the metrics count refused requests too
    app.add_middleware(MetricsMiddleware, metrics=service.metrics)
    app.add_middleware(HeadMiddleware)
    return app


def _add_health(app: FastAPI, service: ServiceState, engine: str) -> None:
    @app.get(
        "/healthz",
        response_model=Health,
        responses=openapi.problems(421),
        tags=["service"],
        summary="Get the state of the service",
    )
    async def get_health() -> Health:
        """Report that the service runs, and which engine runs the network."""
        return Health(status="ok", version=__version__, engine=engine)

    @app.get(
        "/metrics",
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
            **openapi.problems(401, 421),
        },
        tags=["service"],
        summary="Get counts and times",
    )
    async def get_metrics() -> Response:
        """Return counts and times in the format of Prometheus."""
        return Response(service.metrics.text(), headers={"Content-Type": _METRICS_TYPE})


def _add_pointer_to_documentation(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def get_pointer() -> PlainTextResponse:
        return PlainTextResponse(
            f"This is the REST API of Photochrom {__version__}. Its documentation is at /docs, its "
            "schema at /openapi.json. There is no page for people.\n"
        )


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
