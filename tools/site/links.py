"""Convert links between files of the repository to links of the site."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection

FOUND_IN_THE_ROOT = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
_PLACES = {page: name for name, page in FOUND_IN_THE_ROOT.items()}
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)")


def rewritten(markdown: str, here: str, pages: Collection[str], source: str) -> str:
    """Return the text of a page with its relative links converted.

    Args:
        markdown: the text.
        here: the page's place in the site, "how-to/folders.md" for example.
        pages: the places of all files of the site.
        source: where the repository can be read; what is no page is looked up there.
    """
    place = _PLACES.get(here, f"docs/{here}")  # in the repository

    def change(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(place), found[1]))
        page = FOUND_IN_THE_ROOT.get(target, target.removeprefix("docs/"))
        is_page = target in FOUND_IN_THE_ROOT or target.startswith("docs/")
        if is_page and page in pages:
            return posixpath.relpath(page, posixpath.dirname(here) or ".")
        return found[1] if is_page else f"{source}/{target}"

    return _outside_code(_LINK, change, markdown)


def _outside_code(
    pattern: re.Pattern[str], change: Callable[[re.Match[str]], str], markdown: str
) -> str:
    blocks = re.split(r"(^```.*?^```$)", markdown, flags=re.M | re.S)
    blocks[::2] = [pattern.sub(change, block) for block in blocks[::2]]
    return "".join(blocks)
