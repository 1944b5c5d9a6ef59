"""The event handlers for the photograph in the viewer: everything that changes its colours.

Each handler takes a session key and the number of the photograph, and returns the components to
update.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec

import gradio as gr

from photochrom import photo
from photochrom.errors import ConfigError
from photochrom.guidance.hints import palette_of, parse_color
from photochrom.photo.photo import eight_bits
from photochrom.web.page.choices import VARIANTS, Mark, parse_palette
from photochrom.web.page.payloads import alternatives_value
from photochrom.web.page.updates import NOTHING, PageUpdates, Updates, report_errors

if TYPE_CHECKING:
    from photochrom.photo import Photo
    from photochrom.web.page.choices import Choices
    from photochrom.web.page.session import Session
    from photochrom.web.page.session_store import SessionStore
    from photochrom.web.page.tray import Picture

__all__ = [
    "CAUTION_STEP",
    "AlternativeHandlers",
    "CopyHandlers",
    "MarkHandlers",
    "ScanHandlers",
    "VividnessHandlers",
]

P = ParamSpec("P")

CAUTION_STEP: Final = 0.25
"""How much a click on "More cautious" lowers the vividness."""

_NO_PHOTOGRAPH: Final = "add a photograph first, and then choose where to copy colours from"


class _PhotographHandlers:
    """Finds a photograph, and changes how it is coloured."""

    def __init__(self, sessions: SessionStore, updates: PageUpdates) -> None:
        self._sessions, self._updates = sessions, updates

    def _find(self, key: str, number: int) -> tuple[Session, Picture | None]:
        """Return a session, and one of its photographs if that is done.

        Raises:
            ConfigError: the session has expired.
        """
        session = self._sessions.get(key)
        if session is None:
            raise ConfigError("these photographs have been deleted; please load the page again")
        picture = session.tray.get(number)
        return session, picture if picture and picture.status == "done" else None

    def as_it_was(self, key: str, number: int, problem: str) -> Updates:
        """Return updates that draw a photograph as it was, since a change was not made."""
        session = self._sessions.get(key)
        picture = session.tray.get(number) if session else None
        if session is None or picture is None:
            return NOTHING
        return self._updates.problem(session, picture, problem)

    def _change(self, key: str, number: int, change: Callable[[Choices], Choices]) -> Updates:
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        session.edits.change(picture, change)
        return self._updates.all(session, picture)


class MarkHandlers(_PhotographHandlers):
    """The handlers for colours that a person knows."""

    @report_errors
    def change(self, key: str, number: int, event: gr.EventData) -> Updates:
        """Add, recolour, erase or remove marks."""
        if event.action == "mark":
            mark = Mark.parse(event.points, event.color, event.radius)
            return self._change(key, number, lambda choices: choices.with_mark(mark))
        if event.action == "erase":
            return self._erase(key, number, Mark.parse(event.points, "grey", event.radius))
        index = int(event.index)
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        with picture.lock:
            if not 0 <= index < len(picture.choices.marks):
                return NOTHING
            if event.action == "recolor":
                color = parse_color(str(event.color))
                session.edits.change(picture, lambda choices: choices.recolored(index, color))
            else:
                session.edits.change(picture, lambda choices: choices.without_mark(index))
        return self._updates.all(session, picture)

    def _erase(self, key: str, number: int, eraser: Mark) -> Updates:
        """Remove the marks that an eraser touches."""
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        with picture.lock:
            erased = picture.choices.erased(eraser, picture.size)
            if erased == picture.choices:
                return NOTHING
            session.edits.change(picture, lambda _: erased)
        return self._updates.all(session, picture)

    @report_errors
    def undo(self, key: str, number: int) -> Updates:
        """Return to the choices before the last change."""
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        session.edits.undo(picture)
        return self._updates.all(session, picture)

    @report_errors
    def redo(self, key: str, number: int) -> Updates:
        """Return to the choices that were undone last."""
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        session.edits.redo(picture)
        return self._updates.all(session, picture)

    @report_errors
    def clear(self, key: str, number: int) -> Updates:
        """Reset all choices except the vividness."""
        return self._change(key, number, lambda choices: choices.cleared())


class VividnessHandlers(_PhotographHandlers):
    """The handlers for the vividness."""

    @report_errors
    def set(self, key: str, number: int, vividness: float) -> Updates:
        """Set the vividness of one photograph."""
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        session.edits.set_vividness(picture, vividness)
        return self._updates.picture(session, picture)

    @report_errors
    def lower(self, key: str, number: int, vividness: float) -> Updates:
        """Lower the vividness of one photograph by a step, for more cautious colours."""
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        session.edits.set_vividness(picture, max(0.0, round(vividness - CAUTION_STEP, 2)))
        return self._updates.all(session, picture)

    @report_errors
    def set_for_all(self, key: str, number: int, vividness: float) -> Updates:
        """Set the vividness of all photographs."""
        session = self._sessions.open(key)
        session.set_vividness(vividness)
        return self._updates.progress(session)


class AlternativeHandlers(_PhotographHandlers):
    """The handlers for the alternatives."""

    @report_errors
    def show(self, key: str, number: int) -> Updates:
        """Show the alternatives to the current colours."""
        session, picture = self._find(key, number)
        if not picture:
            return NOTHING
        previews = session.renderings.alternatives(picture)
        return self._updates.alternatives(alternatives_value(previews, picture.choices.variant))

    @report_errors
    def select(self, key: str, number: int, event: gr.EventData) -> Updates:
        """Show the alternatives, or choose one of them."""
        if event.action == "ask":
            return self.show(key, number)
        index = int(event.index)
        if not 0 <= index < VARIANTS:
            return NOTHING
        return self._change(key, number, lambda choices: choices.with_variant(index))


class CopyHandlers(_PhotographHandlers):
    """The handlers for colours that are copied from another photograph, or typed as a palette."""

    @report_errors
    def copy(self, key: str, number: int, file: str | None, only_palette: bool) -> Updates:
        """Copy the colours, or only the palette, of a colour photograph."""
        _, picture = self._find(key, number)
        if not file:
            return NOTHING
        if not picture:
            raise ConfigError(_NO_PHOTOGRAPH)
        source = photo.read(file, name=Path(file).name)
        if not only_palette:
            return self._change(key, number, lambda choices: choices.copying(source, file))
        palette = _palette_of(source)
        return self._change(key, number, lambda choices: choices.with_palette(palette, file))

    @report_errors
    def stop(self, key: str, number: int) -> Updates:
        """Remove the reference photograph and the palette."""
        return self._change(key, number, lambda choices: choices.without_copied_colors())

    @report_errors
    def set_palette(self, key: str, number: int, text: str) -> Updates:
        """Set the palette that a person has typed."""
        _, picture = self._find(key, number)
        palette = parse_palette(text)
        if not picture and palette:
            raise ConfigError(_NO_PHOTOGRAPH)
        if not picture or palette == picture.choices.palette:
            return NOTHING
        return self._change(key, number, lambda choices: choices.with_palette(palette))


class ScanHandlers(_PhotographHandlers):
    """The handlers for what a scan is, and for the files that are saved."""

    @report_errors
    def set_album(self, key: str, number: int, wanted: bool) -> Updates:
        """Colour the photographs of a page each on its own, or the page as one picture."""
        return self._change(key, number, lambda choices: replace(choices, album=wanted))

    @report_errors
    def set_negative(self, key: str, number: int, wanted: bool) -> Updates:
        """Set whether a photograph is a negative."""
        return self._change(key, number, lambda choices: replace(choices, negative=wanted))

    @report_errors
    def set_restore(self, key: str, number: int, wanted: bool) -> Updates:
        """Set whether damage in a photograph is repaired."""
        return self._change(key, number, lambda choices: replace(choices, restore=wanted))

    @report_errors
    def set_for_all(self, key: str, number: int, negative: bool, restore: bool) -> Updates:
        """Set whether all photographs are negatives, and whether damage in them is repaired."""
        session = self._sessions.open(key)
        session.set_scan(negative=negative, restore=restore)
        return self._updates.progress(session)

    @report_errors
    def set_profile(self, key: str, number: int, name: str) -> Updates:
        """Set the colour space of all files that are saved from now on."""
        self._sessions.open(key).downloads.profile = name
        return NOTHING


def _palette_of(source: Photo) -> tuple[tuple[int, int, int], ...]:
    if source.is_monochrome:
        raise ConfigError(f"expected a photograph in colour; {source.name} is grey")
    return tuple(palette_of(eight_bits(source.rgb)))
