"""The settings of a training run, read from a file and the command line, and checked."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from photochrom.errors import ConfigError
from photochrom.photo import Fit
from photochrom.recipes import locate
from photochrom.recipes.settings import complaints

__all__ = ["DataConfig", "RunConfig", "TrainConfig", "load_config", "parse_setting"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(_Section):
    """Settings of the training photographs and of their augmentation."""

    size: int = Field(default=0, ge=0, description="side of the squares in pixels; 0: the recipe's")
    validation: float = Field(
        default=0.1, ge=0, lt=1, description="share of the photographs that is held out"
    )
    fit: Fit = Field(
        default="crop", description="crop cuts squares out, squash distorts whole photographs"
    )
    crop: float = Field(
        default=0.6, gt=0, le=1, description="smallest random crop, as a share of the area"
    )
    flip: bool = Field(default=True, description="whether to mirror at random")
    aging: float = Field(
        default=0, ge=0, le=1, description="share of the photographs that is made to look old"
    )
    min_side: int = Field(
        default=64, ge=8, description="photographs with a shorter side are skipped"
    )
    photos_per_epoch: int = Field(
        default=0, ge=0, description="photographs in an epoch; 0: all of them"
    )
    threads: int = Field(default=2, ge=1, description="number of threads that decode photographs")


class TrainConfig(_Section):
    """Settings of the optimization: its length, its steps and its start."""

    epochs: int = Field(default=100, ge=1, description="number of epochs")
    batch_size: int = Field(
        default=16, ge=1, description="photographs in a batch, of all processes together"
    )
    accumulate: int = Field(
        default=1, ge=1, description="batches whose mean gradient makes one step of the optimizer"
    )
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        default="float32", description="number format of the layers"
    )
    start: str = Field(
        default="", description="model whose weights to start from; empty: random weights"
    )
    patience: int = Field(
        default=0, ge=0, description="stop after this many epochs without improvement; 0: never"
    )
    seed: int = Field(
        default=0, ge=0, description="decides the order, the crops and the initial weights"
    )
    working_size: int = Field(
        default=0,
        ge=0,
        description="size at which the model sees photographs; 0: the training size",
    )
    sheet_photos: int = Field(default=6, ge=1, le=64, description="rows of the contact sheet")
    keep_licence: str = Field(default="", description="licence of the weights, for the model card")
    data_terms: str = Field(
        default="", description="description and terms of the photographs, for the model card"
    )

    @field_validator("start")
    @classmethod
    def _located(cls, start: str) -> str:
        """Make the path absolute: a run is resumed from other folders, too."""
        return str(Path(start).resolve()) if start else ""


class RunConfig(_Section):
    """All settings of a training run."""

    recipe: str = Field(
        default="photochrom", description="name, path/to/file.py or package.module:Class"
    )
    options: dict[str, object] = Field(default_factory=dict, description="options of the recipe")
    data: DataConfig = Field(default_factory=DataConfig)
    train: TrainConfig = Field(default_factory=TrainConfig)

    @field_validator("recipe")
    @classmethod
    def _located(cls, name: str) -> str:
        """Make a path absolute: a run is resumed and exported from other folders, too."""
        return locate(name)


def parse_setting(text: str) -> tuple[list[str], object]:
    """Parse one setting: `train.epochs=3` gives (["train", "epochs"], 3).

    Values are TOML. A value that is not valid TOML is taken as a string.

    Raises:
        ConfigError: `text` has no key, or no `=`.
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
    path: Path | None = None, settings: list[str] | None = None, **overrides: object
) -> RunConfig:
    """Read the configuration: a TOML or JSON file, then `overrides`, then `key=value` settings.

    The path of a recipe is relative to the file that names it; in `overrides` and `settings`, to
    the working directory.

    Raises:
        ConfigError: the file cannot be read, or a setting is unknown or out of range.
    """
    raw = _read(path) if path else {}
    if path and isinstance(recipe := raw.get("recipe"), str):
        raw["recipe"] = locate(recipe, path.parent)
    raw.update({key: value for key, value in overrides.items() if value is not None})
    for text in settings or []:
        _set(raw, text)
    try:
        return RunConfig.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(complaints(error, RunConfig)) from error


def _set(raw: dict[str, object], text: str) -> None:
    """Put one `key=value` setting into its section."""
    keys, value = parse_setting(text)
    section = raw
    for key in keys[:-1]:
        inner = section.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{text!r}: {key} is a value, not a section")
        section = inner
    section[keys[-1]] = value


def _read(path: Path) -> dict[str, object]:
    """Read a TOML or JSON file."""
    try:
        text = path.read_text("utf-8")
        loaded = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the configuration {path}: {error}") from error
    if not isinstance(loaded, dict):
        raise ConfigError(f"expected sections and keys in {path}; received {type(loaded).__name__}")
    return loaded
