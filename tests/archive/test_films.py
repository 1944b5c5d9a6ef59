"""Films in an archive: divided, coloured in parts by any worker, and put together."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from pathlib import Path

import fsspec
import pytest

from photochrom import Colorizer
from photochrom.archive import (
    Manifest,
    Settings,
    add_sources,
    color_queued,
    film_parts,
    prepare,
    watching,
)
from photochrom.archive.entry import Entry
from photochrom.archive.local_films import LocalFilms
from photochrom.archive.watching import begin_watch, watch
from photochrom.archive.worker import Worker
from photochrom.film.divided import DividedFilm
from tests.commands import invoke
from tests.films import check_same, slow_film
from tests.support import sloped, write_model, write_pictures


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """A model, two films, and what `Colorizer.film` makes of them."""
    folder = tmp_path_factory.mktemp("originals")
    model = write_model(folder / "model", sloped())
    (folder / "films" / "more").mkdir(parents=True)
    slow_film(folder / "films" / "one.mkv", "astronaut", "coffee")
    slow_film(folder / "films" / "more" / "two.mkv", "chelsea", count=3)
    for path in folder.rglob("films/**/*.mkv"):
        Colorizer(model).film(path, folder / path.name)
    return folder


@pytest.fixture
def films(originals, tmp_path, monkeypatch):
    """A copy of the films; the working folder is above it."""
    monkeypatch.setenv("PHOTOCHROM_MODEL", str(originals / "model"))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(originals / "films", tmp_path / "films")
    return tmp_path / "films"


def run(*arguments, code=0, output="out"):
    place = ["-o", output] if output else []
    said = invoke("archive", "run", *arguments, "--manifest", "run.sqlite", *place)
    assert said.exit_code == code, said.output
    return said


def interrupted(*_):
    raise KeyboardInterrupt


def row(name):
    with Manifest("run.sqlite") as opened:
        return next(each for each in opened.entries() if each.source.endswith(name))


def check_all(originals, folder="out"):
    """Check that the films are those that `Colorizer.film` makes, and nothing else is there."""
    made = sorted(path.name for path in Path(folder).rglob("*") if path.is_file())
    assert made == ["one.mkv", "two.mkv"]
    assert not list(Path(folder).rglob(".*"))
    check_same(Path(folder, "one.mkv"), originals / "one.mkv")
    check_same(Path(folder, "more/two.mkv"), originals / "two.mkv")


def colour_some(count):
    """Colour a number of parts, and stop as a run does that is interrupted."""
    with Manifest("run.sqlite", write=True) as manifest:
        prepare(manifest, "out", Settings())
        add_sources(manifest, ["films/one.mkv"])
        done = color_queued(manifest, workers=1)
        for _ in range(count):
            assert next(done).part
        done.close()


def test_films_beside_photographs(films, originals):
    write_pictures(films, "a.png")
    said = run("films")
    assert "3 files added" in said.stderr
    assert "done: 3 of 3 files (1 photograph, 2 films)" in said.stderr
    Path("out/a.png").unlink()
    check_all(originals)
    one = row("one.mkv")
    assert (one.status, one.format, one.parts, one.width) == ("done", "matroska", 2, 96)
    assert json.loads(one.details)["shots"] == 2
    assert one.output_size == Path("out/one.mkv").stat().st_size
    assert "2 of 2 films" in invoke("archive", "status", "run.sqlite").stderr


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_run_that_was_stopped_colours_only_what_is_left(films, originals, monkeypatch, is_lost):
    colour_some(1)
    said = invoke("archive", "status", "run.sqlite")
    assert "1 of 2 parts of unfinished films" in said.stderr
    assert not Path("out/one.mkv").exists()
    first, *_ = Path("out").rglob("00001/*.nut")
    if is_lost:
        first.unlink()
    coloured = []
    color = DividedFilm.color

    def counted(self, stretch, *arguments, **named):
        coloured.append(stretch.first)
        return color(self, stretch, *arguments, **named)

    monkeypatch.setattr(DividedFilm, "color", counted)
    run(output=None)
    check_same(Path("out/one.mkv"), originals / "one.mkv")
    assert (None in coloured) == is_lost
    assert len(coloured) == 1 + is_lost


def test_a_run_that_was_stopped_does_not_divide_a_film_to_its_end(films):
    work, entry = Worker(Settings()), Entry(str(films / "one.mkv"), "out/one.mkv", parts=-1)
    work.stopped.set()
    (stopped,) = work([entry])
    assert stopped.error == "the run was stopped"
    work.stopped.clear()
    assert len(work([entry])) == 3  # the film and its parts


def test_a_worker_whose_run_was_stopped_can_have_another_run(films):
    with Manifest("run.sqlite", write=True) as manifest:
        prepare(manifest, "out", Settings())
        add_sources(manifest, ["films/one.mkv"])
        work = Worker(Settings())
        for _ in range(2):
            done = color_queued(manifest, workers=1, worker=work)
            assert next(done).status == "done"
            done.close()


def test_a_long_shot_is_coloured_bit_by_bit(films, originals, monkeypatch):
    monkeypatch.setattr(film_parts, "_MAX_SECONDS", 5)
    long = slow_film(films / "long.mkv", "astronaut", count=30)
    run("films/long.mkv")
    Colorizer(originals / "model").film(long, "whole.mkv")
    check_same(Path("out/long.mkv"), Path("whole.mkv"))
    assert row("long.mkv").parts == 1


def test_one_bad_film_does_not_stop_the_others(films, originals, monkeypatch):
    (films / "bad.mp4").write_bytes(b"no film")
    color = DividedFilm.color

    def failing(self, stretch, *arguments, **named):
        if stretch.first:
            raise OSError("no luck")
        return color(self, stretch, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(DividedFilm, "color", failing)
        said = run("films", code=1)
    assert "done: 1 of 3 films, failed: 2" in said.stderr
    assert said.stderr.count("no luck") == 1
    assert "bad.mp4" in row("bad.mp4").error
    (films / "bad.mp4").unlink()
    assert "2 files queued again" in invoke("archive", "retry", "run.sqlite").stderr
    check_all(originals)


def test_settings_that_films_do_not_have_are_refused(films):
    assert "received a palette" in run("films", "--palette", "red", code=1).stderr


def test_a_film_that_was_written_but_not_recorded(films, originals, monkeypatch):
    with Manifest("run.sqlite", write=True) as manifest, monkeypatch.context() as patch:
        prepare(manifest, "out", Settings())
        add_sources(manifest, ["films/more/two.mkv"])
        record = manifest.record

        def killed(*entries):
            if entries[0].status == "done" and not entries[0].part:
                raise KeyboardInterrupt
            record(*entries)

        patch.setattr(manifest, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            list(color_queued(manifest))
    before = Path("out/two.mkv").stat().st_mtime_ns
    run(output=None)
    assert Path("out/two.mkv").stat().st_mtime_ns == before
    assert row("two.mkv").status == "done"
    assert not list(Path("out").rglob(".*"))


def test_a_film_of_somebody_else_stays(films):
    Path("out").mkdir()
    Path("out/two.mkv").write_text("mine")
    run("films/more", code=1)
    assert Path("out/two.mkv").read_text() == "mine"
    assert "exists already" in row("two.mkv").error


def test_a_film_with_a_long_name(films):
    """The longest that file systems allow."""
    long = (films / "one.mkv").rename(films / f"{'n' * 251}.mkv")
    run(long)
    assert [path.name for path in Path("out").iterdir()] == [long.name]


def test_a_film_that_was_changed_is_divided_anew(films, originals):
    colour_some(1)
    shutil.copy(films / "more" / "two.mkv", films / "one.mkv")
    run("films/one.mkv")
    check_same(Path("out/one.mkv"), originals / "two.mkv")
    Path("out/one.mkv").write_bytes(b"damaged")
    assert invoke("archive", "verify", "run.sqlite", "--sources", "--requeue").exit_code == 1
    run(output=None)
    check_same(Path("out/one.mkv"), originals / "two.mkv")


@pytest.fixture
def watched(films):
    """The manifest of a watched folder, which has one film of four parts, and its new rows."""
    shutil.rmtree(films)
    films.mkdir()
    Path("out").mkdir()
    slow_film(films / "one.mkv", "astronaut", "coffee", "astronaut", "coffee")
    with Manifest("run.sqlite", write=True) as manifest:
        begin_watch(manifest, films, Path("out"), Settings())
        yield manifest, watch(manifest, films, interval=0, settle=0, workers=1)


def test_a_film_that_changes_while_its_parts_are_coloured(watched, films, originals):
    """Workers finish parts of the old film after the change was noticed."""
    manifest, rows = watched
    assert next(rows).part
    shutil.copy(originals / "films" / "one.mkv", films)
    assert next(each for each in rows if not each.part).status == "done"
    check_same(Path("out/one.mkv"), originals / "one.mkv")
    assert len(list(manifest.entries(parts=True))) == 1
    assert not list(Path("out").rglob(".*"))


def test_a_film_that_vanishes_while_its_parts_are_coloured(watched, films, monkeypatch):
    """One worker has it open, and finishes its part when the others have failed."""
    manifest, rows = watched
    opened = shutil.copy(films / "one.mkv", "opened.mkv")

    @contextmanager
    def local(_, entry):
        yield Path(opened if entry.part == 3 else entry.source)

    monkeypatch.setattr(LocalFilms, "local", local)
    assert next(rows).part
    (films / "one.mkv").unlink()
    monkeypatch.setattr(watching.time, "sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(rows)
    assert not list(manifest.entries(parts=True))
    assert not list(Path("out").iterdir())


def test_a_film_that_changes_when_it_is_put_together(films, originals):
    """What a worker wrote of the old film is replaced, and not taken for the new one."""
    with Manifest("run.sqlite", write=True) as manifest:
        prepare(manifest, "out", Settings())
        add_sources(manifest, ["films/one.mkv"])
        record = manifest.record

        def changed(*entries):
            if entries[0].status == "done" and not entries[0].part:
                shutil.copy(films / "more" / "two.mkv", films / "one.mkv")
                add_sources(manifest, ["films/one.mkv"])
                manifest.record = record
            return record(*entries)

        manifest.record = changed
        assert {each.part for each in color_queued(manifest)} == {0, 1, 2}
        check_same(Path("out/one.mkv"), originals / "two.mkv")
    assert not list(Path("out").rglob(".*"))


@pytest.mark.parametrize("lost", [1, 2])
def test_a_film_is_not_put_together_of_some_of_its_parts(films, originals, lost):
    colour_some(2)
    with Manifest("run.sqlite", write=True) as manifest, manifest._changing():
        manifest._change("DELETE FROM entries WHERE part = ?", lost)
    run(output=None)
    check_same(Path("out/one.mkv"), originals / "one.mkv")


def test_films_of_a_bucket(films, originals):
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for path in films.rglob("*.mkv"):
        memory.pipe_file(f"/in/{path.relative_to(films).as_posix()}", path.read_bytes())
    run("memory://in", output="memory://out")
    memory.get("/out", "fetched", recursive=True)
    check_all(originals, "fetched")
    assert invoke("archive", "verify", "run.sqlite", "--sources").exit_code == 0


@pytest.mark.slow
def test_films_in_processes(films, originals):
    run("films", "--executor", "processes", "--workers", "2")
    check_all(originals)
