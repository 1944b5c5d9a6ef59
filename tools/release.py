"""From a finished run to the model that ships in the package, with its scores on its card.

    python tools/release.py RUN VAL --to photochrom/models/default

The network's weights are rounded to half precision; `network.keras` (to train on from) stays out of
the wheel.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import tempfile
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import h5py
import numpy as np

from photochrom import Card, Colorizer, Model, scoring
from photochrom.model import CARD, KERAS, NETWORK

LICENCE = "Apache-2.0 for the network; see `data` for what it learnt from"
DATA = (
    "21,230 photographs: Flickr8k, Imagenette, Imagewoof and ImageNet samples, Pascal VOC, "
    "CelebAMask-HQ, Food-101, MIML scenes, BSDS500, CamVid (all for non-commercial research); "
    "Intel scenes, PicsArt portraits, flowers, cats and dogs (terms unknown); Clothing Co-Parsing, "
    "Forest Fire (CC BY 4.0), Wikimedia Commons, Debian, deepin and elementary wallpapers (free "
    "licences). The encoder began with ImageNet weights of EfficientNet-Lite0 (Apache-2.0). None "
    "of the photographs can be got back from the weights."
)


def halved(source: Path, target: Path) -> None:
    """A Keras archive whose float32 weights are rounded to float16, packed tightly."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith(".h5"):
                stream = io.BytesIO(data)
                with h5py.File(stream, "r+") as file:
                    file.visititems(_round)
                data = stream.getvalue()
            new.writestr(name, data)


def _round(_: str, item: object) -> None:
    if isinstance(item, h5py.Dataset) and item.dtype == np.float32:
        item[...] = item[...].astype(np.float16).astype(np.float32)


def scores_of(colorizer: Colorizer, folder: Path, size: int) -> dict[str, object]:
    """Grey, the best constant, and three readings, on photographs that it never saw."""
    album = scoring.Album(folder, size=size, fit="crop")
    found: dict[str, object] = {}
    for name, vividness in (("faithful", 0.0), ("default", None), ("vivid", 1.0)):

        def answer(grey: np.ndarray, vividness: float | None = vividness) -> np.ndarray:
            return colorizer.colorize(grey, vividness=vividness).rgb

        report = scoring.evaluate(album, answer)
        found |= {"grey": report.grey.to_dict(), "best constant": report.constant.to_dict()}
        found[name] = report.model.to_dict()
        print(name, {k: round(v, 3) for k, v in report.model.to_dict().items()}, flush=True)
    return found


def main() -> None:
    """Round, measure, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("val", type=Path)
    parser.add_argument("--to", type=Path, default=Path("photochrom/models/default"))
    parser.add_argument("--seen", type=int, required=True, help="photographs that training showed")
    arguments = parser.parse_args()
    model = arguments.run / "model"
    scores = scores_of(Colorizer(Model.load(model)), arguments.val, 256)
    card = Card.from_json((model / CARD).read_bytes())
    card = replace(
        card, name="photochrom", licence=LICENCE, data=DATA,
        scores={"photographs seen": arguments.seen, "size": 256, **scores},
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        shutil.copy(model / NETWORK, made / NETWORK)
        halved(model / KERAS, made / KERAS)
        (made / CARD).write_text(card.to_json(), "utf-8")
        arguments.to.mkdir(parents=True, exist_ok=True)
        for file in made.iterdir():
            shutil.copy(file, arguments.to / file.name)
    print(json.dumps({k: v for k, v in asdict(card).items() if k in ("faithful", "vivid")}))


if __name__ == "__main__":
    main()
