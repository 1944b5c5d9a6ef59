"""The options of colouring are checked in one place."""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np
import pytest

from photochrom import Colorizer, ColorOptions, Hint
from photochrom.errors import ConfigError, ConfigTypeError
from photochrom.options import MAX_VARIANTS

HINT = Hint.at(3, 3, "#a03020")


def test_the_defaults_ask_for_nothing() -> None:
    options = ColorOptions()
    assert options == ColorOptions.of()
    assert dataclasses.asdict(options) == {
        "vividness": None,
        "hints": (),
        "palette": (),
        "reference": None,
        "variants": 1,
        "album": True,
        "negative": False,
        "shared": None,
        "keep_color": False,
        "restore": (),
    }


def test_sequences_and_texts_become_tuples_of_colours() -> None:
    options = ColorOptions.of(hints=[HINT], palette=["#102030", (4, 5, 6)], vividness=0.25)
    assert options == ColorOptions(0.25, (HINT,), ((16, 32, 48), (4, 5, 6)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(ColorOptions, vividness=1.5), "vividness from 0 to 1; received 1.5"),
        (partial(ColorOptions, vividness=float("nan")), "vividness from 0 to 1; received nan"),
        (partial(ColorOptions, variants=0), "1 to 8 variants; received 0"),
        (partial(ColorOptions, variants=MAX_VARIANTS + 1), "1 to 8 variants; received 9"),
        (partial(ColorOptions, hints=(HINT,), variants=2), "received hints"),
        (partial(ColorOptions.of, palette=["#fff000"], variants=2), "received palette"),
        (partial(ColorOptions.of, palette=["reddish"]), "reddish"),
        (partial(ColorOptions, restore=("rust",)), "expected some of dust, .*; received 'rust'"),
        (partial(ColorOptions.of, restore="dust"), "expected a sequence of repairs"),
    ],
)
def test_wrong_options_say_what_was_expected(make: partial[ColorOptions], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(ColorOptions, vividness="much"), "vividness from 0 to 1; received 'much'"),
        (partial(ColorOptions, variants=2.5), "1 to 8 variants; received 2.5"),
        (partial(ColorOptions, hints=HINT), r"sequence of hints; received Hint\("),
        (partial(ColorOptions.of, hints=[(3, 4, "red")]), "hints as Hint objects"),
        (partial(ColorOptions.of, palette="red"), "sequence of colours; received 'red'"),
        (partial(ColorOptions.either, 0.5), "expected ColorOptions; received 0.5"),
        (partial(Hint, (3, 4), "red"), r"points as pairs \(x, y\); received \(3, 4\)"),
        (partial(Hint.at, "3", 4, "red"), "finite coordinates; received '3'"),
        (partial(Hint.at, 3, 4, "red", "big"), "positive, finite radius; received 'big'"),
        (partial(Hint.at, 3, 4, 7), "three numbers from 0 to 255; received 7"),
    ],
)
def test_options_of_a_wrong_type_are_type_errors(make: partial[object], message: str) -> None:
    with pytest.raises(TypeError, match=message) as caught:
        make()
    assert isinstance(caught.value, ConfigTypeError)


def test_a_hint_at_nan_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="finite coordinates; received nan"):
        Hint.at(float("nan"), 4, "red")


def test_they_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ColorOptions().vividness = 1  # type: ignore[misc]


@pytest.mark.slow
def test_options_and_keywords_exclude_each_other() -> None:
    grey = np.full((32, 48), 128, np.uint8)
    prediction = Colorizer().predict(grey)
    options = ColorOptions(vividness=0.1)
    assert np.array_equal(prediction.color(options).rgb, prediction.color(vividness=0.1).rgb)
    with pytest.raises(ConfigError, match="received both: vividness and hints"):
        prediction.color(options, vividness=0.2, hints=[HINT])
    with pytest.raises(ConfigError, match="received both: reference"):
        Colorizer().colorize(grey, options, reference=np.dstack([grey] * 3))
