"""Changes that a person makes to the colours of a photograph, with undo and redo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from photochrom.web.page.choices import Choices
    from photochrom.web.page.tray import Picture

__all__ = ["Edits"]

_MAX_UNDO: Final = 20  # choices may hold large reference photographs


class Edits:
    """Changes the choices for photographs, and has each change shown."""

    def __init__(self, show: Callable[[Picture], None]) -> None:
        """Prepare to edit.

        Args:
            show: Makes the preview of a photograph again; an exception undoes the change.
        """
        self._show = show

    def change(
        self, picture: Picture, change: Callable[[Choices], Choices], *, undoable: bool = True
    ) -> None:
        """Change how a photograph is coloured.

        Args:
            picture: The photograph.
            change: Returns new choices for the current ones. Between the two nobody else changes
                them: a person may give two colours in quick succession.
            undoable: Whether `undo` returns to the choices before.

        Raises:
            PhotochromError: the choices cannot be applied; the photograph stays as it was.
        """
        with picture.lock:
            previous = picture.choices
            picture.choices = change(previous)
            try:
                self._show(picture)
            except BaseException:
                picture.choices = previous
                raise
            if undoable:
                picture.undone.clear()
                picture.history.append(previous)
                del picture.history[:-_MAX_UNDO]

    def set_vividness(self, picture: Picture, vividness: float) -> None:
        """Set the vividness, which cannot be undone step by step.

        Raises:
            PhotochromError: the vividness cannot be applied; the photograph stays as it was.
        """
        self.change(picture, lambda choices: replace(choices, vividness=vividness), undoable=False)

    def undo(self, picture: Picture) -> None:
        """Return to the choices before the last ones, but keep the vividness."""
        self._move(picture, picture.history, picture.undone)

    def redo(self, picture: Picture) -> None:
        """Return to the choices that were undone last, but keep the vividness."""
        self._move(picture, picture.undone, picture.history)

    def _move(self, picture: Picture, source: list[Choices], target: list[Choices]) -> None:
        """Take the last choices of `source`, and add the current ones to `target`."""
        with picture.lock:
            if not source:
                return
            wanted, current = source[-1], picture.choices
            self.change(
                picture,
                lambda choices: replace(wanted, vividness=choices.vividness),
                undoable=False,
            )
            source.pop()
            target.append(current)
