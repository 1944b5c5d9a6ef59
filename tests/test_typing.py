"""The package is typed: a script that uses it passes mypy --strict."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import photochrom

SCRIPT = """
from pathlib import Path

import numpy as np
import numpy.typing as npt

from photochrom import Colorizer, ColorOptions, ColorPhoto, Hint, PhotochromError, read
from photochrom.batch import plan, run
from photochrom.progress import ProgressListener
from photochrom.scoring import Album, Report, evaluate, to_json


class Counter(ProgressListener):
    def progress(self, task: str, done: int, total: int) -> None:
        print(task, done, total)


def color_with_hints(colorizer: Colorizer, path: Path) -> ColorPhoto:
    prediction = colorizer.predict(read(path), reference="reference.jpg")
    vivid: list[ColorPhoto] = prediction.variants(3, vividness=0.8)
    confidence: npt.NDArray[np.float32] = prediction.confidence()
    for color, probability in prediction.color_candidates(10, 20):
        print(color[0] + 1, probability * 2, confidence.mean(), len(vivid))
    hints = [Hint(((10, 20),), (43, 76, 126), 3)]
    return prediction.color(hints=hints, palette=["#2B4C7E", (255, 0, 0)])


def color_folder(colorizer: Colorizer, folder: Path) -> int:
    options = ColorOptions.of(vividness=0.5, reference=Path("reference.jpg"))
    outcomes = run(plan([str(folder)], Path("out")), colorizer, options=options, exists="skip")
    return sum(outcome.status == "done" for outcome in outcomes)


def judge(colorizer: Colorizer, folder: Path) -> Report:
    def colorize(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return np.asarray(colorizer.colorize(grey).rgb, np.uint8)

    report = evaluate(Album(folder, part="test"), colorize, listener=Counter())
    print(report.model.psnr + 1, report.best.name.upper(), to_json(report))
    return report


def main() -> None:
    colorizer = Colorizer(engine="openvino")
    try:
        result = color_with_hints(colorizer, Path("old.jpg"))
    except PhotochromError as error:
        raise SystemExit(str(error)) from error
    result.save("new.jpg", quality=90, overwrite=True)
    shown: npt.NDArray[np.float32] = result.to_array(np.float32)
    levels = np.asarray(result)
    print(shown.mean(), levels.shape[0] + 1, result.to_array("uint16").dtype)
    height, width = result.luma.shape[:2]
    print(height * width, result.to_pil().size, color_folder(colorizer, Path("in")))
    judge(colorizer, Path("photos"))
"""

WRONG = """
from photochrom import ColorOptions, Colorizer

ColorOptions.of(vividness="much")
Colorizer().colorize("a.jpg").save("b.jpg", qualty=90)
"""


def check(script: Path) -> subprocess.CompletedProcess[str]:
    """Check a script with mypy, as for an installed package, whose own files are not checked."""
    command = [
        *(sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent"),
        *("--cache-dir", str(script.parent / "cache"), str(script)),
    ]
    environment = os.environ | {"MYPYPATH": str(Path(photochrom.__file__).parent.parent)}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=script.parent
    )


@pytest.mark.slow
def test_a_script_passes_strict_checks_and_its_mistakes_do_not(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    said = check(script)
    assert said.returncode == 0, said.stdout
    script.write_text(WRONG)
    said = check(script)
    assert said.returncode == 1
    assert said.stdout.count("error:") == 2
