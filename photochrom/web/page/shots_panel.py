"""The film tab's preview sheet: its components, and what happens when a person uses them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import gradio as gr

from photochrom import photo
from photochrom.guidance.hints import parse_color
from photochrom.web.page import components
from photochrom.web.page.choices import Mark
from photochrom.web.page.payloads import shots_value
from photochrom.web.page.shot_sheet import Look, ShotSheet
from photochrom.web.page.updates import NOTHING, Updates, report_errors

if TYPE_CHECKING:
    from gradio.components import Component

    from photochrom.web.page.components import ColorCandidates
    from photochrom.web.page.sheet_shot import SheetShot
    from photochrom.web.page.shot_sheets import ShotSheets

__all__ = ["ShotsPanel", "span_of"]

_POLL_SECONDS: Final = 0.6


def span_of(start: str, end: str) -> tuple[float, float | None]:
    """Return the section that a person has typed, in seconds; None for the end of the film.

    Raises:
        ConfigError: a time cannot be read.
    """
    from photochrom.film.clock import parse_moment

    first = parse_moment(start) if start.strip() else 0.0
    return first, parse_moment(end) if end.strip() else None


class ShotsPanel:
    """A button, the sheet of shots, and one shot that is shown large.

    Attributes:
        key: Key of the sheet; "" if there is none.
    """

    def __init__(self, sheets: ShotSheets) -> None:
        """Create what is not seen.

        Args:
            sheets: The sheets of all people.
        """
        self._sheets = sheets
        self.key, self._chosen = gr.State(""), gr.State(0)
        self._timer = gr.Timer(_POLL_SECONDS, active=False)

    def lay_out_button(self) -> None:
        """Create the button that shows the shots."""
        self._show = gr.Button("Show shots", visible=False, elem_id="show-shots")

    def lay_out(self) -> None:
        """Create the sheet, a photograph for the shot, and what applies to all of its colours."""
        self._sheet = components.shots(_color_candidates(self._sheets))
        self._photograph = gr.File(
            label="Reference photograph for this shot",
            file_types=sorted(photo.READABLE_SUFFIXES),
            height=140,
            visible=False,
            elem_id="shot-photograph",
        )
        self._all_shots = gr.Checkbox(
            label="Use the colours of a shot in similar shots, too",
            value=False,
            visible=False,
            elem_id="all-shots",
        )

    def connect(
        self,
        film: gr.File,
        vividness: gr.Slider,
        span: Sequence[Component],
        reference: gr.File,
    ) -> None:
        """Connect the events to their handlers.

        Args:
            film: The film that a person has chosen.
            vividness: The vividness of the film.
            span: Two texts: where to begin and to end.
            reference: The photograph to copy colours from.
        """
        outputs = [
            *(self.key, self._chosen, self._timer, self._sheet, self._show),
            *(self._photograph, self._all_shots),
        ]
        state: list[Component] = [self.key, self._chosen]
        look: list[Component] = [vividness, reference, self._all_shots]
        events: list[tuple[Callable[..., object], Callable[..., Updates], list[Component]]] = [
            (film.change, self._change_film, [self.key, film]),
            (self._show.click, self._begin, [*state, film, *span, *look]),
            (self._sheet.select, self._select, [*state, *look]),
            (self._timer.tick, self.update, state),
            (vividness.input, self._change_look, [*state, *look]),
            (reference.upload, self._change_look, [*state, *look]),
            (reference.clear, self._change_look, [*state, *look]),
            (self._photograph.upload, self._change_photograph, [*state, self._photograph]),
            (self._photograph.clear, self._change_photograph, [*state, self._photograph]),
            (self._all_shots.input, self._change_look, [*state, *look]),
        ]
        for event, handler, inputs in events:
            event(
                handler,
                inputs,
                outputs,
                show_progress="hidden",
                api_visibility="private",
                concurrency_limit=None,
                # A slider sends many events as it moves; only the last one counts
                trigger_mode="always_last" if event == vividness.input else "multiple",
            )

    def sheet_of(self, key: str, film: str) -> ShotSheet | None:
        """Return the sheet with that key, if it belongs to that film."""
        sheet = self._sheets.get(key)
        return sheet if sheet and sheet.film == Path(film) else None

    # --- handlers ---------------------------------------------------------------------------

    def _change_film(self, key: str, film: str | None) -> Updates:
        """Remove the sheet of the film before, and offer to show the shots of the new one."""
        offer = gr.Button("Show shots", visible=film is not None)
        if film and self.sheet_of(key, film):
            return NOTHING
        if sheet := self._sheets.get(key):
            self._sheets.remove(sheet)
        return {
            self.key: "",
            self._chosen: 0,
            self._timer: gr.Timer(active=False),
            self._sheet: {},
            self._show: offer,
            self._photograph: gr.File(visible=False),
            self._all_shots: gr.Checkbox(visible=False),
        }

    @report_errors
    def _begin(
        self,
        key: str,
        chosen: int,
        film: str | None,
        start: str,
        end: str,
        vividness: float,
        reference: str | None,
        all_shots: bool,
    ) -> Updates:
        """Find the shots of a section of the film."""
        from photochrom.film import require

        if film is None:
            return NOTHING
        require()
        from photochrom.film.job import Span

        span = Span(*span_of(start, end))
        sheet = self.sheet_of(key, film)
        if sheet and sheet.is_searching:
            return NOTHING
        sheet = sheet or self._sheets.add(Path(film))
        sheet.set_look(Look(vividness, reference or "", all_shots))
        sheet.prepare(span)
        self._sheets.find(sheet)
        return self._all_updates_of(sheet, chosen)

    def update(self, key: str, chosen: int) -> Updates:
        """Show the progress."""
        return self._updates_of(self._sheets.get(key), chosen)

    def as_it_was(self, key: str, chosen: int, problem: str) -> Updates:
        """Say that the last thing that was asked for was not done."""
        return self._all_updates_of(self._sheets.get(key), chosen, problem)

    @report_errors
    def _change_look(
        self, key: str, chosen: int, vividness: float, reference: str | None, all_shots: bool
    ) -> Updates:
        """Colour the frames with another vividness or reference, or for other shots."""
        sheet = self._sheets.get(key)
        if sheet is None:
            return NOTHING
        sheet.set_look(Look(vividness, reference or "", all_shots))
        if shot := sheet.find_shot(chosen):
            sheet.color(shot)
        self._sheets.color_outdated(sheet)
        return self._updates_of(sheet, chosen)

    @report_errors
    def _change_photograph(self, key: str, chosen: int, file: str | None) -> Updates:
        """Let the chosen shot copy colours from a photograph, or no longer."""
        sheet = self._sheets.get(key)
        shot = sheet.find_shot(chosen) if sheet else None
        if sheet is None or shot is None:
            return NOTHING
        sheet.set_photograph(shot, file or "")
        self._sheets.color_outdated(sheet)
        return self._updates_of(sheet, chosen)

    @report_errors
    def _select(
        self,
        key: str,
        chosen: int,
        vividness: float,
        reference: str | None,
        all_shots: bool,
        event: gr.EventData,
    ) -> Updates:
        """Choose a shot, change its colours, or control the search."""
        sheet = self._sheets.get(key)
        if sheet is None:
            return NOTHING
        if event.action == "stop":
            sheet.stop()
        elif event.action == "more" and not sheet.is_searching:
            sheet.prepare_more()
            self._sheets.find(sheet)
        elif event.action == "choose":
            return self._all_updates_of(sheet, int(event.number))
        elif shot := sheet.find_shot(int(event.number)):
            sheet.set_look(Look(vividness, reference or "", all_shots))
            sheet.set_marks(shot, _changed_marks(shot, event))
            self._sheets.color_outdated(sheet)
        return self._updates_of(sheet, chosen)

    def _all_updates_of(self, sheet: ShotSheet | None, chosen: int, problem: str = "") -> Updates:
        """Update the photograph of the chosen shot, too, which a person may be uploading."""
        shot = sheet.find_shot(chosen) if sheet else None
        file = shot.photograph.file if shot and shot.photograph else None
        return {
            **self._updates_of(sheet, chosen, problem),
            self._photograph: gr.File(value=file, visible=shot is not None),
        }

    def _updates_of(self, sheet: ShotSheet | None, chosen: int, problem: str = "") -> Updates:
        searching = sheet is not None and sheet.is_searching
        return {
            self.key: sheet.key if sheet else "",
            self._chosen: chosen,
            self._timer: gr.Timer(active=sheet is not None and sheet.is_busy),
            self._sheet: shots_value(sheet, chosen, problem),
            self._show: gr.Button(interactive=not searching),
            self._all_shots: gr.Checkbox(visible=sheet is not None and len(sheet.shots) > 1),
        }


def _color_candidates(sheets: ShotSheets) -> ColorCandidates:
    """Return the function that the sheet's script calls as `server.color_candidates`."""

    def color_candidates(request: list[str | float]) -> list[tuple[str, float]]:
        """Return likely colours for a point; `request` is [sheet key, shot number, x, y]."""
        key, number, x, y = request
        sheet = sheets.get(str(key))
        shot = sheet.find_shot(int(number)) if sheet else None
        if sheet is None or shot is None or not (0 <= float(x) <= 1 and 0 <= float(y) <= 1):
            return []
        return sheet.color_candidates(shot, float(x), float(y))

    return color_candidates


def _changed_marks(shot: SheetShot, event: gr.EventData) -> tuple[Mark, ...]:
    """Return the colours of a shot after a person has added, changed or removed one.

    Raises:
        ConfigError: the browser has sent no valid point or colour.
    """
    marks = list(shot.marks)
    if event.action == "mark":
        return (*marks, Mark.parse(event.points, event.color))
    index = int(event.index)
    if 0 <= index < len(marks) and event.action == "recolor":
        marks[index] = Mark(marks[index].points, parse_color(str(event.color)))
    elif 0 <= index < len(marks):
        del marks[index]
    return tuple(marks)
