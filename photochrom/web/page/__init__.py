"""The page for people: made with Gradio, which is imported when the page is asked for."""

from __future__ import annotations

__all__: list[str] = []
