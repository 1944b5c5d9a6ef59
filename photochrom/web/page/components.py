"""The page's own components: HTML templates, each with a script in `assets`.

Python sends each component a JSON value (see `payloads`). The component's script draws the value
and reports each action of the person as an event "select".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import gradio as gr

from photochrom.web.page.routes import ASSETS

if TYPE_CHECKING:
    from photochrom.web.page.payloads import (
        AlternativesValue,
        MarkValue,
        ShotsValue,
        TrayValue,
        ViewerValue,
    )

    Value = ViewerValue | TrayValue | list[MarkValue] | AlternativesValue | ShotsValue
    # Session key, number, x and y as a list; returns colours with their probabilities, or None on
    # the paper of an album page
    ColorCandidates = Callable[[list[str | float]], list[tuple[str, float]] | None]

__all__ = ["alternatives", "asset", "marks", "shots", "tray", "viewer"]

_VIEWER = """
<section class="viewer" aria-label="Photograph">
  <div class="empty">
    <p>Drop photographs anywhere on the page, or paste one. Or try an example:</p>
    <div class="examples"></div>
  </div>
  <figure class="kept" hidden>
    <img alt="" draggable="false">
    <figcaption>
      <span>This photograph is in colour already.</span>
      <button type="button">Colour it anew</button>
    </figcaption>
  </figure>
  <div class="picture" hidden>
    <div class="modes" role="group" aria-label="What a click does">
      <button type="button" data-mode="compare" aria-pressed="true">Compare</button>
      <button type="button" data-mode="correct" aria-pressed="false">Correct a colour</button>
      <button type="button" data-mode="brush" aria-pressed="false">Brush</button>
      <button type="button" data-mode="eraser" aria-pressed="false">Eraser</button>
    </div>
    <div class="brush" role="group" aria-label="Brush" hidden>
      <label class="ink">Colour <input type="color" value="#808080"></label>
      <button type="button" class="grey" aria-pressed="false">Keep grey</button>
      <label class="size">Size <input type="range" min="0.5" max="12" step="0.5" value="3"></label>
    </div>
    <div class="stage" tabindex="0" role="application" hidden>
      <img class="after" alt="" draggable="false">
      <img class="unsure" alt="Covers the places where the colours are uncertain"
        draggable="false" hidden>
      <img class="before" alt="" draggable="false">
      <svg class="strokes" aria-hidden="true"></svg>
      <div class="border" aria-hidden="true"></div>
      <div class="cross" aria-hidden="true"></div>
      <div class="marks"></div>
      <div class="popover" role="dialog" aria-label="Choose a colour" hidden></div>
    </div>
    <input class="position" type="range" min="0" max="100" step="0.1" value="50"
      aria-label="Border between before and after" hidden>
  </div>
  <div class="bar" hidden>
    <label><input type="checkbox" class="doubt"> Show uncertain places</label>
    <label class="album" hidden><input type="checkbox"> <span></span></label>
    <a class="share" download>Share picture</a>
    <a class="save" download>Save in colour</a>
  </div>
  <p class="say" role="status" aria-live="polite"></p>
</section>
"""

_TRAY = """
<section class="tray" aria-label="All photographs">
  <div class="bar">
    <span class="count" role="status" aria-live="polite"></span>
    <progress aria-label="Photographs coloured" hidden></progress>
    <button type="button" class="pause" hidden>Pause</button>
    <button type="button" class="cancel" hidden>Cancel</button>
    <button type="button" class="anew" hidden></button>
    <a class="zip" download hidden>Save all as a zip</a>
  </div>
  <div class="sharing">
    <label><input type="checkbox" aria-describedby="sharing-note"> Same things in the same
      colours</label>
    <span id="sharing-note">A coat or a room that several photographs show has one colour in all of
    them: yours, if you correct it in one.</span>
  </div>
  <ul></ul>
</section>
"""

_MARKS = """
<section class="mark-list" aria-label="Your colours">
  <p>Choose «Correct a colour» above the photograph, and click on something whose colour you know.
  The colour spreads over the whole object. «Brush» colours only what you paint over.</p>
  <ol></ol>
</section>
"""

_SHOTS = """
<section class="shots" aria-label="Shots of the film" hidden>
  <div class="bar">
    <span class="count" role="status" aria-live="polite"></span>
    <progress aria-label="Frames searched" hidden></progress>
    <button type="button" class="stop" hidden>Stop</button>
    <button type="button" class="more" hidden>Show more shots</button>
  </div>
  <ul class="sheet"></ul>
  <div class="shot" hidden>
    <p class="title"></p>
    <div class="stage" tabindex="0" role="application"
      aria-label="Choose a point: click, or move the cross with the arrow keys and press Enter">
      <img class="frame" alt="" draggable="false">
      <div class="cross" aria-hidden="true"></div>
      <div class="marks"></div>
      <div class="popover" role="dialog" aria-label="Choose a colour" hidden></div>
    </div>
    <p class="say" role="status" aria-live="polite"></p>
    <ol class="mark-rows" aria-label="Colours in this shot"></ol>
  </div>
</section>
"""

_ALTERNATIVES = '<section class="alternatives" aria-label="Alternatives"><div></div></section>'


@cache
def asset(name: str) -> str:
    """Return the text of a file in `assets`."""
    return (ASSETS / name).read_text(encoding="utf-8")


def viewer(value: ViewerValue, color_candidates: ColorCandidates) -> gr.HTML:
    """Create the viewer: one photograph, large.

    Args:
        value: The value to begin with, as `viewer_value` returns it.
        color_candidates: Function that the browser calls for the likely colours at a place.
    """
    script = asset("colors.js") + asset("brush.js") + asset("viewer.js")
    return _component("viewer", _VIEWER, value, color_candidates, script=script)


def tray() -> gr.HTML:
    """Create the tray: all photographs, as thumbnails."""
    return _component("tray", _TRAY)


def marks() -> gr.HTML:
    """Create the list of marks: the colours that a person has given."""
    return _component("marks", _MARKS, [], script=asset("colors.js") + asset("marks.js"))


def shots(color_candidates: ColorCandidates) -> gr.HTML:
    """Create the preview sheet of a film: a frame of each shot, to give colours in.

    Args:
        color_candidates: Function that the browser calls for the likely colours at a place.
    """
    script = asset("colors.js") + asset("shots.js")
    return _component("shots", _SHOTS, {}, color_candidates, script=script)


def alternatives() -> gr.HTML:
    """Create the alternatives: several colourings to choose from."""
    return _component("alternatives", _ALTERNATIVES)


def _component(
    name: str,
    template: str,
    value: Value | None = None,
    *server_functions: ColorCandidates,
    script: str = "",
) -> gr.HTML:
    """Create a component.

    Args:
        name: Its id on the page.
        template: Its HTML.
        value: The value to begin with.
        server_functions: Functions that its script can call.
        script: Its script; "" for the file with its name.
    """
    return gr.HTML(
        {} if value is None else value,
        html_template=template,
        js_on_load=script or asset(f"{name}.js"),
        apply_default_css=False,
        elem_id=name,
        server_functions=list(server_functions) or None,
    )
