"""Which files `photochrom archive run` takes for photographs, and what it says of the others."""

from __future__ import annotations

import io
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from photochrom.archive import Manifest, Settings, add_sources, prepare
from tests.commands import invoke
from tests.faults.runs import rows, run
from tests.support import contents, write_pictures


def found(*sources, output, size=2):
    """Return the names of the photographs that a run would add to a new manifest."""
    Path("new.sqlite").unlink(missing_ok=True)
    with Manifest("new.sqlite", write=True) as manifest:
        prepare(manifest, output, Settings(), shard_size=size)
        add_sources(manifest, sources)
        return sorted(entry.source.rpartition("scans/")[2] for entry in manifest.entries())


def pack(tar, *files):
    with tarfile.open(tar, "w") as opened:
        for file in files:
            opened.add(file, file.name)


# --- results of earlier runs are no photographs -----------------------------------------------


def test_only_what_is_in_the_output_folder_is_a_result(place):
    write_pictures(place / "scans", "a.png", "out/b.png", "sub/out/c.png")
    assert found("scans", output="/out") == ["a.png", "out/b.png", "sub/out/c.png"]
    assert found("scans", output="scans/out") == ["a.png", "sub/out/c.png"]
    assert found("scans", output=f"file://{place}/scans/out") == ["a.png", "sub/out/c.png"]
    pack(place / "scans" / "out" / "box.tar", place / "scans" / "a.png")
    assert found("scans", output="scans/out") == ["a.png", "sub/out/c.png"]


def test_results_in_a_bucket_whose_storage_writes_their_place_in_another_way(place, bucket):
    for name in ("a.png", "out/b.png", "sub/out/c.png"):
        bucket.pipe_file(f"/scans/{name}", b"")
    assert found("memory://scans", output="memory://scans/out") == ["a.png", "sub/out/c.png"]


@pytest.mark.parametrize("folder", ["scans", "memory://scans"])
def test_a_tar_is_a_result_if_its_whole_name_is_that_of_one(place, bucket, folder):
    picture, *_ = write_pictures(place / "scans", "a.png", "c-old/b.png")
    for name in ("c-001.tar", "c-1.tar", "c-old.tar"):
        pack(place / "scans" / name, picture)
    bucket.put("scans", "/", recursive=True)
    output = f"{folder}/c-%03d.tar"
    assert found(folder, output=output) == ["a.png", "c-1.tar", "c-old.tar", "c-old/b.png"]
    assert found(f"{folder}/c-001.tar", output=output) == ["c-001.tar"]


# --- what cannot be coloured is named, and the rest goes on -----------------------------------


def test_members_whose_names_lead_out_of_their_zip_or_tar_are_left_out(shoebox):
    names = ["../a.png", "deep/../../../b.png", "/abs/c.png", "deep/d.png", "deep/e..png"]
    data = Path("in/a.png").read_bytes()
    Path("scans").mkdir()
    with zipfile.ZipFile("scans/z.zip", "w") as held, tarfile.open("scans/t.tar", "w") as tar:
        for name in names:
            held.writestr(name, data)
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    said = run("scans", output="out/deep", code=1)
    kept = [f"{held}/{name}" for held in "tz" for name in ("deep/d.png", "deep/e..png")]
    assert contents(shoebox / "out") == [f"deep/{name}" for name in kept]
    assert not list(shoebox.glob("*.png"))
    for name in names[:3]:
        assert f"cannot use zip://{name}::file://{shoebox}/scans/z.zip: its name leads" in said
        assert f"cannot use tar://{name}::file://{shoebox}/scans/t.tar: its name leads" in said
    assert "done: 4 of 4 photographs, left out: 6 (named above)" in said


def test_the_same_command_goes_on_where_the_results_stand_beside_the_originals(shoebox):
    assert "3 photographs added" in run("in", "--suffix", ".webp", output="in")
    assert "0 photographs added" in run("in", "--suffix", ".webp", output="in")
    with Manifest("run.sqlite", write=True) as manifest:  # killed before it could keep the rows
        manifest.record(*(replace(row, status="running") for row in rows().values()))
    assert "done: 3 of 3" in run("in", "--suffix", ".webp", output="in")
    write_pictures(shoebox / "in", "d.png")
    assert "1 photograph added" in run("in", "--suffix", ".webp", output="in")


def test_an_original_in_the_place_of_a_result_is_not_taken_for_one(shoebox):
    write_pictures(shoebox / "in", "c.png")
    for _ in range(2):
        said = run("in", "--suffix", ".png", output="in", code=2)
        assert "c.png and another photograph would both go to" in said
        assert not Path("run.sqlite").exists()


def test_results_beside_the_originals_in_a_bucket(shoebox, bucket):
    bucket.put("in", "/", recursive=True)
    for added in (3, 0):
        assert f"{added} photographs added" in run(
            "memory://in", "--suffix", ".webp", output="memory://in"
        )


