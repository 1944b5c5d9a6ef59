"""Small pictures for the page: previews, thumbnails, and the layer of uncertain places."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

import cv2
import numpy as np
from PIL import Image

from photochrom import photo
from photochrom.album import AlbumPrediction
from photochrom.photo import Metadata, Photo
from photochrom.photo.photo import eight_bits
from photochrom.photo.provenance import with_edit
from photochrom.photo.side_by_side import side_by_side

if TYPE_CHECKING:
    import numpy.typing as npt

    from photochrom.color import IntArray
    from photochrom.color_photo import ColorPhoto
    from photochrom.guidance.shared_colors import SharedColors
    from photochrom.web.page.choices import Choices
    from photochrom.web.page.predictions import AnyPrediction

__all__ = [
    "THUMBNAIL_SIDE",
    "apply_choices",
    "downscaled",
    "encode_preview",
    "jpeg",
    "original_preview",
    "share_picture",
    "thumbnail",
    "uncertainty_layer",
]

# Longest sides, in pixels. A preview is small enough to be recoloured without a wait, and large
# enough to judge its colours.
PREVIEW_SIDE: Final = 1600
THUMBNAIL_SIDE: Final = 192
_UNCERTAINTY_SIDE: Final = 400

_QUALITY: Final = 90
_UNCERTAINTY_COLOR: Final = (214, 40, 140)  # RGB; a magenta that is rare in photographs
_MAX_OPACITY: Final = 0.8


def downscaled(prediction: AnyPrediction, side: int = PREVIEW_SIDE) -> AnyPrediction:
    """Return the same prediction for a smaller copy of the photograph.

    Args:
        prediction: The prediction; its network output is shared, not copied.
        side: Longest side of the copy, in pixels.
    """
    if isinstance(prediction, AlbumPrediction):
        # The paper around the photographs is shown in its own colour
        return prediction.on(_small_photo(prediction.photo, side, in_color=True))
    return replace(prediction, photo=_small_photo(prediction.photo, side))


def _small_photo(whole: Photo, side: int, *, in_color: bool = False) -> Photo:
    luma, color = eight_bits(_resize(whole.luma, side)), None
    if in_color and whole.color is not None:
        color = eight_bits(_resize(whole.color, side))
    tint = "grey" if color is None else whole.tint
    metadata = with_edit(Metadata(), whole.repaired) if whole.repaired else Metadata()
    return Photo(luma, color, None, tint, metadata, "JPEG", whole.name, repaired=whole.repaired)


def _resize(pixels: IntArray, side: int) -> IntArray:
    """Shrink an array (H, W) or (H, W, 3) so that its longest side is at most `side`."""
    scale = side / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = tuple(max(1, round(length * scale)) for length in pixels.shape[1::-1])
    return cast("IntArray", cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def apply_choices(prediction: AnyPrediction, choices: Choices, shared: SharedColors) -> ColorPhoto:
    """Return the photograph in the colours that a person has chosen.

    Args:
        prediction: The prediction of the photograph.
        choices: What the person has chosen.
        shared: Colours of related photographs, which this one shares; an alternative does not.

    Raises:
        ConfigError: the model does not support one of the choices.
    """
    options = choices.options(prediction.photo.size)
    if choices.variant:
        variants = prediction.variants(options.variants, vividness=options.vividness)
        return variants[choices.variant]
    return prediction.color(replace(options, shared=shared if len(shared) else None))


def jpeg(picture: ColorPhoto) -> bytes:
    """Return a coloured preview as a JPEG file."""
    return picture.encode("JPEG", quality=_QUALITY)


def original_preview(whole: Photo) -> bytes:
    """Return a preview of the photograph before colouring, as a JPEG file."""
    return encode_preview(whole.rgb)


def encode_preview(rgb: IntArray, side: int = PREVIEW_SIDE) -> bytes:
    """Return a preview of a picture as a JPEG file.

    Args:
        rgb: RGB, (H, W, 3) uint8 or uint16.
        side: Longest side of the preview, in pixels, at most.
    """
    small = eight_bits(_resize(rgb, side))
    return photo.encode(np.ascontiguousarray(small), format="JPEG", quality=_QUALITY)


def share_picture(before: bytes, after: ColorPhoto) -> bytes:
    """Return a picture to share: before and after side by side, with a caption.

    Args:
        before: A JPEG file of the photograph before colouring.
        after: The coloured preview.

    Returns:
        A JPEG file, with a note that the colours are computer-generated.
    """
    with Image.open(io.BytesIO(before)) as image:
        grey = np.asarray(image.convert("RGB"))
    sheet = side_by_side(grey, eight_bits(after.rgb))
    return photo.encode(sheet, format="JPEG", metadata=after.metadata, quality=_QUALITY)


def thumbnail(preview: bytes, side: int = THUMBNAIL_SIDE) -> bytes:
    """Return a thumbnail of a preview.

    Args:
        preview: A JPEG file.
        side: Longest side of the thumbnail, in pixels.

    Returns:
        A JPEG file.
    """
    # Decoding a JPEG file at a quarter of its size is much faster than at full size
    quarter = cv2.imdecode(np.frombuffer(preview, np.uint8), cv2.IMREAD_REDUCED_COLOR_4)
    small = _resize(cast("IntArray", quarter), side)
    return bytes(cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))[1])


def uncertainty_layer(prediction: AnyPrediction, vividness: float | None) -> bytes:
    """Return a layer that covers the places where the colours are uncertain.

    Args:
        prediction: The prediction of the photograph.
        vividness: Colour strength, 0 to 1; None takes the model's default.

    Returns:
        A PNG file with an alpha channel; more opaque where the colours are less certain.

    Raises:
        ConfigError: the model predicts no distribution.
    """
    small = downscaled(prediction, _UNCERTAINTY_SIDE)
    uncertainty = 1 - small.confidence(vividness=vividness)
    layer: npt.NDArray[np.uint8] = np.empty((*uncertainty.shape, 4), np.uint8)
    layer[..., :3] = _UNCERTAINTY_COLOR[::-1]  # OpenCV takes BGR
    layer[..., 3] = np.rint(uncertainty * (_MAX_OPACITY * 255))
    return bytes(cv2.imencode(".png", layer)[1])
