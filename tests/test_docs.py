"""The documentation is true: linked files and headings exist, and so do its commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from photochrom.cli.app import app

ROOT = Path(__file__).parents[1]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "notebooks" / "README.md",
    ROOT / "integrations" / "README.md",
    *sorted((ROOT / "integrations").glob("*/README.md")),
]
GENERATED = {  # made while the site is built
    ROOT / "docs/reference/command-line.md",
    ROOT / "docs/reference/rest.md",
    ROOT / "docs/reference/python/index.md",
}
BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.M | re.S)
INLINE = re.compile(r"`(photochrom\s[^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.M)
ENDS = {"|", "||", "&&", "&", ";", ">", ">>", "<", "2>", "2>&1"}

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
ADDED_BY_A_GUIDE = "info"  # the command that docs/how-to/add-a-command.md adds as an example


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


# --- links ----------------------------------------------------------------------------------


@cache
def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as links name them."""
    headings = HEADING.findall(BLOCK.sub("", text_of(page)))
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def wrong_links(page: Path) -> Iterator[str]:
    for link in LINK.findall(BLOCK.sub("", text_of(page))):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if target in GENERATED:
            continue
        if not target.exists():
            yield f"{link}: there is no such file"
        elif anchor and anchor not in anchors(target):
            yield f"{link}: there is no such heading"


@by_page
def test_links_lead_somewhere(page):
    assert list(wrong_links(page)) == []


# --- commands -------------------------------------------------------------------------------


def shown(page: Path) -> Iterator[list[str]]:
    """Yield the words of every `photochrom …` command in a page."""
    for found in INLINE.findall(BLOCK.sub("", text_of(page))):
        yield from _calls(" ".join(found.split()))
    for kind, block in BLOCK.findall(text_of(page)):
        if kind != "console":
            continue
        for line in re.sub(r"\\\n\s*", lambda gap: _joint(gap[0]), block).splitlines():
            if line.startswith("$ "):
                yield from _calls(line[2:])


def _joint(gap: str) -> str:
    """A line that goes on: with a space where the next one is indented, or within a word."""
    return " " if gap.endswith(" ") else ""


def _calls(line: str) -> Iterator[list[str]]:
    words = shlex.split(re.sub(r"[()]", " ", line), comments=True)
    while "photochrom" in words:
        words = words[words.index("photochrom") + 1 :]
        end = next((n for n, word in enumerate(words) if word in ENDS), len(words))
        yield words[:end]
        words = words[end:]


@cache
def program() -> Any:
    return get_command(app)


def complaints(words: list[str]) -> Iterator[str]:
    """Yield what is wrong with a command: a subcommand or an option that does not exist."""
    command = program()
    rest = list(words)
    while below := getattr(command, "commands", None):
        if not rest or rest[0].startswith("-"):
            break
        name = rest.pop(0)
        if name == ADDED_BY_A_GUIDE:
            return
        if name not in below:
            yield f"photochrom {' '.join(words)}: there is no command {name}"
            return
        command = below[name]
    known = {"--help", "-h"}
    for each in command.params:
        known |= {*each.opts, *each.secondary_opts}
    for word in rest:
        option = word.partition("=")[0]
        if re.match(r"--?[a-zA-Z]", option) and option not in known:
            yield f"photochrom {' '.join(words)}: there is no option {option}"


@by_page
def test_commands_are_as_the_program_has_them(page):
    assert [wrong for words in shown(page) for wrong in complaints(words)] == []


def test_commands_are_found_at_all():
    found = [words for page in PAGES for words in shown(page)]
    assert len(found) > 30
    assert ["recipes", "list"] in found


@pytest.mark.parametrize(
    "words",
    [["colourize", "old.jpg"], ["colorize", "old.jpg", "--vivid", "1"], ["recipes", "print"]],
)
def test_a_wrong_command_is_found(words):
    assert list(complaints(words))


# --- the site -------------------------------------------------------------------------------


def test_every_page_of_the_navigation_is_there_or_is_made():
    named = re.findall(r": ([\w/-]+\.md)$", text_of(ROOT / "mkdocs.yml"), re.M)
    here = {path.relative_to(ROOT / "docs").as_posix() for path in PAGES if "docs" in path.parts}
    made = {path.relative_to(ROOT / "docs").as_posix() for path in GENERATED}
    made |= {"index.md", "architecture.md", "contributing.md", "changelog.md"}
    assert set(named) <= here | made
    assert here <= set(named)
