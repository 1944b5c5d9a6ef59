"""What a study or a comparison was asked for: it is kept in its folder, which takes no other."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from photochrom.errors import ConfigError, DataError, RecipeError
from photochrom.files.atomic import make_folder, write_text
from photochrom.training.runs import CONFIG_FILE, INDEX_FILE

__all__ = ["kept_request", "request_of"]

_MISTAKES: Final = (ConfigError, DataError, RecipeError)


def request_of(
    photos: Path, validation: Path | None, settings: Mapping[str, object], **others: object
) -> dict[str, object]:
    """Return a request as JSON can hold it; its paths do not depend on the working directory.

    Args:
        photos: folder of training photographs.
        validation: folder of validation photographs, if there is one.
        settings: the settings that all runs share, as `RunConfig.model_dump` returns them.
        others: what else was asked for.
    """
    return {
        "photos": str(photos.resolve()),
        "validation": validation and str(validation.resolve()),
        **others,
        "settings": settings,
    }


@contextlib.contextmanager
def kept_request(
    file: Path, kind: str, request: Mapping[str, object], run_folders: Collection[Path]
) -> Iterator[None]:
    """Keep a request in its folder, and check that the folder holds no other.

    The runs are prepared within this context. If that fails because of a mistake, for example in
    the name of a folder, a new request is not kept, nor are its runs: so it blocks nothing.

    Args:
        file: where the request is kept.
        kind: what is asked for, "study" or "comparison", for messages.
        request: what `request_of` returns.
        run_folders: the folders of the runs.

    Raises:
        ConfigError: the folder holds another request.
        OutputError: the folder cannot be made, for example because a file has its name.
    """
    if file.exists():
        _check_same(file, kind, request)
        yield
        return
    folder, is_new_folder = file.parent, not file.parent.exists()
    others = {each for each in run_folders if (each / CONFIG_FILE).exists()}
    make_folder(folder)
    # It is written before the runs are, so that a killed command leaves no run without a request.
    write_text(file, json.dumps(request, indent=2) + "\n")
    is_mistake = False
    try:
        yield
    except _MISTAKES:
        is_mistake = True
        raise
    finally:
        if is_mistake or not any((each / CONFIG_FILE).exists() for each in run_folders):
            file.unlink()
            _discard_runs(each for each in run_folders if each not in others)
            if is_new_folder:
                _remove_if_empty(folder)


def _check_same(file: Path, kind: str, request: Mapping[str, object]) -> None:
    """Raise an error if a file holds another request."""
    saved, asked = dict(_flat(json.loads(file.read_text("utf-8")))), dict(_flat(request))
    keys = [key for key in {**asked, **saved} if saved.get(key) != asked.get(key)]
    if keys:
        found = ", ".join(
            f"no {key}" if saved.get(key) is None else f"{key} = {saved[key]}" for key in keys
        )
        raise ConfigError(
            f"{file.parent} holds another {kind}, {found}; choose another folder, or repeat the "
            "same request"
        )


def _flat(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the values of a request by the names that `--set` has for them: `data.size`."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, "" if key == "settings" else f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _discard_runs(folders: Iterator[Path]) -> None:
    """Remove runs that were only prepared."""
    for folder in folders:
        for name in (CONFIG_FILE, INDEX_FILE):
            (folder / name).unlink(missing_ok=True)
        _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
