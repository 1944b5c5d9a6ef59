"""A training run: its folder, and the interface that reports its progress."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from photochrom.errors import ConfigError
from photochrom.progress import ProgressListener
from photochrom.recipes import recipe as build_recipe
from photochrom.training.cluster import ALONE, Cluster, broadcast
from photochrom.training.config import RunConfig, load_config
from photochrom.training.reading import PhotoReader
from photochrom.training.sources import Source, load_index

if TYPE_CHECKING:
    from photochrom.recipes.base import AnyRecipe

__all__ = [
    "BASELINES_FILE",
    "CONFIG_FILE",
    "INDEX_FILE",
    "MODEL_FOLDER",
    "Logs",
    "Run",
    "TrainingListener",
    "resume",
    "resume_with_config",
    "share",
]

CONFIG_FILE: Final = "config.json"
INDEX_FILE: Final = "photos.csv"
BASELINES_FILE: Final = "constants.json"
MODEL_FOLDER: Final = "model"


Logs: TypeAlias = Mapping[str, float]
"""The quantities that an epoch or a step logs, by name."""


class TrainingListener(ProgressListener):
    """Receives the progress of a run: its messages, the scan of its photographs, and its training.

    The scan is reported through `progress`, as the task "scan". Every method does nothing. Override
    the ones that you need.
    """

    def begin(self, epoch: int, epochs: int, steps: int) -> None:
        """Handle the start of the training.

        Args:
            epoch: number of epochs that were trained before, by the run that is resumed.
            epochs: number of epochs of the whole run.
            steps: number of steps in an epoch.
        """

    def step(self, epoch: int, step: int, steps: int, photos: int, logs: Logs) -> None:
        """Handle a finished step.

        Args:
            epoch: number of the epoch, from 1.
            step: number of the step within the epoch, from 1.
            steps: number of steps in an epoch.
            photos: number of photographs that the step trained on.
            logs: the means of the epoch so far.
        """

    def epoch(self, epoch: int, logs: Logs, constants: Logs) -> None:
        """Handle an epoch whose checkpoint is saved.

        Args:
            epoch: number of the epoch, from 1.
            logs: the quantities of the epoch.
            constants: those of the best constant colour, where they can be compared.
        """


@dataclass(frozen=True)
class Run:
    """The folder of a training run, which holds its settings and its list of photographs.

    Attributes:
        folder: the run's folder.
        config: its settings.
        cluster: the processes that train it.
    """

    folder: Path
    config: RunConfig
    cluster: Cluster = ALONE

    @cached_property
    def training(self) -> list[Source]:
        """The usable photographs to train on."""
        return load_index(self.folder / INDEX_FILE, "train")

    @cached_property
    def validation(self) -> list[Source]:
        """The usable photographs that are held out."""
        return load_index(self.folder / INDEX_FILE, "val")

    def reader(self, listener: ProgressListener | None = None) -> PhotoReader:
        """Return a reader of these photographs, whose messages go to the listener."""
        photos = len(self.training) + len(self.validation)
        return PhotoReader(photos, self.config.data.min_side, listener)

    @cached_property
    def recipe(self) -> AnyRecipe:
        """The recipe that the settings name."""
        return build_recipe(self.config.recipe, self.config.options)

    @property
    def size(self) -> int:
        """Side of the training squares, in pixels."""
        return self.config.data.size or self.recipe.working_size


def resume(folder: Path) -> Run:
    """Open an existing run.

    Raises:
        ConfigError: `folder` does not hold a run.
    """
    if not (folder / CONFIG_FILE).is_file():
        raise ConfigError(f"expected a run in {folder}; there is no {CONFIG_FILE}")
    return Run(folder, load_config(folder / CONFIG_FILE))


def resume_with_config(folder: Path, config: RunConfig) -> Run:
    """Open an existing run that has these settings.

    Raises:
        ConfigError: `folder` does not hold a run, or the run has other settings.
    """
    run = resume(folder)
    kept, requested = (json.loads(each.model_dump_json()) for each in (run.config, config))
    kept["options"] = {
        key: kept["options"].get(key) for key in requested["options"]
    }  # without those that were derived from the photographs
    others = [key for key in requested if kept[key] != requested[key]]
    if others:
        found = ", ".join(f"{key} = {kept[key]}" for key in others)
        raise ConfigError(
            f"{folder} holds a run with other settings: {found}. Choose another folder, or use "
            "the same settings"
        )
    return run


def share(run: Run | None, cluster: Cluster, copy: Path) -> Run:
    """Return the run that process 0 has to all processes, so that they need no common drive.

    Args:
        run: the run in process 0, None in the others.
        cluster: the processes.
        copy: an empty folder; in the others it receives the settings, the list of photographs and
            the last checkpoint.
    """
    if cluster.processes > 1:
        received = broadcast(_packed(run.folder) if run else b"")
        if run is None:
            with tarfile.open(fileobj=io.BytesIO(received)) as archive:
                archive.extractall(copy, filter="data")
    return replace(run or resume(copy), cluster=cluster)


def _packed(folder: Path) -> bytes:
    """Return a tar of the files from which a run can be continued."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for file in (folder / CONFIG_FILE, folder / INDEX_FILE, *folder.glob("checkpoints/last-*")):
            archive.add(file, file.relative_to(folder).as_posix())
    return packed.getvalue()
