"""`restore` repairs damage that it finds, and leaves everything else as it is."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data

from photochrom import Colorizer, photo
from photochrom.errors import ConfigError, ConfigTypeError
from photochrom.photo.provenance import edits_of
from photochrom.restoration import REPAIRS, restore, restoring
from tests.pictures import colour_pictures
from tests.restoration.scans import faded, scratched


def error(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.mean((one.astype(float) - other) ** 2))


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    """A portrait, (512, 512) uint8."""
    return photo.read(colour_pictures()[0]).luma


@pytest.fixture(scope="module")
def scan(clean) -> np.ndarray:
    return scratched(clean)


@pytest.mark.parametrize("name", ["brick", "camera", "clock", "coins", "grass", "gravel", "page"])
def test_clean_photographs_stay_as_they_are(name):
    before = photo.read(getattr(skimage.data, name)())
    result = restore(before, ["dust", "scratches"])
    assert not result
    assert result.photo is before
    assert str(result) == ""


def test_clean_colour_photographs_stay_as_they_are():
    assert [bool(restore(rgb)) for rgb in colour_pictures()] == [False] * len(colour_pictures())


def test_dust_and_scratches_are_filled_in(clean, scan):
    result = restore(scan)
    assert result.dust >= 25
    assert result.scratches >= 2
    assert result.levels is None
    luma = result.photo.luma
    assert (luma[~result.mask] == scan[~result.mask]).all()
    assert result.mask.mean() < 0.05
    assert error(luma, clean) < error(scan, clean) / 4
    assert (result.photo.size, luma.dtype) == ((512, 512), np.uint8)


@pytest.mark.parametrize("repair", ["dust", "scratches"])
def test_only_what_was_asked_for_is_repaired(scan, repair):
    both, one = restore(scan), restore(scan, [repair])
    assert getattr(one, repair) == getattr(both, repair)
    assert one.dust + one.scratches == getattr(both, repair)
    assert one.mask.sum() < both.mask.sum()
    assert not restore(scan, ["fading"])


def test_a_faded_print_gets_its_range_back(clean):
    result = restore(faded(clean), ["fading"])
    assert result.levels.black == pytest.approx(80 / 255, abs=0.02)
    assert result.levels.white == pytest.approx(200 / 255, abs=0.02)
    low, high = np.percentile(result.photo.luma, [1, 99])
    assert low < 20
    assert high > 235
    assert not result.mask.any()


def test_a_faded_and_scratched_print(scan):
    result = restore(faded(scan))
    assert result.dust
    assert result.scratches
    assert result.levels
    assert str(result).startswith(f"{result.dust} specks and {result.scratches} scratches filled")
    assert "contrast of a faded print restored (levels 8" in str(result)


def test_16_bits_stay_16_bits(scan):
    deep = scan.astype(np.uint16) * 257 + 7
    result = restore(np.minimum(deep, 65_535))
    assert result.photo.luma.dtype == np.uint16
    assert result.dust
    assert (result.photo.luma[~result.mask] == np.minimum(deep, 65_535)[~result.mask]).all()


def test_large_scans_are_repaired_in_their_own_size(clean):
    large = cv2.resize(clean, (1400, 1400), interpolation=cv2.INTER_CUBIC)
    scan = scratched(large, specks=90, scale=2)
    result = restore(scan, ["dust", "scratches"])
    assert result.dust >= 60
    assert result.scratches >= 3
    assert result.photo.size == (1400, 1400)
    assert error(result.photo.luma, large) < error(scan, large) / 3


def test_a_sepia_scan_keeps_its_tint(scan):
    sepia = np.clip(scan[..., None] * np.array([1.0, 0.86, 0.68]), 0, 255).astype(np.uint8)
    before = photo.read(sepia)
    assert before.tint == "tinted"
    after = restore(before)
    assert after.photo.tint == "tinted"
    assert (after.photo.color[~after.mask] == before.color[~after.mask]).all()
    recomputed = after.photo.color @ np.array([0.299, 0.587, 0.114])
    assert np.abs(recomputed - after.photo.luma).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (9, 8)])
def test_tiny_and_narrow_pictures(size):
    assert not restore(np.full(size, 128, np.uint8))


def test_unknown_repairs_are_refused(scan):
    with pytest.raises(ConfigError, match=r"expected some of dust, scratches, fading; .*'rust'"):
        restore(scan, ["dust", "rust"])
    for wrong in ("dust", None, 5):
        with pytest.raises(ConfigTypeError, match="expected a sequence of repairs; received"):
            restore(scan, wrong)


def test_nothing_is_looked_for_if_nothing_is_asked_for(scan, monkeypatch):
    monkeypatch.setattr(restoring, "damage_probability", None)
    assert not restore(scan, ())


def test_the_file_says_what_was_repaired(scan):
    result = restore(scan)
    assert edits_of(result.photo.metadata.xmp) == str(result)
    assert edits_of(restore(scan[:64, :64]).photo.metadata.xmp or b"") == ""


def test_a_scan_that_cannot_take_the_note_gets_a_new_packet(scan):
    before = replace(photo.read(scan), metadata=photo.Metadata(xmp=b"<no rdf>"))
    after = restore(before).photo
    assert edits_of(after.metadata.xmp) == after.repaired != ""
    assert "XMP (damaged)" in after.metadata.lost


def test_colours_are_predicted_for_the_repaired_photograph(vivid: Colorizer, scan):
    plain, repaired = vivid.colorize(scan), vivid.colorize(scan, restore=REPAIRS)
    assert (plain.luma == scan).all()
    assert plain.repaired == edits_of(plain.metadata.xmp) == ""
    assert (repaired.luma == restore(scan).photo.luma).all()
    assert repaired.repaired == edits_of(repaired.metadata.xmp) == str(restore(scan))
    again = vivid.colorize(restore(scan).photo, restore=["fading"])
    assert again.repaired == str(restore(scan))  # what was repaired before counts, too
    negative = vivid.colorize(255 - scan, restore=REPAIRS, negative=True)
    assert (negative.luma == repaired.luma).all()


def test_a_page_of_an_album_is_repaired_as_a_whole(vivid: Colorizer, clean):
    page = np.full((700, 1200), 225, np.uint8)
    for left in (60, 640):
        page[80:592, left : left + 500] = scratched(clean)[:, :500]
    before = photo.read(page)
    result = vivid.colorize(replace(before), restore=["dust", "scratches"])
    assert result.repaired
    assert (result.luma != page).any()
