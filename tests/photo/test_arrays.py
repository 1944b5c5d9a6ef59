"""Arrays and tensors go in, and pictures come out as arrays."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from photochrom import photo
from photochrom.errors import (
    ConfigTypeError,
    PhotochromWarning,
    PhotoTypeError,
    PhotoValueError,
)

RGB = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
GREY = RGB[..., 0]


class Tensor:
    """A tensor of another library, which gives an array of NumPy."""

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        if self._array is None:
            raise TypeError("it lies in the memory of a GPU")
        return self._array


class Capsule:
    """A tensor of another library, which knows only DLPack."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **keywords):
        return self._array.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


@pytest.mark.parametrize("wrap", [np.asarray, Tensor, Capsule])
def test_channels_may_be_first_or_last_in_any_library(wrap):
    first = np.ascontiguousarray(np.moveaxis(RGB, -1, 0))
    for array in (RGB, first):
        np.testing.assert_array_equal(photo.read(wrap(array)).rgb, RGB)
    for array in (GREY.copy(), GREY[None].copy(), GREY[..., None].copy()):
        np.testing.assert_array_equal(photo.read(wrap(array)).luma, GREY)
    deep = photo.read(wrap(first / np.float32(255)))
    np.testing.assert_array_equal(deep.rgb, RGB.astype(np.uint16) * 257)
    with_alpha = photo.read(wrap(np.concatenate([first, first[:1]])))
    np.testing.assert_array_equal(with_alpha.alpha, GREY)


@pytest.mark.parametrize("shape", [(3, 640, 3), (1, 5, 4), (4, 4, 1)])
def test_the_channels_are_last_where_both_ends_could_be(shape):
    assert photo.read(np.zeros(shape, np.uint8)).luma.shape == shape[:2]


def test_a_batch_and_a_tensor_on_a_gpu():
    with pytest.raises(PhotoValueError, match="pictures of a batch one at a time"):
        photo.read(np.zeros((1, 3, 8, 8), np.uint8))
    with pytest.raises(PhotoTypeError, match=r"cannot read <Tensor>: it lies in .* GPU"):
        photo.read(Tensor(None))


def test_errors_are_those_of_python_too():
    for array in (np.zeros((5, 5, 2)), np.full((5, 5), np.nan)):
        with pytest.raises(ValueError, match="expected"):
            photo.read(array)
    for source in (np.zeros((5, 5), np.int64), 17, [[1, 2]]):
        with pytest.raises(TypeError, match="expected"):
            photo.read(source)


def test_sixteen_bits_that_hold_eight():
    with pytest.warns(PhotochromWarning, match="none above 255 and is nearly black") as caught:
        photo.read(GREY.astype(np.uint16))
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        photo.read(GREY.astype(np.uint16) * 257)
        photo.read(np.zeros((5, 5), np.uint16))  # black


def test_a_result_is_an_array(camera, vivid):
    result = vivid.colorize(camera)
    assert np.asarray(result) is result.rgb
    assert np.array(result) is not result.rgb
    assert result.to_array() is not result.rgb
    np.testing.assert_array_equal(result.to_array(np.uint16), result.rgb.astype(int) * 257)
    for dtype in (np.float16, np.float32, np.float64):
        floats = np.asarray(result, dtype)
        assert floats.dtype == dtype
        np.testing.assert_allclose(floats, result.rgb / 255, atol=5e-4)
    np.testing.assert_array_equal(vivid.predict(camera), result.rgb)
    with pytest.raises(ValueError, match="expected dtype uint8 or a copy; received float32"):
        np.array(result, np.float32, copy=False)


def test_sixteen_bits_become_eight_with_the_same_white(camera, vivid):
    deep = camera.astype(np.uint16) * 257
    result = vivid.colorize(deep)
    assert np.asarray(result).dtype == np.uint16
    np.testing.assert_array_equal(result.to_array("uint8"), np.rint(result.rgb / 257))
    assert photo.read(deep).to_array().shape == (*deep.shape, 3)


@pytest.mark.parametrize("dtype", [int, "int16", bool, "no dtype"])
def test_a_dtype_that_no_picture_has(dtype, camera, vivid):
    with pytest.raises(ConfigTypeError, match="expected uint8, uint16, float16, float32"):
        vivid.colorize(camera).to_array(dtype)
