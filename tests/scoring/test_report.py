"""Evaluation from end to end: the rows, the tables, the files and the sheets."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from PIL import Image
from rich.console import Console

import photochrom.scoring
from photochrom.color import luma
from photochrom.errors import DataError
from photochrom.progress import ProgressListener
from photochrom.scoring import (
    METRICS,
    Album,
    Report,
    Scores,
    contact_sheet,
    evaluate,
    flat_color,
    photos_to_csv,
    showcase,
    to_json,
    to_table,
)
from photochrom.scoring.contact_sheet import printable

Rgb = npt.NDArray[np.uint8]
NAMES = ("astronaut", "coffee", "chelsea", "rocket")


def sepia(grey: Rgb) -> Rgb:
    return flat_color(grey, 8, 15)


def listening(steps: list[tuple[str, int, int]]) -> ProgressListener:
    listener = ProgressListener()
    listener.progress = lambda *step: steps.append(step)  # type: ignore[method-assign]
    return listener


def photographs() -> list[tuple[str, Rgb]]:
    found = []
    for name in NAMES:
        picture = getattr(skimage.data, name)()
        size = 96 * picture.shape[1] // picture.shape[0], 96
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        found.append((f"{name}.png", np.asarray(small, np.uint8)))
    return found


@pytest.fixture(scope="module")
def report() -> Report:
    return evaluate(photographs(), sepia)


def test_the_three_rows(report: Report) -> None:
    assert list(report.rows) == ["grey", "best constant", "model"]
    assert {scores.photos for scores in report.rows.values()} == {4}
    assert report.grey.colorfulness == 0
    assert report.constant.ab_error < min(report.grey.ab_error, report.model.ab_error)
    assert report.constant.ab_argmax_accuracy == report.best_constant.argmax_accuracy >= 50


def test_best_median_and_worst(report: Report) -> None:
    scores = sorted(photo.ciede2000 for photo in report.photos)
    found = [photo.ciede2000 for photo in (report.best, report.median, report.worst)]
    assert found == [scores[0], scores[1], scores[3]]


def test_a_perfect_colorizer() -> None:
    answers = {luma(picture).tobytes(): picture for _, picture in photographs()}
    perfect = evaluate(photographs(), lambda grey: answers[grey.tobytes()]).model
    assert (perfect.ciede2000, perfect.ssim) == (0, pytest.approx(1))
    assert (perfect.auc_rebalanced, perfect.ab_argmax_accuracy) == (pytest.approx(100), 100)


@pytest.mark.slow
def test_a_function_that_makes_iterators_and_progress(report: Report) -> None:
    steps: list[tuple[str, int, int]] = []
    again = evaluate(lambda: iter(photographs()), sepia, listener=listening(steps))
    assert again == report
    assert steps == [(step, done, 0) for step in ("survey", "judge") for done in (1, 2, 3, 4)]
    steps.clear()
    evaluate(photographs()[:2], sepia, listener=listening(steps))  # a list has a length
    assert steps == [(step, done, 2) for step in ("survey", "judge") for done in (1, 2)]


def test_what_cannot_be_evaluated() -> None:
    def walk() -> Iterator[tuple[str, Rgb]]:
        yield from photographs()

    with pytest.raises(DataError, match="at least one photograph"):
        evaluate([], sepia)
    with pytest.raises(DataError, match=r"read twice.*received generator"):
        evaluate(walk(), sepia)
    with pytest.raises(DataError, match=r"astronaut\.png: expected a prediction"):
        evaluate(photographs(), lambda grey: np.zeros((3, 3, 3), np.uint8))


def printed(report: Report) -> str:
    """The table as a terminal of 80 columns shows it."""
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(to_table(report))
    return console.export_text()


def test_the_screen_table_fits_eighty_columns(report: Report) -> None:
    text = printed(report)
    assert "…" not in text
    assert "truth" in text.splitlines()[1]
    for metric in METRICS:
        assert metric.heading in text
        assert metric.text(getattr(report.model, metric.key)) in text


def test_json_carries_numbers_and_definitions(report: Report) -> None:
    content = json.loads(to_json(report))
    model = {k: math.nan if v is None else v for k, v in content["scores"]["model"].items()}
    assert asdict(Scores(**model)) == pytest.approx(asdict(report.model), nan_ok=True)
    assert content["part"] is None
    assert content["metrics"]["psnr"]["unit"] == "dB"
    assert set(content["metrics"]) <= set(content["scores"]["grey"])
    assert [photo["name"] for photo in content["per_photo"]] == [f"{n}.png" for n in NAMES]
    assert content["worst"] == report.worst.name


def test_csv_reads_back(report: Report) -> None:
    photos = list(csv.DictReader(io.StringIO(photos_to_csv(report))))
    assert [float(row["psnr"]) for row in photos] == [photo.psnr for photo in report.photos]


def test_a_gap_keeps_its_sign_and_what_is_not_known_is_a_dash() -> None:
    gap = next(metric for metric in METRICS if metric.key == "colorfulness_gap")
    assert (gap.text(3.14), gap.text(-3.14), gap.text(math.nan)) == ("+3.1", "-3.1", "–")


def test_differences_to_grey_are_those_of_the_pairs(report: Report) -> None:
    apart = [
        one.psnr - other.psnr for one, other in zip(report.photos, report.grey_photos, strict=True)
    ]
    found = report.above_grey["psnr"]
    assert found.mean == pytest.approx(report.model.psnr - report.grey.psnr)
    assert found.standard_error == pytest.approx(np.std(apart, ddof=1) / 2)
    line = f"PSNR above grey: {found.mean:+.2f} ± {found.standard_error:.2f} dB"
    assert line in printed(report)
    written = json.loads(to_json(report))["above_grey"]["psnr"]
    assert written == {"mean": found.mean, "standard_error": found.standard_error, "photos": 4}


def test_the_part_is_told(tmp_path: Path) -> None:
    for number, (_, picture) in enumerate(photographs()):
        Image.fromarray(picture).save(tmp_path / f"{number:03}.png")
    found = evaluate(Album(tmp_path, size=64, part="choose"), sepia)
    assert f"{found.model.photos} photographs, part «choose»" in printed(found)
    assert json.loads(to_json(found))["part"] == "choose"


def test_what_is_not_known_is_null_or_empty(report: Report) -> None:
    unknown = replace(report.model, lpips=math.nan, chroma_light=math.nan)
    photos = tuple(replace(photo, lpips=math.nan) for photo in report.photos)
    report = replace(report, model=unknown, photos=photos)
    content = json.loads(to_json(report))
    assert content["scores"]["model"]["lpips"] is None
    assert content["per_photo"][0]["lpips"] is None
    assert content["above_grey"]["lpips"] == {"mean": None, "standard_error": None, "photos": 0}
    assert next(csv.DictReader(io.StringIO(photos_to_csv(report))))["lpips"] == ""


def test_every_score_has_a_definition(report: Report) -> None:
    defined = {metric.key for metric in METRICS}
    ends = {key.removesuffix("_true") for key in report.model.to_dict()} - {"photos"}
    assert ends <= defined


def test_the_showcase_holds_the_photographs(report: Report) -> None:
    page = showcase(report, photographs(), sepia, tile=96)
    assert page.dtype == np.uint8
    assert page.shape[2] == 3
    assert page.shape[1] > 3 * 96
    worst = dict(photographs())[report.worst.name]
    height = round(96 * worst.shape[0] / worst.shape[1])
    tile = cv2.resize(worst, (96, height), interpolation=cv2.INTER_AREA)
    match = cv2.matchTemplate(page, np.asarray(tile), cv2.TM_SQDIFF)
    assert match.min() == 0


def test_a_sheet_takes_grey_colour_and_any_shape() -> None:
    rng = np.random.default_rng(0)
    tall = rng.integers(0, 256, (40, 10, 3), np.uint8)
    wide = rng.integers(0, 256, (10, 40), np.uint8)
    bare = contact_sheet([[tall, wide], [wide]], tile=64)
    worded = contact_sheet(
        [[tall, wide], [wide]], ["One", "Two"], ["First", "Second"], [["x"]], tile=64
    )
    assert bare.shape[1] == worded.shape[1]
    assert worded.shape[0] > bare.shape[0]
    assert np.array_equal(bare[0, 0], bare[-1, -1])


def test_a_sheet_needs_a_photograph() -> None:
    with pytest.raises(ValueError, match="at least one photograph"):
        contact_sheet([[]])
    with pytest.raises(ValueError, match=r"shape \(0, 4, 3\)"):
        contact_sheet([[np.zeros((0, 4, 3), np.uint8)]])


def test_long_and_foreign_words_do_not_break_a_sheet() -> None:
    picture = np.zeros((20, 20, 3), np.uint8)
    page = contact_sheet([[picture]], ["Überlang " * 30], ["写真.png"], [["ΔE"]], tile=40)
    assert page.shape[1] < 100
    assert printable("Café 写真 ΔE") == "Cafe ?? dE"


def test_public_names() -> None:
    names = photochrom.scoring.__all__
    assert len(set(names)) == len(names)
    assert all(hasattr(photochrom.scoring, name) for name in names)
