"""Which components of the page to update after an event, and with what."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, Protocol, TypeVar

import gradio as gr
from gradio.blocks import Block

from photochrom.errors import PhotochromError
from photochrom.web.page.payloads import marks_value, tray_value, viewer_value

if TYPE_CHECKING:
    from photochrom.web.page.layout import Page
    from photochrom.web.page.payloads import AlternativesValue
    from photochrom.web.page.session import Session
    from photochrom.web.page.tray import Picture

__all__ = ["NOTHING", "REPAIRS_INFO", "PageUpdates", "Updates", "report_errors", "state_of"]

REPAIRS_INFO: Final = "Where they are found. This changes brightness, too"
"""What stands below the switch for repairs, as long as nothing is known about the photograph."""

# A component, and its new value or a component with new properties. Gradio looks for the names in
# the annotations of handlers, so this one exists at run time.
Updates = dict[Block | str, object]

NOTHING: Final[Updates] = gr.skip()  # no update; Gradio takes {} for an error


P = ParamSpec("P")


class _Shows(Protocol):
    """Handlers that can show again what they showed before."""

    def as_it_was(self, key: str, number: int, problem: str) -> Updates:
        """Show everything as it was, and say why the last thing that was asked for was not done."""
        ...


H = TypeVar("H", bound=_Shows)


def report_errors(
    handler: Callable[Concatenate[H, str, int, P], Updates],
) -> Callable[Concatenate[H, str, int, P], Updates]:
    """Show errors of a handler as warnings on the page, and leave everything as it was."""

    @wraps(handler)
    def wrapper(
        self: H, key: str, number: int, /, *arguments: P.args, **keywords: P.kwargs
    ) -> Updates:
        try:
            return handler(self, key, number, *arguments, **keywords)
        except FileNotFoundError:  # the photograph was removed meanwhile
            return NOTHING
        except PhotochromError as error:
            gr.Warning(escape(str(error)))  # Gradio renders the text as HTML
            return self.as_it_was(key, number, str(error))

    return wrapper


class PageUpdates:
    """Makes the updates of the tab for photographs."""

    def __init__(self, page: Page, default_vividness: float) -> None:
        """Prepare to update.

        Args:
            page: The components.
            default_vividness: Position of the slider for photographs whose vividness was not
                chosen.
        """
        self._page, self._default = page, default_vividness

    def all(self, session: Session, picture: Picture | None) -> Updates:
        """Update all components, also those that a person types into or moves."""
        vividness = picture.choices.vividness if picture else None
        return {
            **self.display(session, picture),
            self._page.key: session.key,
            **self._copying(picture),
            self._page.vividness: self._default if vividness is None else vividness,
            self._page.negative: bool(picture and picture.choices.negative),
            self._page.restore: gr.Checkbox(
                value=bool(picture and picture.choices.restore), info=_about_repairs(picture)
            ),
            self._page.profile: session.downloads.profile,
        }

    def display(self, session: Session, picture: Picture | None) -> Updates:
        """Update the components that only show something."""
        return {
            **self.progress(session),
            **self.picture(session, picture),
            # Without pictures: the component asks for them if its tab is open
            self._page.alternatives: {"of": state_of(picture)},
        }

    def picture(self, session: Session, picture: Picture | None) -> Updates:
        """Update what shows one photograph."""
        number = picture.number if picture else 0
        return {
            self._page.timer: gr.Timer(active=session.queue.is_busy),
            self._page.chosen: number,  # a person may have chosen another one meanwhile
            self._page.drawn: state_of(picture),
            self._page.viewer: viewer_value(session, picture),
            self._page.marks: marks_value(picture),
            self._page.undo: gr.Button(interactive=bool(picture and picture.history)),
            self._page.redo: gr.Button(interactive=bool(picture and picture.undone)),
            self._page.tray: tray_value(session, number),
            self._page.restore: gr.Checkbox(info=_about_repairs(picture)),
        }

    def problem(self, session: Session, picture: Picture | None, message: str) -> Updates:
        """Draw a photograph as it is, with what a person cannot do with it."""
        value = viewer_value(session, picture)
        # The time makes a new value, so that the browser draws again what has not changed
        return {self._page.viewer: value | {"problem": message, "asked": time.time()}}

    def refused(self, session: Session) -> Updates:
        """Draw the tray as it is, since something that a person wanted could not be done."""
        return {self._page.tray: tray_value(session) | {"asked": time.time()}}

    def progress(self, session: Session) -> Updates:
        """Update what shows the progress of all photographs."""
        return {
            self._page.tray: tray_value(session),
            self._page.timer: gr.Timer(active=session.queue.is_busy),
            self._page.for_all: gr.Button(visible=len(session.tray) > 1),
            self._page.scan_for_all: gr.Button(visible=len(session.tray) > 1),
        }

    def alternatives(self, value: AlternativesValue) -> Updates:
        """Update the alternatives alone."""
        return {self._page.alternatives: value}

    def empty_drop(self) -> Updates:
        """Empty the field for new photographs."""
        return {self._page.drop: None}

    def _copying(self, picture: Picture | None) -> Updates:
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


def state_of(picture: Picture | None) -> tuple[int | str, ...]:
    """Return a value that changes whenever a photograph has to be drawn again."""
    return (picture.number, picture.version, picture.status) if picture else ()


def _about_repairs(picture: Picture | None) -> str:
    """Return what stands below the switch for repairs: what was repaired in a photograph."""
    if picture is None or not picture.choices.restore or picture.status != "done":
        return REPAIRS_INFO
    return picture.repaired or "No such damage was found"
