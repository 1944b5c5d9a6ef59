"""The event handlers for all photographs: adding, choosing and removing them, and their queue."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

import gradio as gr

from photochrom.errors import PhotochromError
from photochrom.web.page.routes import ASSETS, EXAMPLES
from photochrom.web.page.updates import NOTHING, PageUpdates, Updates, state_of

if TYPE_CHECKING:
    from photochrom.web.page.session import Session
    from photochrom.web.page.session_store import SessionStore

__all__ = ["TrayHandlers"]

# How long a drop waits for its first photograph. Most are done by then, and appear at once
# instead of with the next tick of the timer.
_FIRST_WAIT_SECONDS: Final = 0.8


class TrayHandlers:
    """The event handlers for all photographs of a session.

    Each takes a session key, mostly also the number of the photograph in the viewer, and returns
    the components to update.
    """

    def __init__(self, sessions: SessionStore, updates: PageUpdates) -> None:
        self._sessions, self._updates = sessions, updates

    def load(self, key: str) -> Updates:
        """Show the photographs of a session when the page is opened or loaded again."""
        session = self._sessions.open(key)
        return self._updates.all(session, session.tray.first)

    def drop(self, key: str, files: list[str]) -> Updates:
        """Add the files that a person has dropped, and show the first as soon as it is done."""
        return self._add(self._sessions.open(key), [Path(file) for file in files])

    def add_example(self, key: str, name: str) -> Updates:
        """Add an example photograph, and show it as soon as it is done."""
        if name not in EXAMPLES:
            return NOTHING
        session = self._sessions.open(key)
        return self._add(session, [session.tray.copy_file(ASSETS / name)], [name])

    def _add(self, session: Session, files: Sequence[Path], names: Sequence[str] = ()) -> Updates:
        added = session.add(files, names)
        if not added:
            return self._updates.empty_drop()
        session.queue.wait(added[0], _FIRST_WAIT_SECONDS)
        return self._updates.all(session, added[0]) | self._updates.empty_drop()

    def color_anew(self, key: str, number: int) -> Updates:
        """Colour a photograph that is in colour already, and show it as soon as it is done."""
        session = self._sessions.open(key)
        picture = session.tray.get(number)
        if picture is None:
            return NOTHING
        session.color_anew([picture])
        session.queue.wait(picture, _FIRST_WAIT_SECONDS)
        return self._updates.all(session, picture)

    def tick(self, key: str, number: int, drawn: Sequence[int | str]) -> Updates:
        """Update the progress; called by the timer while photographs are being coloured."""
        session = self._sessions.open(key)
        picture = session.tray.get(number)
        if session.key != key:  # the old session has expired
            return self._updates.all(session, picture)
        if list(drawn) != list(state_of(picture)):
            # Not `all`: a person may be typing or moving the slider
            return self._updates.display(session, picture)
        return self._updates.progress(session)

    def select(self, key: str, number: int, event: gr.EventData) -> Updates:
        """Show or remove a photograph, or change how all are coloured, or when."""
        session, action = self._sessions.open(key), event.action
        if action == "choose":
            return self._updates.all(session, session.tray.get(int(event.number)))
        if action == "remove":
            session.remove(int(event.number))
            return self._updates.all(session, session.tray.get(number) or session.tray.first)
        if action == "color_anew":
            session.color_anew(list(session.tray.pictures.values()))
        elif action == "share":
            return self._share(session, wanted=bool(event.wanted))
        elif action == "cancel":
            session.queue.cancel()
        else:
            session.queue.pause(wanted=not session.queue.paused)
        return self._updates.progress(session)

    def _share(self, session: Session, *, wanted: bool) -> Updates:
        """Begin or end to colour the same things alike in all photographs."""
        try:
            session.sharing.set(wanted=wanted)
        except PhotochromError as error:
            gr.Warning(escape(str(error)))  # Gradio renders the text as HTML
            return self._updates.refused(session)
        return self._updates.progress(session)
