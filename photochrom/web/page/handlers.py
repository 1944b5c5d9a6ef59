"""The event handlers of the page's tab for photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import gradio as gr

from photochrom import photo
from photochrom.errors import ConfigError, PhotochromError
from photochrom.guidance.hints import palette_of, parse_color
from photochrom.photo.photo import eight_bits
from photochrom.web.page.choices import Mark, parse_palette
from photochrom.web.page.payloads import (
    alternatives_value,
    marks_value,
    tray_value,
    viewer_value,
)
from photochrom.web.page.pictures import ASSETS, EXAMPLES
from photochrom.web.page.views import VARIANTS

if TYPE_CHECKING:
    from photochrom.web.page.layout import Page
    from photochrom.web.page.session import Picture, Session
    from photochrom.web.page.session_store import SessionStore

__all__ = ["NOTHING", "Handlers"]

Updates = dict[Any, Any]  # component: its new value

NOTHING: Final[Updates] = gr.skip()  # no update; Gradio takes {} for an error

_NO_PHOTOGRAPH: Final = "add a photograph first, and then choose where to copy colours from"
# How long a drop waits for its first photograph. Most are done by then, and appear at once
# instead of with the next tick of the timer.
_FIRST_WAIT_SECONDS: Final = 0.8


def report_errors(handler: Callable[..., Updates]) -> Callable[..., Updates]:
    """Show errors of a handler as warnings on the page, and leave everything as it was."""

    @wraps(handler)
    def wrapper(*arguments: Any) -> Updates:
        try:
            return handler(*arguments)
        except FileNotFoundError:  # the photograph was removed meanwhile
            return NOTHING
        except PhotochromError as error:
            gr.Warning(escape(str(error)))  # Gradio renders the text as HTML
            return NOTHING

    return wrapper


class Handlers:
    """The event handlers.

    Each handler takes a session key and a picture number, and returns the components to update.
    """

    def __init__(self, page: Page, sessions: SessionStore, default_vividness: float) -> None:
        self._page, self._sessions, self._default = page, sessions, default_vividness

    # --- all photographs ------------------------------------------------------------------------

    def load(self, key: str) -> Updates:
        """Show the photographs of a session when the page is opened or loaded again."""
        session = self._sessions.open(key)
        return self._update_all(session, next(iter(session.pictures.values()), None))

    def drop(self, key: str, files: list[str]) -> Updates:
        """Add the files that a person has dropped, and show the first as soon as it is done."""
        return self._add(self._sessions.open(key), [Path(file) for file in files])

    def _add(self, session: Session, files: list[Path], names: list[str] = []) -> Updates:  # noqa: B006
        added = session.add(files, names)
        if not added:
            return {self._page.drop: None}
        session.wait(added[0], _FIRST_WAIT_SECONDS)
        return self._update_all(session, added[0]) | {self._page.drop: None}

    def tick(self, key: str, number: int, drawn: tuple[Any, ...]) -> Updates:
        """Update the progress; called by the timer while photographs are being coloured."""
        session = self._sessions.open(key)
        picture = session.pictures.get(number)
        if session.key != key:  # the old session has expired
            return self._update_all(session, picture)
        if list(drawn) != list(_state_of(picture)):
            # Not `_update_all`: a person may be typing or moving the slider
            return self._update_display(session, picture)
        return self._update_progress(session)

    def tray(self, key: str, number: int, event: gr.EventData) -> Updates:
        """Show or remove a photograph, or pause, continue or cancel them all."""
        session, action = self._sessions.open(key), event.action
        if action == "choose":
            return self._update_all(session, session.pictures.get(int(event.number)))
        if action == "remove":
            session.remove(int(event.number))
            remaining = session.pictures.get(number) or next(iter(session.pictures.values()), None)
            return self._update_all(session, remaining)
        if action == "cancel":
            session.cancel()
        else:
            session.pause(wanted=not session.paused)
        return self._update_progress(session)

    # --- one photograph -------------------------------------------------------------------------

    def viewer(self, key: str, number: int, event: gr.EventData) -> Updates:
        """Add an example, or change the colours that a person has given."""
        if event.action == "example":
            return self._add_example(self._sessions.open(key), str(event.name))
        return self._change_mark(key, number, event)

    def _add_example(self, session: Session, name: str) -> Updates:
        if name not in EXAMPLES:
            return NOTHING
        return self._add(session, [session.copy_file(ASSETS / name)], [name])

    @report_errors
    def _change_mark(self, key: str, number: int, event: gr.EventData) -> Updates:
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        # The lock keeps the choices still between reading and changing them: a person may give
        # two colours in quick succession
        with picture.lock:
            current = picture.choices
            if event.action == "mark":
                choices = current.with_mark(Mark.parse(event.x, event.y, event.color))
            elif not 0 <= int(event.index) < len(current.marks):
                return NOTHING
            elif event.action == "recolor":
                choices = current.recolored(int(event.index), parse_color(str(event.color)))
            else:
                choices = current.without_mark(int(event.index))
            session.choose(picture, choices)
        return self._update_all(session, picture)

    @report_errors
    def set_vividness(self, key: str, number: int, vividness: float) -> Updates:
        """Set the vividness of one photograph, which cannot be undone step by step."""
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        with picture.lock:
            choices = replace(picture.choices, vividness=vividness)
            session.choose(picture, choices, undoable=False)
        return self._update_picture(session, picture)

    def set_vividness_of_all(self, key: str, number: int, vividness: float) -> Updates:
        """Set the vividness of all photographs."""
        session = self._sessions.open(key)
        session.set_vividness(vividness)
        return self._update_progress(session)

    @report_errors
    def undo(self, key: str, number: int) -> Updates:
        """Return to the choices before the last change."""
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        session.undo(picture)
        return self._update_all(session, picture)

    @report_errors
    def clear(self, key: str, number: int) -> Updates:
        """Reset all choices except the vividness."""
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        defaults = {"marks": (), "palette": (), "reference": None, "copied_from": "", "variant": 0}
        return self._choose(session, picture, **defaults)

    @report_errors
    def show_alternatives(self, key: str, number: int) -> Updates:
        """Show the alternatives to the current colours."""
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        value = alternatives_value(session.variants(picture), picture.choices.variant)
        return {self._page.alternatives: value}

    @report_errors
    def alternatives(self, key: str, number: int, event: gr.EventData) -> Updates:
        """Show the alternatives, or choose one of them."""
        if event.action == "ask":
            return self.show_alternatives(key, number)
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        index = int(event.index)
        if not 0 <= index < VARIANTS:
            return NOTHING
        return self._choose(session, picture, variant=index, marks=(), palette=())

    @report_errors
    def copy_colors(self, key: str, number: int, file: str | None, only_palette: bool) -> Updates:
        """Copy the colours, or only the palette, of a colour photograph."""
        session, picture = self._find(key, number)
        if not file:
            return NOTHING
        if not picture:
            raise ConfigError(_NO_PHOTOGRAPH)
        reference = photo.read(file, name=Path(file).name)
        if only_palette and reference.is_monochrome:
            raise ConfigError(f"expected a photograph in colour; {reference.name} is grey")
        if only_palette:
            palette = tuple(palette_of(eight_bits(reference.rgb)))
            changes: dict[str, Any] = {"palette": palette, "reference": None}
        else:
            changes = {"palette": (), "reference": reference}
        return self._choose(session, picture, **changes, copied_from=file, variant=0)

    @report_errors
    def stop_copying(self, key: str, number: int) -> Updates:
        """Remove the reference photograph and the palette."""
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        return self._choose(session, picture, palette=(), reference=None, copied_from="")

    @report_errors
    def set_palette(self, key: str, number: int, text: str) -> Updates:
        """Set the palette that a person has typed."""
        session, picture = self._find(key, number)
        palette = parse_palette(text)
        if not picture and palette:
            raise ConfigError(_NO_PHOTOGRAPH)
        if not picture:
            return NOTHING
        if palette == picture.choices.palette:
            return NOTHING
        return self._choose(session, picture, palette=palette, variant=0)

    # --- updates --------------------------------------------------------------------------------

    def _find(self, key: str, number: int) -> tuple[Session, Picture | None]:
        """Return a session, and one of its photographs if that is done.

        Raises:
            ConfigError: the session has expired.
        """
        session = self._sessions.get(key)
        if session is None:
            raise ConfigError("these photographs have been deleted; please load the page again")
        picture = session.pictures.get(number)
        return session, picture if picture and picture.status == "done" else None

    def _choose(self, session: Session, picture: Picture, **changes: Any) -> Updates:
        with picture.lock:
            choices = picture.choices
            if "palette" in changes:
                choices = choices.without_palette()
            session.choose(picture, replace(choices, **changes))
        return self._update_all(session, picture)

    def _update_all(self, session: Session, picture: Picture | None) -> Updates:
        """Update all components, also those that a person types into or moves."""
        vividness = picture.choices.vividness if picture else None
        return {
            **self._update_display(session, picture),
            self._page.key: session.key,
            **self._update_copying(picture),
            self._page.vividness: self._default if vividness is None else vividness,
        }

    def _update_display(self, session: Session, picture: Picture | None) -> Updates:
        """Update the components that only show something."""
        return {
            **self._update_progress(session),
            **self._update_picture(session, picture),
            # Without pictures: the component asks for them if its tab is open
            self._page.alternatives: {"of": _state_of(picture)},
        }

    def _update_copying(self, picture: Picture | None) -> Updates:
        """Update the tab for copying colours."""
        if picture is None:
            return {self._page.reference: None, self._page.palette: ""}
        choices = picture.choices
        # Gradio deletes old uploads, so the file may be gone while its colours are still in use
        file = choices.copied_from if Path(choices.copied_from).is_file() else None
        updates: Updates = {self._page.reference: file, self._page.palette: choices.palette_text}
        if choices.copied_from:
            updates[self._page.only_palette] = not choices.reference
        return updates

    def _update_picture(self, session: Session, picture: Picture | None) -> Updates:
        number = picture.number if picture else 0
        return {
            self._page.chosen: number,  # a person may have chosen another one meanwhile
            self._page.drawn: _state_of(picture),
            self._page.viewer: viewer_value(session, picture),
            self._page.marks: marks_value(picture),
            self._page.tray: tray_value(session, number),
        }

    def _update_progress(self, session: Session) -> Updates:
        return {
            self._page.tray: tray_value(session),
            self._page.timer: gr.Timer(active=session.is_busy),
            self._page.for_all: gr.Button(visible=len(session.pictures) > 1),
        }


def _state_of(picture: Picture | None) -> tuple[Any, ...]:
    """Return a value that changes whenever a photograph has to be drawn again."""
    return (picture.number, picture.version, picture.status) if picture else ()
