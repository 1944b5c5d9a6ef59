"""The public names of before 0.1 work for one release, and say what they are named now."""

from __future__ import annotations

import numpy as np
import pytest

import photochrom


def test_study_is_named_prediction() -> None:
    with pytest.warns(DeprecationWarning, match="photochrom.Study is named Prediction now"):
        assert photochrom.Study is photochrom.Prediction  # type: ignore[attr-defined]


def test_methods_with_old_names_do_what_the_new_ones_do() -> None:
    colorizer = photochrom.Colorizer()
    grey = np.full((32, 48), 128, np.uint8)
    with pytest.warns(DeprecationWarning, match="Colorizer.study is named predict now"):
        old = colorizer.study(grey)
    new = colorizer.predict(grey)
    assert np.array_equal(old.answer, new.answer)
    with pytest.warns(DeprecationWarning, match="likely is named color_candidates now"):
        assert old.likely(5, 5, 3) == new.color_candidates(5, 5, 3)
