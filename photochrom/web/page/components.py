"""The page's own components: HTML with a script each, told JSON, saying what a person wants."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import gradio as gr

from photochrom.web.page.pictures import ASSETS

__all__ = ["answers", "asset", "marks", "tray", "viewer"]

_VIEWER = """
<section class="viewer" aria-label="Photograph">
  <div class="empty">
    <p>Drop photographs anywhere, or paste one. Or try one of these:</p>
    <div class="examples"></div>
  </div>
  <div class="bar" hidden>
    <div class="modes" role="group" aria-label="What a click does">
      <button type="button" data-mode="compare" aria-pressed="true">Compare</button>
      <button type="button" data-mode="correct" aria-pressed="false">Correct a colour</button>
    </div>
    <label><input type="checkbox" class="doubt"> Where it is unsure</label>
    <a class="save" download>Save in colour</a>
  </div>
  <div class="stage" tabindex="0" role="application" hidden>
    <img class="after" alt="" draggable="false">
    <img class="unsure" alt="Covers places where colours are mere guesses" draggable="false" hidden>
    <img class="before" alt="" draggable="false">
    <div class="border" aria-hidden="true"></div>
    <div class="cross" aria-hidden="true"></div>
    <div class="marks"></div>
    <div class="popover" role="dialog" aria-label="Choose a colour" hidden></div>
  </div>
  <input class="position" type="range" min="0" max="100" step="0.1" value="50"
    aria-label="Border between before and after" hidden>
  <p class="say" role="status" aria-live="polite"></p>
</section>
"""

_TRAY = """
<section class="tray" aria-label="All photographs">
  <div class="bar">
    <span class="count" role="status" aria-live="polite"></span>
    <progress aria-label="Coloured so far" hidden></progress>
    <button type="button" class="pause" hidden>Pause</button>
    <button type="button" class="cancel" hidden>Cancel</button>
    <a class="zip" download="coloured.zip" hidden>Save all as a zip</a>
  </div>
  <ul></ul>
</section>
"""

_MARKS = """
<section class="mark-list" aria-label="Colours that you gave">
  <p>Choose «Correct a colour» over the photograph and click on something whose colour you know.
  The whole thing follows.</p>
  <ol></ol>
</section>
"""

_ANSWERS = '<section class="answers" aria-label="Other answers"><div></div></section>'


@cache
def asset(name: str) -> str:
    """A text that ships with the page."""
    return (ASSETS / name).read_text(encoding="utf-8")


def viewer(value: Any, likely: Callable[..., Any]) -> gr.HTML:
    """One photograph, large.

    Args:
        value: what `viewer_value` makes.
        likely: asked from the browser for the colours of a place.
    """
    return _part("viewer", _VIEWER, value, server_functions=[likely])


def tray() -> gr.HTML:
    """All photographs, small."""
    return _part("tray", _TRAY, {})


def marks() -> gr.HTML:
    """The colours that a person has given."""
    return _part("marks", _MARKS, [])


def answers() -> gr.HTML:
    """Several answers."""
    return _part("answers", _ANSWERS, {})


def _part(name: str, template: str, value: Any, **more: Any) -> gr.HTML:
    return gr.HTML(
        value,
        html_template=template,
        js_on_load=asset(f"{name}.js"),
        apply_default_css=False,
        elem_id=name,
        **more,
    )
