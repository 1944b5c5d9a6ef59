"""Each photograph of an album page is coloured on its own; the page stays as it is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from photochrom import Colorizer
from photochrom.album import AlbumPrediction
from photochrom.color import luma
from photochrom.errors import ConfigError
from photochrom.guidance.hints import Hint
from photochrom.options import ColorOptions
from photochrom.photo import read
from photochrom.photo.album import find_photographs
from tests.pages import album_page

pytestmark = pytest.mark.slow

PAPER = (228, 218, 196)


@pytest.fixture(scope="module")
def scanned():
    return read(album_page(PAPER, tilts=(0.0, 2.0, -3.0, 1.0))[0])


@pytest.fixture(scope="module")
def colorizer():
    return Colorizer()


@pytest.fixture(scope="module")
def prediction(scanned, colorizer):
    return AlbumPrediction.of(scanned, find_photographs(scanned), colorizer.predict)


def outside(prediction: AlbumPrediction) -> np.ndarray:
    page = np.ones(prediction.photo.luma.shape, bool)
    for region in prediction.regions:
        window = region.window(page.shape)
        page[window] &= ~region.mask(window)
    return page


def test_the_page_keeps_its_colour_and_the_photographs_get_theirs(prediction):
    result = prediction.color().rgb
    page = outside(prediction)
    assert (result[page] == prediction.photo.rgb[page]).all()
    assert np.abs(luma(result).astype(int) - prediction.photo.luma).max() <= 1
    for region in prediction.regions:
        inside = result[region.window(page.shape)].astype(int)
        assert np.ptp(inside, axis=-1).mean() > 2


@pytest.mark.parametrize("quality", [90, 95])
def test_a_jpeg_keeps_the_page_too(prediction, quality):
    encoded = prediction.color().encode("JPEG", quality=quality)
    decoded = np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB")).astype(int)
    # Eight pixels around an edge share a block of the encoder.
    page = outside(prediction)
    far = page[:-8] & page[8:]
    true = prediction.photo.rgb.astype(int)
    assert np.abs(decoded[8:] - true[8:])[far].mean() < 3


def test_the_paper_is_certain_and_a_small_copy_is_like_the_page(prediction, scanned):
    confidence = prediction.confidence()
    page = outside(prediction)
    assert (confidence[page] == 1).all()
    assert confidence[~page].mean() < 0.99
    small = np.asarray(Image.fromarray(scanned.rgb).resize((450, 650), Image.Resampling.BOX))
    copy = prediction.on(read(small))
    assert copy.contains(110, 150)
    assert not copy.contains(5, 5)
    whole = Image.fromarray(prediction.color().rgb).resize((450, 650), Image.Resampling.BOX)
    assert np.abs(copy.color().rgb.astype(int) - np.asarray(whole)).mean() < 2


def test_variants_and_split_go_by_photograph(prediction):
    first, second = prediction.variants(2)
    assert first.luma is second.luma
    assert (first.rgb != second.rgb).any()
    parts = prediction.split()
    assert [each.luma.shape for each in parts] == [
        each.photo.luma.shape for each in prediction.predictions
    ]


def test_a_hint_counts_in_its_photograph_alone(prediction):
    (left, top, right, bottom) = prediction.regions[0].box
    x, y = (left + right) / 2, (top + bottom) / 2
    plain = prediction.color().rgb
    hinted = prediction.color(ColorOptions(hints=(Hint.at(x, y, "#204080"),))).rgb
    changed = (plain != hinted).any(-1)
    assert changed[top:bottom, left:right].any()
    changed[prediction.regions[0].window(changed.shape)] = False
    assert not changed.any()
    assert prediction.color_candidates(x, y)


def test_a_stroke_over_the_page_counts_in_each_photograph_that_it_crosses(prediction):
    boxes = [each.box for each in prediction.regions]
    centers = [((left + right) / 2, (top + bottom) / 2) for left, top, right, bottom in boxes]
    stroke = Hint(((2, 2), centers[0], centers[1]), (32, 64, 128))
    shares = prediction._hints_by_region([stroke])
    assert [len(share) for share in shares] == [1, 1, *[0] * (len(centers) - 2)]
    assert [len(hint.points) for share in shares for hint in share] == [1, 1]


def test_a_hint_is_passed_on_with_its_photograph_alone(prediction):
    rows, columns = prediction.regions[1].window(prediction.photo.luma.shape)
    point = ((columns.start + columns.stop) // 2, (rows.start + rows.stop) // 2)
    found = prediction.as_references(ColorOptions(hints=(Hint.at(*point, "#204080"),)))
    assert [each.given is not None for each in found] == [False, True, False, False]
    assert found[1].given.shape == found[1].chroma.shape[:2]
    assert found[1].given.max() > 0.9


def test_a_hint_on_the_page_is_refused(prediction):
    with pytest.raises(ConfigError, match="lies on the page"):
        prediction.color(ColorOptions(hints=(Hint.at(2, 2, "#204080"),)))
    with pytest.raises(ConfigError, match="lies on the page"):
        prediction.color_candidates(2, 2)


def test_a_grey_page_of_sixteen_bits_is_coloured_like_any_other(colorizer):
    grey = luma(album_page((250, 250, 250))[0])
    deep = read(grey.astype(np.uint16) * 257)
    prediction = AlbumPrediction.of(deep, find_photographs(deep), colorizer.predict)
    result = prediction.color()
    assert result.rgb.dtype == np.uint16
    page = outside(prediction)
    assert (result.rgb[page] == deep.luma[page][:, None]).all()
    assert result.encode("JPEG")
