"""Hooks that MkDocs calls while it builds the site: they add generated pages.

README.md and its neighbours become pages; the command line, the REST API and the Python API are
written from the program itself. `mkdocs.yml` names this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import command_line
import python_api
import rest
from links import FOUND_IN_THE_ROOT, rewritten
from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
PYTHON = "reference/python/"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages of the Python API into the navigation."""
    pages: list[Any] = [{title: PYTHON + name} for name, title in python_api.titles(ROOT).items()]
    config.nav = [_filled(entry, pages) for entry in config.nav or []]
    return config


def _filled(entry: Any, pages: list[Any]) -> Any:
    if isinstance(entry, dict):
        return {title: _filled(below, pages) for title, below in entry.items()}
    if isinstance(entry, list):
        return [_filled(each, pages) for each in entry]
    return pages if entry == PYTHON else entry


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made at build time."""
    made = {"reference/command-line.md": command_line.page(), "reference/rest.md": rest.page()}
    made |= {PYTHON + name: text for name, text in python_api.pages(ROOT).items()}
    made |= {
        page: (ROOT / name).read_text(encoding="utf-8") for name, page in FOUND_IN_THE_ROOT.items()
    }
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make links lead to pages of the site or, where there is none, to the source."""
    here = page.file.src_uri
    pages = {file.src_uri for file in files}
    return rewritten(markdown, here, pages, config.extra["source"])
