"""Pictures can be written in Display P3, Adobe RGB or a scan's own space, with the same colours."""

from __future__ import annotations

import io

import numpy as np
import pytest
import skimage.data
from PIL import ImageCms

from photochrom.color import luma
from photochrom.errors import ConfigError
from photochrom.photo.output_profile import PROFILES, output_profile, profile_of
from photochrom.photo.profile import srgb_profile, to_srgb

ASTRONAUT = skimage.data.astronaut()


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_and_luma_come_back(name, dtype):
    rgb = ASTRONAUT.astype(dtype) * dtype(np.iinfo(dtype).max // 255)
    profile = output_profile(name)
    back = to_srgb(profile.from_srgb(rgb), profile.icc)
    limit = 2 if dtype == np.uint8 else 40  # levels; dark colours have few levels in a gamma of 2.2
    assert np.abs(back.astype(int) - rgb).max() <= 2 * limit
    assert np.abs(luma(back).astype(int) - luma(rgb)).mean() < 0.5 * limit


def test_grey_stays_as_it_is_in_display_p3():
    grey = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, -1)
    assert np.abs(output_profile("display-p3").from_srgb(grey).astype(int) - grey).max() == 0


@pytest.mark.parametrize("name", PROFILES)
def test_littlecms_reads_the_profile_and_agrees(name):
    profile = output_profile(name)
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile.icc))
    assert opened.profile.xcolor_space.strip() == "RGB"
    assert len(profile.icc) < 4096
    srgb = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    transform = ImageCms.buildTransform(srgb, opened, "RGB", "RGB")
    from PIL import Image

    theirs = np.asarray(transform.apply(Image.fromarray(ASTRONAUT)))
    assert np.abs(theirs.astype(int) - profile.from_srgb(ASTRONAUT)).max() <= 2


def test_another_name_is_refused():
    with pytest.raises(ConfigError, match="display-p3"):
        output_profile("prophoto")


def test_a_profile_that_holds_no_colours_is_not_kept():
    assert profile_of(b"nothing") is None
    assert profile_of(output_profile("adobe-rgb").icc) is not None
