"""A run: a folder with all that training starts from, and who is told how it goes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from photochrom.errors import ConfigError, DataError
from photochrom.recipes import recipe as build_recipe
from photochrom.training import scan
from photochrom.training.config import RunConfig, load_config
from photochrom.training.sources import Source

if TYPE_CHECKING:
    from photochrom.recipes.base import Recipe

__all__ = [
    "CONFIG",
    "CONSTANTS",
    "INDEX",
    "MODEL",
    "Listener",
    "Run",
    "check_there",
    "resume",
    "resumed",
]

CONFIG: Final = "config.json"
INDEX: Final = "photos.csv"
CONSTANTS: Final = "constants.json"
MODEL: Final = "model"


class Listener:
    """Told how a run goes; does nothing by itself."""

    def scanning(self, done: int, total: int) -> None:
        """Photographs looked at."""

    def note(self, text: str) -> None:
        """Something that a person should know."""

    def step(self, epoch: int, step: int, steps: int, photos: int, logs: dict[str, Any]) -> None:
        """A batch of so many photographs was learnt."""

    def epoch(self, epoch: int, logs: dict[str, Any], constants: dict[str, float]) -> None:
        """An epoch is over and kept; `constants` is what the best constant answer scores."""


@dataclass(frozen=True)
class Run:
    """A folder with a configuration and a list of photographs: all that training starts from."""

    folder: Path
    config: RunConfig

    def photos(self, part: str) -> list[Source]:
        """The good photographs of "train" or "val"."""
        return scan.load_index(self.folder / INDEX, part)

    @property
    def recipe(self) -> Recipe[Any]:
        """As configured."""
        return build_recipe(self.config.recipe, self.config.options)

    @property
    def size(self) -> int:
        """Of the squares that it learns from, in pixels."""
        return self.config.data.size or self.recipe.working_size


def resume(folder: Path) -> Run:
    """Open a run that was begun.

    Raises:
        ConfigError: there is none.
    """
    if not (folder / CONFIG).is_file():
        raise ConfigError(f"expected a run in {folder}; there is no {CONFIG}")
    return Run(folder, load_config(folder / CONFIG))


def resumed(folder: Path, config: RunConfig) -> Run:
    """Open a run that was begun with these settings.

    Raises:
        ConfigError: there is none, or it has others.
    """
    run = resume(folder)
    kept, asked = (json.loads(each.model_dump_json()) for each in (run.config, config))
    kept["options"] = {key: kept["options"].get(key) for key in asked["options"]}  # and surveyed
    others = [key for key in asked if kept[key] != asked[key]]
    if others:
        found = ", ".join(f"{key} = {kept[key]}" for key in others)
        raise ConfigError(
            f"{folder} holds a run with other settings, {found}; name another folder, or ask for "
            "the same"
        )
    return run


def check_there(run: Run) -> None:
    """Whether all photographs are where they were.

    Raises:
        DataError: they are not.
    """
    photos = [*run.photos("train"), *run.photos("val")]
    gone = [path for path in dict.fromkeys(each.path for each in photos) if not Path(path).exists()]
    if gone:
        raise DataError(
            f"expected {len(photos)} photographs where they were when the run began; {len(gone)} "
            f"files are gone, {gone[0]} for one: bring them back, or begin another run"
        )
