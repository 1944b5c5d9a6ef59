"""Colour photographs and films with a model: the `Colorizer` class and the `colorize` function."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from photochrom import photo
from photochrom.album import AlbumPrediction
from photochrom.color_photo import ColorPhoto
from photochrom.deprecation import renamed_arguments
from photochrom.errors import ConfigTypeError
from photochrom.guidance.reference import Reference
from photochrom.model.model import Model, default_model
from photochrom.options import ColorOptions
from photochrom.photo import Photo
from photochrom.photo.album import find_photographs
from photochrom.prediction import Prediction
from photochrom.restoration import restore as restored

if TYPE_CHECKING:
    from photochrom.film import FilmListener, FilmReport
    from photochrom.film.network import ShotReference
    from photochrom.guidance.hints import RGB, Hint
    from photochrom.options import FilmReferenceSource, ReferenceSource
    from photochrom.photo.reading import Source

__all__ = ["Colorizer", "colorize"]

PhotoSource: TypeAlias = "Source | Photo"


class Colorizer:
    """Colours photographs and films with one model.

    A `Colorizer` may be shared between threads. It cannot be passed to another process, which has
    to make its own.

    Attributes:
        model: the model in use.
        max_pixels: the largest number of pixels a photograph may have.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Model | None = None,
        *,
        max_pixels: int = photo.DEFAULT_MAX_PIXELS,
        engine: str = "onnxruntime",
        precision: str = "f32",
        cores: int | None = None,
    ) -> None:
        """Make a colorizer for a model.

        Args:
            model: a model, or the path of its folder or zip; None for `default_model()`.
            max_pixels: the largest number of pixels a photograph may have.
            engine: "onnxruntime", which takes an accelerator if its package has one, or
                "openvino". Has no effect on a model that is open already.
            precision: "f32", or "bf16" with OpenVINO. Has no effect on a model that is open.
            cores: how many processor cores a run of the network uses; None for all. Where several
                threads colour at once, a share for each is quicker. Has no effect on a model that
                is open, and none with OpenVINO.

        Raises:
            ModelNotFound: there is no model at this path.
            InvalidModel: the model's card or network is damaged or inconsistent.
            ConfigError: `engine` or `precision` is unknown.
            MissingExtra: the engine is not installed.
        """
        self.model = (
            model
            if isinstance(model, Model)
            else Model.load(
                model or default_model(), engine=engine, precision=precision, cores=cores
            )
        )
        self.max_pixels = max_pixels

    @cached_property
    def engine(self) -> str:
        """Name of the engine, its device and its precision, for example "ONNX Runtime CPU f32"."""
        return self.model.engine

    def predict(
        self,
        source: PhotoSource,
        *,
        reference: ReferenceSource | None = None,
        name: str | None = None,
    ) -> Prediction:
        """Read a photograph and run the network on it: the expensive step.

        Args:
            source: a path, bytes, a binary file object, a Pillow image, a `Photo`, or an array or
                a tensor, (H, W), (H, W, C) or (C, H, W) with C of 1, 3 (RGB) or 4 (RGBA), as in
                `read`.
            reference: a colour photograph of a similar subject, in any of these forms or prepared
                with `reference`. Its colours are copied to the places that look like its own.
            name: the photograph's name in messages; None for its path.

        Raises:
            PhotoError: the photograph or the reference cannot be read.
            InvalidModel: the network's output does not match its card.
            ConfigError: the reference is grey, or the model does not take known colours.
        """
        picture = self._read(source, name)
        model, lightness = self.model, self.model.lightness(picture.luma)
        if reference is None:
            output, features = model.predict_with_features(lightness)
            return Prediction(picture, model, lightness, output, features)
        # The features do not depend on known colours: the first pass finds the places that match
        # the reference, the second predicts with their colours.
        prepared = self.reference(reference)
        features = model.features(lightness[None, ..., None])[0]
        known = prepared.known(features, lightness.shape)
        output = model.predict(lightness, known)
        return Prediction(picture, model, lightness, output, features, known)

    def predict_album(
        self,
        source: PhotoSource,
        *,
        reference: ReferenceSource | None = None,
        keep_color: bool = False,
        name: str | None = None,
    ) -> Prediction | AlbumPrediction:
        """Find the photographs on a scanned page, and run the network on each of them.

        Where nothing is found, the scan is one photograph, and the result is that of `predict`.

        Args:
            source: as in `predict`.
            reference: as in `predict`, for every photograph of the page.
            keep_color: as in `ColorOptions`.
            name: as in `predict`.

        Raises:
            PhotoError: as in `predict`.
            InvalidModel: as in `predict`.
            ConfigError: as in `predict`.
        """
        page = self._read(source, name)
        prepared = None if reference is None else self.reference(reference)
        predict = partial(self.predict, reference=prepared)
        regions = find_photographs(page)
        if not regions:
            return predict(page)
        grey = [each for each in regions if not (keep_color and each.is_in_color(page))] or regions
        return AlbumPrediction.of(page, grey, predict, len(regions) - len(grey))

    def predict_with(
        self, source: PhotoSource, options: ColorOptions, *, name: str | None = None
    ) -> Prediction | AlbumPrediction:
        """Read a photograph, and run the network on it in the way that the options ask for.

        A negative is inverted, damage is repaired where `options.restore` asks for it, and where
        `options.album` is true, the photographs on a page are found. The other options, except the
        reference, belong to `color` of the result.

        Args:
            source: as in `predict`.
            options: how the photograph is to be coloured.
            name: as in `predict`.

        Raises:
            PhotoError: as in `predict`.
            InvalidModel: as in `predict`.
            ConfigError: as in `predict`.
        """
        picture = self._read(source, name)
        if options.negative:
            picture = picture.inverted()
        if options.restore:
            picture = restored(picture, options.restore).photo
        if not options.album:
            return self.predict(picture, reference=options.reference)
        return self.predict_album(
            picture, reference=options.reference, keep_color=options.keep_color
        )

    def reference(self, source: ReferenceSource) -> Reference:
        """Prepare a reference once, for many photographs to copy colours from.

        Args:
            source: a colour photograph, in any form that `predict` takes. A `Reference` is
                returned as it is.

        Raises:
            PhotoError: the photograph cannot be read.
            ConfigError: the photograph is grey, or the model does not take a reference.
        """
        if isinstance(source, Reference):
            return source
        return Reference.of(self._read(source, None), self.model)

    def prepared(self, options: ColorOptions) -> ColorOptions:
        """Return options whose reference is prepared once, for many photographs.

        Raises:
            PhotoError, ConfigError: as in `reference`.
        """
        if options.reference is None:
            return options
        return replace(options, reference=self.reference(options.reference))

    def colorize(
        self,
        source: PhotoSource,
        options: ColorOptions | None = None,
        *,
        reference: ReferenceSource | None = None,
        name: str | None = None,
        vividness: float | None = None,
        hints: Sequence[Hint] = (),
        palette: Sequence[str | RGB] = (),
        album: bool = True,
        negative: bool = False,
        restore: Sequence[str] = (),
    ) -> ColorPhoto:
        """Read and colour a photograph, or the photographs on an album page.

        This is `predict_with` followed by `color`: it takes their arguments and raises their
        errors. `album`, `negative` and `restore` are those of `ColorOptions`. The options may also
        come in one object, `options`.
        """
        options = ColorOptions.either(
            options,
            reference=reference,
            vividness=vividness,
            hints=hints,
            palette=palette,
            album=album,
            negative=negative,
            restore=restore,
        )
        return self.predict_with(source, options, name=name).color(options)

    def study(
        self,
        source: PhotoSource,
        *,
        reference: ReferenceSource | None = None,
        name: str | None = None,
    ) -> Prediction:
        """Return what `predict` returns. This old name will be removed in 0.2."""
        warnings.warn("Colorizer.study is named predict now", DeprecationWarning, stacklevel=2)
        return self.predict(source, reference=reference, name=name)

    @renamed_arguments(watcher="listener", most_rows="max_rows")
    def film(
        self,
        source: str | os.PathLike[str],
        target: str | os.PathLike[str],
        *,
        vividness: float | None = None,
        references: Sequence[FilmReferenceSource] = (),
        hints: Sequence[tuple[float, Hint]] = (),
        hint_spans: Mapping[float, tuple[float, float]] | None = None,
        start: float = 0.0,
        end: float | None = None,
        codec: str = "",
        quality: int | None = None,
        preset: str = "",
        pixel_format: str = "auto",
        overwrite: bool = False,
        partial: bool = False,
        max_rows: int = 0,
        listener: FilmListener | None = None,
    ) -> FilmReport:
        """Colour a film; luma, sound, subtitles, chapters and metadata stay as they are.

        Args:
            source: anything that FFmpeg reads; `frames/%05d.png` reads a film in single pictures.
            target: the coloured film; its suffix chooses the container. Stopped calls resume.
            vividness: as in `Prediction.color`.
            references: colour photographs to copy colours from, in any form `predict` takes. A pair
                of one and the (start, end) of a section in seconds, for example of a shot, limits
                it to that section. Where several match, the first one is used.
            hints: pairs of a time, in seconds from the film's start, and a hint for that frame.
            hint_spans: by the time of hints, the start and end in seconds of the section that they
                apply to, for example of a shot; None: wherever the film shows similar things.
            start: where to begin, in seconds from the start of the film.
            end: where to end, in seconds; None for the end of the film.
            codec: "h264", "hevc", "vp9", "av1", "prores" or "ffv1"; empty for the default.
            quality: the codec's CRF, where lower is better; None for the codec's default.
            preset: encoder preset, for example "fast" or "slow"; empty for the default.
            pixel_format: "420" for what all players play, "source" for that of the film, or "auto"
                for what more players play where luma stays the same.
            overwrite: whether an existing file may be replaced.
            partial: whether Ctrl-C leaves a playable film of the part that is finished.
            max_rows: the largest height in pixels: a taller film is scaled down; 0 for no limit.
            listener: receives progress.

        Raises:
            FilmError, PhotoError: the film or a reference cannot be read.
            OutputError: the target cannot be written, or the container cannot hold the sound.
            ConfigError: an argument is out of range, or arguments contradict each other.
            MissingExtra: PyAV is not installed.
        """
        from photochrom.film import require

        require()  # the modules below import PyAV, an optional extra
        from photochrom.film.job import Encoding, Job, Span
        from photochrom.film.pipeline import color_film

        job = Job(
            Path(source),
            Path(target),
            vividness=vividness,
            references=[self._film_reference(each) for each in references],
            hints=hints,
            hint_spans={time: Span(*section) for time, section in (hint_spans or {}).items()},
            span=Span(start, end),
            encoding=Encoding(codec, quality, preset, pixel_format),
            overwrite=overwrite,
            partial=partial,
            max_rows=max_rows,
        )
        return color_film(self.model, job, listener)

    def _film_reference(self, source: FilmReferenceSource) -> Reference | ShotReference:
        """Prepare a reference for a film or for a section of it."""
        from photochrom.film.job import Span
        from photochrom.film.network import ShotReference

        if not isinstance(source, tuple):
            return self.reference(source)
        match source:
            case (photograph, (start, end)):
                return ShotReference(self.reference(photograph), Span(start, end))
        raise ConfigTypeError(
            "expected a reference, or a pair of one and its section as (start, end) in seconds; "
            f"received {source!r}"
        )

    def _read(self, source: PhotoSource, name: str | None) -> Photo:
        if isinstance(source, photo.Photo):
            return source
        return photo.read(source, max_pixels=self.max_pixels, name=name)


def colorize(
    source: PhotoSource,
    options: ColorOptions | None = None,
    *,
    model: str | os.PathLike[str] | Model | None = None,
    reference: ReferenceSource | None = None,
    vividness: float | None = None,
    hints: Sequence[Hint] = (),
    palette: Sequence[str | RGB] = (),
    album: bool = True,
    negative: bool = False,
    restore: Sequence[str] = (),
) -> ColorPhoto:
    """Colour one photograph: `photochrom.colorize("old.jpg").save("new.jpg")`.

    Each call loads the model. To colour several photographs, keep a `Colorizer`, whose arguments
    and errors are the same.
    """
    return Colorizer(model).colorize(
        source,
        options,
        reference=reference,
        vividness=vividness,
        hints=hints,
        palette=palette,
        album=album,
        negative=negative,
        restore=restore,
    )
