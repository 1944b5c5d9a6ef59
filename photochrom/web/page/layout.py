"""The layout of the page, and which event calls which handler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal

import gradio as gr

from photochrom.documents.coloring import PDF_SUFFIX
from photochrom.photo import READABLE_SUFFIXES
from photochrom.photo.codecs import NOT_INSTALLED
from photochrom.web.page import components
from photochrom.web.page.documents import DocumentTab
from photochrom.web.page.films import FilmTab
from photochrom.web.page.handlers import Handlers
from photochrom.web.page.payloads import viewer_value
from photochrom.web.page.updates import REPAIRS_INFO, Updates

if TYPE_CHECKING:
    from gradio.blocks import Block

    from photochrom.web.page.components import ColorCandidates
    from photochrom.web.page.session_store import SessionStore
    from photochrom.web.page.shot_sheets import ShotSheets
    from photochrom.web.state import ServiceState

__all__ = ["Page"]

# Files whose optional package is not installed are accepted, too: their error names it. So are
# PDFs, whose error names the tab for documents.
_SUFFIXES: Final = sorted({*READABLE_SUFFIXES, *NOT_INSTALLED})
_PROFILES: Final = [
    ("sRGB", "srgb"),
    ("Display P3", "display-p3"),
    ("Adobe RGB", "adobe-rgb"),
    ("The scan's own, where it has a profile", "keep"),
]

_HEADER: Final = """
<header class="head"><h1>Photochrom</h1>
<p>Colour for black-and-white photographs and films. Nothing leaves this machine.</p>
<button type="button" class="light" aria-label="Dark or light">◐</button></header>
"""
_HEADER_JS: Final = """
element.querySelector(".light").onclick = () => {
  const dark = document.body.classList.toggle("dark");
  localStorage.setItem("photochrom-dark", dark ? "1" : "0");
};
const chosen = localStorage.getItem("photochrom-dark");
if (chosen) document.body.classList.toggle("dark", chosen === "1");
"""
_FOOTER: Final = """
<footer class="foot"><p>The colours are plausible guesses, not evidence of what was there.
The luma of a photograph changes only where you have it repaired.
Examples: astronaut by NASA, coffee by Rachel Michetti, cat by Stefan van der Walt.</p></footer>
"""
_UPLOAD_SECONDS: Final = 12 * 3600  # after which Gradio deletes what was uploaded
_JOB_POLL_SECONDS: Final = 1.0  # for the progress of a film or a document
_POLL_SECONDS: Final = 0.4  # for the progress of the photographs


class Page:
    """The page; each attribute is a component that handlers update, and `blocks` holds them all.

    Attributes:
        blocks: The Gradio application.
        key: Key of the session; the browser keeps it, so that photographs survive a reload.
        chosen: Number of the photograph in the viewer; 0 if there is none.
        drawn: State of that photograph when it was drawn, to see when it changes.
        timer: Updates the progress while photographs are being coloured.
    """

    def __init__(
        self, sessions: SessionStore, service: ServiceState, shot_sheets: ShotSheets
    ) -> None:
        card = service.colorizer.model.card
        self.handlers = Handlers(self, sessions, card.vividness)
        with gr.Blocks(
            title="Photochrom",
            analytics_enabled=False,
            fill_width=True,
            delete_cache=(_UPLOAD_SECONDS, _UPLOAD_SECONDS),
        ) as self.blocks:
            self.key = gr.BrowserState("", storage_key="photochrom-session")
            self.chosen = gr.State(0)
            self.drawn = gr.State(())
            self.timer = gr.Timer(_POLL_SECONDS, active=False)
            # Outside of their tabs: Gradio loads a state within a tab only when it is opened
            film_key = gr.BrowserState("", storage_key="photochrom-film")
            film_timer = gr.Timer(_JOB_POLL_SECONDS, active=False)
            document_key = gr.BrowserState("", storage_key="photochrom-document")
            document_timer = gr.Timer(_JOB_POLL_SECONDS, active=False)
            gr.HTML(_HEADER, js_on_load=_HEADER_JS, apply_default_css=False)
            with gr.Tab("Photographs", id="photographs"):
                self._lay_out_photographs(card.vividness, sessions)
            with gr.Tab("Film", id="film"):
                film = FilmTab(service, film_key, film_timer, shot_sheets)
            with gr.Tab("Document", id="document"):
                document = DocumentTab(service, document_key, document_timer)
            gr.HTML(_FOOTER, apply_default_css=False)
            film.connect(self.blocks.load)
            document.connect(self.blocks.load)
            self._connect()

    def _lay_out_photographs(self, vividness: float, sessions: SessionStore) -> None:
        with gr.Row(elem_id="workspace"):
            with gr.Column(scale=1, min_width=320, elem_id="side"):
                self.drop = gr.File(
                    label="Photographs: drop, paste or choose",
                    file_count="multiple",
                    file_types=[*_SUFFIXES, PDF_SUFFIX],
                    height=150,
                    elem_id="drop",
                )
                self.vividness = gr.Slider(
                    0,
                    1,
                    vividness,
                    step=0.01,
                    label="Vividness",
                    info="0 (cautious) to 1 (vivid)",
                    elem_id="vividness",
                )
                with gr.Row():
                    self.lower = gr.Button(
                        "More cautious", size="sm", min_width=110, elem_id="more-cautious"
                    )
                    self.for_all = gr.Button(
                        "Use this for all", size="sm", min_width=110, visible=False
                    )
                with gr.Tabs(elem_id="more"):
                    self._lay_out_tabs()
                with gr.Accordion("More options", open=False, elem_id="options"):
                    self._lay_out_options()
            with gr.Column(scale=3, min_width=340):
                self.viewer = components.viewer(
                    viewer_value(None, None), _color_candidates(sessions)
                )
                self.tray = components.tray()

    def _lay_out_tabs(self) -> None:
        with gr.Tab("By hand", id="hand"):
            self.marks = components.marks()
            with gr.Row():
                self.undo = gr.Button("Undo", size="sm", min_width=80, elem_id="undo")
                self.redo = gr.Button("Redo", size="sm", min_width=80, elem_id="redo")
                self.clear = gr.Button("Clear", size="sm", min_width=80, elem_id="clear")
        with gr.Tab("Alternatives", id="alternatives") as self.alternatives_tab:
            self.alternatives = components.alternatives()
        with gr.Tab("Copy colours", id="copy"):
            self.reference = gr.File(
                label="Copy colours from a photo of a similar subject",
                file_types=_SUFFIXES,
                height=160,
                elem_id="reference",
            )
            self.only_palette = gr.Checkbox(
                label="Only its palette", info="Its colours, but not their places"
            )
            self.palette = gr.Textbox(
                label="Or your own palette",
                placeholder="#2b4c7e #c9b79c #7a1f1f",
                max_lines=1,
                elem_id="palette",
            )

    def _lay_out_options(self) -> None:
        self.negative = gr.Checkbox(
            label="This is a negative", info="Invert it before colouring", elem_id="negative"
        )
        self.restore = gr.Checkbox(
            label="Repair dust, scratches and fading",
            info=REPAIRS_INFO,
            elem_id="restore",
        )
        self.scan_for_all = gr.Button("Use these two for all", size="sm", visible=False)
        self.profile = gr.Dropdown(
            _PROFILES,
            value="srgb",
            label="Colour space of all saved files",
            filterable=False,
            elem_id="profile",
        )

    def _connect(self) -> None:
        """Connect the events to their handlers."""
        handlers, state = self.handlers, [self.key, self.chosen]
        on = self._on
        on(self.blocks.load, handlers.tray.load, [self.key])
        on(self.drop.upload, handlers.tray.drop, [self.key, self.drop])
        on(self.timer.tick, handlers.tray.tick, [*state, self.drawn], trigger_mode="once")
        on(self.tray.select, handlers.tray.select, state)
        on(self.viewer.select, handlers.viewer, state)
        on(self.marks.select, handlers.marks.change, state)
        on(self.undo.click, handlers.marks.undo, state)
        on(self.redo.click, handlers.marks.redo, state)
        on(self.clear.click, handlers.marks.clear, state)
        on(self.alternatives.select, handlers.alternatives.select, state)
        on(self.alternatives_tab.select, handlers.alternatives.show, state)
        vividness = [*state, self.vividness]
        # A slider sends many events as it moves; only the last one counts
        on(self.vividness.input, handlers.vividness.set, vividness, trigger_mode="always_last")
        on(self.lower.click, handlers.vividness.lower, vividness)
        on(self.for_all.click, handlers.vividness.set_for_all, vividness)
        reference = [*state, self.reference, self.only_palette]
        on(self.reference.upload, handlers.copying.copy, reference)
        on(self.reference.clear, handlers.copying.stop, state)
        on(self.only_palette.input, handlers.copying.copy, reference)
        negative = [*state, self.negative]
        on(self.negative.input, handlers.scans.set_negative, negative)
        on(self.restore.input, handlers.scans.set_restore, [*state, self.restore])
        on(self.scan_for_all.click, handlers.scans.set_for_all, [*negative, self.restore])
        on(self.profile.input, handlers.scans.set_profile, [*state, self.profile])
        on(self.palette.submit, handlers.copying.set_palette, [*state, self.palette])
        on(self.palette.blur, handlers.copying.set_palette, [*state, self.palette])

    def _on(
        self,
        event: Callable[..., object],
        handler: Callable[..., Updates],
        inputs: Sequence[Block],
        trigger_mode: Literal["once", "multiple", "always_last"] = "multiple",
    ) -> None:
        # "multiple", since Gradio by default drops an event while the one before is being handled
        outputs = [
            self.key,
            self.chosen,
            self.drawn,
            self.timer,
            self.drop,
            self.viewer,
            self.tray,
            self.marks,
            self.undo,
            self.redo,
            self.alternatives,
            self.vividness,
            self.for_all,
            self.reference,
            self.only_palette,
            self.palette,
            self.negative,
            self.restore,
            self.scan_for_all,
            self.profile,
        ]
        event(
            handler,
            inputs,
            outputs,
            show_progress="hidden",
            api_visibility="private",
            concurrency_limit=None,
            trigger_mode=trigger_mode,
        )


def _color_candidates(sessions: SessionStore) -> ColorCandidates:
    """Return the function that the viewer's script calls as `server.color_candidates`."""

    def color_candidates(request: list[str | float]) -> list[tuple[str, float]] | None:
        """Return likely colours for a point; `request` is [session key, number, x, y]."""
        key, number, x, y = request
        session = sessions.get(str(key))
        picture = session.tray.get(int(number)) if session else None
        if session is None or picture is None or picture.status != "done":
            return []
        return session.renderings.color_candidates(picture, float(x), float(y))

    return color_candidates
