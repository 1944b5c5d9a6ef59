"""What the files of the Docker image claim is so; building it takes Docker, or root."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.main import get_command

from photochrom.cli.app import app
from photochrom.web.security import PUBLIC_PATHS

ROOT = Path(__file__).parents[2]
HERE = ROOT / "integrations" / "docker"
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
HADOLINT = shutil.which("hadolint")


def instructions() -> list[tuple[str, str]]:
    read = run_path(str(HERE / "tools" / "try_without_docker.py"))["instructions"]
    return list(read((HERE / "Dockerfile").read_text()))


def last(name: str) -> str:
    return [rest for each, rest in instructions() if each == name][-1]


def compose() -> dict[str, Any]:
    return YAML(typ="safe").load((HERE / "compose.yaml").read_text())


def check_options(arguments: list[str]) -> None:
    name, *rest = arguments
    offered = {option for each in get_command(app).commands[name].params for option in each.opts}
    offered |= {o for each in get_command(app).commands[name].params for o in each.secondary_opts}
    assert {word for word in rest if word.startswith("--")} <= offered


def test_the_image_is_not_run_by_root():
    uid, gid = last("USER").split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    assert json.loads(last("ENTRYPOINT")) == ["photochrom"]
    check_options(json.loads(last("CMD")))


def test_each_base_has_a_version():
    bases = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    assert all(base == "scratch" or re.search(r":[\d.]+\d", base) for base in bases)


def test_the_health_check_asks_a_path_that_needs_no_token():
    (path,) = re.findall(r"http://127\.0\.0\.1:8765(/\w+)", last("HEALTHCHECK"))
    assert path in PUBLIC_PATHS
    command = json.loads(last("HEALTHCHECK").split("CMD ")[1])
    compile(command[-1], "health check", "exec")
    assert last("EXPOSE") == "8765"


def test_what_is_copied_exists_and_is_sent_to_docker():
    sent = (HERE / "Dockerfile.dockerignore").read_text().splitlines()
    copies = [rest.split() for name, rest in instructions() if name == "COPY"]
    for source in [word for words in copies if "--from" not in words[0] for word in words[:-1]]:
        assert (ROOT / source).exists()
        assert f"!{source}" in sent


def test_every_extra_exists():
    assert set(last("ARG").removeprefix("EXTRAS=").split(",")) <= set(EXTRAS)
    for text in ((HERE / "README.md").read_text(), (HERE / "Dockerfile").read_text()):
        for extras in re.findall(r"EXTRAS=([\w,]+)", text):
            assert set(extras.split(",")) <= set(EXTRAS)


def test_the_service_without_the_page_needs_no_gradio():
    assert not any("gradio" in each for each in EXTRAS["service"])
    assert "photochrom[service]" in EXTRAS["web"]


@pytest.mark.parametrize("name", ["service", "folder"])
def test_compose_gives_no_more_rights_than_needed(name):
    service = compose()["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"\d+g", service["mem_limit"])
    assert any(each.startswith("/tmp:") for each in service["tmpfs"])
    assert not service["user"].endswith(("-0:0}", "root}"))
    build = service["build"]
    assert (HERE / build["context"] / build["dockerfile"]).resolve() == HERE / "Dockerfile"


def test_compose_shows_the_service_to_this_machine_alone():
    description = compose()
    service = description["services"]["service"]
    assert service["ports"] == ["127.0.0.1:8765:8765"]
    (secret,) = service["secrets"]
    assert f"/run/secrets/{secret}" in json.loads(last("CMD"))
    assert secret in description["secrets"]


def test_compose_colours_a_folder():
    folder = compose()["services"]["folder"]
    assert folder["profiles"] == ["folder"]
    check_options(folder["command"])
    assert any(volume.endswith(":/photographs:ro") for volume in folder["volumes"])


@pytest.mark.skipif(not HADOLINT, reason="hadolint is not installed")
def test_the_linter_is_content():
    subprocess.run([str(HADOLINT), HERE / "Dockerfile"], check=True)
