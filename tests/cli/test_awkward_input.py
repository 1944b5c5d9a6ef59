"""`photochrom colorize` in unusual conditions: closed streams, odd names, one file twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from photochrom.cli.app import app
from photochrom.cli.console import escape_controls
from photochrom.photo import READABLE_SUFFIXES
from photochrom.photo.codecs import NOT_INSTALLED, heic
from tests.commands import BROKEN, PROGRAM, call, is_coloured


def shell(arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = f"exec {sys.executable} -m photochrom colorize {arguments}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=60, check=False)
    assert b"Traceback" not in done.stderr
    return done


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-"])
def test_streams_that_are_closed(shoebox, closed):
    """A daemon may have closed the streams."""
    assert shell(f"in/a.png -o new.png --json {closed}").returncode == 0
    assert is_coloured(Path("new.png"))
    if "1>&-" in closed:
        done = shell(f"in/a.png -o - {closed}")
        assert done.returncode == 2
        assert b"stdout, which is closed" in done.stderr or "2>&-" in closed


@pytest.mark.slow
def test_the_photograph_behind_stdout_is_never_written_over(shoebox):
    before = Path("in/a.png").read_bytes()
    for output in ("1<>in/a.png", ">>in/a.png"):
        done = shell(f"in/a.png -o - {output}")
        assert done.returncode == 2
        assert b"the file behind stdout is an original" in done.stderr
    assert Path("in/a.png").read_bytes() == before
    assert shell("in/a.png -o - > new.png").returncode == 0
    assert is_coloured(Path("new.png"))


def test_a_name_is_shown_and_not_obeyed(shoebox):
    Path("in/b\n\x1b[31mred.png").write_bytes(BROKEN)
    for arguments in (("in", "-o", "out", "-k"), ("in", "-o", "out", "-n")):
        result = call(*arguments)
        assert r"b\n\x1b[31mred.png" in result.stdout + result.stderr
        assert "\x1b" not in result.output


@pytest.mark.parametrize(
    "name", ["é", "e\u0301", "日本\u3000語", "👩\u200d👩", "فارسی\u200cها", "3.14\u202fPM"]
)
def test_names_that_people_have_are_shown_as_they_are(name):
    assert escape_controls(name) == name


@pytest.mark.parametrize("name", ["\x1b[2J", "a\nb", "a\rb", "\u202egpj", "\u2028", "\x9b"])
def test_orders_are_not(name):
    assert escape_controls(name).isascii()


def test_pictures_of_other_kinds_are_told_of(shoebox, monkeypatch):
    monkeypatch.delitem(READABLE_SUFFIXES, ".heic", raising=False)
    monkeypatch.setitem(NOT_INSTALLED, ".heic", heic.HEIC)
    for name in ("a.psd", "b.HEIC", "c.heic", "notes.txt"):
        Path("in", name).write_bytes(b"no matter")
    result = call("in", "-o", "out")
    assert result.exit_code == 0
    assert (
        "skipped (format not supported): 2 .heic (install photochrom[heif] to read it), 1 .psd"
        in " ".join(result.stderr.split())
    )


@pytest.mark.slow
def test_the_photograph_behind_stdin_is_never_written_over(shoebox):
    before = Path("in/a.png").read_bytes()
    command = [*PROGRAM, "colorize", "-", "-o", "in/a.png", "--exists", "overwrite"]
    with Path("in/a.png").open("rb") as file:
        done = subprocess.run(command, stdin=file, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert b"is an original" in done.stderr
    assert Path("in/a.png").read_bytes() == before


def test_the_help_names_the_defaults():
    wide = {"COLUMNS": "250", "TERMINAL_WIDTH": "250"}
    help_text = CliRunner().invoke(app, ["colorize", "--help"], env=wide).output
    for default in ("92; AVIF 85; HEIC 90", "one more than cores, at most 4", "the one that ships"):
        assert f"default: ({default})" in help_text
