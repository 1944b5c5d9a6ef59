"""Old public names work for one release, and their warnings give the new names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import photochrom
from photochrom import film
from photochrom.errors import UnreadableFilm
from photochrom.scoring import Reel
from tests.films import write_frames


def test_study_is_named_prediction() -> None:
    with pytest.warns(DeprecationWarning, match="photochrom.Study is named Prediction now"):
        assert photochrom.Study is photochrom.Prediction  # type: ignore[attr-defined]


@pytest.mark.slow
def test_methods_with_old_names_do_what_the_new_ones_do() -> None:
    colorizer = photochrom.Colorizer()
    grey = np.full((32, 48), 128, np.uint8)
    with pytest.warns(DeprecationWarning, match="Colorizer.study is named predict now"):
        old = colorizer.study(grey)
    new = colorizer.predict(grey)
    assert np.array_equal(old.output, new.output)
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


@pytest.mark.slow
def test_the_output_of_a_prediction_has_its_old_name() -> None:
    prediction = photochrom.Colorizer().predict(np.full((32, 48), 128, np.uint8))
    with pytest.warns(DeprecationWarning, match="Prediction.answer is named output now"):
        assert prediction.answer is prediction.output
    card = prediction.model.card
    with pytest.warns(DeprecationWarning, match="Card.reading is named decoding_params now"):
        assert card.reading(0.5) == card.decoding_params(0.5)


def test_the_path_of_a_reel_has_its_old_name(tmp_path: Path) -> None:
    write_frames(tmp_path / "frames", [np.full((16, 16, 3), 128, np.uint8)])
    with pytest.warns(DeprecationWarning, match="place of Reel.__init__ is named path now"):
        reel = Reel(place=tmp_path / "frames")  # type: ignore[call-arg]
    with pytest.warns(DeprecationWarning, match="Reel.place is named path now"):
        assert reel.place == reel.path


def test_the_rows_of_a_film_may_be_given_by_their_old_name(tmp_path: Path) -> None:
    with (
        pytest.warns(DeprecationWarning, match="most_rows of Colorizer.film is named max_rows"),
        pytest.raises(UnreadableFilm),
    ):
        photochrom.Colorizer().film(tmp_path / "none.mkv", tmp_path / "out.mkv", most_rows=32)  # type: ignore[call-arg]