def test_a_broken_zip_or_tar_does_not_stop_the_others(shoebox):
    pack("whole.tar", *[shoebox / "in" / name for name in ("a.png", "c.jpg")])
    with tarfile.open("whole.tar") as tar:
        end = tar.getmembers()[1].offset
    whole = Path("whole.tar").read_bytes()
    broken = {
        "bad.zip": b"no zip",
        "cut.tar": whole[:end],
        "empty.tar": b"",
        "torn.tar": whole[: end + 100],
        "wrong.tar": whole[:end] + b"no header" * 99,
    }
    for name, data in broken.items():
        Path("in", name).write_bytes(data)
    for _ in range(2):
        said = run("in", code=1)
        for name in broken:
            assert f"photochrom: cannot list {shoebox}/in/{name}: " in said
        assert "done: 6 of 6 photographs, left out: 5 (named above)" in said
    kept = [f"{name}/a.png" for name in ("cut", "torn", "wrong")]
    assert contents(shoebox / "out") == ["a.png", "b.png", "c.jpg", *kept]


def test_a_source_that_cannot_be_listed_does_not_stop_the_others(shoebox):
    Path("bad.zip").write_bytes(b"no zip")
    said = run("bad.zip", "in", code=1)
    assert f"cannot list {shoebox}/bad.zip" in said
    assert "done: 3 of 3 photographs, left out: 1" in said
    Path("only").mkdir()
    Path("bad.zip").rename("only/bad.zip")
    for source in ("only", "only/bad.zip"):
        said = run(source, manifest="new.sqlite", code=1)
        assert f"cannot list {shoebox}/only/bad.zip" in said
        assert not Path("new.sqlite").exists()


# --- names ------------------------------------------------------------------------------------


def test_colons_in_names(shoebox, bucket):
    names = ["at 12::30.png", "a.png::b.png", "c::d/e.png", "file::f.png"]
    write_pictures(shoebox / "scans", *names)
    with zipfile.ZipFile("scans/z.zip", "w") as held, tarfile.open("scans/t.tar", "w") as tar:
        for name in names:
            held.write(f"scans/{name}", name)
            tar.add(f"scans/{name}", name)
    assert "done: 12 of 12" in run("scans")
    assert {*names, *(f"{held}/{name}" for held in "tz" for name in names)} == {
        path.relative_to("out").as_posix() for path in Path("out").rglob("*.png")
    }
    assert invoke("archive", "verify", "run.sqlite", "--sources").exit_code == 0
    assert invoke("archive", "bag", "run.sqlite", "bag").exit_code == 0
    for number, output in enumerate(("memory://out", "tars/c-%03d.tar")):
        assert "done: 12 of 12" in run("scans", manifest=f"{number}.sqlite", output=output)
        assert invoke("archive", "verify", f"{number}.sqlite", "--sources").exit_code == 0
    assert "/out/at 12__30.png" in bucket.find("/out")
    with tarfile.open("tars/c-000.tar") as tar:
        assert "c__d/e.png" in tar.getnames()


def test_colons_in_the_path_of_a_zip_or_tar(shoebox):
    pack("a::b.tar", shoebox / "in" / "a.png")
    Path("a::b.zip").write_bytes(b"")
    said = run("a::b.tar", "a::b.zip", code=1, output="o::ut")
    assert 'expected a zip without "::" in its path' in said
    assert f"received {shoebox}/a::b.zip" in said
    assert contents(Path("o::ut")) == ["a::b/a.png"]
    run("in", manifest="tars.sqlite", output="o::ut/%d.tar")
    for manifest in ("run.sqlite", "tars.sqlite"):
        assert invoke("archive", "verify", manifest, "--sources").exit_code == 0


def test_a_file_that_is_named_itself_counts_whatever_its_suffix(shoebox):
    Path("in/a.png").rename("scan.dat")
    for number, source in enumerate(("scan.dat", "./scan.dat", shoebox / "scan.dat")):
        said = run(source, "--suffix", ".png", manifest=f"{number}.sqlite", output=f"out{number}")
        assert "done: 1 of 1" in said


@pytest.mark.parametrize("name", ["g[1].png", "who?.png", "a*.png"])
def test_a_file_that_is_there_is_no_pattern(shoebox, bucket, name):
    Path("in/b.png").rename(f"in/{name}")
    bucket.put("in", "/", recursive=True)
    places = f"in/{name}", f"file://{shoebox}/in/{name}", f"memory://in/{name}"
    for number, source in enumerate(places):
        assert "done: 1 of 1" in run(source, manifest=f"{number}.sqlite", output=f"out{number}")
    assert "done: 1 of 1" in run("memory://in/a.p*", manifest="pattern.sqlite", output="pattern")
