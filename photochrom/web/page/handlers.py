"""All event handlers of the page's tab for photographs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from photochrom.web.page.photograph_handlers import (
    AlternativeHandlers,
    CopyHandlers,
    MarkHandlers,
    ScanHandlers,
    VividnessHandlers,
)
from photochrom.web.page.tray_handlers import TrayHandlers
from photochrom.web.page.updates import PageUpdates, Updates

if TYPE_CHECKING:
    from photochrom.web.page.layout import Page
    from photochrom.web.page.session_store import SessionStore

__all__ = ["Handlers"]


class Handlers:
    """The event handlers, by what they are about."""

    def __init__(self, page: Page, sessions: SessionStore, default_vividness: float) -> None:
        updates = PageUpdates(page, default_vividness)
        self.tray = TrayHandlers(sessions, updates)
        self.marks = MarkHandlers(sessions, updates)
        self.vividness = VividnessHandlers(sessions, updates)
        self.alternatives = AlternativeHandlers(sessions, updates)
        self.copying = CopyHandlers(sessions, updates)
        self.scans = ScanHandlers(sessions, updates)

    def viewer(self, key: str, number: int, event: gr.EventData) -> Updates:
        """Add an example, colour a photograph anew, or change its colours."""
        if event.action == "example":
            return self.tray.add_example(key, str(event.name))
        if event.action == "color_anew":
            return self.tray.color_anew(key, number)
        if event.action == "album":
            return self.scans.set_album(key, number, bool(event.wanted))
        return self.marks.change(key, number, event)
