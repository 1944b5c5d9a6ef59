"""The web service and its page, served by one process.

FastAPI and Gradio come with the extra `web`; `require` raises an error where it is not installed.
This module imports neither of them: Gradio alone takes seconds to import.
"""

from __future__ import annotations

from importlib.util import find_spec

from photochrom.errors import MissingExtra
from photochrom.web.settings import Limits, Settings

__all__ = ["Limits", "Settings", "require"]


def require(*, page: bool) -> None:
    """Check that the packages of the service are installed.

    Args:
        page: whether the packages of the page are needed too.

    Raises:
        MissingExtra: one of the packages is not installed.
    """
    needed = ["fastapi", "fastapi_offline", "python_multipart", "prometheus_client", "uvicorn"]
    if not all(find_spec(name) for name in [*needed, *(["gradio"] if page else [])]):
        raise MissingExtra("web", "the page and the service")
