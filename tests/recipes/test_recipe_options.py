"""The options of single recipes; the conformance test checks what all must do."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import skimage.data
import skimage.feature

from photochrom.errors import RecipeError
from photochrom.recipes import recipe
from photochrom.recipes.blocks.descriptors import Daisy, JointBilateral
from photochrom.recipes.blocks.quantization import ab_bins
from photochrom.recipes.deep_colorization import (
    ClusterDense,
    DeepColorizationOptions,
    cluster_centres,
)
from tests.pictures import crops

pytestmark = pytest.mark.slow  # TensorFlow is loaded

SIZE = 64


def photographs() -> np.ndarray:
    return np.stack(crops(2, SIZE))


@pytest.mark.parametrize(
    ("version", "parameters", "side"), [("alpha", 32_202, 1), ("beta", 3_892_194, 1)]
)
def test_the_versions_of_wallners_network(version, parameters, side):
    network = recipe("fusion", {"version": version}).build(SIZE)
    assert network.count_params() == parameters
    assert network.output_shape == (None, SIZE // side, SIZE // side, 2)


def test_the_classifier_of_the_full_version_does_not_learn(eager):
    made = recipe("fusion")
    network = made.build(SIZE)
    made.compile(network)
    before = network.get_layer("encoder_classes").get_weights()
    network.train_on_batch(*made.encode(photographs()))
    for one, other in zip(network.get_layer("encoder_classes").get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("objective", ["l2", "huber"])
def test_the_regression_that_hwang_and_zhou_compare_with(objective, eager):
    made = recipe("luv_classifier", {"objective": objective, "learning_rate": 3e-3})
    network = made.build(SIZE)
    assert network.count_params() == 781_026
    made.compile(network)
    inputs, targets = made.encode(photographs())
    assert targets.shape == (2, SIZE, SIZE, 2)
    losses = [float(network.train_on_batch(inputs, targets)) for _ in range(8)]
    assert losses[-1] < losses[0] / 2


def test_vgg16s_weights_from_a_file(tmp_path):
    source = keras.applications.VGG16(include_top=False, weights=None)
    source.save_weights(tmp_path / "vgg16.weights.h5")
    made = recipe("luv_classifier", {"vgg16_weights": str(tmp_path / "vgg16.weights.h5")})
    assert made.options_from_data(photographs()) == {"features": "vgg16"}
    options = {**made.options.model_dump(), **made.options_from_data(photographs())}
    network = recipe("luv_classifier", options).build(SIZE)
    kernel = network.get_layer("vgg16_block4_conv3").get_weights()[0]
    np.testing.assert_array_equal(kernel, source.get_layer("block4_conv3").get_weights()[0])


def test_vgg16s_weights_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert recipe("luv_classifier").options_from_data(photographs()) == {"features": "efficientnet"}
    with pytest.raises(RecipeError, match="found no such file"):
        recipe("luv_classifier", {"features": "vgg16"}).build(SIZE)
    with pytest.raises(RecipeError, match="no such file: nowhere"):
        recipe("luv_classifier", {"vgg16_weights": "nowhere.h5"}).options_from_data(photographs())


@pytest.mark.parametrize("objective", ["adversarial", "both"])
def test_an_adversary_learns_in_turns_and_goes_on_after_saving(objective, tmp_path, eager):
    made = recipe("dcgan", {"objective": objective})
    training_model = made.training_model(made.build(SIZE))
    batch = made.encode(photographs())
    before = training_model.generator.get_weights()
    for _ in range(2):
        logs = training_model.train_on_batch(*batch)
    assert set(logs) == {"loss", "euclidean", "generator", "discriminator"}
    assert all(np.isfinite(list(logs.values())))
    assert not np.array_equal(before[0], training_model.generator.get_weights()[0])
    training_model.save(tmp_path / "training_model.keras")
    loaded = keras.saving.load_model(tmp_path / "training_model.keras")
    for each in (training_model, loaded):
        each.train_on_batch(*batch)
    for one, other in zip(training_model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert made.inference_model(loaded).output_shape == (None, SIZE, SIZE, 2)


def test_the_euclidean_loss_needs_no_adversary():
    made = recipe("dcgan", {"objective": "euclidean"})
    network = made.build(SIZE)
    assert made.training_model(network) is network


def test_daisy_is_scikit_images():
    grey = skimage.data.camera()[::4, ::4].astype(np.float32) / 255
    ours = keras.ops.convert_to_numpy(Daisy()(grey[None, ..., None]))[0]
    theirs = skimage.feature.daisy(grey, step=1, radius=15, rings=1, histograms=3, orientations=8)
    inner = slice(46, -46)  # beyond the picture ours meets nothing, theirs its mirror image
    np.testing.assert_allclose(ours[inner, inner], theirs[31:-31, 31:-31], atol=1e-6)


def test_the_joint_bilateral_filter_keeps_edges_of_luma_and_smooths_the_rest():
    luma = np.zeros((1, 40, 40, 1), np.float32)
    luma[:, :, 20:] = 0.8
    rng = np.random.default_rng(0)
    chroma = np.where(luma > 0.5, 0.3, -0.3) + rng.normal(0, 0.1, (1, 40, 40, 2))
    found = keras.ops.convert_to_numpy(JointBilateral()([chroma.astype(np.float32), luma]))
    assert np.abs(found[:, 8:-8, 8:20] + 0.3).mean() < 0.04
    assert np.abs(found[:, 8:-8, 20:-8] - 0.3).mean() < 0.04


def test_clusters_are_split_while_they_are_diverse_and_large_enough():
    rng = np.random.default_rng(0)
    corners = rng.normal(size=(3, 8))
    vectors = np.concatenate([corner + rng.normal(0, 0.05, (50, 8)) for corner in corners])
    options = DeepColorizationOptions(clusters=8, diversity=0.3, smallest=20)
    centres = cluster_centres(vectors.astype(np.float32), options)
    assert len(centres) == 3
    for corner in corners:
        assert np.linalg.norm(centres - corner, axis=-1).min() < 0.1
    alone = DeepColorizationOptions(clusters=8, smallest=100)
    assert len(cluster_centres(vectors.astype(np.float32), alone)) == 1


def test_each_cluster_has_a_network_of_its_own():
    choice = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    layer = ClusterDense(5, 2)
    same = np.ones((3, 4, 4, 7), np.float32)
    first, second, third = keras.ops.convert_to_numpy(layer([same, choice]))
    np.testing.assert_array_equal(first, third)
    assert np.abs(first - second).max() > 0.1


def test_rare_colours_count_more():
    made = recipe("rebalanced")
    with pytest.raises(RecipeError, match="expected a prior over 307 bins"):
        made.compile(made.build(SIZE))
    made = recipe("rebalanced", made.options_from_data(photographs()))
    weights, prior = made.bin_weights, np.array(made.options.prior)
    assert len(weights) == len(ab_bins(margin=10)) == 307
    assert (weights * prior).sum() == pytest.approx(1, rel=1e-4)
    assert weights[prior.argmin()] > 5 * weights[prior.argmax()]


def test_the_rebalancing_is_undone_at_the_faithful_end():
    made = recipe("rebalanced", recipe("rebalanced").options_from_data(photographs()))
    faithful, default = made.decoding_params
    assert (faithful.rebalancing, default.rebalancing, default.temperature) == (-1, 0, 0.38)
