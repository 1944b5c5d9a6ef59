"""The networks, one system a file. They belong to the workshop: the runtime never imports them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from photochrom.errors import MissingExtra, RecipeError

if TYPE_CHECKING:
    from photochrom.recipes.base import Recipe

__all__ = ["RECIPES", "recipe", "recipe_class"]

# name → module, class, what it is
RECIPES: Final = {
    "photochrom": (
        "photochrom",
        "Photochrom",
        "what is in the box: known colour in, a distribution out",
    ),
    "deep_colorization": ("deep_colorization", "DeepColorization", "Cheng et al.: pixel by pixel"),
    "rebalanced": ("rebalanced", "Rebalanced", "Zhang et al., Kotala: rare colours count more"),
    "luv_classifier": ("luv_classifier", "LuvClassifier", "Hwang & Zhou: bins of u and of v"),
    "dcgan": ("dcgan", "Dcgan", "Koo: a generator and its adversary"),
    "fusion": ("fusion", "Fusion", "Wallner: alpha, beta, and full with a classifier"),
    "autoencoder": ("autoencoder", "Autoencoder", "Wast & Kanwar: a convolutional autoencoder"),
}


def recipe_class(name: str) -> type[Recipe[Any]]:
    """The class of the recipe of that name.

    Raises:
        RecipeError: there is none.
        MissingExtra: Keras is not installed.
    """
    if name not in RECIPES:
        raise RecipeError(f"expected a recipe out of {', '.join(RECIPES)}; received {name!r}")
    module, cls, _ = RECIPES[name]
    try:
        found: type[Recipe[Any]] = getattr(import_module(f"photochrom.recipes.{module}"), cls)
    except ModuleNotFoundError as error:
        raise MissingExtra("train", "building a recipe") from error
    return found


def recipe(name: str, options: dict[str, Any] | None = None) -> Recipe[Any]:
    """A recipe with these options, the others at their defaults.

    Raises:
        RecipeError: no such recipe, or an option is unknown or out of range.
    """
    return recipe_class(name).from_options(options or {})
