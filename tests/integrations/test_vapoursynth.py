"""The VapourSynth filter keeps luma and gives the colours of a film, in any order of requests."""

from __future__ import annotations

import numpy as np
import pytest

from photochrom import PhotochromError
from photochrom.film import PlaneFormat, color_small_frames
from tests.films import panned
from tests.integrations.loading import load
from tests.support import sloped

vs = pytest.importorskip("vapoursynth")
COUNT = 75


@pytest.fixture(scope="module")
def filters():
    return load("vapoursynth/photochrom_vs.py")


@pytest.fixture(scope="module")
def lumas():
    """75 frames of 96 × 64 with a cut after 35, limited range."""
    frames = panned(35) + panned(COUNT - 35, name="coffee")
    return [(frame[:64, :96, 1] * (219 / 255) + 16).astype(np.uint8) for frame in frames]


def clip_of(lumas, form=None, **props):
    """Return a clip with these lumas, and the list of the frames that were asked for."""
    form, asked = form or vs.GRAY8, []
    height, width = lumas[0].shape
    blank = vs.core.std.BlankClip(None, width, height, form, len(lumas))
    if props:
        blank = vs.core.std.SetFrameProps(blank, **props)
    shift = blank.format.bits_per_sample - 8

    def fill(n, f):
        asked.append(n)
        picture = f.copy()
        samples = np.asarray(picture[0])
        samples[...] = lumas[n].astype(samples.dtype) << shift
        return picture

    return vs.core.std.ModifyFrame(blank, blank, fill), asked


def planes_of(frame):
    return [np.array(frame[number]) for number in range(frame.format.num_planes)]


def expected(model, lumas, stored):
    small = ((luma, stored.small(model, luma)) for luma in lumas)
    return [colors.planes(luma, stored) for luma, colors in color_small_frames(model, small)]


def test_a_clip_gets_the_colours_of_a_film(filters, lumas, model_folder):
    clip, asked = clip_of(lumas)
    colored = filters.colorize(clip, model=model_folder)
    assert (colored.format.name, colored.num_frames) == ("YUV420P8", COUNT)
    want = expected(sloped(), lumas, PlaneFormat(matrix="bt601"))
    for number, frame in enumerate(colored.frames(prefetch=4)):
        y, *chroma = planes_of(frame)
        np.testing.assert_array_equal(y, lumas[number])
        np.testing.assert_array_equal(chroma, want[number])
        assert frame.props["_Matrix"] == 6
    assert max(asked.count(n) for n in range(1, COUNT)) == 1  # each frame is decoded once


def test_frames_may_be_asked_for_in_any_order(filters, lumas, model_folder):
    clip, _ = clip_of(lumas)
    colored = filters.colorize(clip, model=model_folder)
    want = expected(sloped(), lumas, PlaneFormat(matrix="bt601"))
    for number in (70, 69, 20, 19, 74, 0, 1, 3, 2, 74):
        y, *chroma = planes_of(colored.get_frame(number))
        np.testing.assert_array_equal(y, lumas[number])
        difference = np.abs(np.float32(chroma) - np.float32(want[number]))
        assert difference.mean() < 2  # the mean of other frames, where colouring began in between
    for number in (1, 0):  # colouring began at the first frame again
        np.testing.assert_array_equal(planes_of(colored.get_frame(number))[1:], want[number])


def test_two_filters_on_one_thread_do_not_wait_for_each_other(filters, lumas, model_folder):
    threads, vs.core.num_threads = vs.core.num_threads, 1
    try:
        clip, _ = clip_of(lumas)
        pair = [filters.colorize(clip, model=model_folder, vividness=v) for v in (0.0, 1.0)]
        both = vs.core.std.StackHorizontal(pair)
        assert sum(1 for _ in both[10:40].frames(prefetch=4)) == 30
    finally:
        vs.core.num_threads = threads


@pytest.mark.parametrize(
    ("form", "subsampling", "after"),
    [
        ("GRAY16", "444", "YUV444P16"),
        ("YUV422P10", "420", "YUV422P10"),
        ("GRAY8", "422", "YUV422P8"),
    ],
)
def test_depth_and_subsampling(filters, lumas, model_folder, form, subsampling, after):
    clip, _ = clip_of(lumas[:2], getattr(vs, form), _Matrix=1)
    colored = filters.colorize(clip, model=model_folder, subsampling=subsampling)
    assert colored.format.name == after
    frame, source = colored.get_frame(1), clip.get_frame(1)
    np.testing.assert_array_equal(np.asarray(frame[0]), np.asarray(source[0]))
    assert frame.props["_Matrix"] == 1
    middle = 128 << (colored.format.bits_per_sample - 8)
    assert np.abs(np.asarray(frame[2], np.int64) - middle).max() > middle // 8


def test_full_range_is_read_from_the_clip(filters, lumas, model_folder):
    clip, _ = clip_of(lumas[:1], _ColorRange=0)
    u = planes_of(filters.colorize(clip, model=model_folder).get_frame(0))[1]
    want = expected(sloped(), lumas[:1], PlaneFormat(full_range=True, matrix="bt601"))
    np.testing.assert_array_equal(u, want[0][0])


def test_what_cannot_be_coloured_is_refused(filters, lumas, model_folder, tmp_path):
    rgb = vs.core.std.BlankClip(format=vs.RGB24)
    with pytest.raises(vs.Error, match=r"a GRAY or YUV clip with 8 to 16 bits; received RGB24"):
        filters.colorize(rgb, model=model_folder)
    with pytest.raises(vs.Error, match="received Gray32"):
        filters.colorize(vs.core.std.BlankClip(format=vs.GRAY32), model=model_folder)
    odd = vs.core.std.BlankClip(format=vs.GRAY8, width=63, height=47)
    with pytest.raises(vs.Error, match=r"an even size .* received 63 × 47.*subsampling='444'"):
        filters.colorize(odd, model=model_folder)
    clip, _ = clip_of(lumas[:1])
    with pytest.raises(vs.Error, match="expected a subsampling"):
        filters.colorize(clip, model=model_folder, subsampling="411")
    with pytest.raises(PhotochromError, match="a vividness from 0 to 1"):
        filters.colorize(clip, model=model_folder, vividness=2)
    with pytest.raises(PhotochromError, match="nothing"):
        filters.colorize(clip, model=tmp_path / "nothing")
