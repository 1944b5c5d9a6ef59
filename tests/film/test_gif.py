"""An animated GIF is a film whose frames are composed as a browser shows them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from photochrom.errors import UnsupportedFilm
from photochrom.film.reader import FilmReader

FOLDER = Path(__file__).parents[1] / "cases" / "gif"


def transparent_animation() -> bytes:
    """Frames with clear corners, which are cleared before the next one is shown."""
    frames = []
    for shift in range(3):
        rgba = np.full((48, 64, 4), (40, 40, 40, 255), np.uint8)
        rgba[:12, :12, 3] = 0
        rgba[20:30, 10 + 8 * shift : 20 + 8 * shift, :3] = 200
        frames.append(Image.fromarray(rgba))
    stream = io.BytesIO()
    options = {"save_all": True, "append_images": frames[1:], "disposal": 2, "loop": 0}
    frames[0].save(stream, "GIF", duration=[100, 200, 400], **options)
    return stream.getvalue()


def on_white(frame: Image.Image) -> np.ndarray:
    page = Image.new("RGBA", frame.size, "white")
    page.alpha_composite(frame.convert("RGBA"))
    return np.asarray(page.convert("L"), float)


@pytest.mark.parametrize("made_by", ["gifsicle", "Pillow"])
def test_frames_are_whole_and_keep_their_times(made_by, tmp_path):
    data = transparent_animation()
    if made_by == "gifsicle":  # partial frames
        data = (FOLDER / "animation.gif").read_bytes()
    (tmp_path / "a.gif").write_bytes(data)
    film = FilmReader(tmp_path / "a.gif")
    frames = list(film.frames(on_problem=lambda *problem: pytest.fail(str(problem))))
    assert [(frame.pts, frame.duration) for frame in frames] == [(0, 10), (10, 20), (30, 40)]
    with Image.open(io.BytesIO(data)) as image:
        for frame, expected in zip(frames, ImageSequence.Iterator(image), strict=True):
            limited = 16 + on_white(expected) * 219 / 255
            assert np.abs(frame.luma - limited).max() <= 1


def test_one_frame_is_a_photograph():
    with pytest.raises(UnsupportedFilm, match="colour it with `colorize`"):
        FilmReader(FOLDER / "palette.gif")
