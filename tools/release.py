"""Make the package's default model from a finished run, with scores on its card.

    python tools/release.py RUN VAL --seen VIEWS --to photochrom/models/default

The scores are those of the part "test" of VAL (`scoring.part_of`), which did not choose the
decoding parameters. The network's weights are rounded to half precision. `network.keras` (to
continue training) is not part of the wheel.
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
SIZE = 256  # pixels, the side of the squares to measure on
DATA = (
    "52,720 photographs. 21,230 of them: Flickr8k, Imagenette, Imagewoof and ImageNet samples, "
    "Pascal VOC, CelebAMask-HQ, Food-101, MIML scenes, BSDS500, CamVid (all for non-commercial "
    "research); Intel scenes, PicsArt portraits, flowers, cats and dogs (terms unknown); Clothing "
    "Co-Parsing, Forest Fire (CC BY 4.0), Wikimedia Commons, Debian, deepin and elementary "
    "wallpapers (free licences). 4,853 others: COCO, ImageNet and Caltech-101 samples, sports, "
    "rooms, clothes, food, products (research, CC BY 4.0, CC0 or unknown terms). 26,637 others: "
    "photographs in 143 public repositories (mostly unknown terms), which configs/photographs.csv "
    "lists: COCO, ADE20K and ImageNet samples, Food-101, and the galleries of families, "
    "travellers, clubs and shops. The encoder began with ImageNet weights of EfficientNet-Lite2 "
    "(Apache-2.0)."
)


def round_weights(source: Path, target: Path) -> None:
    """Copy a Keras archive with its float32 weights rounded to float16, compressed."""
    with (
        zipfile.ZipFile(source) as source_zip,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as target_zip,
    ):
        for name in source_zip.namelist():
            data = source_zip.read(name)
            if name.endswith(".h5"):
                stream = io.BytesIO(data)
                with h5py.File(stream, "r+") as file:
                    file.visititems(_round)
                data = stream.getvalue()
            target_zip.writestr(name, data)


def _round(_: str, item: object) -> None:
    """Round a float32 dataset to float16 values.

    The dtype stays float32, which Keras expects; the zeros compress well.
    """
    if isinstance(item, h5py.Dataset) and item.dtype == np.float32:
        item[...] = item[...].astype(np.float16).astype(np.float32)


def color_with_hints(
    prediction: Prediction, truth: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Colour with the faithful parameters and the true colour at ten points, RGB."""
    points = zip(*(rng.integers(4, side - 4, 10) for side in truth.shape[1::-1]), strict=True)
    hints = []
    for x, y in points:
        red, green, blue = truth[y - 3 : y + 4, x - 3 : x + 4].mean((0, 1)).astype(int)
        hints.append(Hint.at(int(x), int(y), (int(red), int(green), int(blue)), 3))
    return prediction.color(vividness=0, hints=hints).rgb


def evaluate(
    colorizer: Colorizer, extractor: FeatureExtractor, album: scoring.Album
) -> dict[str, dict[str, float]]:
    """Score grey, the best constant and the network's results on unseen photographs."""
    survey = scoring.Survey()
    for _, rgb in album:
        survey.add(scoring.to_lab(rgb))
    constant, rng = survey.constant(), np.random.default_rng(0)
    pictures: dict[str, list[np.ndarray]] = {}
    judges: dict[str, scoring.Judge] = {}
    for name, truth in album:
        grey = color.luma(truth)
        prediction = colorizer.predict(grey)
        results: dict[str, np.ndarray] = {
            "grey": np.dstack([grey] * 3),
            "best constant": constant(grey),
        }
        results |= {
            title: prediction.color(vividness=level).rgb
            for title, level in (("faithful", 0.0), ("default", None), ("vivid", 1.0))
        }
        results["faithful, ten hints"] = color_with_hints(prediction, truth, rng)
        measured_truth = scoring.Truth(truth)  # computed once for all results
        for title, result in results.items():
            judges.setdefault(title, scoring.Judge()).add(name, result, measured_truth)
        for title in ("grey", "faithful", "default"):
            pictures.setdefault(title, []).append(results[title])
        pictures.setdefault("truth", []).append(truth)
    scores = {title: judge.scores().to_dict() for title, judge in judges.items()}
    for title, numbers in (
        *feature_scores(extractor, pictures).items(),
        *differences_from_grey(judges).items(),
    ):
        scores[title] = scores.get(title, {}) | numbers
    return scores


