"""The web service and its page, served by one process.

FastAPI comes with the extra `service`, and the extra `web` adds Gradio, for the page. `require`
raises an error where they are not installed. This module imports neither: Gradio takes seconds.
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
    extra, purpose = "service", "the service"
    if page:
        needed.append("gradio")
        extra, purpose = "web", "the page"
    if not all(map(find_spec, needed)):
        raise MissingExtra(extra, purpose)
