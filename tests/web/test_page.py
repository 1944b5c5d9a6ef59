"""The page, driven as a person would: by a real browser, on real photographs."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import skimage.data
from PIL import Image

from photochrom.restoration import restore
from tests.browsing import (
    CHROMIUM,
    SHOWN,
    Chromium,
    changed,
    drop,
    enter,
    limited,
    saved,
    settled,
)
from tests.films import panned, planes, write_film
from tests.pages import album_page
from tests.restoration.scans import scratched
from tests.support import exact_luma

sync_api = pytest.importorskip("playwright.sync_api")
if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="needs a Chromium"),
    pytest.mark.flaky(reruns=2, only_rerun="TargetClosedError"),  # a browser that died
]

PATIENCE = 60_000  # milliseconds; a slow machine is no failure
CUT = re.compile("AbortError|Connection errored out")  # what a page that is loaded again leaves


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_api.sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Chromium]:
    chromium = Chromium(playwright)
    yield chromium
    with limited():
        chromium.close()


@pytest.fixture
def browser(chromium: Chromium) -> Iterator[Browser]:
    with limited():
        yield chromium.browser()


@pytest.fixture(scope="module")
def place(chromium: Chromium) -> Iterator[str]:
    """The address of a service with its page; it stops at once, even while a page is open."""
    command = [sys.executable, "-m", "photochrom", "serve", "--port", "0", "--grace", "600"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    for line in process.stderr:
        if found := re.search(r"serving at (\S+)", line):
            break
    else:
        pytest.fail("the service did not begin")
    try:
        yield found.group(1)
        with limited():
            lingering = chromium.browser().new_page()
            lingering.goto(found.group(1))
            lingering.wait_for_selector("#viewer .examples img")
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    finally:
        process.kill()
        process.stderr.close()


@pytest.fixture
def page(browser: Browser, place: str) -> Iterator[Page]:
    """A new page; requests to other hosts and errors in the console fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    page, faults, loads = context.new_page(), [], []

    def asked(request: Any) -> None:
        if not request.url.startswith((place, "data:", "blob:")):
            faults.append(f"asked for {request.url}")

    page.on("request", asked)
    page.on("load", lambda _: loads.append(1))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.goto(place)
    page.wait_for_selector("#viewer .examples img")
    yield page
    context.close()
    assert not [each for each in faults if len(loads) < 2 or not CUT.search(each)]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A grey JPEG file with EXIF, a grey PNG file, one in colour, and one that is no picture."""
    folder = tmp_path_factory.mktemp("photographs")
    astronaut = Image.fromarray(skimage.data.astronaut()).convert("L")
    exif = astronaut.getexif()
    exif[0x010E] = "a shoebox, 1983"
    made = {
        name: folder / name for name in ("astronaut.jpg", "coffee.png", "broken.jpg", "cat.png")
    }
    astronaut.save(made["astronaut.jpg"], quality=90, exif=exif)
    Image.fromarray(skimage.data.coffee()).convert("L").save(made["coffee.png"])
    made["broken.jpg"].write_bytes(b"no photograph at all")
    Image.fromarray(skimage.data.chelsea()).save(made["cat.png"])
    return made


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float64)


def mark(page: Page, x: float, y: float, color: str) -> str:
    """Correct a colour by hand."""
    before = settled(page)
    page.click("[data-mode=correct]")
    stage = page.locator(SHOWN)
    box = stage.bounding_box()
    assert box
    stage.click(position={"x": x * box["width"], "y": y * box["height"]})
    page.wait_for_selector(".popover:not([hidden]) .swatch")
    page.fill(".popover input[type=color]", color)
    return changed(page, before)


# --- one photograph -------------------------------------------------------------------------


def test_a_photograph_is_dropped_and_saved_with_its_luma_and_its_exif(page, photographs):
    drop(page, photographs["astronaut.jpg"])
    name, data = saved(page)
    assert name == "astronaut-colorized.jpg"
    coloured, grey = Image.open(io.BytesIO(data)), Image.open(photographs["astronaut.jpg"])
    assert coloured.size == grey.size
    assert coloured.getexif()[0x010E] == "a shoebox, 1983"
    coloured.draft("YCbCr", None)
    np.testing.assert_array_equal(np.asarray(coloured)[..., 0], np.asarray(grey))
    assert np.ptp(pixels(data), -1).mean() > 5


def test_a_png_file_keeps_its_luma(page, photographs):
    drop(page, photographs["coffee.png"])
    found = exact_luma(pixels(saved(page)[1]))
    assert abs(found - np.asarray(Image.open(photographs["coffee.png"]))).max() <= 1


def test_an_example_is_one_click_away(page):
    page.click("#viewer .examples button:first-child")
    page.wait_for_selector(SHOWN)
    assert "astronaut.jpg, 512 × 512" in page.inner_text("#viewer .say")


def test_the_border_follows_the_hand_and_the_keys(page, photographs):
    drop(page, photographs["astronaut.jpg"])
    divider = "getComputedStyle(document.querySelector('.stage')).getPropertyValue('--divider')"
    box = page.locator(SHOWN).bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 50)
    page.mouse.up()
    assert float(page.evaluate(divider).strip("%")) == pytest.approx(25, abs=1)
    page.locator(SHOWN).focus()
    page.keyboard.press("Shift+ArrowRight")
    assert float(page.evaluate(divider).strip("%")) == pytest.approx(35, abs=1)


def test_vividness_is_followed_by_the_picture_and_the_file(page, photographs):
    drop(page, photographs["astronaut.jpg"])
    _, vivid = saved(page)
    before = settled(page)
    page.fill("#vividness input[type=number]", "0")
    page.keyboard.press("Enter")
    changed(page, before)
    _, faithful = saved(page)
    assert np.ptp(pixels(faithful), -1).mean() < 0.8 * np.ptp(pixels(vivid), -1).mean()
    page.fill("#vividness input[type=number]", "0.6")
    page.keyboard.press("Enter")
    page.click("#more-cautious")
    page.wait_for_function("document.querySelector('#vividness input').value === '0.35'")


def test_a_colour_by_hand_is_kept_undone_changed_and_removed(page, photographs):
    drop(page, photographs["astronaut.jpg"])
    first = mark(page, 0.5, 0.75, "#2040d0")
    red, _, blue = pixels(saved(page)[1])[384, 256]
    assert blue > red + 20
    row = page.locator("#marks li")
    assert "#2040d0" in row.inner_text()
    row.locator("input[type=color]").fill("#20a030")
    second = changed(page, first)
    red, green, _ = pixels(saved(page)[1])[384, 256]
    assert green > red
    page.click("#undo")
    third = changed(page, second)
    assert "#2040d0" in row.inner_text()
    page.click("#viewer .mark")
    page.click(".popover >> text=Remove")
    changed(page, third)
    assert page.locator("#marks li").count() == 0


def test_a_brush_and_an_eraser_with_the_hand_and_with_the_keys(page, photographs):
    drop(page, photographs["astronaut.jpg"])
    first = settled(page)
    page.click("[data-mode=brush]")
    box = page.locator(SHOWN).bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.75)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.75, steps=5)
    page.mouse.up()
    page.click(".popover:not([hidden]) >> text=Keep grey")
    painted = changed(page, first)
    assert np.ptp(pixels(saved(page)[1])[384, 160:300], -1).mean() < 8
    assert page.inner_text("#marks li").startswith("grey, painted")
    page.click("[data-mode=eraser]")
    page.locator(SHOWN).focus()
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Enter")
    erased = changed(page, painted)
    assert page.locator("#marks li").count() == 0
    page.keyboard.press("Control+z")
    undone = changed(page, erased)
    assert page.locator("#marks li").count() == 1
    page.keyboard.press("Control+Shift+z")
    changed(page, undone)
    assert page.locator("#marks li").count() == 0


def test_likely_colours_are_offered_and_one_is_enough(page, photographs):
    drop(page, photographs["astronaut.jpg"])
    before = settled(page)
    page.click("[data-mode=correct]")
    page.locator(SHOWN).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    swatches = page.locator(".popover .swatch")
    swatches.first.wait_for()
    assert swatches.count() > 1
    assert re.fullmatch(r"#\w{6}, \d+% likely", swatches.first.get_attribute("aria-label"))
    swatches.last.focus()
    page.keyboard.press("Enter")
    changed(page, before)
    assert page.locator("#viewer .mark").count() == 1


def test_another_answer_is_shown_and_saved(page, photographs):
    drop(page, photographs["astronaut.jpg"])
    _, best = saved(page)
    before = settled(page)
    page.get_by_role("tab", name="Alternatives").click()
    page.click("#alternatives button:nth-child(2)")
    changed(page, before)
    page.wait_for_selector("#alternatives button:nth-child(2)[aria-pressed=true]")
    _, other = saved(page)
    assert abs(pixels(best) - pixels(other)).mean() > 1


def test_where_it_is_unsure_is_laid_over_it(page, photographs):
    drop(page, photographs["astronaut.jpg"])
    page.check("#viewer .doubt")
    page.wait_for_function("document.querySelector('#viewer .unsure').naturalWidth > 0")
    assert page.is_visible("#viewer .unsure")


def test_a_palette_and_a_photograph_are_followed(page, photographs, tmp_path):
    drop(page, photographs["astronaut.jpg"])
    before = settled(page)
    page.get_by_role("tab", name="Copy colours").click()
    enter(page, "#palette input, #palette textarea", "#205090")
    second = changed(page, before)
    red, _, blue = pixels(saved(page)[1]).mean((0, 1))
    assert blue > red
    enter(page, "#palette input, #palette textarea", "<b>blue</b>")
    page.wait_for_selector("text=received '<b>blue</b>'")  # it is told, and is no HTML
    theirs = tmp_path / "theirs.png"
    Image.fromarray(skimage.data.astronaut()).save(theirs)
    page.set_input_files("#reference input[type=file]", theirs)
    changed(page, second)
    truth = skimage.data.astronaut().astype(float)
    assert abs(pixels(saved(page)[1]) - truth).mean() < 14


def test_what_is_followed_is_shown_with_its_photograph(page, photographs, tmp_path):
    drop(page, photographs["astronaut.jpg"], photographs["coffee.png"])
    page.wait_for_function("document.querySelectorAll('#tray li.done').length === 2")
    before = settled(page)
    theirs = tmp_path / "theirs.png"
    Image.fromarray(skimage.data.astronaut()).save(theirs)
    page.get_by_role("tab", name="Copy colours").click()
    page.get_by_label("Only its palette").check()
    page.set_input_files("#reference input[type=file]", theirs)
    changed(page, before)
    words = "document.querySelector('#palette input, #palette textarea').value.length"
    page.wait_for_function(f"{words} > 6")
    page.click("#tray li:nth-child(2) .photograph")
    page.wait_for_function(f"{words} === 0")
    assert "theirs.png" not in page.inner_text("#reference")
    page.click("#tray li:nth-child(1) .photograph")
    page.wait_for_selector("#reference :text('theirs')")
    page.wait_for_function(f"{words} > 6")


# --- many -----------------------------------------------------------------------------------


def test_many_photographs_one_of_them_broken_and_one_in_colour(page, photographs):
    drop(page, *photographs.values())
    page.wait_for_selector("#tray li.failed")
    page.wait_for_function("document.querySelectorAll('#tray li.done').length === 2")
    page.click("#tray li.failed .photograph")
    page.wait_for_function(
        "document.querySelector('#viewer .say').textContent.includes('not be coloured')"
    )
    assert "broken.jpg is not a picture" in page.inner_text("#viewer .say")
    name, data = saved(page, "#tray .zip")
    assert name == "photographs-colorized.zip"
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert sorted(names) == ["astronaut-colorized.jpg", "coffee-colorized.png"]
    page.click("#tray li.failed .remove")
    page.wait_for_function("document.querySelectorAll('#tray li').length === 3")
    page.wait_for_selector("#tray .count:text-is('3 photographs, 1 is in colour already')")
    page.click("#tray li.skipped .photograph")
    page.click("#viewer .kept button")
    page.wait_for_selector("#tray .count:text-is('3 photographs')")
    assert page.locator("#tray li.done").count() == 3
    page.check("#tray .sharing input")
    page.wait_for_selector("#tray .zip")  # not while they are compared
    page.reload()
    page.wait_for_selector(SHOWN)
    assert page.is_checked("#tray .sharing input")


def test_a_queue_is_paused_continued_and_cancelled(page, photographs, tmp_path):
    data = photographs["astronaut.jpg"].read_bytes()
    many = [tmp_path / f"{number}.jpg" for number in range(80)]
    for path in many:
        path.write_bytes(data)
    drop(page, *many)
    page.click("#tray .pause")
    page.wait_for_selector("#tray .pause >> text=Continue")
    assert "paused" in page.inner_text("#tray .count")
    page.click("#tray .pause")
    page.wait_for_selector("#tray .pause >> text=Pause")
    page.click("#tray .cancel")
    page.wait_for_selector("#tray li.cancelled")
    page.wait_for_function("document.querySelector('#tray .cancel').hidden")
    assert page.locator("#tray li.done").count() < 80


def test_photographs_outlast_a_reload(page, photographs):
    drop(page, photographs["astronaut.jpg"])
    page.reload()
    page.wait_for_selector(SHOWN)
    assert page.locator("#tray li").count() == 1


@pytest.mark.parametrize(
    "event",
    [
        "new ClipboardEvent('paste', {clipboardData: data, bubbles: true})",
        "new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})",
    ],
)
def test_one_that_is_pasted_or_dropped_anywhere_is_taken(page, photographs, event):
    page.evaluate(
        """numbers => {
            const data = new DataTransfer();
            const bytes = new Uint8Array(numbers);
            data.items.add(new File([bytes], "clip.png", {type: "image/png"}));
            document.querySelector("#viewer .empty").dispatchEvent(EVENT);
        }""".replace("EVENT", event),
        list(photographs["coffee.png"].read_bytes()),
    )
    page.wait_for_selector(SHOWN)
    assert "clip.png" in page.inner_text("#viewer .say")


# --- how it looks ---------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_a_phone_by_day_and_by_night(page, photographs, dark):
    page.set_viewport_size({"width": 390, "height": 844})
    if dark:
        page.click(".head .light")
    assert page.evaluate("document.body.classList.contains('dark')") == dark
    drop(page, photographs["astronaut.jpg"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#vividness").scroll_into_view_if_needed()
    page.evaluate("window.scrollBy(0, 200)")
    assert page.locator(SHOWN).bounding_box()["y"] >= 0  # it stays in view above the controls


def test_pictures_and_controls_have_names(page, photographs):
    drop(page, photographs["astronaut.jpg"])
    nameless = page.evaluate(
        """[...document.querySelectorAll("img, button, input, a[href]")]
            .filter((each) => each.offsetParent !== null)
            .filter((each) => each.tagName === "IMG" ? !each.hasAttribute("alt") :
                !(each.getAttribute("aria-label") || each.textContent.trim() || each.title
                  || each.labels?.length || each.getAttribute("aria-labelledby")))
            .map((each) => each.outerHTML.slice(0, 200))"""
    )
    assert nameless == []


# --- scans ----------------------------------------------------------------------------------


def test_a_page_a_negative_and_a_document(page, tmp_path):
    scan, scans = tmp_path / "page.png", tmp_path / "scans.tif"
    Image.fromarray(album_page((228, 218, 196))[0]).save(scan)
    grey = Image.fromarray(skimage.data.coffee()[:200, :300]).convert("L")
    grey.save(scans, save_all=True, append_images=[grey])
    drop(page, scan)
    before = settled(page)
    assert "4 photographs" in page.inner_text("#viewer .album")
    page.click("[data-mode=correct]")
    page.click(SHOWN, position={"x": 5, "y": 5})
    page.wait_for_selector("#viewer .say:has-text('the page around the photographs')")
    page.click("#viewer .album input")
    before = changed(page, before)
    assert not page.is_checked("#viewer .album input")
    page.get_by_role("button", name="More options").click()
    page.get_by_label("This is a negative").check()
    changed(page, before)
    positive = 255 - np.asarray(Image.open(scan).convert("L"), float)
    assert abs(exact_luma(pixels(saved(page)[1])) - positive).max() <= 1.5
    page.get_by_role("tab", name="Document").click()
    page.set_input_files("#document-drop input[type=file]", scans)
    page.wait_for_selector("#document-drop a[download]")
    page.click("#document-begin")
    page.wait_for_selector("#document .save:not([hidden])")
    assert page.inner_text("#document .say") == "scans.tif is in colour: 2 photographs"
    name, data = saved(page, "#document .save")
    assert name == "scans-colorized.tif"
    assert Image.open(io.BytesIO(data)).n_frames == 2


def test_damage_is_repaired_on_request(page, tmp_path):
    Image.fromarray(scratched(skimage.data.camera())).save(scan := tmp_path / "scan.png")
    drop(page, scan)
    before = settled(page)
    luma = np.asarray(Image.open(scan), float)
    assert abs(exact_luma(pixels(saved(page)[1])) - luma).max() <= 1.5
    page.get_by_role("button", name="More options").click()
    page.get_by_label("Repair dust, scratches and fading").check()
    changed(page, before)
    repaired = restore(scan).photo.luma
    assert abs(exact_luma(pixels(saved(page)[1])) - repaired).max() <= 1.5


# --- films ----------------------------------------------------------------------------------


def test_a_film_is_coloured(page, tmp_path):
    pytest.importorskip("av")
    frames = panned(15, name="coffee") + panned(15)
    old = write_film(tmp_path / "old.mp4", frames, codec="libx264")
    page.get_by_role("tab", name="Film").click()
    page.set_input_files("#film-drop input[type=file]", old)
    page.wait_for_selector("#film-drop a[download]")  # it is there, not only on its way
    Image.fromarray(frames[-1]).save(photograph := tmp_path / "colour.png")
    give_colors_in_a_shot(page, photograph)
    page.click("#film-begin")
    page.wait_for_selector("#film .say:has-text('old.mp4')")
    page.reload()  # it outlasts that, too
    page.get_by_role("tab", name="Film").click()
    page.wait_for_selector("#film .save:not([hidden])")
    name, data = saved(page, "#film .save")
    assert (name, data[4:8]) == ("old-colorized.mp4", b"ftyp")
    (new := tmp_path / name).write_bytes(data)
    _, (_, blue, _) = planes(new)[22]
    assert blue[10:20, :6].mean() > 145  # the colour that was given
    film = "document.querySelector('#film video')"
    page.wait_for_function(f"{film}.readyState > 0 || !{film}.nextElementSibling.hidden")
    if page.is_visible("#film video"):  # not every build of Chromium plays H.264
        assert page.evaluate(f"{film}.duration") == pytest.approx(1.2, abs=0.1)
    else:
        assert "cannot play MP4 films" in page.inner_text("#film .unplayable")
    assert page.is_hidden("#film .preview")


def give_colors_in_a_shot(page: Page, photograph: Path) -> None:
    """Show the shots of a film; make the background of the second blue, and add a photograph."""
    page.click("#show-shots")
    page.wait_for_selector("#shots .count:text-is('2 shots')")
    page.click("#shots li:nth-child(2) button")
    page.wait_for_selector("#shots .title:has-text('from 0:00.6 to 0:01.2')")
    before = page.get_attribute("#shots .frame", "src")
    page.click("#shots .stage", position={"x": 30, "y": 200})
    page.wait_for_selector("#shots .popover .swatch")
    page.fill("#shots .popover input", "#2040d0")
    page.wait_for_selector("#shots .mark-rows li")
    assert page.get_attribute("#shots .frame", "src") != before
    assert page.inner_text("#shots .count") == "2 shots; you have given 1 colour"
    page.set_input_files("#shot-photograph input[type=file]", photograph)
    page.wait_for_selector("#shots li:nth-child(2) img.photograph")
    assert page.inner_text("#shots .count").endswith("1 colour and 1 reference photograph")
