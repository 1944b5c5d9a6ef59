"""Mount the page on the application of the service."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import gradio as gr

from photochrom.web.page.components import asset
from photochrom.web.page.layout import Page
from photochrom.web.page.routes import ASSETS, router
from photochrom.web.page.session_store import SessionStore
from photochrom.web.page.shot_sheets import ShotSheets
from photochrom.web.page.theme import theme

if TYPE_CHECKING:
    from fastapi import FastAPI

    from photochrom.web.state import ServiceState

__all__ = ["mount_page"]


def mount_page(app: FastAPI, service: ServiceState) -> None:
    """Add the page to an application, at "/".

    The page takes every path that is left, so it has to be added after all other routes.

    Args:
        app: The application of the service.
        service: The state that the page shares with the API.
    """
    # Gradio reads both when a component is created. Uploads go to the service's own folder, which
    # is deleted when the service stops.
    os.environ["GRADIO_TEMP_DIR"] = str(service.folder / "uploads")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    limits, settings = service.settings.limits, service.settings
    sessions = SessionStore(service.colorizer, service.folder / "sessions", settings.threads)
    service.add_close_action(sessions.close)
    service.add_cleanup_action(sessions.clear_unused)
    app.state.sessions = sessions
    app.state.shot_sheets = shot_sheets = ShotSheets(service)
    app.include_router(router)
    page = Page(sessions, service, shot_sheets)
    page.blocks.queue(max_size=limits.waiting * 8, api_open=False)
    gr.mount_gradio_app(
        app,
        page.blocks,
        "/",
        footer_links=[],
        theme=theme(),
        css=asset("page.css"),
        head=f"<script>{asset('page.js')}</script>",
        favicon_path=str(ASSETS / "favicon.svg"),
        max_file_size=limits.job_bytes,
        show_error=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )
