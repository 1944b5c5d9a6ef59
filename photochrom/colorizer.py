"""The heart: a `Colorizer` holds a model, and colours photographs and films with it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photochrom import film, photo
from photochrom.guidance.reference import Reference
from photochrom.model.model import Model, default_model
from photochrom.prediction import ColorPhoto, Prediction

if TYPE_CHECKING:
    from photochrom.guidance.hints import RGB, Hint
    from photochrom.photo import Photo

__all__ = ["Colorizer", "colorize"]


class Colorizer:
    """Colours photographs with one model. For all threads of a process; another has its own."""

    def __init__(
        self,
        model: str | os.PathLike[str] | Model | None = None,
        *,
        max_pixels: int = photo.DEFAULT_MAX_PIXELS,
        engine: str = "openvino",
        precision: str = "f32",
    ) -> None:
        """Open a model.

        Args:
            model: a model, or its folder or zip; by default the one that `default_model` finds.
            max_pixels: larger photographs are refused.
            engine: "openvino", or "onnxruntime" for an accelerator; of a model named by its place.
            precision: "f32", or "bf16" with OpenVINO.

        Raises:
            ModelNotFound: there is none.
            InvalidModel: it is not what it should be.
            ConfigError: there is no such engine or precision.
            MissingExtra: the engine is not installed.
        """
        self.model = (
            model
            if isinstance(model, Model)
            else Model.load(model or default_model(), engine=engine, precision=precision)
        )
        self.max_pixels = max_pixels

    @cached_property
    def engine(self) -> str:
        """What runs the network, and at which precision."""
        return self.model.engine

    def predict(self, source: Any, *, reference: Any = None, name: str | None = None) -> Prediction:
        """Read a photograph and show it to the network: the dear step.

        Args:
            source: a path, bytes, a binary file object, a Pillow image, a NumPy array, (H, W) or
                (H, W, C) with C of 1, 3 (RGB) or 4 (RGBA), or a `Photo`.
            reference: a colour photograph of something alike, in any of these forms or looked at
                already, whose colours are taken where its places look like this one's.
            name: what to call it in messages.

        Raises:
            PhotoError: it cannot be read.
            InvalidModel: the network's answer is not what its card promises.
            ConfigError: the reference is grey, or the model cannot be told colours.
        """
        grey = self._read(source, name)
        model, lightness = self.model, self.model.lightness(grey.luma)
        if reference is None:
            answer, features = model.predict_with_features(lightness)
            return Prediction(grey, model, lightness, answer, features)
        theirs = self.reference(reference)
        features = model.features(lightness[None, ..., None])[0]
        known = theirs.known(features, lightness.shape)
        return Prediction(grey, model, lightness, model.predict(lightness, known), features, known)

    def reference(self, source: Any) -> Reference:
        """Prepare a reference once, so that many photographs can take their colours from it.

        Raises:
            PhotoError: it cannot be read.
            ConfigError: it is grey, or the model cannot be told colours.
        """
        if isinstance(source, Reference):
            return source
        return Reference.of(self._read(source, None), self.model)

    def colorize(
        self,
        source: Any,
        *,
        reference: Any = None,
        name: str | None = None,
        vividness: float | None = None,
        hints: Sequence[Hint] = (),
        palette: Sequence[str | RGB] = (),
    ) -> ColorPhoto:
        """Read and colour a photograph; arguments and errors are those of `predict` and `color`."""
        prediction = self.predict(source, reference=reference, name=name)
        return prediction.color(vividness=vividness, hints=hints, palette=palette)

    def film(
        self,
        source: str | os.PathLike[str],
        target: str | os.PathLike[str],
        *,
        vividness: float | None = None,
        references: Sequence[Any] = (),
        hints: Sequence[tuple[float, Hint]] = (),
        start: float = 0.0,
        end: float | None = None,
        codec: str = "",
        quality: int | None = None,
        preset: str = "",
        overwrite: bool = False,
        partial: bool = False,
        most_rows: int = 0,
        watcher: film.Watcher | None = None,
    ) -> film.FilmReport:
        """Colour a film; luma, sound, subtitles, chapters and words stay as they are.

        What is done is kept beside the target: called again after a stop, it goes on.

        Args:
            source: anything that FFmpeg reads; `frames/%05d.png` is a film in single pictures.
            target: the coloured film; its suffix names the container.
            vividness: as of `Prediction.color`.
            references: frames or photographs to be followed, in any form that `predict` takes.
            hints: moments, in seconds from the film's start, and what is known of the frame then.
            start: seconds from the film's start at which to begin.
            end: seconds at which to end.
            codec: one of "h264", "hevc", "vp9", "av1", "prores", "ffv1".
            quality: the codec's CRF; less is better.
            preset: the encoder's own word for how hard to try.
            overwrite: whether a file that is there may be replaced.
            partial: whether Ctrl-C leaves a film of what is done.
            most_rows: a taller film is made smaller; 0: it is not.
            watcher: told how it goes.

        Raises:
            FilmError: the film cannot be read.
            OutputError: it cannot be written there, or its sound cannot be kept.
            PhotoError: a reference cannot be read.
            ConfigError: something that is asked for makes no sense.
            MissingExtra: PyAV is not installed.
        """
        film.require()
        from photochrom.film.encoder import Encoding
        from photochrom.film.job import Job, Span
        from photochrom.film.pipeline import color_film

        job = Job(
            source=Path(source),
            target=Path(target),
            vividness=vividness,
            references=[self.reference(each) for each in references],
            hints=hints,
            span=Span(start, end),
            encoding=Encoding(codec, quality, preset),
            overwrite=overwrite,
            partial=partial,
            most_rows=most_rows,
        )
        return color_film(self.model, job, watcher)

    def _read(self, source: Any, name: str | None) -> Photo:
        if isinstance(source, photo.Photo):
            return source
        return photo.read(source, max_pixels=self.max_pixels, name=name)


def colorize(
    source: Any,
    *,
    model: str | os.PathLike[str] | Model | None = None,
    reference: Any = None,
    vividness: float | None = None,
    hints: Sequence[Hint] = (),
    palette: Sequence[str | RGB] = (),
) -> ColorPhoto:
    """Colour one photograph: `photochrom.colorize("old.jpg").save("new.jpg")`.

    For more than one, keep a `Colorizer`, whose arguments and errors these are.
    """
    return Colorizer(model).colorize(
        source, reference=reference, vividness=vividness, hints=hints, palette=palette
    )
