"""Photographs are found on album pages and within borders, and nowhere else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from photochrom.photo import read
from photochrom.photo.album import Region, find_photographs
from tests.pages import PHOTOGRAPHS, album_page, overlap


def found_on(page: np.ndarray) -> list[Region]:
    return find_photographs(read(page))


@pytest.mark.parametrize("paper", [(248, 248, 248), (228, 218, 196), (28, 27, 26), (86, 72, 60)])
def test_the_photographs_of_an_album_page_are_found(paper):
    page, corners = album_page(paper, tilts=(0.0, 2.0, -3.0, 1.0))
    regions = found_on(page)
    assert len(regions) == 4
    assert all(max(overlap(each, own) for own in regions) > 0.9 for each in corners)


def test_they_come_in_reading_order():
    page, corners = album_page((28, 27, 26))
    for region, true in zip(found_on(page), corners, strict=True):
        assert overlap(true, region) > 0.9


def test_the_white_border_of_a_print_is_not_part_of_its_photograph():
    page, corners = album_page((28, 27, 26), border=14)
    for region, true in zip(found_on(page), corners, strict=True):
        assert overlap(true, region) > 0.93


def test_captions_are_not_photographs():
    page, _ = album_page((228, 218, 196))
    for row in (40, 640):
        cv2.putText(page, "Summer 1938", (60, row), cv2.FONT_HERSHEY_SIMPLEX, 1, (50, 50, 50), 2)
    assert len(found_on(page)) == 4


@pytest.mark.parametrize("level", [0, 255])
def test_the_border_around_a_single_photograph_is_found(level):
    picture = PHOTOGRAPHS[1]
    page = cv2.copyMakeBorder(picture, 30, 40, 25, 35, cv2.BORDER_CONSTANT, value=level)
    (region,) = found_on(page)
    height, width = picture.shape
    assert region.box == pytest.approx((25, 30, 25 + width, 30 + height), abs=4)


@pytest.mark.parametrize(
    "picture",
    [skimage.data.camera(), skimage.data.moon(), skimage.data.page(), *PHOTOGRAPHS],
    ids=lambda picture: f"{picture.mean():.1f}",
)
def test_a_photograph_that_fills_the_scan_is_no_page(picture):
    assert found_on(picture) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (31, 31), (60, 60)])
def test_flat_and_tiny_pictures_are_no_pages(shape):
    assert found_on(np.full(shape, 200, np.uint8)) == []


def test_sixteen_bits_and_transparency_make_no_difference():
    page, corners = album_page((248, 248, 248))
    deep = np.dstack([page.astype(np.uint16) * 257, np.full(page.shape[:2], 65535, np.uint16)])
    assert len(found_on(deep)) == len(corners)


def test_a_region_knows_its_pixels():
    region = Region(((3.0, 5.0), (9.0, 5.0), (9.0, 10.0), (3.0, 10.0)))
    window = region.window((100, 9))
    assert window == (slice(4, 10), slice(2, 9))
    mask = region.mask(window)
    assert mask.shape == (6, 7)
    assert mask[1:, 1:].all()
    assert not mask[0].any()
    assert not mask[:, 0].any()
    assert region.contains(4, 6)
    assert not region.contains(2, 6)


@pytest.mark.parametrize("tilts", [(0.0, 0.0, 0.0, 0.0), (4.0, -3.0, 2.0, -5.0)])
def test_grey_prints_on_coloured_paper_are_not_in_colour(tilts):
    page, _ = album_page((200, 190, 160), tilts=tilts, border=14)
    assert read(page).tint == "tinted"


def test_a_page_with_one_print_in_colour_is_in_colour():
    page, _ = album_page((200, 190, 160))
    page[850:1050, 575:775] = skimage.data.astronaut()[:200, 100:300]
    assert read(page).tint == "colour"
