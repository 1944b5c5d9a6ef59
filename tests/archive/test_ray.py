"""Archives and the service on Ray, on a cluster of one machine."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path

import httpx
import numpy as np
import psutil
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from photochrom.archive import Entry, Settings, ray_executor
from photochrom.archive.manifest import Manifest
from photochrom.cli.app import app
from photochrom.errors import ModelNotFound
from tests.commands import invoke, is_coloured
from tests.films import slow_film
from tests.services import jpeg
from tests.support import contents, write_pictures

ray = pytest.importorskip("ray")

pytestmark = pytest.mark.slow

ON_RAY = ["--executor", "ray"]


@pytest.fixture(scope="module", autouse=True)
def cluster(model_folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHOTOCHROM_MODEL", str(model_folder))
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))  # of the actors, too
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        yield
        ray.shutdown()


def run(*arguments):
    said = invoke("archive", "run", *arguments)
    assert said.exit_code == 0, said.output


def hashes(manifest):
    with Manifest(manifest) as opened:
        return {entry.source: entry.output_sha256 for entry in opened.entries("done")}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def kill_an_actor(killed):
    """Kill the first process that colours photographs, as soon as there is one."""
    for _ in range(600):
        for process in psutil.Process().children(recursive=True):
            if "MapWorker" in " ".join(process.cmdline()):
                time.sleep(0.5)  # it is at work by then
                process.kill()
                killed.append(process.pid)
                return
        time.sleep(0.1)


def test_the_same_bytes_even_if_an_actor_dies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "scans", *(f"{number}.png" for number in range(60)), side=300)
    (tmp_path / "scans" / "0.png").rename(tmp_path / "scans" / os.fsdecode(b"caf\xe9.png"))
    slow_film(tmp_path / "scans" / "film.mov", "astronaut", count=3, codec="libx264")
    run("scans", "--manifest", "here.sqlite", "-o", "here")
    killed = []
    killer = threading.Thread(target=kill_an_actor, args=[killed])
    killer.start()
    run("scans", "--manifest", "ray.sqlite", "-o", "ray", *ON_RAY)
    killer.join()
    assert killed
    assert hashes("ray.sqlite") == hashes("here.sqlite")
    assert len(hashes("ray.sqlite")) == 61
    assert contents(Path("ray")) == contents(Path("here"))


def test_a_film_is_divided_and_put_together(tmp_path, monkeypatch):
    """The calls that Ray makes; a cluster needs half a minute for each of the three steps."""
    monkeypatch.chdir(tmp_path)
    film = slow_film(tmp_path / "film.mov", "astronaut", "coffee", codec="libx264")
    run(film, "--manifest", "here.sqlite", "-o", "here")
    worker, film = ray_executor._RayWorker(Settings()), Entry(str(film), "ray/film.mov", parts=-1)

    def call(*entries):
        table = worker({"units": pa.array([[ray_executor._to_json([each]) for each in entries]])})
        units = [ray_executor._from_json(text) for text in table["unit"].to_pylist()]
        return [entry for unit in units for entry in unit]

    film, *parts = call(film)
    assert len(parts) == 2
    parts = call(*reversed(parts))
    (film,) = call(replace(film, details=json.dumps([asdict(each) for each in parts[::-1]])))
    assert film.status == "done"
    assert Path("ray/film.mov").read_bytes() == Path("here/film.mov").read_bytes()


def test_the_service_runs_on_ray():
    from ray import serve

    from photochrom.serve_ray import app

    port = free_port()
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(app, name="photochrom", route_prefix="/")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        assert client.get("/healthz").json()["status"] == "ok"
        grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
        answer = client.post("/api/v1/colorize", files={"image": ("a.jpg", jpeg(grey))})
        assert answer.status_code == 200
        assert is_coloured(answer.content)
        assert client.post("/api/v1/jobs").status_code == 404
    serve.shutdown()


def test_what_goes_wrong_in_ray_is_one_line(tmp_path, monkeypatch):
    """The model is there for this process, and not for the others."""
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "scans", "a.png")
    monkeypatch.setattr(ray_executor, "_RayWorker", _Broken)
    asked = ["archive", "run", "scans", "--manifest", "ray.sqlite", "-o", "ray", *ON_RAY]
    said = CliRunner().invoke(app, asked)  # `invoke` would not allow what Ray itself logs before
    assert said.exit_code == 1
    assert said.stderr.splitlines()[-1].startswith("photochrom: Ray has failed: ")
    assert "there is nothing at nowhere" in said.stderr
    run("--manifest", "ray.sqlite")


class _Broken:
    def __init__(self, _):
        raise ModelNotFound("there is nothing at nowhere")
