"""From a finished run to the model that ships in the package, with its scores on its card.

    python tools/release.py RUN VAL --seen VIEWS --to photochrom/models/default

The scores are of the part "test" of VAL (`scoring.part_of`), by which its readings were not chosen.
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
from typing import TYPE_CHECKING

import h5py
import numpy as np

from photochrom import Card, Colorizer, Hint, Model, Prediction, color, scoring
from photochrom.model.model import CARD_FILE, KERAS_FILE, NETWORK_FILE

if TYPE_CHECKING:
    from photochrom.training.frechet import FeatureExtractor

LICENCE = "Apache-2.0 for the network; see `data` for what it learnt from"
SIZE = 256  # pixels, the side of the squares to judge on
DATA = (
    "21,230 photographs: Flickr8k, Imagenette, Imagewoof and ImageNet samples, Pascal VOC, "
    "CelebAMask-HQ, Food-101, MIML scenes, BSDS500, CamVid (all for non-commercial research); "
    "Intel scenes, PicsArt portraits, flowers, cats and dogs (terms unknown); Clothing Co-Parsing, "
    "Forest Fire (CC BY 4.0), Wikimedia Commons, Debian, deepin and elementary wallpapers (free "
    "licences). The encoder began with ImageNet weights of EfficientNet-Lite2 (Apache-2.0)."
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


def hinted(prediction: Prediction, truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Coloured faithfully, with the true colour at ten places."""
    places = zip(*(rng.integers(4, side - 4, 10) for side in truth.shape[1::-1]), strict=True)
    hints = []
    for x, y in places:
        red, green, blue = truth[y - 3 : y + 4, x - 3 : x + 4].mean((0, 1)).astype(int)
        hints.append(Hint.at(int(x), int(y), (int(red), int(green), int(blue)), 3))
    return prediction.color(vividness=0, hints=hints).rgb


def scores_of(
    colorizer: Colorizer, eye: FeatureExtractor, album: scoring.Album
) -> dict[str, dict[str, float]]:
    """Grey, the best constant and the network's readings, on photographs that it never saw."""
    survey = scoring.Survey()
    for _, rgb in album:
        survey.add(scoring.to_lab(rgb))
    constant, rng = survey.constant(), np.random.default_rng(0)
    pictures: dict[str, list[np.ndarray]] = {}
    judges: dict[str, scoring.Judge] = {}
    for name, truth in album:
        grey = color.luma(truth)
        prediction = colorizer.predict(grey)
        answers = {"grey": np.dstack([grey] * 3), "best constant": constant(grey)}
        answers |= {
            title: prediction.color(vividness=level).rgb
            for title, level in (("faithful", 0.0), ("default", None), ("vivid", 1.0))
        }
        answers["faithful, ten hints"] = hinted(prediction, truth, rng)
        true = scoring.Truth(truth)
        for title, answer in answers.items():
            judges.setdefault(title, scoring.Judge()).add(name, answer, true)
        for title in ("grey", "faithful", "default"):
            pictures.setdefault(title, []).append(answers[title])
        pictures.setdefault("truth", []).append(truth)
    found = {title: judge.scores().to_dict() for title, judge in judges.items()}
    for title, numbers in (*perceived(eye, pictures).items(), *above_grey(judges).items()):
        found[title] = found.get(title, {}) | numbers
    return found


def above_grey(judges: dict[str, scoring.Judge]) -> dict[str, dict[str, float]]:
    """How much higher each answer scores than grey, photograph by photograph, and how surely."""
    grey, found = judges["grey"].photos, {}
    for title in judges.keys() - {"grey"}:
        apart = {
            key: scoring.paired_difference(judges[title].photos, grey, key)
            for key in scoring.COMPARED
        }
        found[title] = {f"{k}_above_grey": d.mean for k, d in apart.items() if d.photos > 1}
        found[title] |= {
            f"{k}_above_grey_error": d.standard_error for k, d in apart.items() if d.photos > 1
        }
    return found


def perceived(
    eye: FeatureExtractor, pictures: dict[str, list[np.ndarray]]
) -> dict[str, dict[str, float]]:
    """Fréchet distance to the truth, and agreement on what is seen, by another network."""
    seen = {title: eye.look(some) for title, some in pictures.items()}
    truth = seen.pop("truth")
    return {
        title: {"frechet_distance": each.distance(truth), "top1_agreement": each.agreement(truth)}
        for title, each in seen.items()
    }


def opened() -> FeatureExtractor:
    """The other network, before anything else is done: its package can be missing."""
    from photochrom.recipes.backend import choose_backend

    choose_backend()
    from photochrom.training.frechet import FeatureExtractor

    return FeatureExtractor()


def main() -> None:
    """Round, measure, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("val", type=Path)
    parser.add_argument("--to", type=Path, default=Path("photochrom/models/default"))
    parser.add_argument("--seen", type=int, required=True, help="photographs that training showed")
    parser.add_argument("--most", type=int, default=0, help="judge on so many; 0: all")
    parser.add_argument(
        "--part", choices=[*scoring.PARTS, "all"], default="test", help="of VAL, to judge on"
    )
    arguments = parser.parse_args()
    if missing := scoring.missing_measures():
        raise SystemExit("\n".join(missing))
    model, eye = arguments.run / "model", opened()
    part = None if arguments.part == "all" else arguments.part
    album = scoring.Album(arguments.val, size=SIZE, limit=arguments.most, part=part)
    scores = scores_of(Colorizer(Model.load(model)), eye, album)
    for title, numbers in scores.items():
        print(title, {key: round(value, 3) for key, value in numbers.items()}, flush=True)
    card = Card.from_json((model / CARD_FILE).read_bytes())
    card = replace(
        card, name="photochrom", licence=LICENCE, data=DATA,
        scores={"photographs seen": arguments.seen, "size": SIZE, "part": arguments.part, **scores},
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        shutil.copy(model / NETWORK_FILE, made / NETWORK_FILE)
        halved(model / KERAS_FILE, made / KERAS_FILE)
        (made / CARD_FILE).write_text(card.to_json(), "utf-8")
        arguments.to.mkdir(parents=True, exist_ok=True)
        for file in made.iterdir():
            shutil.copy(file, arguments.to / file.name)
    print(json.dumps({k: v for k, v in asdict(card).items() if k in ("faithful", "vivid")}))


if __name__ == "__main__":
    main()
