"""Colour for black-and-white photographs and films.

>>> import photochrom
>>> photochrom.colorize("old.jpg").save("new.jpg")  # doctest: +SKIP
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photochrom.color_photo import ColorPhoto
    from photochrom.colorizer import Colorizer, colorize
    from photochrom.errors import PhotochromError
    from photochrom.guidance.hints import Hint
    from photochrom.guidance.shared_colors import SharedColors
    from photochrom.model.card import Card
    from photochrom.model.model import Model
    from photochrom.options import ColorOptions
    from photochrom.photo import Photo, read
    from photochrom.prediction import Prediction

__version__ = "0.1.0"

__all__ = [
    "Card",
    "ColorOptions",
    "ColorPhoto",
    "Colorizer",
    "Hint",
    "Model",
    "Photo",
    "PhotochromError",
    "Prediction",
    "SharedColors",
    "__version__",
    "colorize",
    "read",
]

_MODULES = {
    "Card": "model.card",
    "ColorOptions": "options",
    "ColorPhoto": "color_photo",
    "Colorizer": "colorizer",
    "Hint": "guidance.hints",
    "Model": "model.model",
    "Photo": "photo",
    "PhotochromError": "errors",
    "Prediction": "prediction",
    "SharedColors": "guidance.shared_colors",
    "colorize": "colorizer",
    "read": "photo",
}


_RENAMED = {"Study": "Prediction"}  # old name → new name; to be removed in 0.2


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `photochrom --version` does not load OpenCV."""
    if name in _RENAMED:
        name, old = _RENAMED[name], name
        warnings.warn(f"photochrom.{old} is named {name} now", DeprecationWarning, stacklevel=2)
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"photochrom.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names, including those that are not imported yet."""
    return sorted(__all__)
