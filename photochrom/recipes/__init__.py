"""The networks, one system per file, and how they are found by name.

Recipes belong to training: the runtime never imports them.
"""

from __future__ import annotations

from photochrom.recipes.loading import public_name, recipe, recipe_class, reference
from photochrom.recipes.registry import RECIPES, locate, offered, short_name, titles

__all__ = [
    "RECIPES",
    "locate",
    "offered",
    "public_name",
    "recipe",
    "recipe_class",
    "reference",
    "short_name",
    "titles",
]
