"""A real browser, and the actions of a person on the page."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
SHOWN = "#viewer .stage:not([hidden])"
LIMIT = 300  # seconds that a test may use a browser


def kill_browsers() -> None:
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if any(name in child.name().lower() for name in ("chromium", "chrome")):
                child.kill()


@contextmanager
def limited() -> Iterator[None]:
    """Kill a browser that hangs, because closing it and downloading have no time limit."""
    killer = threading.Timer(LIMIT, kill_browsers)
    killer.start()
    try:
        yield
    finally:
        killer.cancel()


class Chromium:
    """One browser for many tests; if it has crashed, a new one is started."""

    def __init__(self, playwright: Playwright) -> None:
        self._playwright = playwright
        self._browser: Browser | None = None

    def browser(self) -> Browser:
        if self._browser is None or not self._browser.is_connected():
            launch = self._playwright.chromium.launch
            self._browser = launch(executable_path=CHROMIUM, args=FLAGS)
        return self._browser

    def close(self) -> None:
        if self._browser is not None:
            self._browser.close()


def drop(page: Page, *paths: Path) -> None:
    page.set_input_files("#drop input[type=file]", paths)
    page.wait_for_selector(SHOWN)
    settled(page)


def settled(page: Page) -> str:
    """Wait until the picture is there, and return its version."""
    page.wait_for_function("document.querySelector('#viewer .after')?.complete")
    return page.get_attribute("#viewer .after", "src") or ""


def changed(page: Page, before: str) -> str:
    now = "document.querySelector('#viewer .after').getAttribute('src')"
    page.wait_for_function(f"was => {now} !== was", arg=before)
    return settled(page)


def enter(page: Page, where: str, text: str) -> None:
    """Fill in a field; again if the page empties it, as it does when its tab has just opened."""
    for _ in range(20):
        page.fill(where, text)
        page.wait_for_timeout(250)
        if page.input_value(where) == text:
            break
    page.keyboard.press("Enter")


def saved(page: Page, what: str = "#viewer .save") -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.click(what)
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()
