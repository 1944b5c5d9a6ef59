"""What happens when a person does something on the page."""

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
from photochrom.web.page.payloads import answers_value, marks_value, tray_value, viewer_value
from photochrom.web.page.pictures import ASSETS, EXAMPLES
from photochrom.web.page.views import VARIANTS

if TYPE_CHECKING:
    from photochrom.web.page.layout import Page
    from photochrom.web.page.session import Picture, Session
    from photochrom.web.page.session_store import Desks

__all__ = ["NOTHING", "Handlers"]

Updates = dict[Any, Any]

NOTHING: Final[Updates] = gr.skip()  # is updated; {} would be an error

_FIRST: Final = "drop a photograph first, and then what it is to follow"
_PATIENCE: Final = 0.8  # seconds until a first photograph is left to the timer


def told(do: Callable[..., Updates]) -> Callable[..., Updates]:
    """Let a person know what could not be done; everything stays as it was."""

    @wraps(do)
    def doing(*arguments: Any) -> Updates:
        try:
            return do(*arguments)
        except FileNotFoundError:  # it was taken away meanwhile
            return NOTHING
        except PhotochromError as error:
            gr.Warning(escape(str(error)))  # Gradio takes it for HTML
            return NOTHING

    return doing


class Handlers:
    """Each is told a desk's key, and which photograph is shown; and says what is to be updated."""

    def __init__(self, page: Page, desks: Desks, vividness: float) -> None:
        self._page, self._desks, self._usual = page, desks, vividness

    # --- many -----------------------------------------------------------------------------------

    def arrive(self, key: str) -> Updates:
        """The page was opened; perhaps again."""
        desk = self._desks.open(key)
        return self._all(desk, next(iter(desk.pictures.values()), None))

    def drop(self, key: str, files: list[str]) -> Updates:
        """Photographs came: the first is shown as soon as it is done."""
        return self._take(self._desks.open(key), [Path(file) for file in files])

    def _take(self, desk: Session, files: list[Path], names: list[str] = []) -> Updates:  # noqa: B006
        added = desk.add(files, names)
        if not added:
            return {self._page.drop: None}
        desk.wait(added[0], _PATIENCE)
        return self._all(desk, added[0]) | {self._page.drop: None}

    def tick(self, key: str, number: int, drawn: tuple[Any, ...]) -> Updates:
        """Time went by."""
        desk = self._desks.open(key)
        picture = desk.pictures.get(number)
        if desk.key != key:
            return self._all(desk, picture)
        if list(drawn) != list(_state_of(picture)):
            return self._seen(desk, picture)  # and not what a person may be writing or moving
        return self._many(desk)

    def tray(self, key: str, number: int, event: gr.EventData) -> Updates:
        """A photograph was chosen, or all are to wait."""
        desk, wanted = self._desks.open(key), event.action
        if wanted == "choose":
            return self._all(desk, desk.pictures.get(int(event.number)))
        if wanted == "remove":
            desk.remove(int(event.number))
            left = desk.pictures.get(number) or next(iter(desk.pictures.values()), None)
            return self._all(desk, left)
        if wanted == "cancel":
            desk.cancel()
        else:
            desk.pause(wanted=not desk.paused)
        return self._many(desk)

    # --- one ------------------------------------------------------------------------------------

    def viewer(self, key: str, number: int, event: gr.EventData) -> Updates:
        """A colour by hand, or an example."""
        if event.action == "example":
            return self._example(self._desks.open(key), str(event.name))
        return self._marked(key, number, event)

    def _example(self, desk: Session, name: str) -> Updates:
        if name not in EXAMPLES:
            return NOTHING
        return self._take(desk, [desk.borrowed(ASSETS / name)], [name])

    @told
    def _marked(self, key: str, number: int, said: gr.EventData) -> Updates:
        desk, picture = self._there(key, number)
        if not picture:
            return NOTHING
        with picture.lock:  # two colours may come at once
            now = picture.choices
            if said.action == "mark":
                new = now.with_mark(Mark.of(said.x, said.y, said.color))
            elif not 0 <= int(said.index) < len(now.marks):
                return NOTHING
            elif said.action == "recolor":
                new = now.recolored(int(said.index), parse_color(str(said.color)))
            else:
                new = now.without_mark(int(said.index))
            desk.choose(picture, new)
        return self._all(desk, picture)

    @told
    def vivify(self, key: str, number: int, vividness: float) -> Updates:
        """The slider was moved."""
        desk, picture = self._there(key, number)
        if not picture:
            return NOTHING
        with picture.lock:
            desk.choose(picture, replace(picture.choices, vividness=vividness), undoable=False)
        return self._one(desk, picture)

    def vivify_all(self, key: str, number: int, vividness: float) -> Updates:
        """As vivid as this one, all of them."""
        desk = self._desks.open(key)
        desk.vivify(vividness)
        return self._many(desk)

    @told
    def undo(self, key: str, number: int) -> Updates:
        """Back to what was before."""
        desk, picture = self._there(key, number)
        if not picture:
            return NOTHING
        desk.undo(picture)
        return self._all(desk, picture)

    @told
    def clear(self, key: str, number: int) -> Updates:
        """Nothing by hand, nothing to follow."""
        desk, picture = self._there(key, number)
        if not picture:
            return NOTHING
        nothing = {"marks": (), "palette": (), "reference": None, "followed": "", "variant": 0}
        return self._chosen(desk, picture, **nothing)

    @told
    def show_answers(self, key: str, number: int) -> Updates:
        """Several answers are asked for."""
        desk, picture = self._there(key, number)
        if not picture:
            return NOTHING
        value = answers_value(desk.variants(picture), picture.choices.variant)
        return {self._page.answers: value}

    @told
    def answer(self, key: str, number: int, event: gr.EventData) -> Updates:
        """They are asked for, or one of them was chosen."""
        if event.action == "ask":
            return self.show_answers(key, number)
        desk, picture = self._there(key, number)
        if not picture:
            return NOTHING
        index = int(event.index)
        if not 0 <= index < VARIANTS:
            return NOTHING
        return self._chosen(desk, picture, variant=index, marks=(), palette=())

    @told
    def follow(self, key: str, number: int, file: str | None, only_palette: bool) -> Updates:
        """A colour photograph is to be followed."""
        desk, picture = self._there(key, number)
        if not file:
            return NOTHING
        if not picture:
            raise ConfigError(_FIRST)
        theirs = photo.read(file, name=Path(file).name)
        if only_palette and theirs.is_monochrome:
            raise ConfigError(f"expected a palette's photograph in colour; {theirs.name} is grey")
        if only_palette:
            palette = tuple(palette_of(eight_bits(theirs.rgb)))
            new: dict[str, Any] = {"palette": palette, "reference": None}
        else:
            new = {"palette": (), "reference": theirs}
        return self._chosen(desk, picture, **new, followed=file, variant=0)

    @told
    def unfollow(self, key: str, number: int) -> Updates:
        """None any more."""
        desk, picture = self._there(key, number)
        if not picture:
            return NOTHING
        return self._chosen(desk, picture, palette=(), reference=None, followed="")

    @told
    def keep_to(self, key: str, number: int, text: str) -> Updates:
        """A palette in words."""
        desk, picture = self._there(key, number)
        palette = parse_palette(text)
        if not picture and palette:
            raise ConfigError(_FIRST)
        if not picture:
            return NOTHING
        if palette == picture.choices.palette:
            return NOTHING
        return self._chosen(desk, picture, palette=palette, variant=0)

    # --- what is shown --------------------------------------------------------------------------

    def _there(self, key: str, number: int) -> tuple[Session, Picture | None]:
        """Raises ConfigError: the desk was cleared meanwhile."""
        desk = self._desks.get(key)
        if desk is None:
            raise ConfigError("these photographs are not here any more; please load the page again")
        picture = desk.pictures.get(number)
        return desk, picture if picture and picture.status == "done" else None

    def _chosen(self, desk: Session, picture: Picture, **new: Any) -> Updates:
        with picture.lock:
            now = picture.choices.without_palette() if "palette" in new else picture.choices
            desk.choose(picture, replace(now, **new))
        return self._all(desk, picture)

    def _all(self, desk: Session, picture: Picture | None) -> Updates:
        """Everything, for a photograph that is now shown."""
        vividness = picture.choices.vividness if picture else None
        return {
            **self._seen(desk, picture),
            self._page.key: desk.key,
            **self._followed(picture),
            self._page.vividness: self._usual if vividness is None else vividness,
        }

    def _seen(self, desk: Session, picture: Picture | None) -> Updates:
        """What only the page itself changes."""
        return {
            **self._many(desk),
            **self._one(desk, picture),
            self._page.answers: {"of": _state_of(picture)},
        }

    def _followed(self, picture: Picture | None) -> Updates:
        if picture is None:
            return {self._page.reference: None, self._page.palette: ""}
        now = picture.choices
        shown = {
            self._page.reference: now.followed if Path(now.followed).is_file() else None,
            self._page.palette: now.words,
        }
        return shown | ({self._page.only_palette: not now.reference} if now.followed else {})

    def _one(self, desk: Session, picture: Picture | None) -> Updates:
        number = picture.number if picture else 0
        return {
            self._page.chosen: number,  # another one may have been chosen meanwhile
            self._page.drawn: _state_of(picture),
            self._page.viewer: viewer_value(desk, picture),
            self._page.marks: marks_value(picture),
            self._page.tray: tray_value(desk, number),
        }

    def _many(self, desk: Session) -> Updates:
        return {
            self._page.tray: tray_value(desk),
            self._page.timer: gr.Timer(active=desk.is_busy),
            self._page.for_all: gr.Button(visible=len(desk.pictures) > 1),
        }


def _state_of(picture: Picture | None) -> tuple[Any, ...]:
    return (picture.number, picture.version, picture.status) if picture else ()
