"""Run the program in this process or in its own, and return its output and exit code."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from typer.testing import CliRunner, Result

from photochrom.cli.app import app

BROKEN = b"\x89PNG\r\n\x1a\n and no more"
PROGRAM = [sys.executable, "-m", "photochrom"]


def call(*arguments: str, stdin: bytes | None = None) -> Result:
    return invoke("colorize", *arguments, stdin=stdin)


def invoke(*arguments: object, stdin: bytes | None = None) -> Result:
    """Run the program in this process."""
    result = CliRunner().invoke(app, [str(each) for each in arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def spawn(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [*PROGRAM, *arguments], input=stdin, capture_output=True, timeout=60, check=False
    )
    assert b"Traceback" not in done.stdout + done.stderr
    return done


def records(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def is_coloured(data: bytes | Path) -> bool:
    with Image.open(io.BytesIO(data) if isinstance(data, bytes) else data) as image:
        rgb = np.asarray(image.convert("RGB")).astype(int)
    return bool(np.abs(rgb[..., 0] - rgb[..., 2]).max() > 10)
