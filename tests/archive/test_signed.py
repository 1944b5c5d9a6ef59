"""Archives whose results are signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from photochrom.archive import Entry, Manifest
from tests.commands import invoke
from tests.support import write_pictures

pytest.importorskip("c2pa")

from photochrom.provenance import verify
from tests.provenance.certificates import papers


def test_a_signed_result_of_a_run_that_was_killed_is_recognized(
    tmp_path, monkeypatch, model_folder
):
    monkeypatch.setenv("PHOTOCHROM_MODEL", str(model_folder))
    monkeypatch.chdir(tmp_path)
    (source,) = write_pictures(tmp_path / "scans", "a.jpg")
    desk = papers(tmp_path)
    run = ("archive", "run", "scans", "--manifest", "run.sqlite", "-o", "out",
           "--sign-cert", desk.chain, "--sign-key", desk.key)  # fmt: skip
    assert invoke(*run).exit_code == 0
    result = Path("out/a.jpg").absolute()
    report = verify(result)
    with Manifest("run.sqlite", write=True) as manifest:
        (done,) = manifest.entries("done")
        assert (report.signature, report.original_sha256) == ("valid", done.source_sha256)
        manifest.record(Entry(str(source), str(result), "running", attempts=1))
    before = result.stat().st_mtime_ns
    assert invoke(*run).exit_code == 0
    assert result.stat().st_mtime_ns == before
    with Manifest("run.sqlite") as manifest:
        assert next(manifest.entries("done")).output_sha256 == done.output_sha256


def test_a_certificate_without_a_key(tmp_path):
    said = invoke("archive", "run", tmp_path, "--manifest", tmp_path / "run.sqlite", "-o", tmp_path,
                  "--sign-cert", tmp_path / "chain.pem")  # fmt: skip
    assert said.exit_code == 2
    assert "expected both a certificate and its key" in said.stderr
