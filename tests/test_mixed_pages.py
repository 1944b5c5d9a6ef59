"""On an album page with grey photographs and others in colour, only the grey ones are coloured."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
import skimage.data
import tifffile
from PIL import Image
from typer.testing import CliRunner

from photochrom import ColorOptions
from photochrom.batch import color_pages
from photochrom.cli.app import app
from photochrom.errors import UnsupportedPhoto
from photochrom.photo import read
from photochrom.photo.album import find_photographs, is_in_color
from tests.pages import album_page

PAPER = (228, 218, 196)
COLOR = (slice(80, 220), slice(40, 185))  # within the photograph that is in colour


@pytest.fixture(scope="module")
def page() -> np.ndarray:
    """A page, (650, 450, 3) uint8, of three grey photographs and one in colour."""
    large = album_page(PAPER)[0]
    large[150:450, 75:375] = cv2.resize(skimage.data.astronaut(), (300, 300)) * 0.75 + 45
    return cv2.resize(large, (450, 650), interpolation=cv2.INTER_AREA)


def test_a_page_is_in_colour_only_if_all_its_photographs_are(page):
    assert read(page).tint == "colour"
    assert not is_in_color(read(page))
    assert is_in_color(read(page), album=False)
    assert is_in_color(read(skimage.data.coffee()[::4, ::4]))
    framed = np.full((300, 300, 3), PAPER, np.uint8)
    framed[60:240, 60:240] = skimage.data.astronaut()[:180, 100:280]
    assert is_in_color(read(framed))
    assert len(find_photographs(read(framed))) == 1
    assert not is_in_color(read(page[..., 0]))


def test_photographs_in_colour_keep_their_colours_and_the_command_says_so(
    page, model_folder, tmp_path
):
    Image.fromarray(page).save(source := tmp_path / "page.png")
    how = ["colorize", str(source), "-o", str(tmp_path / "new.png"), "-m", str(model_folder)]
    done = CliRunner().invoke(app, how)
    assert "3 photographs were coloured" in done.stderr
    assert "an image on page 1 was not coloured: in colour already (see --in-color)" in done.stderr
    new = np.asarray(Image.open(tmp_path / "new.png"))
    assert (new[COLOR] == page[COLOR]).all()
    assert (new != page).any(-1).mean() > 0.15


def test_a_page_in_colour_is_coloured_anew_if_that_is_asked_for(page, vivid):
    both = [each for each in find_photographs(read(page)) if each.is_in_color(read(page))]
    cropped = page[both[0].box[1] - 20 : both[0].box[3] + 20, : both[0].box[2] + 20]
    prediction = vivid.predict_with(read(cropped), ColorOptions(keep_color=True))
    assert (len(prediction.regions), prediction.in_color) == (1, 0)


def test_the_pages_of_documents_too(page, vivid):
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(page)
        writer.write(page[COLOR])
    for data, where in ((stream.getvalue(), (1, 2)), (_pdf(page), (1,))):
        document, _ = color_pages(vivid, data, "scans", "all", ColorOptions())
        assert document.photographs == 1
        assert document.unchanged == tuple((number, "in colour already") for number in where)
    with pytest.raises(UnsupportedPhoto, match="in colour already"):
        color_pages(vivid, stream.getvalue(), "a.tif", "all", ColorOptions(album=False))


def _pdf(page: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(page).save(stream, "PDF")
    return stream.getvalue()
