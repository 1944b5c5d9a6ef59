"""An S3 that answers with errors, hangs up in the middle, is slow, or dies."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from photochrom.files import remote
from tests.commands import invoke
from tests.faults.flaky import FAULTS, FlakyProxy
from tests.faults.runs import Before, hashes, rows, run

fsspec = pytest.importorskip("fsspec")
s3fs = pytest.importorskip("s3fs")
get_backend = pytest.importorskip("moto.backends").get_backend
moto = pytest.importorskip("moto.server")

pytestmark = pytest.mark.slow


@pytest.fixture
def proxy(scans, monkeypatch):
    """A proxy before an S3 that has a bucket with the photographs, and an empty one."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    get_backend("s3").reset()  # it is that of the whole process
    with FlakyProxy(server.get_host_and_port()[1], seed=5) as proxy:
        for name, value in {
            "AWS_ENDPOINT_URL": proxy.url,
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "2",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(remote, "_FIRST_WAIT", 0.01)
        monkeypatch.setattr(s3fs.S3FileSystem, "retries", 2)
        s3 = system()
        s3.mkdir("scans")
        s3.mkdir("out")
        for path in scans.rglob("*.*"):
            s3.pipe_file(f"scans/{path.relative_to(scans).as_posix()}", path.read_bytes())
        yield proxy
        system()
    server.stop()


def system():
    """Return a new S3 file system, which has nothing in its caches."""
    s3fs.S3FileSystem.clear_instance_cache()
    return fsspec.filesystem("s3")


def test_injected_faults_cost_time_only(scans, proxy):
    run("scans", manifest="here.sqlite", output="here")
    proxy.share, proxy.pause = 0.4, 0.1
    for number in range(20):
        manifest = f"{number}.sqlite"
        run("s3://scans", manifest=manifest, output=f"s3://out/{number}")
        assert hashes(manifest) == hashes("here.sqlite")
        if all(proxy.happened[fault] for fault in FAULTS):
            break
    proxy.share = 0
    s3 = system()
    assert {Path(path).name: s3.cat_file(path) for path in s3.find("out/0")} == {
        path.name: path.read_bytes() for path in Path("here").rglob("*.*")
    }
    assert invoke("archive", "verify", "0.sqlite", "--sources").exit_code == 0


def test_a_storage_that_dies_and_comes_back(proxy, monkeypatch):
    from photochrom.archive.worker import Worker

    color, count = Worker._color, iter(range(1000))

    def dying(self, entry):
        proxy.dead = next(count) >= 2
        return color(self, entry)

    monkeypatch.setattr(remote, "ATTEMPTS", 2)
    with monkeypatch.context() as patch:
        patch.setattr(Worker, "_color", dying)
        said = run("s3://scans", "--workers", "1", output="s3://out/a", code=1)
    assert said.count("photochrom: cannot read s3://scans/") == 4
    assert "done: 2 of 6 photographs, failed: 4" in said
    assert "cannot list s3://scans" in run("s3://scans", output="s3://out/a", code=1)
    before = Before()
    proxy.dead = False
    assert invoke("archive", "retry", "run.sqlite").exit_code == 0
    before.check()
    assert {entry.status for entry in rows().values()} == {"done"}
    assert len(system().find("out/a")) == 6
