"""What the page shows of a coloured photograph: previews, alternatives and uncertain places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from photochrom.album import AlbumPrediction
from photochrom.web.page import views
from photochrom.web.page.choices import VARIANTS

if TYPE_CHECKING:
    from photochrom.photo import Photo
    from photochrom.web.page.predictions import Predictions
    from photochrom.web.page.tray import Picture

__all__ = ["Renderings"]

_KEPT_VERSIONS: Final = 3  # previews that a browser may still ask for while a new one is made


class Renderings:
    """Makes small pictures of a photograph from its prediction, in the colours chosen for it."""

    def __init__(self, predictions: Predictions) -> None:
        self._predictions = predictions

    def write_original(self, picture: Picture, whole: Photo) -> None:
        """Write the preview and the thumbnail before colouring, as version 0.

        Args:
            picture: The photograph.
            whole: Its original.
        """
        preview = views.original_preview(whole)
        picture.preview_path("before").write_bytes(preview)
        picture.preview_path("thumb-0").write_bytes(views.thumbnail(preview))

    def update(self, picture: Picture) -> None:
        """Make the preview and the thumbnail in the current colours, as a new version.

        Raises:
            ConfigError: the model does not support one of the choices.
        """
        with picture.lock:
            prediction = self._predictions.for_preview(picture)
            preview = views.jpeg(views.apply_choices(prediction, picture.choices, picture.shared))
            version = picture.version + 1
            picture.preview_path(f"after-{version}").write_bytes(preview)
            picture.preview_path(f"thumb-{version}").write_bytes(views.thumbnail(preview))
            picture.version = version
            for what in ("after", "thumb"):
                old = picture.preview_path(f"{what}-{version - _KEPT_VERSIONS}")
                old.unlink(missing_ok=True)

    def alternatives(self, picture: Picture) -> list[bytes]:
        """Return a small JPEG file of each alternative.

        Raises:
            ConfigError: the model predicts no distribution.
        """
        prediction = self._predictions.for_preview(picture)
        small = views.downscaled(prediction, views.THUMBNAIL_SIDE * 2)
        variants = small.variants(VARIANTS, vividness=picture.choices.vividness)
        return [views.jpeg(variant) for variant in variants]

    def share_picture(self, picture: Picture) -> bytes:
        """Return a JPEG file of the photograph before and after colouring, to be shared."""
        before = picture.preview_path("before").read_bytes()
        prediction = self._predictions.for_preview(picture)
        return views.share_picture(
            before, views.apply_choices(prediction, picture.choices, picture.shared)
        )

    def uncertainty_layer(self, picture: Picture) -> bytes:
        """Return a PNG file that covers the uncertain places; see `views.uncertainty_layer`."""
        prediction = self._predictions.for_preview(picture)
        return views.uncertainty_layer(prediction, picture.choices.vividness)

    def color_candidates(
        self, picture: Picture, x: float, y: float
    ) -> list[tuple[str, float]] | None:
        """Return likely colours for a place in a photograph, the most likely one first.

        Args:
            picture: The photograph, which is done.
            x: Distance from the left, as a share of the width, 0 to 1.
            y: Distance from the top, as a share of the height, 0 to 1.

        Returns:
            Colours as #rrggbb, each with its probability; none if there is no such place. None
            on an album page, outside of its photographs.

        Raises:
            ConfigError: the model predicts only one colour.
        """
        if not (0 <= x <= 1 and 0 <= y <= 1):
            return []
        prediction = self._predictions.for_preview(picture)
        width, height = prediction.photo.size
        column, row = min(x * width, width - 1), min(y * height, height - 1)
        if isinstance(prediction, AlbumPrediction) and not prediction.contains(column, row):
            return None
        candidates = prediction.color_candidates(column, row)
        return [(f"#{bytes(color).hex()}", share) for color, share in candidates]
