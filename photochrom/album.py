"""Colour the photographs on a scanned page, each on its own, and leave the page as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from photochrom.color import chroma_planes
from photochrom.color_photo import ColorPhoto
from photochrom.errors import ConfigError
from photochrom.options import ColorOptions
from photochrom.photo.codecs.jpeg import halve
from photochrom.photo.photo import Picture, eight_bits
from photochrom.photo.provenance import with_provenance
from photochrom.prediction import Prediction

if TYPE_CHECKING:
    from typing import Self

    from photochrom.color import FloatArray, IntArray
    from photochrom.guidance.hints import RGB, Hint
    from photochrom.guidance.reference import Reference
    from photochrom.photo import Photo
    from photochrom.photo.album import Region
    from photochrom.photo.encoding import Chroma

__all__ = ["AlbumPrediction", "PageChroma", "crop"]


def crop(page: Photo, region: Region) -> Photo:
    """Return one photograph of a page: the smallest upright box around it, not turned.

    Turning it would need new pixels between the old ones, which would change luma.
    """
    window = region.window(page.luma.shape)
    return replace(
        page,
        luma=_part(page.luma, window),
        color=None if page.color is None else _part(page.color, window),
        alpha=None if page.alpha is None else _part(page.alpha, window),
    )


def _part(plane: IntArray, window: tuple[slice, slice]) -> IntArray:
    """Return a copy of a window of a plane or of RGB."""
    return cast("IntArray", np.ascontiguousarray(plane[window]))


@dataclass(frozen=True, eq=False)
class PageChroma:
    """The colours of a page: predicted within the photographs, as scanned elsewhere.

    Attributes:
        page: the page.
        parts: the region of each photograph, and its colours.
    """

    page: Photo
    parts: tuple[tuple[Region, Chroma], ...]

    def rgb(self, luma: IntArray) -> IntArray:
        """Return RGB, (H, W, 3), for luma (H, W) uint8 or uint16."""
        same_depth = luma.dtype == self.page.luma.dtype
        rgb = self.page.rgb.copy() if same_depth else eight_bits(self.page.rgb).copy()
        for region, chroma in self.parts:
            window = region.window(luma.shape)
            inside = region.mask(window)
            rgb[window][inside] = chroma.rgb(_part(luma, window))[inside]
        return rgb

    def planes(self, luma: IntArray, *, halved: bool) -> tuple[IntArray, IntArray]:
        """Return Cb and Cr as a JPEG file stores them, for luma (H, W) uint8."""
        cb, cr = chroma_planes(np.ascontiguousarray(eight_bits(self.page.rgb)))
        step = 2 if halved else 1
        if halved:
            cb, cr = halve(cb), halve(cr)
        for region, chroma in self.parts:
            window = region.window(luma.shape)
            inside = region.mask(window)[::step, ::step]
            own = chroma.planes(_part(luma, window), halved=halved)
            rows, columns = (
                slice(side.start // step, side.start // step + length)
                for side, length in zip(window, inside.shape, strict=True)
            )
            for plane, part in zip((cb, cr), own, strict=True):
                plane[rows, columns][inside] = part[inside]
        return cb, cr


@dataclass(frozen=True, eq=False)
class AlbumPrediction(Picture):
    """A scanned page, and a prediction for each photograph on it.

    It has the methods of `Prediction`. Points are in pixels of the page.

    Attributes:
        photo: the page.
        regions: where the photographs are.
        predictions: the prediction for each of them.
        in_color: number of further photographs, which are in colour and stay as they are.
    """

    photo: Photo
    regions: tuple[Region, ...]
    predictions: tuple[Prediction, ...]
    in_color: int = 0

    @classmethod
    def of(
        cls,
        page: Photo,
        regions: Sequence[Region],
        predict: Callable[[Photo], Prediction],
        in_color: int = 0,
    ) -> Self:
        """Predict each photograph of a page with `predict`."""
        predictions = tuple(predict(crop(page, region)) for region in regions)
        return cls(page, tuple(regions), predictions, in_color)

    def color(self, options: ColorOptions | None = None) -> ColorPhoto:
        """Colour the photographs of the page at full resolution, without changing luma.

        Args:
            options: as in `Prediction.color`.

        Raises:
            ConfigError: as in `Prediction.color`; or a hint lies outside the photographs.
        """
        return self._merged(self.split(options))

    def _rgb(self) -> IntArray:
        return self.color().rgb

    def split(self, options: ColorOptions | None = None) -> list[ColorPhoto]:
        """Colour the photographs of the page, and return each on its own.

        Args:
            options: as in `color`.

        Returns:
            A coloured photograph for each region: the smallest upright box around it. A tilted
            photograph keeps its tilt, because turning it would change luma.

        Raises:
            ConfigError: as in `color`.
        """
        options = options or ColorOptions()
        shares = self._hints_by_region(options.hints)
        return [
            prediction.color(replace(options, hints=hints))
            for prediction, hints in zip(self.predictions, shares, strict=True)
        ]

    def as_references(self, options: ColorOptions | None = None) -> list[Reference]:
        """Return each photograph of the page with its colours, as `Prediction.as_references`."""
        options = options or ColorOptions()
        shares = self._hints_by_region(options.hints)
        return [
            each
            for own, hints in zip(self.predictions, shares, strict=True)
            for each in own.as_references(replace(options, hints=hints))
        ]

    def variants(self, count: int = 4, *, vividness: float | None = None) -> list[ColorPhoto]:
        """Return several different colourings of the page, as `Prediction.variants` does."""
        each = [own.variants(count, vividness=vividness) for own in self.predictions]
        return [self._merged(colored) for colored in zip(*each, strict=True)]

    def confidence(self, *, vividness: float | None = None) -> FloatArray:
        """Return the probability that chroma is nearly right, as `Prediction.confidence` does.

        It is 1 outside of the photographs, whose colours stay.
        """
        shape = self.photo.luma.shape
        result = np.ones(shape, np.float32)
        for region, prediction in zip(self.regions, self.predictions, strict=True):
            window = region.window(shape)
            inside = region.mask(window)
            result[window][inside] = prediction.confidence(vividness=vividness)[inside]
        return result

    def on(self, page: Photo) -> AlbumPrediction:
        """Return the same predictions for a copy of the page that is smaller or larger.

        Args:
            page: the copy, with the same proportions.
        """
        columns, rows = (new / old for new, old in zip(page.size, self.photo.size, strict=True))
        regions = tuple(region.scaled(columns, rows) for region in self.regions)
        predictions = tuple(
            replace(own, photo=crop(page, region))
            for own, region in zip(self.predictions, regions, strict=True)
        )
        return AlbumPrediction(page, regions, predictions, self.in_color)

    def contains(self, x: float, y: float) -> bool:
        """Return whether a point of the page, in pixels, lies in one of the photographs."""
        return any(region.contains(x, y) for region in self.regions)

    def color_candidates(self, x: float, y: float, count: int = 6) -> list[tuple[RGB, float]]:
        """Return the most likely colours at a point, as `Prediction.color_candidates` does.

        Raises:
            ConfigError: as in `Prediction.color_candidates`; or the point lies outside the
                photographs.
        """
        index = self._index_at(x, y)
        left, top = self._origin(index)
        return self.predictions[index].color_candidates(x - left, y - top, count)

    def _merged(self, colored: Sequence[ColorPhoto]) -> ColorPhoto:
        """Lay coloured photographs back on the page."""
        sizes = [each.luma.size for each in colored]
        strengths = [each.mean_chroma for each in colored]
        parts = zip(self.regions, (each.chroma for each in colored), strict=True)
        return ColorPhoto(
            luma=self.photo.luma,
            chroma=PageChroma(self.photo, tuple(parts)),
            alpha=self.photo.alpha,
            metadata=with_provenance(self.photo.metadata),
            format=self.photo.format,
            mean_chroma=float(np.average(strengths, weights=sizes)),
            icc=self.photo.icc,
            repaired=self.photo.repaired,
            encoded=self.photo.encoded,
            in_color=self.in_color,
        )

    def _hints_by_region(self, hints: Sequence[Hint]) -> list[tuple[Hint, ...]]:
        """Return the hints of each photograph, in its own pixels.

        A stroke that crosses several photographs is divided among them.
        """
        shares: list[list[Hint]] = [[] for _ in self.regions]
        for hint in hints:
            for index in sorted({self._index_at(*point) for point in self._on_photographs(hint)}):
                left, top = self._origin(index)
                inside = self.regions[index].contains
                points = tuple((x - left, y - top) for x, y in hint.points if inside(x, y))
                shares[index].append(replace(hint, points=points))
        return [tuple(share) for share in shares]

    def _on_photographs(self, hint: Hint) -> Sequence[tuple[float, float]]:
        """Return the points of a hint that lie on photographs; all of them if none does."""
        return [point for point in hint.points if self.contains(*point)] or hint.points

    def _index_at(self, x: float, y: float) -> int:
        for index, region in enumerate(self.regions):
            if region.contains(x, y):
                return index
        raise ConfigError(
            f"expected a point in one of the {len(self.regions)} photographs found on "
            f"{self.photo.name}; {x:g}, {y:g} lies on the page around them"
        )

    def _origin(self, index: int) -> tuple[int, int]:
        """Return the left column and the top row of a photograph on the page."""
        rows, columns = self.regions[index].window(self.photo.luma.shape)
        return columns.start, rows.start
