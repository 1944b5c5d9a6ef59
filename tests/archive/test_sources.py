"""Which files `photochrom archive run` takes for photographs, and what it says of the others."""

from __future__ import annotations

import tarfile
from pathlib import Path

import fsspec
import pytest

from photochrom.archive import Manifest, Settings, add_sources, prepare
from tests.support import write_pictures


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


def test_results_in_a_bucket_whose_storage_writes_their_place_in_another_way(place):
    memory = fsspec.filesystem("memory")
    for name in ("a.png", "out/b.png", "sub/out/c.png"):
        memory.pipe_file(f"/scans/{name}", b"")
    assert found("memory://scans", output="memory://scans/out") == ["a.png", "sub/out/c.png"]


@pytest.mark.parametrize("folder", ["scans", "memory://scans"])
def test_a_tar_is_a_result_if_its_whole_name_is_that_of_one(place, folder):
    picture, *_ = write_pictures(place / "scans", "a.png", "c-old/b.png")
    for name in ("c-001.tar", "c-1.tar", "c-old.tar"):
        pack(place / "scans" / name, picture)
    fsspec.filesystem("memory").put("scans", "/", recursive=True)
    output = f"{folder}/c-%03d.tar"
    assert found(folder, output=output) == ["a.png", "c-1.tar", "c-old.tar", "c-old/b.png"]
    assert found(f"{folder}/c-001.tar", output=output) == ["c-001.tar"]
