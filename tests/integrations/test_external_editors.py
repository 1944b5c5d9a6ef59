"""The commands that the page about external editors shows do what it says."""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess

import pytest

from tests.commands import invoke, is_coloured
from tests.integrations.loading import ROOT

FOLDER = ROOT / "external-editors"
TEXT = (FOLDER / "README.md").read_text(encoding="utf-8")
CONFIGURED = re.findall(r"^```sh\n(.*?)^```", TEXT, re.M | re.S)
SHELL = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")


@pytest.mark.parametrize("command", CONFIGURED)
def test_a_command_that_programs_are_given_colours_a_photograph(command, shoebox):
    given = {"$INPUT": "in/a.png", "$OUTPUT": "out.png", "NAME.jpg": "in/a.png"}
    program, *arguments = (given.get(word, word) for word in shlex.split(command))
    assert program == "photochrom"
    if "out.png" in arguments:
        (shoebox / "out.png").touch()
    done = invoke(*arguments)
    assert done.exit_code == 0, done.output
    assert is_coloured(shoebox / ("out.png" if "out.png" in arguments else "in/a-colorized.png"))


def test_the_desktop_entry_is_the_command_of_the_page(shoebox):
    lines = (FOLDER / "photochrom.desktop").read_text().splitlines()
    assert lines[0] == "[Desktop Entry]"
    entry = dict(line.split("=", 1) for line in lines[1:])
    assert entry["Exec"].replace("%F", "NAME.jpg") in [each.strip() for each in CONFIGURED]
    files = ["in/a.png", "in/b.png"]  # %F: all that are selected
    assert invoke(*entry["Exec"].split()[1:-1], *files).exit_code == 0
    assert all(is_coloured(shoebox / f"in/{name}-colorized.png") for name in "ab")


@SHELL
def test_a_file_is_coloured_in_place_and_what_it_was_is_kept(shoebox):
    handed_over = (shoebox / "in/a.png").read_bytes()
    (shoebox / "in/a.png").rename(shoebox / "in/a scan.png")
    done = in_place(shoebox, 'printf "%s\\n" "$@" > words', 'cp "$2" before', 'echo new > "$4"')
    assert done.returncode == 0, done.stderr
    assert (shoebox / "in/a scan.png").read_text() == "new\n"
    assert (shoebox / "in/a scan.grey.png").read_bytes() == handed_over
    assert (shoebox / "before").read_bytes() == handed_over
    # The words for the program are handed to the command line itself.
    words = (shoebox / "words").read_text().splitlines()
    words[1], words[3] = "in/b.png", "out.png"
    assert invoke(*words).exit_code == 0
    assert is_coloured(shoebox / "out.png")


@SHELL
def test_a_file_that_cannot_be_coloured_stays_as_it_is(shoebox):
    handed_over = (shoebox / "in/a.png").read_bytes()
    (shoebox / "in/a.png").rename(shoebox / "in/a scan.png")
    done = in_place(shoebox, "echo no picture >&2", 'echo half > "$4"', "exit 1")
    assert done.returncode == 1
    assert done.stderr == b"no picture\n"
    assert (shoebox / "in/a scan.png").read_bytes() == handed_over
    assert [path.name for path in (shoebox / "in").glob("a*")] == ["a scan.png"]


def in_place(folder, *lines):
    """Run the script on a file, with a program in the PATH that does what the lines say."""
    program = folder / "bin" / "photochrom"
    program.parent.mkdir()
    program.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    own = {**os.environ, "PATH": os.pathsep.join([str(program.parent), os.environ["PATH"]])}
    script = [str(FOLDER / "photochrom-in-place"), "in/a scan.png"]
    return subprocess.run(script, cwd=folder, env=own, capture_output=True, check=False)
