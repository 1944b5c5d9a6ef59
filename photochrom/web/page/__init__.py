"""The page for people, made with Gradio, which is imported only if the page is served."""

from __future__ import annotations

__all__: list[str] = []
