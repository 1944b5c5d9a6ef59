"""`photochrom colorize`: exit codes, what goes to stdout, and never a traceback."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from photochrom import __version__
from tests.commands import BROKEN, PROGRAM, call, is_coloured, records, spawn
from tests.support import (
    NAN,
    contents,
    heed_interrupts,
    known_color_model,
    model,
    network,
    picture_bytes,
    write_model,
    write_pictures,
)

# --- all goes well --------------------------------------------------------------------------


def test_a_folder(shoebox):
    result = call("in", "-o", "out")
    assert result.exit_code == 0
    assert contents(Path("out")) == ["a.png", "b.png", "c.jpg"]
    assert all(is_coloured(path) for path in Path("out").iterdir())
    assert result.stdout == ""
    assert result.stderr == "3 photographs were coloured (ONNX Runtime CPU f32)\n"


def test_one_file(shoebox):
    result = call("in/a.png", "-o", "new.jpg")
    assert result.exit_code == 0
    assert is_coloured(Path("new.jpg"))
    assert result.stderr == "1 photograph was coloured (ONNX Runtime CPU f32)\n"


def test_an_album_shares_its_colours(shoebox, tmp_path):
    how = ("--model", str(write_model(tmp_path / "compares", known_color_model(compares=True))))
    for suffix, exponent in (("a.png", 1.0), ("b.png", 1.2)):
        ramp = 255 * np.linspace(0, 1, 64)[None].repeat(64, 0) ** exponent
        Image.fromarray(ramp.astype(np.uint8)).save(shoebox / "in" / suffix)
    (shoebox / "in" / "c.jpg").write_bytes(BROKEN)
    assert call("in", "-o", "apart", *how).exit_code == 1
    result = call("in", "-o", "together", "--consistent", *how)
    assert result.exit_code == 1  # the broken one is named, and the others are coloured
    assert contents(Path("together")) == ["a.png", "b.png"]
    assert Path("apart/a.png").read_bytes() != Path("together/a.png").read_bytes()
    result = call("in", "-o", "more", "--consistent", "--variants", "2", *how)
    assert (result.exit_code, "--consistent or --variants" in result.stderr) == (2, True)


def test_results_stand_beside_their_originals(shoebox):
    result = call("in/a.png", "in/c.jpg")
    assert result.exit_code == 0
    assert "2 photographs were coloured in in (" in result.stderr
    assert contents(Path("in")) == ["a-colorized.png", "a.png", "b.png", "c-colorized.jpg", "c.jpg"]
    again = call("in/*.png", "--exists", "skip")  # finds the result, too
    assert again.exit_code == 0
    assert contents(Path("in"))[:3] == ["a-colorized.png", "a.png", "b-colorized.png"]
    assert call("in/a.png").exit_code == 1  # never over anything


def test_results_stand_beside_originals_in_any_folders(shoebox, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write_pictures(elsewhere, "e.png")
    result = call("in/a.png", str(elsewhere / "e.png"))
    assert result.exit_code == 0
    assert "2 photographs were coloured beside the originals (" in result.stderr
    assert contents(elsewhere) == ["e-colorized.png", "e.png"]


def test_results_of_a_folder_stand_in_a_folder_beside_it(shoebox, monkeypatch):
    write_pictures(shoebox / "in", "deep/d.png")
    result = call("in", "-r")
    assert result.exit_code == 0
    assert "4 photographs were coloured in in-colorized (" in result.stderr
    assert "1 photograph was coloured: in/b-colorized.png (" in call("in/b.png").stderr
    assert contents(Path("in-colorized")) == ["a.png", "b.png", "c.jpg", "deep/d.png"]
    monkeypatch.chdir("in/deep")
    assert call(".", "--suffix", ".jpg").exit_code == 0
    assert contents(Path("../deep-colorized")) == ["d.jpg"]


def test_folders_that_are_not_searched_are_counted(shoebox):
    write_pictures(shoebox / "in", "deep/d.png", "deep/deeper/e.png")
    assert "1 subfolder was not searched (--recursive" in call("in", "-o", "out").stderr
    assert "searched" not in call("in", "-o", "all", "-r").stderr
    assert "searched" not in call("in/deep/deeper", "-o", "in/deep/deeper/out").stderr


def test_a_file_of_another_format_than_its_name_says(shoebox):
    Path("in/c.jpg").rename("in/b.png")
    result = call("in/b.png", "-o", "new.png")
    assert result.exit_code == 0
    assert (
        "in/b.png is not a PNG file despite its name; it was read by its content" in result.stderr
    )
    assert Path("new.png").read_bytes().startswith(b"\x89PNG")


def test_a_photograph_in_colour_from_a_pipe_is_coloured_with_a_note(shoebox, astronaut):
    result = call("-", stdin=picture_bytes(astronaut))
    assert result.exit_code == 0
    assert result.stderr == "stdin was in colour already; it is coloured anew\n"


def test_the_model_may_be_named(shoebox, tmp_path):
    warm = write_model(tmp_path / "warm", model())
    call("in/a.png", "-o", "one.png")
    assert call("in/a.png", "-o", "two.png", "-m", str(warm)).exit_code == 0
    assert Path("one.png").read_bytes() != Path("two.png").read_bytes()


def test_recursive_and_suffix(shoebox):
    write_pictures(shoebox / "in", "deep/d.png")
    assert call("in", "-o", "flat", "--suffix", ".webp").exit_code == 0
    assert contents(Path("flat")) == ["a.webp", "b.webp", "c.webp"]
    assert call("in", "-o", "all", "-r", "--suffix", ".tif").exit_code == 0
    assert contents(Path("all")) == ["a.tif", "b.tif", "c.tif", "deep/d.tif"]


def test_json_tells_of_each_in_order(shoebox):
    result = call("in", "-o", "out", "--json")
    found = records(result)
    assert [record["source"] for record in found] == ["in/a.png", "in/b.png", "in/c.jpg"]
    assert [record["target"] for record in found] == ["out/a.png", "out/b.png", "out/c.jpg"]
    for record in found:
        assert record["status"] == "done"
        assert record["reason"] is None
        assert (record["width"], record["height"], record["tint"]) == (24, 24, "grey")
        assert record["seconds"] > 0
        assert record["mean_chroma"] > 1
        assert record["metadata_lost"] == []


@pytest.mark.slow
def test_json_names_every_file(shoebox, tmp_path):
    name = os.fsdecode(b"caf\xe9 \xc5\x81.png")  # Latin-1 and UTF-8
    Path("in/a.png").rename(f"in/{name}")
    said = spawn("colorize", "in", "-o", "out", "--json").stdout
    sources = [json.loads(line)["source"] for line in said.splitlines()]
    assert f"in/{name}" in sources


def test_a_dry_run_writes_nothing(shoebox):
    call("in/a.png", "-o", "out")
    before = contents(shoebox)
    result = call("in", "-o", "out", "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "in/a.png → out/a.png (exists already: an error)",
        "in/b.png → out/b.png",
        "in/c.jpg → out/c.jpg",
    ]
    found = records(call("in", "-o", "out", "-n", "--json"))
    assert [record["exists"] for record in found] == [True, False, False]
    assert contents(shoebox) == before


def test_a_dry_run_needs_no_model(shoebox, monkeypatch):
    monkeypatch.setenv("PHOTOCHROM_MODEL", "/nowhere")
    assert call("in", "-o", "out", "-n").exit_code == 0


@pytest.mark.parametrize(
    ("exists", "code", "statuses"),
    [
        ("error", 1, ["failed", "done", "done"]),
        ("skip", 0, ["skipped", "done", "done"]),
        ("overwrite", 0, ["done", "done", "done"]),
    ],
)
def test_where_a_result_is_there_already(exists, code, statuses, shoebox):
    Path("out").mkdir()
    Path("out/a.png").write_bytes(b"mine")
    result = call("in", "-o", "out", "--exists", exists, "--json")
    assert result.exit_code == code
    assert [record["status"] for record in records(result)] == statuses
    assert (Path("out/a.png").read_bytes() == b"mine") == (exists != "overwrite")
    assert ("(--exists skip or overwrite)" in result.stderr) == (exists == "error")


def test_photographs_in_colour_are_skipped(shoebox, astronaut):
    Image.fromarray(astronaut).save("in/b.png")
    result = call("in", "-o", "out")
    assert result.exit_code == 0
    assert contents(Path("out")) == ["a.png", "c.jpg"]
    assert "1 file was in colour already (see --in-color)" in result.stderr


def test_what_comes_out_almost_grey_is_told(shoebox, tmp_path):
    grey = write_model(tmp_path / "grey", model(network((0.0, 0.0))))
    result = call("in/a.png", "-o", "out", "-m", str(grey))
    assert result.exit_code == 0
    assert "out/a.png is almost grey" in result.stderr
    assert "almost grey" not in call("in/b.png", "-o", "out").stderr


def test_metadata_that_the_result_does_not_hold_is_named(shoebox):
    texts = PngInfo()
    texts.add_text("Stamp", "Atelier Beispiel")
    Image.open("in/a.png").save("in/a.png", pnginfo=texts)
    assert "not kept" not in call("in/a.png", "-o", "kept.png").stderr
    note = "metadata not kept: text Stamp"
    assert f"new.jpg: {note}" in call("in/a.png", "-o", "new.jpg").stderr
    assert f"stdout: {note}" in call("in/a.png", "-o", "-", "--suffix", ".jpg").stderr
    (record,) = records(call("in/a.png", "-o", "out", "--suffix", ".webp", "--json"))
    assert record["metadata_lost"] == ["text Stamp"]


def test_almost_grey_is_judged_in_lab_whatever_the_networks_space(shoebox, tmp_path):
    planes = model(network(), color_space="ycbcr", input_scale=1.0, output_scale=1.0)
    folder = str(write_model(tmp_path / "ycbcr", planes))
    assert "almost grey" not in call("in/a.png", "-o", "out", "-m", folder).stderr


# --- streams --------------------------------------------------------------------------------


@pytest.mark.slow
def test_from_stdin_to_stdout(shoebox, camera):
    done = spawn("colorize", "-", stdin=picture_bytes(camera, "JPEG"))
    assert done.returncode == 0
    assert done.stdout.startswith(b"\xff\xd8\xff")
    assert is_coloured(done.stdout)
    assert done.stderr == b""


def test_from_stdin_to_stdout_in_another_format(shoebox, camera):
    result = call("-", "--suffix", ".png", "-o", "-", stdin=picture_bytes(camera, "JPEG"))
    assert result.exit_code == 0
    assert result.stdout_bytes.startswith(b"\x89PNG")


def test_from_stdin_to_a_file(shoebox, camera):
    result = call("-", "-o", "new.webp", stdin=picture_bytes(camera))
    assert result.exit_code == 0
    assert result.stdout_bytes == b""
    assert is_coloured(Path("new.webp"))


def test_from_a_file_to_stdout(shoebox):
    result = call("in/a.png", "-o", "-")
    assert result.exit_code == 0
    assert is_coloured(result.stdout_bytes)


def test_from_stdin_to_a_file_that_is_there(shoebox, camera):
    Path("new.png").write_bytes(b"mine")
    data = picture_bytes(camera)
    assert call("-", "-o", "new.png", stdin=data).exit_code == 1
    assert Path("new.png").read_bytes() == b"mine"
    assert call("-", "-o", "new.png", "--exists", "overwrite", stdin=data).exit_code == 0
    assert is_coloured(Path("new.png"))


@pytest.mark.parametrize("data", [b"", b"no picture", BROKEN])
def test_what_comes_from_stdin_is_no_picture(data, shoebox):
    result = call("-", stdin=data)
    assert result.exit_code == 1
    assert result.stdout_bytes == b""
    assert result.stderr.startswith("photochrom: ")
    assert "stdin" in result.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_stdin_is_closed(shoebox):
    command = ["/bin/sh", "-c", '"$@" <&-', "sh", *PROGRAM, "colorize", "-"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"photochrom: expected a photograph from stdin, which is closed\n"


def test_a_dry_run_for_names_too_long_for_the_system(shoebox):
    assert call("in", "-o", "y" * 300, "-n").exit_code == 0


# --- some fail ------------------------------------------------------------------------------


def test_a_failure_is_named_and_stops_the_rest(shoebox):
    Path("in/a.png").write_bytes(BROKEN)
    result = call("in", "-o", "out", "--workers", "1", "--fail-fast")
    assert result.exit_code == 1
    assert result.stdout == ""
    first, last = result.stderr.splitlines()
    assert first.startswith("photochrom: ")
    assert "in/a.png" in first
    assert last == ("0 photographs were coloured, 1 failed, 2 not started (--fail-fast)")
    assert not Path("out").exists()


@pytest.mark.parametrize("old_option", [[], ["-k"], ["--keep-going"]])
def test_a_failure_is_named_and_the_rest_coloured(old_option, shoebox):
    Path("in/a.png").write_bytes(BROKEN)
    result = call("in", "-o", "out", *old_option)
    assert result.exit_code == 1
    assert contents(Path("out")) == ["b.png", "c.jpg"]
    assert "2 photographs were coloured, 1 failed" in result.stderr


def test_the_limit_on_megapixels(shoebox):
    Image.new("L", (400, 400)).save("in/a.png")
    result = call("in/a.png", "-o", "out", "--max-megapixels", "0.1")
    assert result.exit_code == 1
    assert "pixels at most; in/a.png has 160,000 (400 × 400) (--max-meg" in result.stderr
    assert call("in/a.png", "-o", "out", "--max-megapixels", "0.16").exit_code == 0


def test_a_network_that_answers_nan(shoebox, tmp_path):
    folder = write_model(tmp_path / "nan", model(network(NAN)))
    result = call("in", "-o", "out", "-m", str(folder))
    assert result.exit_code == 1
    assert "NaN" in result.stderr
    assert not Path("out").exists()


# --- the command makes no sense -------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["in", "-o", "out", "--fail-fast", "--keep-going"],
        ["in", "-o", "out", "--in-color", "maybe"],
        ["in/a.png", "in/b.png", "-o", "-"],
        ["gone.png", "-o", "out"],
        ["x" * 300, "-o", "out"],
        ["in", "-o", "in"],
        ["in/a.png", "-o", "in/a.png"],
        ["in", "-o", "out", "--suffix", ".gif"],
        ["in", "-o", "out", "--exists", "maybe"],
        ["in", "-o", "out", "--quality", "101"],
        ["in", "-o", "out", "--workers", "0"],
        ["in", "-o", "out", "--max-megapixels", "0"],
        ["in", "-o", "out", "--max-megapixels", "nan"],
        ["in", "-o", "out", "--max-megapixels", "inf"],
        ["in", "-o", "out", "--no-such-option"],
        ["in", "-o", "out", "-m", "no-such-model"],
        ["-", "in"],
        ["-", "--suffix", ".gif"],
        ["-", "-o", "new.jpg", "--suffix", ".png"],
        ["-", "--dry-run"],
    ],
)
def test_commands_that_make_no_sense(arguments, shoebox):
    before = contents(shoebox)
    result = call(*arguments, stdin=b"")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr
    assert contents(shoebox) == before


def test_a_network_that_cannot_be_run_is_no_photographs_fault(shoebox, tmp_path):
    folder = write_model(tmp_path / "garbage", model(b"garbage"))
    result = call("in", "-o", "out", "-m", str(folder))
    assert result.exit_code == 2
    assert "cannot be run" in result.stderr
    assert result.stderr.count("\n") == 1


# --- as a process of its own ----------------------------------------------------------------


def test_the_version():
    done = spawn("--version")
    assert (done.returncode, done.stdout.decode()) == (0, f"photochrom {__version__}\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["in", "-o", "out"], 0),
        (["in", "bad.png", "-o", "out"], 1),
        (["in", "-o", "out", "--no-such-option"], 2),
        (["gone", "-o", "out"], 2),
    ],
)
def test_exit_codes(arguments, code, shoebox):
    Path("bad.png").write_bytes(BROKEN)
    done = spawn("colorize", *arguments)
    assert done.returncode == code
    assert done.stdout == b""


@pytest.mark.slow
def test_an_interrupt_while_the_program_is_imported():
    code = (
        "import sys, types\n"
        "module = types.ModuleType('photochrom.cli.app')\n"
        "def run(): raise KeyboardInterrupt\n"
        "module.run = run\n"
        "sys.modules['photochrom.cli.app'] = module\n"
        "from photochrom.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"photochrom: interrupted\n")


@pytest.mark.skipif(os.name == "nt", reason="SIGINT is POSIX's")
def test_an_interrupt_leaves_whole_pictures_only(shoebox, deep):
    shutil.rmtree("in")
    Path("in").mkdir()
    data = picture_bytes(np.tile(deep, (3, 3)), compress_level=1)
    for number in range(120):
        (Path("in") / f"{number:03}.png").write_bytes(data)
    command = [*PROGRAM, "colorize", "in", "-o", "out", "--json", "--workers", "2"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heed_interrupts
    ) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    message = (
        rb"\d+ of 120 files were coloured; add --exists skip to colour the rest\n"
        rb"photochrom: interrupted\n"
    )
    assert re.fullmatch(message, stderr)
    made = sorted(Path("out").iterdir())
    assert 1 <= len(made) < 60
    for path in made:
        assert path.suffix == ".png"
        assert is_coloured(path)


def test_a_file_of_an_unknown_kind_is_refused_not_made_a_folder(shoebox):
    result = call("in/a.png", "-o", "new.gif")
    assert result.exit_code != 0
    assert "expected a name that ends like one of" in result.stderr
    assert not Path("new.gif").exists()
