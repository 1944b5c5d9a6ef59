"""The report's network, as in its figure 5."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from photochrom.cli.app import app
from photochrom.errors import RecipeError
from photochrom.recipes import recipe

pytestmark = pytest.mark.slow  # TensorFlow is loaded

FIGURE_5 = """
Conv2D        (None, 128, 128, 64)   640
Conv2D        (None, 128, 128, 128)  73856
Conv2D        (None, 64, 64, 128)    147584
Conv2D        (None, 64, 64, 256)    295168
Conv2D        (None, 32, 32, 256)    590080
Conv2D        (None, 32, 32, 512)    1180160
Conv2D        (None, 32, 32, 512)    2359808
Conv2D        (None, 32, 32, 256)    1179904
Conv2D        (None, 32, 32, 128)    295040
UpSampling2D  (None, 64, 64, 128)    0
Conv2D        (None, 64, 64, 64)     73792
UpSampling2D  (None, 128, 128, 64)   0
Conv2D        (None, 128, 128, 32)   18464
Conv2D        (None, 128, 128, 16)   4624
Conv2D        (None, 128, 128, 2)    290
UpSampling2D  (None, 256, 256, 2)    0
"""


def figure_rows() -> list[tuple[str, str, int]]:
    split = [line.split(maxsplit=1) for line in FIGURE_5.strip().splitlines()]
    return [(kind, *_shape_and_count(rest)) for kind, rest in split]


def _shape_and_count(text: str) -> tuple[str, int]:
    shape, count = text.rsplit(maxsplit=1)
    return shape.strip(), int(count)


def test_the_network_is_figure_5_row_by_row():
    network = recipe("autoencoder").build(256)
    assert network.input_shape == (None, 256, 256, 1)
    rows = [
        (type(layer).__name__, str(layer.output.shape), layer.count_params())
        for layer in network.layers[1:]
    ]
    assert rows == figure_rows()


def test_the_command_prints_figure_5_row_by_row():
    result = CliRunner().invoke(app, ["recipes", "show", "autoencoder"])
    assert result.exit_code == 0
    lines = [line for line in result.stdout.splitlines() if "2D)" in line]
    for line, (kind, shape, count) in zip(lines, figure_rows(), strict=True):
        assert f"({kind})" in line
        assert shape in line
        assert line.endswith(f" {count:,}")
    assert "Total params: 6,219,410" in result.stdout


@pytest.mark.parametrize(
    ("options", "size", "end"),
    [
        ({"strides": 1}, 256, "input 256 → encoder 256 → up 512 → up 1024 → up 2048"),
        ({"padding": "valid"}, 256, "input 256 → encoder 21 → up 40 → up 74 → up 148"),
        ({}, 250, "input 250 → encoder 32 → up 64 → up 128 → up 256"),
    ],
)
def test_shapes_that_cannot_meet_say_why(options, size, end):
    with pytest.raises(RecipeError, match=end):
        recipe("autoencoder", options).build(size)


@pytest.mark.parametrize("kernel_size", [3, 5, 7])
def test_every_kernel_gives_the_same_shapes(kernel_size):
    made = recipe("autoencoder", {"kernel_size": kernel_size})
    assert made.build(64).output_shape == (None, 64, 64, 2)


@pytest.mark.parametrize("optimizer", ["adamax", "adam", "rmsprop"])
def test_every_optimizer_of_the_report_can_be_had(optimizer):
    made = recipe("autoencoder", {"optimizer": optimizer, "learning_rate": 0.01})
    network = made.build(32)
    made.compile(network)
    assert type(network.optimizer).__name__.lower() == optimizer
    assert float(network.optimizer.learning_rate) == pytest.approx(0.01)


def test_an_unknown_recipe_names_the_known_ones():
    with pytest.raises(RecipeError, match=r"one of .*autoencoder.*received 'alchemy'"):
        recipe("alchemy")
