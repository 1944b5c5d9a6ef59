"""Known colours are parsed, drawn and matched, and a network uses them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from photochrom.color import rgb_to_lab
from photochrom.colorizer import Colorizer
from photochrom.errors import ConfigError
from photochrom.guidance.hints import Hint, draw, match, palette_of, parse_color, parse_hint
from tests.support import exact_luma, known_color_model, model, network

RED = (200, 30, 30)


@pytest.mark.parametrize(
    ("text", "rgb"),
    [("#ff8000", (255, 128, 0)), ("0A0b0C", (10, 11, 12)), ("Dark Khaki", (189, 183, 107))],
)
def test_a_colour(text, rgb):
    assert parse_color(text) == rgb


@pytest.mark.parametrize("text", ["", "#ff80", "reed", "#gg0000", "#ff80001", "(1,2,3)"])
def test_no_colour(text):
    with pytest.raises(ConfigError, match="expected a colour as #RRGGBB or by name; received"):
        parse_color(text)


def test_the_name_that_was_probably_meant():
    with pytest.raises(ConfigError, match=r"received 'kakhi' \(did you mean khaki\?\)"):
        parse_color("kakhi")


def test_a_hint():
    assert parse_hint("10,20.5,#c81e1e") == Hint(((10, 20.5),), RED)
    assert parse_hint("420,310,khaki,5") == Hint(((420, 310),), (240, 230, 140), 5)
    assert parse_hint("10,20,#c81e1e,4") == Hint(((10, 20),), RED, 4)


@pytest.mark.parametrize(
    "text", ["", "1,2", "1,2,reed", "a,2,#ffffff", "1,2,#ffffff,-3", "1,2,#ffffff,3,4", "1;2;#fff"]
)
def test_no_hint(text):
    with pytest.raises(ConfigError, match="expected a"):
        parse_hint(text)


def test_a_point_is_drawn_at_its_place():
    known = draw([Hint.at(150, 40, RED, 10)], (100, 200), (50, 100), "lab")
    assert known.shape == (50, 100, 3)
    assert known[20, 75, 2] == 1
    chroma = rgb_to_lab(np.array([[RED]], np.float32) / 255)[0, 0, 1:]
    np.testing.assert_allclose(known[20, 75, :2], chroma, atol=1e-3)
    there = known[..., 2] > 0
    assert 60 < there.sum() < 100  # a disc of radius 5
    assert not known[~there].any()


def test_a_stroke_goes_from_point_to_point_and_later_ones_lie_above():
    stroke = Hint(((10, 10), (90, 10)), RED, 3)
    known = draw([stroke, Hint.at(50, 10, "#0000ff", 3)], (100, 100), (100, 100), "lab")
    assert (known[10, 10:90, 2] == 1).all()
    assert known[10, 30, 0] > 40
    assert known[10, 50, 1] < -40  # blue


def test_a_hint_outside_is_refused():
    with pytest.raises(ConfigError, match="within the picture, 30 × 20; received 30, 5"):
        draw([Hint.at(30, 5, RED)], (20, 30), (20, 30), "lab")


def test_a_tiny_hint_is_not_lost_at_the_working_size():
    assert draw([Hint.at(3999, 2999, RED)], (3000, 4000), (192, 256), "lab")[..., 2].sum() >= 1


def test_the_palette_of_a_picture():
    rgb = np.zeros((60, 60, 3), np.uint8)
    rgb[:40], rgb[40:] = RED, (20, 40, 180)
    first, *rest = palette_of(rgb, 4)
    assert np.abs(np.array(first) - RED).max() <= 2
    assert any(np.abs(np.array(each) - (20, 40, 180)).max() <= 2 for each in rest)


def test_a_palette_has_no_colour_that_the_picture_has_not():
    """Pillow leaves entries of the palette empty, and so black, for some of these pictures."""
    rng = np.random.default_rng(0)
    for count in range(60):
        colors = rng.integers(60, 256, (2 + count % 12, 3)).astype(np.uint8)
        picture = colors[rng.integers(0, len(colors), (96, 96))]
        assert np.min(palette_of(picture)) >= 60


def test_places_that_look_alike_are_matched():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4, 4, 32)).astype(np.float32)
    features /= np.linalg.norm(features, axis=-1, keepdims=True)
    chroma = rng.uniform(-50, 50, (4, 4, 2)).astype(np.float32)
    known = match(features[::-1, ::-1], features, chroma)
    assert (known[..., 2] == 1).all()
    np.testing.assert_array_equal(known[..., :2], chroma[::-1, ::-1])
    assert not match(-features, features[:1, :1], chroma[:1, :1])[..., 2].all()


# --- heeded ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pliant() -> Colorizer:
    """A colorizer whose network returns the known colours, and grey where none are known."""
    return Colorizer(known_color_model())


def test_a_network_that_can_be_told_heeds_a_hint(pliant, camera):
    prediction = pliant.predict(camera)
    assert prediction.color().mean_chroma < 0.1
    x, y = camera.shape[1] // 2, camera.shape[0] // 2
    result = prediction.color(hints=[Hint.at(x, y, RED, 30)])
    assert result.mean_chroma > 0.2
    assert np.abs(exact_luma(result.rgb) - camera).max() <= 1
    redness = result.rgb[..., 0].astype(int) - result.rgb[..., 2]
    assert redness[y, x] > 20
    assert np.abs(redness[:50, :50]).max() < 5


def test_a_network_that_cannot_be_told_says_so(camera):
    with pytest.raises(ConfigError, match="expected a model that takes known colours"):
        Colorizer(model()).predict(camera).color(hints=[Hint.at(3, 3, RED)])


def test_a_network_without_a_distribution_says_so(camera):
    prediction = Colorizer(model()).predict(camera)
    for ask in (
        prediction.confidence,
        prediction.variants,
        lambda: prediction.color(palette=[RED]),
    ):
        with pytest.raises(ConfigError, match="expected a model that predicts a distribution"):
            ask()


def test_vividness_out_of_range(camera):
    with pytest.raises(ConfigError, match="expected a vividness from 0 to 1; received 2"):
        Colorizer(model()).predict(camera).color(vividness=2)


def test_vividness_of_a_network_that_gives_chroma(camera):
    prediction = Colorizer(model()).predict(np.full((40, 40), 128, np.uint8))
    faithful, vivid = (prediction.color(vividness=v).mean_chroma for v in (0, 1))
    assert vivid == pytest.approx(2 * faithful, rel=0.02)


def test_a_grey_reference_is_refused(pliant, camera):
    with pytest.raises(ConfigError, match=r"expected a reference in colour; .* is grey"):
        pliant.predict(camera, reference=camera)


def test_a_network_without_features_takes_no_reference(pliant, camera, astronaut):
    with pytest.raises(ConfigError, match="expected a model that takes a reference"):
        pliant.predict(camera, reference=Image.fromarray(astronaut))


def test_onnx_runtime_answers_alike(camera):
    made = network((0.1, -0.2), (0.3, 0.4))
    ours, theirs = (Colorizer(model(made, engine=engine)) for engine in ("openvino", "onnxruntime"))
    assert ours.engine == "OpenVINO CPU f32"
    assert theirs.engine == "ONNX Runtime CPU f32"
    difference = ours.colorize(camera).rgb.astype(int) - theirs.colorize(camera).rgb
    assert np.abs(difference).max() <= 1


def test_a_hint_without_a_place():
    with pytest.raises(ConfigError, match="expected one point or more"):
        Hint((), RED)


@pytest.mark.parametrize("radius", [0, -1, float("inf"), float("nan")])
def test_a_radius_that_makes_no_sense(radius):
    with pytest.raises(ConfigError, match="expected a positive, finite radius"):
        Hint.at(1, 1, RED, radius)


def test_a_colour_that_is_none():
    for color in ((300, 0, 0), (0, 0), (0, -0.5, 0), (0, 0, float("inf")), (float("nan"), 0, 0), 7):
        with pytest.raises(ConfigError, match="expected three numbers from 0 to 255"):
            Hint.at(1, 1, color)
    with pytest.raises(ConfigError, match="expected a colour as #RRGGBB"):
        Hint(((1, 1),), "reed")
    assert Hint(((1, 1),), "#ff0001").color == (255, 0, 1)


def test_a_radius_beyond_the_picture_covers_it():
    assert draw([Hint.at(1, 1, RED, 1e6)], (30, 20), (30, 20), "lab")[..., 2].all()


def test_a_tinted_reference_is_refused(pliant, camera):
    sepia = np.dstack([camera, camera * 0.8, camera * 0.6]).astype(np.uint8)
    with pytest.raises(ConfigError, match="expected a reference in colour"):
        pliant.predict(camera, reference=sepia)
