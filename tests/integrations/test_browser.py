"""The page that colours in the browser: its colours are Python's, and it needs no network."""

from __future__ import annotations

import functools
import http.server
import io
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageOps

from photochrom import Colorizer, Hint, color
from photochrom.photo.provenance import marked_version
from tests.browsing import CHROMIUM, Chromium, limited
from tests.photo.test_tint import worn_sepia

sync_api = pytest.importorskip("playwright.sync_api")
if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

HERE = Path(__file__).parents[2] / "integrations" / "browser"
NPM = shutil.which("npm")
NO_REGISTRY = re.compile("ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|ENOTCACHED|ERR_SOCKET|E40|E50")
PATIENCE = 60_000  # milliseconds; a slow machine is no failure
LONGEST_SIDE = 360  # pixels of the photographs; the network's work does not depend on it
ON_ITS_SIDE = {"coins": 6, "moon": 8}  # EXIF orientations
READINGS = ("default",) * 4 + ("faithful",) * 3 + ("vivid",) * 3  # of the ten photographs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="needs a Chromium"),
    pytest.mark.skipif(not NPM, reason="needs npm"),
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A plain static server, without a line for each request."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@dataclass
class Browsing:
    """A page in a browser, and what went wrong in it."""

    page: Page
    context: BrowserContext
    server: http.server.ThreadingHTTPServer
    faults: list[str] = field(default_factory=list)

    def wait_for(self, status: str) -> str:
        """Wait until the page says something."""
        line = self.page.locator("#status")
        sync_api.expect(line).to_have_text(re.compile(status), timeout=PATIENCE)
        return line.inner_text()

    def open(self, path: Path, status: str = "coloured in") -> str:
        self.page.set_input_files("#file", path)
        return self.wait_for(rf"{re.escape(path.name)}.*{status}")

    def choose_reading(self, name: str) -> None:
        choice = self.page.get_by_label(name, exact=True)
        if not choice.is_checked():
            choice.check()
            self.wait_for("Done")

    def saved(self, name: str = "PNG") -> Image.Image:
        self.page.select_option("#format", name)
        with self.page.expect_download() as download:
            self.page.click("#save")
        data = Path(download.value.path()).read_bytes()
        return Image.open(io.BytesIO(data))


@pytest.fixture(scope="module")
def dist() -> Path:
    """The page as `npm run build` makes it."""
    if not (HERE / "node_modules" / ".package-lock.json").exists():
        npm("ci", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=0")
    npm("run", "build")
    return HERE / "dist"


def npm(*arguments: str) -> None:
    """Run npm; skip the tests if it cannot reach its registry."""
    assert NPM
    command = [NPM, *arguments]
    try:
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=90)
    except subprocess.TimeoutExpired:
        pytest.skip("needs node_modules, and npm's registry is too slow")
    output = done.stdout + done.stderr
    if done.returncode and arguments[0] == "ci" and NO_REGISTRY.search(output):
        pytest.skip("needs node_modules, and npm cannot reach its registry")
    assert done.returncode == 0, output


