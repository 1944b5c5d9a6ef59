"""Prepare a training run: find and check the photographs, and create the run's folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from photochrom import photo
from photochrom.errors import ConfigError, DataError, RunExists
from photochrom.files.atomic import make_folder, write_text
from photochrom.parallel import subsample
from photochrom.training.config import RunConfig
from photochrom.training.networks import accumulate_gradients, initial_network
from photochrom.training.reading import PhotoReader
from photochrom.training.runs import CONFIG_FILE, INDEX_FILE, Run, TrainingListener
from photochrom.training.sources import (
    Place,
    Source,
    Verdict,
    find,
    is_within,
    save_index,
    scan,
    split,
    split_folders,
    summary,
)

__all__ = ["prepare", "sample_photos"]

_MAX_SAMPLE_PHOTOS: Final = 2000  # training photographs for colour statistics
_SAMPLE_SIDE: Final = 96  # pixels


def prepare(
    photos: Place,
    folder: Path,
    config: RunConfig,
    *,
    validation: Place | None = None,
    listener: TrainingListener | None = None,
) -> Run:
    """Scan the photographs and create the folder of a new run.

    Args:
        photos: a folder (or shard) of training photographs, as a path or, as a string, a URI; if it
            has subfolders `train` and `val`, they are used as such.
        folder: the run's folder; it must not hold a run.
        config: the run's configuration.
        validation: a folder of validation photographs; by default a share of `photos`.
        listener: receives the progress.

    Returns:
        The run, whose options include those derived from the photographs.

    Raises:
        RunExists: the folder holds a run already.
        ConfigError: the folder lies within the photographs, the model to start from does not fit,
            or the recipe cannot run at the working size.
        DataError: there are no photographs to train on, or none in `validation`.
        StorageError: the storage of a URI cannot be reached.
        RecipeError: the recipe's options do not work together.
        OutputError: the folder cannot be made, for example because a file has its name.
    """
    listener = listener or TrainingListener()
    folders = _folders(photos, validation)
    _check_folder(folder, [each for each in folders if isinstance(each, Path)])
    run = Run(folder, config)
    _check_working_size(run)
    # Settings that cannot work are reported before the photographs are read.
    accumulate_gradients(run.recipe.training_model(initial_network(run)), config.train.accumulate)
    parts = _split_sources(folders, config, listener)
    make_folder(folder)
    _scan_sources(parts, folder / INDEX_FILE, config, listener)
    _check_photos(run, photos, validation)
    if config.data.validation and not run.validation:
        listener.note(
            "no photograph is held out for validation: the best epoch is chosen by training loss"
        )
    data_options = run.recipe.options_from_data(sample_photos(run, run.reader(listener)))
    config = config.model_copy(update={"options": {**data_options, **config.options}})
    write_text(folder / CONFIG_FILE, config.model_dump_json(indent=2) + "\n")
    return Run(folder, config)


def _check_folder(folder: Path, photo_folders: list[Path]) -> None:
    """Raise an error if a run's folder lies within the photographs, or holds a run."""
    for photo_folder in photo_folders:
        if folder.resolve().is_relative_to(photo_folder.resolve()):
            raise ConfigError(
                f"expected a run's folder outside of the photographs, or its contact sheets would "
                f"be used as photographs; {folder} is in {photo_folder}"
            )
    if (folder / CONFIG_FILE).exists():
        raise RunExists(f"{folder} holds a run already: resume it, or choose another folder")


def _check_working_size(run: Run) -> None:
    """Check `train.working_size` now rather than at the export, after hours of training."""
    side, multiple = run.config.train.working_size, run.recipe.size_multiple
    if multiple and side % multiple:
        raise ConfigError(
            f"expected train.working_size to be a multiple of {multiple}, as the recipe "
            f"{run.recipe.name} needs; received {side}"
        )
    if not multiple and side not in (0, run.size):
        raise ConfigError(
            f"expected train.working_size 0 or {run.size}, the fixed size of the recipe "
            f"{run.recipe.name}; received {side}"
        )


def _check_photos(run: Run, photos: Place, validation: Place | None) -> None:
    """Raise an error if the scan has found nothing to train on, or to validate with."""
    held_out = len(run.validation)
    if not run.training:
        hint = (
            f" ({held_out} held out for validation; choose a separate folder of validation "
            "photographs)"
        )
        raise DataError(
            f"expected photographs to train on in {photos}, in colour and large enough; found none"
            f"{hint if held_out else ''}"
        )
    if validation and not held_out:
        raise DataError(
            f"expected validation photographs in {validation}, in colour and large enough; found "
            "none"
        )


def sample_photos(run: Run, reader: PhotoReader) -> npt.NDArray[np.uint8]:
    """Return a sample of the training photographs, evenly spaced, RGB, (N, 96, 96, 3) uint8."""
    chosen = subsample(run.training, _MAX_SAMPLE_PHOTOS)
    squares = reader.load_all(chosen, lambda data: photo.square(data, _SAMPLE_SIDE, "crop"))
    return np.stack(list(squares))


def _folders(photos: Place, validation: Place | None) -> tuple[Place, Place | None]:
    """Return the training folder and the validation folder, if there is one.

    Their paths are absolute, and so are those in the list of photographs: a run can be resumed from
    another working directory.
    """
    train_folder, val_folder = split_folders(_absolute(photos))
    return train_folder, _absolute(validation) if validation else val_folder


def _absolute(place: Place) -> Place:
    return place.resolve() if isinstance(place, Path) else place


def _split_sources(
    folders: tuple[Place, Place | None],
    config: RunConfig,
    listener: TrainingListener,
) -> dict[str, list[Source]]:
    """Return the photographs of the parts "train" and "val"."""
    train_folder, val_folder = folders
    if val_folder:
        # The validation folder may lie within the training folder.
        found = find(train_folder, listener)
        train = [each for each in found if not is_within(each, val_folder)]
        return {"train": train, "val": find(val_folder, listener)}
    train, val = split(find(train_folder, listener), config.data.validation, train_folder)
    return {"train": train, "val": val}


def _scan_sources(
    parts: dict[str, list[Source]], index: Path, config: RunConfig, listener: TrainingListener
) -> None:
    """Check all photographs and write the list of them to `index`."""
    total, rows = sum(map(len, parts.values())), []
    for part, sources in parts.items():
        counts: Counter[Verdict] = Counter()
        for source, verdict in scan(sources, config.data.min_side):
            counts[verdict] += 1
            rows.append((part, source, verdict))
            listener.progress("scan", len(rows), total)
        purpose = "training" if part == "train" else "validation"
        listener.note(f"{purpose}: {summary(counts)}")
    save_index(index, rows)
