"""Measure how long a person waits at the page, in a real browser, or take screenshots.

    python benchmarks/page.py
    python benchmarks/page.py --screenshots docs/pictures

Needs Playwright and a Chromium. Times are the browser's own, from what a person
does to the new picture's having been loaded.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import skimage.data
from PIL import Image
from playwright.sync_api import Page, sync_playwright

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
SIZES = {"1 MP": (1200, 833), "12 MP": (4240, 2830)}
TIMES = 12
AFTER = "document.querySelector('#viewer .after')"


@contextmanager
def service() -> Iterator[str]:
    command = [sys.executable, "-m", "photochrom", "serve", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    for line in process.stderr:
        if found := re.search(r"serving at (\S+)", line):
            yield found.group(1)
            break
    process.send_signal(signal.SIGTERM)
    process.wait(60)


def photographs(folder: Path) -> dict[str, Path]:
    """Grey photographs of several sizes, no two alike, so that no cache helps."""
    grey = Image.fromarray(skimage.data.coffee()).convert("L")
    made = {name: folder / f"coffee-{name.replace(' ', '')}.jpg" for name in SIZES}
    for name, path in made.items():
        grey.resize(SIZES[name], Image.Resampling.BICUBIC).save(path, quality=92)
    return made


def watch(page: Page) -> None:
    """Let the browser record the times of clicks, keys and new pictures."""
    page.evaluate(
        f"""() => {{
            const begin = () => {{ window.begun = performance.now(); }};
            const end = () => {{ window.took = performance.now() - window.begun; }};
            for (const kind of ["click", "keydown", "change"])
                document.addEventListener(kind, begin, true);
            {AFTER}.addEventListener("load", end);
        }}"""
    )


def waited(page: Page, act: Any) -> float:
    """Return the seconds from a person's action to the new picture."""
    page.evaluate("window.took = null")
    act()
    page.wait_for_function("window.took !== null")
    return float(page.evaluate("window.took")) / 1000


def dropped(page: Page, path: Path) -> float:
    return waited(page, lambda: page.set_input_files("#drop input[type=file]", path))


def offered(page: Page, number: int) -> float:
    """Return the seconds from a click on the photograph to its likely colours."""
    stage = page.locator("#viewer .stage")
    box = stage.bounding_box()
    assert box
    x, y = box["width"] * (0.2 + 0.05 * number), box["height"] * 0.8
    begun = time.perf_counter()
    stage.click(position={"x": x, "y": y}, force=True)
    page.wait_for_selector(".popover:not([hidden]) .swatch")
    return time.perf_counter() - begun


def hinted(page: Page) -> float:
    return waited(page, lambda: page.locator(".popover .swatch").last.click())


def vivid(page: Page, value: float) -> float:
    def act() -> None:
        page.fill("#vividness input[type=number]", f"{value:.2f}")
        page.keyboard.press("Enter")

    return waited(page, act)


def report(what: str, seconds: list[float]) -> None:
    middle, most = statistics.median(seconds) * 1000, max(seconds) * 1000
    print(f"{what}: median {middle:.0f} ms, most {most:.0f} ms, of {len(seconds)}")


def measure(page: Page, paths: dict[str, Path]) -> None:
    for name, path in paths.items():
        report(f"{name}, from the drop to colour", [dropped(page, path)])
        page.click("[data-mode=correct]")
        hints = [(offered(page, number), hinted(page)) for number in range(TIMES)]
        report(f"{name}, from a point to its likely colours", [wait for wait, _ in hints])
        report(f"{name}, from a hint to the picture", [wait for _, wait in hints])
        report(
            f"{name}, from vividness to the picture", [vivid(page, n / 20) for n in range(TIMES)]
        )
        waited(page, lambda: page.click("#clear"))
        page.click("[data-mode=compare]")


def screenshots(browser: Any, place: str, photograph: Path, folder: Path) -> None:
    """Take the pictures of the documentation: in both themes, on a desktop and on a phone."""
    first = browser.new_page()  # the first photograph takes longer, as the network is loaded
    first.goto(place)
    first.click("#viewer .examples button:first-child")
    first.wait_for_selector("#viewer .stage:not([hidden])")
    first.close()
    for name, size in {"page": (1280, 900), "page-phone": (390, 844)}.items():
        for theme in ("light", "dark"):
            viewport = dict(zip(("width", "height"), size, strict=True))
            page = browser.new_context(viewport=viewport, color_scheme=theme).new_page()
            page.goto(place)
            page.click("#viewer .examples button:first-child")
            page.wait_for_selector("#viewer .stage:not([hidden])")
            page.set_input_files("#drop input[type=file]", photograph)
            page.wait_for_function("document.querySelectorAll('#tray li.done').length === 2")
            page.click("#tray li:first-child .photograph")
            page.wait_for_function(f"{AFTER}.alt.startsWith('astronaut') && {AFTER}.complete")
            if theme == "dark":
                correct(page, by_hand=name == "page")
            page.evaluate("window.scrollTo(0, 0)")
            time.sleep(0.5)
            with Image.open(io.BytesIO(page.screenshot())) as image:
                image.save(folder / f"{name}-{theme}.webp", quality=90, method=6)
            page.context.close()


def correct(page: Page, *, by_hand: bool) -> None:
    """Enter a colour by hand, if `by_hand`, and open the likely colours of a point."""
    page.click("[data-mode=correct]")
    if by_hand:
        offered(page, 6)
        page.locator(".popover .swatch").last.click()
        page.wait_for_selector("#viewer .mark")
    stage = page.locator("#viewer .stage")
    box = stage.bounding_box()
    assert box
    x, y = box["width"] * 0.46, box["height"] * 0.65
    stage.click(position={"x": x, "y": y}, force=True)
    page.wait_for_selector(".popover:not([hidden]) .swatch")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--screenshots", type=Path, help="take pictures into this folder; measure nothing"
    )
    asked = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with service() as place, sync_playwright() as playwright, tempfile.TemporaryDirectory() as temp:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        paths = photographs(Path(temp))
        if asked.screenshots:
            screenshots(browser, place, paths["1 MP"], asked.screenshots)
        else:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(place)
            page.wait_for_selector("#viewer .examples img")
            watch(page)
            measure(page, paths)
        browser.close()


if __name__ == "__main__":
    main()
