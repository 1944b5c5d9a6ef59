"""The settings of a training run: from a file and the command line, checked, and saved with it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from photochrom.errors import ConfigError
from photochrom.photo import Fit
from photochrom.recipes import locate
from photochrom.recipes.base import complaints

__all__ = ["DataConfig", "RunConfig", "TrainConfig", "load_config", "parse_setting"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(_Section):
    """Which photographs, and how they are shown."""

    size: int = Field(default=0, ge=0, description="side in pixels; 0: the recipe's")
    validation: float = Field(default=0.1, ge=0, lt=1, description="share kept to validate with")
    fit: Fit = Field(default="crop", description="how to make them square")
    crop: float = Field(default=0.6, gt=0, le=1, description="smallest random crop, share of area")
    flip: bool = Field(default=True, description="mirror at random")
    aging: float = Field(default=0, ge=0, le=1, description="share that is made to look old")
    min_side: int = Field(default=64, ge=8, description="smaller photographs are left out")
    photos_per_epoch: int = Field(default=0, ge=0, description="0: all of them")
    threads: int = Field(default=2, ge=1, description="that decode")


class TrainConfig(_Section):
    """How long, in what steps, and when to stop."""

    epochs: int = Field(default=100, ge=1)
    batch_size: int = Field(default=16, ge=1)
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    start: str = Field(default="", description="a model to start from, instead of from nothing")
    patience: int = Field(default=0, ge=0, description="epochs without gain; 0: never stop early")
    seed: int = Field(default=0, ge=0)
    working_size: int = Field(
        default=0, ge=0, description="at which the model looks at photographs; 0: as it learnt"
    )
    sheet_photos: int = Field(default=6, ge=1, le=64, description="rows of the contact sheet")
    keep_licence: str = Field(default="", description="the licence of the weights, for the card")
    data_terms: str = Field(default="", description="what the photographs are, for the card")


class RunConfig(_Section):
    """A whole run."""

    recipe: str = Field(
        default="autoencoder", description="name, path/to/file.py or package.module:Class"
    )
    options: dict[str, Any] = Field(default_factory=dict, description="the recipe's own")
    data: DataConfig = Field(default_factory=DataConfig)
    train: TrainConfig = Field(default_factory=TrainConfig)

    @field_validator("recipe")
    @classmethod
    def _located(cls, name: str) -> str:
        """Make a path absolute: a run is resumed and exported from other folders, too."""
        return locate(name)


def parse_setting(text: str) -> tuple[list[str], Any]:
    """`train.epochs=3` → (["train", "epochs"], 3). Values are TOML; a bare word is a string.

    Raises:
        ConfigError: there is no `=`.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"expected a setting as key=value; received {text!r}")
    try:
        parsed = tomllib.loads(f"v = {value}")["v"]
    except tomllib.TOMLDecodeError:
        parsed = value
    return key.strip().split("."), parsed


def load_config(
    path: Path | None = None, settings: list[str] | None = None, **overrides: Any
) -> RunConfig:
    """Read the configuration: a TOML or JSON file, then `overrides`, then `key=value` settings.

    The path of a recipe is relative to the file that names it; in `overrides` and `settings`, to
    the working directory.

    Raises:
        ConfigError: the file cannot be read, or a setting is unknown or out of range.
    """
    raw = _read(path) if path else {}
    if path and isinstance(raw.get("recipe"), str):
        raw["recipe"] = locate(raw["recipe"], path.parent)
    raw.update({key: value for key, value in overrides.items() if value is not None})
    for text in settings or []:
        keys, value = parse_setting(text)
        place = raw
        for key in keys[:-1]:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise ConfigError(f"{text!r}: {key} is a value, not a section")
        place[keys[-1]] = value
    try:
        return RunConfig.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(complaints(error)) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
        loaded = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the configuration {path}: {error}") from error
    if not isinstance(loaded, dict):
        raise ConfigError(f"expected sections and keys in {path}; received {type(loaded).__name__}")
    return loaded
