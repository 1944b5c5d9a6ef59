"""A page for people and a service for programs, in one process.

What they are made with, FastAPI and Gradio, is the extra `web`; `require` says so where it is not
there. Nothing here is imported before it is needed: Gradio alone takes seconds.
"""

from __future__ import annotations

from importlib.util import find_spec

from photochrom.errors import MissingExtra
from photochrom.web.settings import Limits, Settings

__all__ = ["Limits", "Settings", "require"]


def require(*, page: bool) -> None:
    """See that the service can run.

    Args:
        page: whether the page is wanted, too.

    Raises:
        MissingExtra: something that it is made with is not installed.
    """
    needed = ["fastapi", "fastapi_offline", "python_multipart", "prometheus_client", "uvicorn"]
    if not all(find_spec(name) for name in [*needed, *(["gradio"] if page else [])]):
        raise MissingExtra("web", "the page and the service")
