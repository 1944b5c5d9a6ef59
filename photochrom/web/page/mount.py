"""Put the page before the service."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import gradio as gr

from photochrom.web.page.components import asset
from photochrom.web.page.layout import Page
from photochrom.web.page.pictures import ASSETS, router
from photochrom.web.page.session_store import Desks
from photochrom.web.page.theme import theme

if TYPE_CHECKING:
    from fastapi import FastAPI

    from photochrom.web.state import ServiceState

__all__ = ["mount_page"]


def mount_page(app: FastAPI, workshop: ServiceState) -> None:
    """Let an application answer people, too; to be called after all else was added to it.

    Args:
        app: the service.
        workshop: what it shares with the page.
    """
    os.environ["GRADIO_TEMP_DIR"] = str(workshop.folder / "uploads")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    limits, settings = workshop.settings.limits, workshop.settings
    desks = Desks(workshop.colorizer, workshop.folder / "desks", settings.threads)
    workshop.at_close(desks.close)
    workshop.at_tidying(desks.clear_unused)
    app.state.desks = desks
    app.include_router(router)
    page = Page(desks, workshop)
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
