"""Nodes that colour photographs and the frames of films, and one that says known colours.

ComfyUI's pictures are tensors of torch, (B, H, W, C) float32 in [0, 1], C = 3 for RGB. The
contract of a node (`INPUT_TYPES`, `FUNCTION` and so on) is described in ComfyUI's documentation,
"Custom nodes: Properties".
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

import photochrom
from photochrom import Colorizer, ColorOptions, Hint, PhotochromError
from photochrom.film import color_frames
from photochrom.guidance.hints import parse_hint

if TYPE_CHECKING:
    import torch

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]

_HINTS: Final = "PHOTOCHROM_HINTS"  # a tuple of `Hint`
_CATEGORY: Final = "image/photochrom"
_VIVIDNESS: Final = (
    "FLOAT",
    {
        "default": 0.5,
        "min": 0.0,
        "max": 1.0,
        "step": 0.05,
        "display": "slider",
        "tooltip": "Strength of the colours, from 0 (cautious, nearer to grey) to 1 (vivid).",
    },
)
_MODEL: Final = (
    "STRING",
    {
        "default": "",
        "tooltip": "Folder or zip of a model that you trained. Empty: the one that comes along.",
    },
)
_REFERENCE: Final = (
    "IMAGE",
    {"tooltip": "A colour photograph of a similar subject, whose colours are copied."},
)


class PhotochromColorize:
    """Colours each picture of a batch by itself."""

    DESCRIPTION = (
        "Colours black-and-white photographs. Brightness stays as it is. The colours are guesses: "
        "likely ones, not those that were there."
    )
    SEARCH_ALIASES = ("colorize", "black and white", "old photo", "restore")
    CATEGORY = _CATEGORY
    FUNCTION = "colorize"
    RETURN_TYPES = ("IMAGE",)
    OUTPUT_TOOLTIPS = ("The same pictures in colour.",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802  ComfyUI's name
        """Return the inputs, as ComfyUI describes them."""
        return {
            "required": {
                "image": (
                    "IMAGE",
                    {"tooltip": "Photographs. Colours that they have are replaced."},
                ),
                "vividness": _VIVIDNESS,
            },
            "optional": {
                "hints": (_HINTS, {"tooltip": "Known colours, from Photochrom hints."}),
                "reference": _REFERENCE,
                "palette": (
                    "STRING",
                    {
                        "default": "",
                        "tooltip": "Colours to prefer besides grey, for example: navy, khaki, "
                        "#7a1f1f. Empty: all colours.",
                    },
                ),
                "model": _MODEL,
            },
        }

    @classmethod
    def VALIDATE_INPUTS(cls, palette: str = "", model: str = "") -> bool | str:  # noqa: N802
        """Return True, or what is wrong with the texts, before anything runs."""
        try:
            ColorOptions.of(palette=_palette(palette))
        except PhotochromError as error:
            return f"palette: {error}"
        return _check_model(model)

    @classmethod
    def IS_CHANGED(cls, model: str = "", **_: object) -> str:  # noqa: N802
        """Return something that changes when the files of the model do."""
        return _version(model)

    def colorize(
        self,
        image: torch.Tensor,
        vividness: float,
        hints: tuple[Hint, ...] = (),
        reference: torch.Tensor | None = None,
        palette: str = "",
        model: str = "",
    ) -> tuple[torch.Tensor]:
        """Colour a batch, (B, H, W, C) float32 in [0, 1]; return (B, H, W, 3) of the same kind."""
        colorizer = _colorizer(model)
        options = ColorOptions.of(vividness=vividness, hints=hints, palette=_palette(palette))
        prepared = None if reference is None else colorizer.reference(_arrays(reference)[0])
        colored = [
            colorizer.predict(picture, reference=prepared).color(options).to_array(np.float32)
            for picture in _with_progress(_arrays(image))
        ]
        return (image.new_tensor(np.stack(colored)),)


class PhotochromHints:
    """Known colours at points of a picture, added to those of other such nodes."""

    DESCRIPTION = (
        "Says which colours you know. One hint a line: X,Y,COLOUR or X,Y,COLOUR,RADIUS, in pixels "
        "from the upper left corner. Nodes can be chained; later hints cover earlier ones."
    )
    CATEGORY = _CATEGORY
    FUNCTION = "add"
    RETURN_TYPES = (_HINTS,)
    RETURN_NAMES = ("hints",)
    OUTPUT_TOOLTIPS = ("For Photochrom colorize, or for another Photochrom hints.",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """Return the inputs, as ComfyUI describes them."""
        points = {
            "default": "420,310,#7a1f1f",
            "multiline": True,
            "tooltip": "One hint a line, for example 420,310,maroon or 420,310,#7a1f1f,12",
        }
        earlier = {"tooltip": "Hints of another node, which come first."}
        return {
            "required": {"points": ("STRING", points)},
            "optional": {"hints": (_HINTS, earlier)},
        }

    @classmethod
    def VALIDATE_INPUTS(cls, points: str = "") -> bool | str:  # noqa: N802
        """Return True, or which hint is wrong, before anything runs."""
        try:
            list(_parsed(points))
        except PhotochromError as error:
            return str(error)
        return True

    def add(self, points: str, hints: tuple[Hint, ...] = ()) -> tuple[tuple[Hint, ...]]:
        """Return the hints of both inputs."""
        return ((*hints, *_parsed(points)),)


class PhotochromFilmFrames:
    """Colours a batch as the frames of one film, in order and without flicker."""

    DESCRIPTION = (
        "Colours the frames of a film steadily: colours follow the motion, and begin anew at each "
        "cut. Give the whole film, or whole shots, in one batch: a batch knows nothing of the "
        "one before."
    )
    SEARCH_ALIASES = ("colorize video", "black and white film")
    CATEGORY = _CATEGORY
    FUNCTION = "colorize"
    RETURN_TYPES = ("IMAGE",)
    OUTPUT_TOOLTIPS = ("The same frames in colour, in 8 bits.",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """Return the inputs, as ComfyUI describes them."""
        frames = {"tooltip": "Frames of a film, in order."}
        reference = {"tooltip": "Colour frames or photographs whose colours the film follows."}
        return {
            "required": {"frames": ("IMAGE", frames), "vividness": _VIVIDNESS},
            "optional": {"reference": ("IMAGE", reference), "model": _MODEL},
        }

    @classmethod
    def VALIDATE_INPUTS(cls, model: str = "") -> bool | str:  # noqa: N802
        """Return True, or what is wrong with the model, before anything runs."""
        return _check_model(model)

    @classmethod
    def IS_CHANGED(cls, model: str = "", **_: object) -> str:  # noqa: N802
        """Return something that changes when the files of the model do."""
        return _version(model)

    def colorize(
        self,
        frames: torch.Tensor,
        vividness: float,
        reference: torch.Tensor | None = None,
        model: str = "",
    ) -> tuple[torch.Tensor]:
        """Colour a batch, (B, H, W, C) float32 in [0, 1]; return (B, H, W, 3) of the same kind."""
        colorizer = _colorizer(model)
        references = [] if reference is None else map(colorizer.reference, _arrays(reference))
        read = (photochrom.read(_eight_bits(frame)) for frame in _arrays(frames))
        lumas = (np.asarray(each.luma, np.uint8) for each in read)
        steady = color_frames(
            colorizer.model, lumas, vividness=vividness, references=list(references)
        )
        colored = np.empty((*frames.shape[:3], 3), np.float32)
        for picture, rgb in zip(colored, _with_progress(steady, len(colored)), strict=True):
            np.divide(rgb, 255, out=picture, dtype=np.float32)
        return (frames.new_tensor(colored),)


NODE_CLASS_MAPPINGS = {
    "PhotochromColorize": PhotochromColorize,
    "PhotochromHints": PhotochromHints,
    "PhotochromFilmFrames": PhotochromFilmFrames,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "PhotochromColorize": "Photochrom colorize",
    "PhotochromHints": "Photochrom hints",
    "PhotochromFilmFrames": "Photochrom film frames",
}


def _arrays(image: torch.Tensor) -> list[np.ndarray]:
    """Return the pictures of a batch as arrays, (H, W, C) float32 in [0, 1], without alpha."""
    # Nodes that sharpen or enlarge leave values slightly beyond black and white.
    pictures = image.detach().float().cpu().clamp(0, 1).numpy()
    return list(pictures[..., :3])


def _eight_bits(picture: np.ndarray) -> np.ndarray:
    return np.asarray(np.rint(picture * 255), np.uint8)


def _palette(text: str) -> list[str]:
    return [color for part in text.replace("\n", ",").split(",") if (color := part.strip())]


def _parsed(points: str) -> Iterator[Hint]:
    for line in points.splitlines():
        if line.strip():
            yield parse_hint(line.strip())


def _check_model(model: str) -> bool | str:
    """Return True, or why there is no model at a path."""
    if model and not Path(model).exists():
        return f"model: expected the folder or zip of a model; there is none at {model!r}"
    return True


def _version(model: str) -> str:
    """Return the names, sizes and times of a model's files."""
    if not model:
        return photochrom.__version__
    path = Path(model)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return repr([(each.name, each.stat().st_size, each.stat().st_mtime_ns) for each in files])


def _colorizer(model: str) -> Colorizer:
    return _loaded(model or os.environ.get("PHOTOCHROM_MODEL", ""), _version(model))


@lru_cache(maxsize=2)
def _loaded(model: str, _version: str) -> Colorizer:
    """Load a model, and keep it; one whose files have changed is loaded again."""
    return Colorizer(model or None)


def _with_progress(pictures: Any, total: int | None = None) -> Iterator[Any]:
    """Yield pictures, and show ComfyUI's progress and heed its cancelling, if it is running."""
    try:
        from comfy.model_management import throw_exception_if_processing_interrupted
        from comfy.utils import ProgressBar
    except ImportError:  # a test
        yield from pictures
        return
    bar = ProgressBar(len(pictures) if total is None else total)
    for picture in pictures:
        throw_exception_if_processing_interrupted()
        yield picture
        bar.update(1)