@pytest.fixture(scope="module")
def browsing(dist: Path) -> Iterator[Browsing]:
    """The page, loaded from a plain static server; any request elsewhere fails the tests."""
    handler = functools.partial(Quiet, directory=str(dist))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = f"http://127.0.0.1:{server.server_port}/"
    with limited(), sync_api.sync_playwright() as playwright:
        chromium = Chromium(playwright)
        context = chromium.browser().new_context(accept_downloads=True)
        context.set_default_timeout(PATIENCE)
        made = Browsing(context.new_page(), context, server)

        def asked(url: str) -> None:
            if not url.startswith((place, f"blob:{place}")):
                made.faults.append(f"asked for {url}")

        context.on("request", lambda request: asked(request.url))
        made.page.on("pageerror", lambda error: made.faults.append(str(error)))
        made.page.on(
            "console", lambda said: made.faults.append(said.text) if said.type == "error" else None
        )
        made.page.goto(place)
        made.wait_for("Ready")
        yield made
        context.close()
        chromium.close()
    server.shutdown()
    server.server_close()
    assert made.faults == []


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ten photographs in three formats: one is in sepia, and two lie on their sides."""
    folder = tmp_path_factory.mktemp("photographs")
    names = ("astronaut", "chelsea", "coffee", "rocket", "camera", "coins", "moon", "page")
    pictures = {name: getattr(skimage.data, name)() for name in names}
    # Found without importing scikit-learn, which takes longer than to colour them.
    spec = find_spec("sklearn")
    assert spec
    assert spec.origin
    for name in ("china", "flower"):
        sample = Path(spec.origin).parent / "datasets" / "images" / f"{name}.jpg"
        pictures[name] = np.asarray(Image.open(sample))
    paths = []
    for name, picture in pictures.items():
        grey = Image.fromarray(picture).convert("L")
        grey.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        exif = grey.getexif()
        exif[0x0112] = ON_ITS_SIDE.get(name, 1)
        sepia = ImageOps.colorize(grey, "black", "#fffaf0", mid="#8c7355")
        image = {"moon": sepia, "chelsea": grey.convert("RGB")}.get(name, grey)
        suffix = {"coins": "jpg", "moon": "jpg", "chelsea": "webp"}.get(name, "png")
        paths.append(folder / f"{name}.{suffix}")
        image.save(paths[-1], exif=exif, lossless=True)
    return paths


@pytest.fixture(scope="module")
def python() -> Colorizer:
    return Colorizer()


def test_the_lockfile_names_no_other_registry():
    packages = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    resolved = {package.get("resolved", "") for package in packages.values()}
    assert all(url.startswith(("https://registry.npmjs.org/", "")) for url in resolved)
    assert all("integrity" in package for name, package in packages.items() if name)


def test_the_colours_are_those_of_python(
    browsing: Browsing, photographs: list[Path], python: Colorizer
):
    card = python.model.card
    vividness = {"default": card.vividness, "faithful": 0.0, "vivid": 1.0}
    for name, path in zip(READINGS, photographs, strict=True):
        browsing.open(path)
        browsing.choose_reading(name)
        expected = python.colorize(path, vividness=vividness[name], album=False)
        received = np.asarray(browsing.saved())
        assert received.shape == expected.rgb.shape
        difference = np.abs(received.astype(int) - expected.rgb)
        assert difference.max() <= 1, path.name
        assert difference.mean() < 1e-3, path.name
        assert np.abs(color.luma(received).astype(int) - expected.luma).max() <= 1, path.name


def test_a_photograph_in_colour_is_left_alone_until_a_person_asks(
    browsing: Browsing, tmp_path: Path
):
    path = tmp_path / "cat.png"
    Image.fromarray(skimage.data.chelsea()).save(path)
    browsing.open(path, "in colour already")
    assert browsing.page.locator("#work").is_hidden()
    browsing.page.click("#recolor")
    browsing.wait_for("coloured in")
    assert browsing.page.locator("#work").is_visible()


def test_a_worn_sepia_print_is_no_photograph_in_colour(browsing: Browsing, tmp_path: Path):
    path = tmp_path / "sepia.png"
    Image.fromarray(worn_sepia(skimage.data.chelsea())).save(path)
    browsing.open(path)


def test_what_cannot_be_read_is_named(browsing: Browsing, tmp_path: Path):
    jpeg = io.BytesIO()
    Image.new("L", (64, 64), 90).save(jpeg, "JPEG")
    files = {
        "empty.png": (b"", "is empty"),
        "letter.jpg": (b"Dear Sir, no photograph", "is none of these"),
        "scan.tif": (b"II*\0 and so on", "TIFF"),
        "cut.jpg": (jpeg.getvalue()[:40], "damaged"),
    }
    for name, (data, message) in files.items():
        (tmp_path / name).write_bytes(data)
        browsing.page.set_input_files("#file", tmp_path / name)
        assert name in browsing.wait_for(message)


def test_it_works_without_a_network(browsing: Browsing, photographs: list[Path], python: Colorizer):
    page, path = browsing.page, photographs[0]
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    browsing.server.shutdown()
    browsing.context.set_offline(True)
    page.reload()
    browsing.wait_for("Ready")
    # The service worker isolates the page, so the network runs on as many threads as there are.
    assert page.evaluate("() => crossOriginIsolated")
    browsing.open(path)
    page.click(".modes [data-mode=correct]")
    page.focus(".stage")
    page.keyboard.press("Enter")  # chooses the middle
    page.get_by_label("Another colour").fill("#2b5c7e")
    page.click("#use-color")
    browsing.wait_for("Done")
    grey = np.asarray(Image.open(path))
    middle = Hint.at(grey.shape[1] // 2, grey.shape[0] // 2, "#2b5c7e")
    expected = python.colorize(path, hints=[middle], album=False).rgb
    saved = browsing.saved()
    assert np.abs(np.asarray(saved).astype(int) - expected).max() <= 1
    assert np.abs(color.luma(np.asarray(saved)).astype(int) - grey).max() <= 1
    assert marked_version(saved.info["xmp"]) is not None
    assert marked_version(browsing.saved("JPEG").info["xmp"]) is not None
