"""The public names of before 0.1 work for one release, and say what they are named now."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import photochrom
from photochrom import film
from photochrom.errors import UnreadableFilm


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


def test_listeners_of_films_with_old_names_hear_of_frames_and_shots() -> None:
    for name in ("FilmProgress", "Watcher"):
        with pytest.warns(DeprecationWarning, match=f"film.{name} is named FilmListener now"):
            old = getattr(film, name)
        assert issubclass(old, film.FilmListener)
    frames = []

    class Old(old):  # type: ignore[misc, valid-type]
        def frame(self, done: int, total: int, shot: int) -> None:
            frames.append((done, total, shot))

    listener = Old()
    listener.shot(2)
    listener.progress("color", 3, 9)
    assert frames == [(3, 9, 2)]


def test_the_listener_of_a_film_may_be_given_by_its_old_name(tmp_path: Path) -> None:
    with (
        pytest.warns(DeprecationWarning, match="watcher of Colorizer.film is named listener now"),
        pytest.raises(UnreadableFilm),
    ):
        photochrom.Colorizer().film(tmp_path / "none.mkv", tmp_path / "out.mkv", watcher=None)  # type: ignore[call-arg]
