"""A model as a folder for the Hugging Face Hub: its files, and a README that people read.

The head of the README is the Hub's own card, in YAML. Its values are JSON, which is YAML, too. The
folder stays a model: `Model.load` takes it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photochrom.errors import ConfigError
from photochrom.files.atomic import check_destination, make_folder, write_bytes
from photochrom.model.card import Card
from photochrom.model.model import CARD_FILE, KERAS_FILE, NETWORK_FILE, located, read_files

if TYPE_CHECKING:
    import os

__all__ = ["README_FILE", "readme", "write_for_hub"]

README_FILE: Final = "README.md"

# The licences that the Hub knows by name and that a card may well name. Others are "other" there.
_HUB_LICENCES: Final = (
    *("agpl-3.0", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "gpl-2.0", "gpl-3.0", "lgpl-3.0"),
    *("mit", "mpl-2.0", "unlicense", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0"),
    *("cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0"),
)
# The scores of a card that are written, with their names for people.
_METRICS: Final = {
    "psnr": "PSNR, dB",
    "ssim": "SSIM",
    "ciede2000": "CIEDE2000",
    "ab_error": "distance in a and b",
    "lpips": "LPIPS",
    "frechet_distance": "Fréchet distance",
    "colorfulness": "colourfulness",
}
_BASELINES: Final = ("grey", "best constant")  # scores of no network, which the README shows only
_REPOSITORY: Final = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)


def write_for_hub(
    model: str | os.PathLike[str], folder: Path, repository: str, *, overwrite: bool = False
) -> Card:
    """Write a model as a folder that can be uploaded to the Hugging Face Hub.

    Args:
        model: a model's folder or zip, or the folder of a training run.
        folder: where to write; it is made if it does not exist.
        repository: the name on the Hub, OWNER/NAME; the README shows how to use it by that name.
        overwrite: whether existing files may be replaced.

    Returns:
        The model's card.

    Raises:
        ConfigError: `repository` is no such name.
        ModelNotFound: there is no model.
        InvalidModel: the model is damaged.
        OutputError: a file cannot be written, or exists already.
    """
    if not _REPOSITORY.fullmatch(repository):
        raise ConfigError(f"expected a name on the Hub, OWNER/NAME; received {repository!r}")
    place = located(model)
    files = read_files(place, [CARD_FILE, NETWORK_FILE], [KERAS_FILE])
    card = Card.from_json(files[CARD_FILE], str(place / CARD_FILE))
    files[README_FILE] = readme(card, repository, trainable=KERAS_FILE in files).encode()
    make_folder(folder)
    for name in files:
        check_destination(folder / name, overwrite=overwrite)
    for name, data in files.items():
        write_bytes(folder / name, data, overwrite=overwrite)
    return card


def readme(card: Card, repository: str, *, trainable: bool) -> str:
    """Return the README of a model, with the Hub's card at its head.

    Args:
        card: the model's card.
        repository: its name on the Hub, OWNER/NAME.
        trainable: whether the Keras network is there, so that it can be trained further.
    """
    head = "\n".join(
        f"{key}: {json.dumps(value, indent=2, ensure_ascii=False)}"
        for key, value in _metadata(card, trainable).items()
    )
    sections = [f"---\n{head}\n---\n\n# {card.name}", _ABOUT.format(repository=repository)]
    if rows := [row for row in _results(card) if row[1]]:
        sections.append(
            "## Scores\n\nOn photographs that it was not trained on.\n\n" + _table(rows)
        )
    sections += [
        f"## {title}\n\n{text}"
        for title, text in (
            ("Training data", card.data),
            ("Licence", card.licence),
            ("Design", card.paper),
        )
        if text
    ]
    return "\n\n".join(sections) + "\n"


_ABOUT: Final = """\
A model of [Photochrom](https://github.com/photochrom/photochrom), which colours black-and-white
photographs and films and never changes their brightness. **The colours are guesses** from what
similar photographs look like. They are no evidence of the true colours.

## Use

```console
$ pip install photochrom huggingface_hub
$ hf download {repository} --local-dir model
$ photochrom colorize old.jpg --output new.jpg --model model
```

```python
from huggingface_hub import snapshot_download
from photochrom import Colorizer

colorizer = Colorizer(snapshot_download("{repository}"))
colorizer.colorize("old.jpg").save("new.jpg")
```"""


def _metadata(card: Card, trainable: bool) -> dict[str, object]:
    """Return the fields of the Hub's card."""
    tags = ["colorization", "photography", "black-and-white", "onnx", *["keras"] * trainable]
    fields: dict[str, object] = {
        **_licence(card.licence),
        "library_name": "photochrom",
        "pipeline_tag": "image-to-image",
        "tags": tags,
    }
    scored = [row for row in _results(card) if row[1] and row[0] not in _BASELINES]
    results = [
        {
            "task": {"type": "image-to-image", "name": "Colorization"},
            "dataset": {"type": "photographs", "name": f"photographs held out, {name}"},
            "metrics": [
                {"type": key, "name": _METRICS[key], "value": value}
                for key, value in scores.items()
            ],
        }
        for name, scores in scored
    ]
    if results:
        fields["metrics"] = [key for key in _METRICS if any(key in each for _, each in scored)]
        fields["model-index"] = [{"name": card.name, "results": results}]
    return fields


def _licence(text: str) -> dict[str, object]:
    """Return how the Hub names a licence, which the card may name with an explanation."""
    if not text:
        return {}
    name = text.removesuffix(".").split(" for the network")[0].lower()
    if name in _HUB_LICENCES:
        return {"license": name}
    return {"license": "other", "license_name": "see-below"}


def _results(card: Card) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the scores of the card: those of one training run, or several by name."""
    named = {name: each for name, each in card.scores.items() if isinstance(each, dict)}
    for name, scores in (named or {"validation": card.scores}).items():
        values = {key: _number(scores.get(key, scores.get(f"val_{key}"))) for key in _METRICS}
        yield name, {key: value for key, value in values.items() if math.isfinite(value)}


def _number(value: object) -> float:
    """Return a score, or NaN for what is none."""
    return float(value) if isinstance(value, int | float) else math.nan


def _table(rows: list[tuple[str, dict[str, float]]]) -> str:
    """Return the scores as a table of Markdown."""
    keys = [key for key in _METRICS if any(key in scores for _, scores in rows)]
    lines = [["", *(_METRICS[key] for key in keys)], ["---", *["---:"] * len(keys)]]
    lines += [
        [name, *(f"{scores[key]:.3f}" if key in scores else "" for key in keys)]
        for name, scores in rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
