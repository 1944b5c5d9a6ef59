"""The page: what is where, and what happens when."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import gradio as gr

from photochrom.photo import READABLE_SUFFIXES
from photochrom.web.page import components
from photochrom.web.page.films import FilmTab
from photochrom.web.page.handlers import Handlers
from photochrom.web.page.payloads import viewer_value

if TYPE_CHECKING:
    from photochrom.web.page.session_store import Desks
    from photochrom.web.state import ServiceState

__all__ = ["Page"]

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
<footer class="foot"><p>Plausible is not true: a guessed colour is no evidence of what was there.
The luma of a photograph is never touched.
Examples: astronaut by NASA, coffee by Rachel Michetti, cat by Stefan van der Walt.</p></footer>
"""
_TIDY_SECONDS: Final = 12 * 3600  # after which what was uploaded is deleted
_EVERY_FRAME: Final = 1.0  # of the film
_EVERY: Final = 0.4  # seconds between two looks at what has become of the photographs


class Page:
    """All components, each under its name; `blocks` holds them."""

    def __init__(self, desks: Desks, workshop: ServiceState) -> None:
        card = workshop.colorizer.model.card
        self.handlers = Handlers(self, desks, card.vividness)
        with gr.Blocks(
            title="Photochrom",
            analytics_enabled=False,
            fill_width=True,
            delete_cache=(_TIDY_SECONDS, _TIDY_SECONDS),
        ) as self.blocks:
            self.key = gr.BrowserState("", storage_key="photochrom-desk")
            self.chosen = gr.State(0)
            self.drawn = gr.State(())
            self.timer = gr.Timer(_EVERY, active=False)
            film = gr.BrowserState("", storage_key="photochrom-film")
            film_timer = gr.Timer(_EVERY_FRAME, active=False)
            gr.HTML(_HEADER, js_on_load=_HEADER_JS, apply_default_css=False)
            with gr.Tab("Photographs", id="photographs"):
                self._photographs(card.vividness, desks)
            with gr.Tab("Film", id="film"):
                self.film = FilmTab(workshop, film, film_timer)
            gr.HTML(_FOOTER, apply_default_css=False)
            self.film.wire(self.blocks.load)
            self._wire()

    def _photographs(self, vividness: float, desks: Desks) -> None:
        with gr.Row(elem_id="desk"):
            with gr.Column(scale=1, min_width=320, elem_id="side"):
                self.drop = gr.File(
                    label="Photographs: drop, paste or choose",
                    file_count="multiple",
                    file_types=sorted(READABLE_SUFFIXES),
                    height=150,
                    elem_id="drop",
                )
                self.vividness = gr.Slider(
                    0,
                    1,
                    vividness,
                    step=0.01,
                    label="Vividness",
                    info="0 faithful … 1 vivid",
                    elem_id="vividness",
                )
                self.for_all = gr.Button("Use this vividness for all", size="sm", visible=False)
                with gr.Tabs(elem_id="more"):
                    self._more()
            with gr.Column(scale=3, min_width=340):
                self.viewer = components.viewer(viewer_value(None, None), _color_candidates(desks))
                self.tray = components.tray()

    def _more(self) -> None:
        with gr.Tab("By hand", id="hand"):
            self.marks = components.marks()
            with gr.Row():
                self.undo = gr.Button("Undo", size="sm", min_width=80, elem_id="undo")
                self.clear = gr.Button("Clear", size="sm", min_width=80, elem_id="clear")
        with gr.Tab("Answers", id="answers-tab") as self.answers_tab:
            self.answers = components.answers()
        with gr.Tab("Follow", id="follow"):
            self.reference = gr.File(
                label="A colour photograph of something alike",
                file_types=sorted(READABLE_SUFFIXES),
                height=140,
                elem_id="reference",
            )
            self.only_palette = gr.Checkbox(
                label="Only its palette", info="not which colour is where"
            )
            self.palette = gr.Textbox(
                label="Or a palette of your own",
                placeholder="#2b4c7e #c9b79c #7a1f1f",
                max_lines=1,
                elem_id="palette",
            )

    def _wire(self) -> None:
        do, state = self.handlers, [self.key, self.chosen]
        on = self._on
        on(self.blocks.load, do.arrive, [self.key])
        on(self.drop.upload, do.drop, [self.key, self.drop])
        on(self.timer.tick, do.tick, [*state, self.drawn], trigger_mode="once")
        on(self.tray.select, do.tray, state)
        on(self.viewer.select, do.viewer, state)
        on(self.marks.select, do.viewer, state)
        on(self.answers.select, do.answer, state)
        on(self.answers_tab.select, do.show_answers, state)
        on(self.vividness.input, do.vivify, [*state, self.vividness], trigger_mode="always_last")
        on(self.for_all.click, do.vivify_all, [*state, self.vividness])
        on(self.undo.click, do.undo, state)
        on(self.clear.click, do.clear, state)
        follow = [*state, self.reference, self.only_palette]
        on(self.reference.upload, do.follow, follow)
        on(self.reference.clear, do.unfollow, state)
        on(self.only_palette.input, do.follow, follow)
        on(self.palette.submit, do.keep_to, [*state, self.palette])
        on(self.palette.blur, do.keep_to, [*state, self.palette])

    def _on(
        self, event: Callable[..., Any], do: Callable[..., Any], inputs: list[Any], **more: Any
    ) -> None:
        more = {"trigger_mode": "multiple"} | more  # nothing that a person does is passed over
        outputs = [
            self.key,
            self.chosen,
            self.drawn,
            self.timer,
            self.drop,
            self.viewer,
            self.tray,
            self.marks,
            self.answers,
            self.vividness,
            self.for_all,
            self.reference,
            self.only_palette,
            self.palette,
        ]
        event(
            do,
            inputs,
            outputs,
            show_progress="hidden",
            api_visibility="private",
            concurrency_limit=None,
            **more,
        )


def _color_candidates(desks: Desks) -> Callable[[list[Any]], list[tuple[str, float]]]:
    def color_candidates(asked: list[Any]) -> list[tuple[str, float]]:
        """Colours to choose from at a place: [desk, number, x, y]."""
        key, number, x, y = asked
        desk = desks.get(str(key))
        return desk.color_candidates(int(number), float(x), float(y)) if desk else []

    return color_candidates
