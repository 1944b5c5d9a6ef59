"""An assistant can colour the photographs of one folder, and nothing outside it."""

from __future__ import annotations

import asyncio
import io
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcp.client import Client
from PIL import Image

from photochrom import mcp_server
from photochrom.colorizer import Colorizer
from photochrom.mcp_server import Tools, make_server
from tests.commands import invoke
from tests.support import known_color_model, write_pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a grey photograph, one in colour, and a secret beside it."""
    inside = tmp_path / "inside"
    inside.mkdir()
    write_pictures(inside, "old.png", "more/older.png", side=64)
    colors = np.random.default_rng(0).integers(0, 255, (8, 8, 3)).astype(np.uint8)
    Image.fromarray(colors).resize((64, 64)).save(inside / "color.png")
    write_pictures(tmp_path, "secret.png")
    (inside / "way-out").symlink_to(tmp_path)
    Image.open(inside / "color.png").save(tmp_path / "secret-color.png")
    (inside / "leading-out.png").symlink_to(tmp_path / "secret-color.png")
    (inside / "loop.png").symlink_to("loop.png")
    (inside / "more/older-colorized.png").symlink_to(tmp_path / "new.png")
    return inside


def call(folder: Path, tool: str, **arguments: Any) -> Any:
    """Return the result of a tool, as a client receives it."""

    async def talk() -> Any:
        server = make_server(Tools(folder, partial(Colorizer, known_color_model())))
        async with Client(server) as client:
            return await client.call_tool(tool, arguments)

    return asyncio.run(talk())


def test_every_tool_and_argument_is_described(folder):
    async def listed() -> Any:
        async with Client(make_server(Tools(folder, Colorizer))) as client:
            return (await client.list_tools()).tools

    tools = asyncio.run(listed())
    assert {each.name for each in tools} == {
        "list_photographs",
        "view_photograph",
        "colorize_photograph",
        "likely_colors",
        "evaluate",
    }
    for tool in tools:
        assert tool.description
        assert all("description" in each for each in tool.input_schema["properties"].values())


def test_photographs_are_listed_and_shown(folder):
    assert call(folder, "list_photographs").structured_content == {
        "result": ["color.png", "loop.png", "more/older.png", "old.png"]
    }
    text, picture = call(folder, "view_photograph", path="old.png").content
    assert text.text == "old.png: 64 x 64 pixels, black and white"
    assert picture.mime_type == "image/jpeg"


def test_a_long_list_says_that_it_was_cut(folder, monkeypatch):
    monkeypatch.setattr(mcp_server, "_MOST_NAMES", 3)
    names = call(folder, "list_photographs").structured_content["result"]
    assert names == ["color.png", "loop.png", "more/older.png", "and 1 more; name a subfolder"]


def test_a_photograph_is_coloured_beside_the_original(folder):
    before = (folder / "old.png").read_bytes()
    hints = [{"x": 10, "y": 10, "color": "red"}]
    text, _ = call(folder, "colorize_photograph", path="old.png", hints=hints).content
    assert text.text == "old-colorized.png was written"
    assert (folder / "old.png").read_bytes() == before
    result = Image.open(io.BytesIO((folder / "old-colorized.png").read_bytes()))
    luma = np.asarray(result.convert("L"), int)
    assert np.abs(luma - np.asarray(Image.open(folder / "old.png"), int)).max() <= 1
    again = call(folder, "colorize_photograph", path="old.png")
    assert again.is_error
    assert "exists" in again.content[0].text
    assert not call(folder, "colorize_photograph", path="old.png", overwrite=True).is_error


@pytest.mark.parametrize("suffix", [".heic", ".jp2"])
def test_results_that_pillow_does_not_read_are_shown(folder, suffix):
    result = call(folder, "colorize_photograph", path="old.png", output=f"new{suffix}")
    assert not result.is_error, result.content
    assert result.content[0].text == f"new{suffix} was written"
    assert result.content[1].mime_type == "image/jpeg"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"path": "../secret.png"}, "expected a path inside the folder"),
        ({"path": "way-out/secret.png"}, "expected a path inside the folder"),
        ({"path": "old.png", "output": "../out.png"}, "expected a path inside the folder"),
        ({"path": "old.png", "output": "way-out/out.png"}, "expected a path inside the folder"),
        ({"path": "way-o?t/secret.png"}, "there is no file way-o?t/secret.png"),
        ({"path": "leading-out.png"}, "expected a path inside the folder"),
        ({"path": "more/older.png", "overwrite": True}, "expected a path inside the folder"),
        ({"path": "loop.png"}, "there is no file loop.png"),
        ({"path": "a\0b.png"}, "expected a path inside the folder"),
        ({"path": "old.png", "output": "color.png"}, "exists"),
        ({"path": "old.png", "output": "color.png", "overwrite": True}, "is an original"),
        ({"path": "old.png", "output": "old.png", "overwrite": True}, "original"),
        ({"path": "color.png"}, "in colour"),
        ({"path": "none.png"}, "none.png"),
        ({"path": "more"}, "expected a photograph"),
        ({"path": "old.png", "hints": [{"x": 900, "y": 1, "color": "red"}]}, "900"),
        ({"path": "old.png", "hints": [{"x": 1, "y": 1, "color": "nocolor"}]}, "nocolor"),
        ({"path": "old.png", "vividness": 3}, "vividness"),
    ],
)
def test_what_is_refused_is_explained_and_writes_nothing(folder, arguments, said):
    before = sorted(folder.parent.rglob("*"))
    result = call(folder, "colorize_photograph", **arguments)
    assert result.is_error
    assert said in result.content[0].text
    assert sorted(folder.parent.rglob("*")) == before


def test_a_model_without_a_distribution_has_no_likely_colors(folder):
    result = call(folder, "likely_colors", path="old.png", x=5, y=5)
    assert result.is_error
    assert "distribution" in result.content[0].text


@pytest.mark.slow
def test_evaluate_compares_with_the_true_colours(folder):
    scores = call(folder, "evaluate").structured_content
    assert scores["photographs"] == 1
    assert scores["psnr"] > 0


def test_the_command_wants_a_folder_and_a_model(tmp_path):
    done = invoke("mcp", str(tmp_path / "none"))
    assert done.exit_code == 2
    assert "expected a folder" in done.output
    done = invoke("mcp", str(tmp_path), "--model", str(tmp_path / "none"))
    assert done.exit_code == 2
    assert "expected a model" in done.output