def differences_from_grey(judges: dict[str, scoring.Judge]) -> dict[str, dict[str, float]]:
    """Return the mean difference of each score from grey's, and its standard error."""
    grey, scores = judges["grey"].photos, {}
    for title in judges.keys() - {"grey"}:
        differences = {
            key: scoring.paired_difference(judges[title].photos, grey, key)
            for key in scoring.COMPARED
        }
        scores[title] = {f"{k}_above_grey": d.mean for k, d in differences.items() if d.photos > 1}
        scores[title] |= {
            f"{k}_above_grey_error": d.standard_error
            for k, d in differences.items()
            if d.photos > 1
        }
    return scores


def feature_scores(
    extractor: FeatureExtractor, pictures: dict[str, list[np.ndarray]]
) -> dict[str, dict[str, float]]:
    """Return the Fréchet distance to the truth and the agreement of ImageNet classes."""
    features = {title: extractor.extract(some) for title, some in pictures.items()}
    truth = features.pop("truth")
    return {
        title: {"frechet_distance": some.distance(truth), "top1_agreement": some.agreement(truth)}
        for title, some in features.items()
    }


def load_extractor() -> FeatureExtractor:
    """Load the feature extractor first of all, since its package can be missing."""
    from photochrom.recipes.backend import choose_backend

    choose_backend()
    from photochrom.training.frechet import FeatureExtractor

    return FeatureExtractor()


def main() -> None:
    """Round the weights, measure the scores and write the model."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path, help="folder of the finished run")
    parser.add_argument("val", type=Path, help="folder of validation photographs")
    parser.add_argument(
        "--to", type=Path, default=Path("photochrom/models/default"), help="model to write"
    )
    parser.add_argument(
        "--seen", type=int, required=True, help="photographs shown in training, for the card"
    )
    parser.add_argument(
        "--limit", "--most", type=int, default=0, help="use at most this many photographs; 0: all"
    )
    parser.add_argument(
        "--part", choices=[*scoring.PARTS, "all"], default="test", help="part of VAL to use"
    )
    arguments = parser.parse_args()
    if missing := scoring.missing_measures():
        raise SystemExit("\n".join(missing))
    model, extractor = arguments.run / "model", load_extractor()
    part = None if arguments.part == "all" else arguments.part
    album = scoring.Album(arguments.val, size=SIZE, limit=arguments.limit, part=part)
    scores = evaluate(Colorizer(Model.load(model)), extractor, album)
    for title, numbers in scores.items():
        print(title, {key: round(value, 3) for key, value in numbers.items()}, flush=True)
    card = Card.from_json((model / CARD_FILE).read_bytes())
    card = replace(
        card, name="photochrom", licence=LICENCE, data=DATA,
        scores={"photographs seen": arguments.seen, "size": SIZE, "part": arguments.part, **scores},
    )  # fmt: skip
    # A failure while the files are made must leave the old model as it is.
    with tempfile.TemporaryDirectory() as folder:
        folder_path = Path(folder)
        shutil.copy(model / NETWORK_FILE, folder_path / NETWORK_FILE)
        round_weights(model / KERAS_FILE, folder_path / KERAS_FILE)
        (folder_path / CARD_FILE).write_text(card.to_json(), "utf-8")
        arguments.to.mkdir(parents=True, exist_ok=True)
        for file in folder_path.iterdir():
            shutil.copy(file, arguments.to / file.name)
    print(json.dumps({k: v for k, v in asdict(card).items() if k in ("faithful", "vivid")}))


if __name__ == "__main__":
    main()
