"""Colour a photograph as the command line does and as the service does, while the image is built.

So an image that lacks a file cannot be built. Python also writes the bytecode of each module that
it imports here; the image has no other.
"""

from __future__ import annotations

import http.client  # noqa: F401  what the health check imports
import io
import sys
import tempfile
import urllib.request  # noqa: F401
from pathlib import Path

import numpy as np
from PIL import Image

from photochrom import Colorizer, cli
from photochrom.web import Settings, require, server  # noqa: F401
from photochrom.web.app import create_app

require(page=False)
create_app(Colorizer(), Settings(page=False))
ramp = np.tile(np.linspace(0, 255, 96).astype(np.uint8), (64, 1))
with tempfile.TemporaryDirectory() as folder:
    source, result = Path(folder, "grey.jpg"), Path(folder, "coloured.jpg")
    Image.fromarray(ramp).save(source)
    sys.argv = ["photochrom", "colorize", str(source), "--output", str(result)]
    try:
        cli.main()
    except SystemExit as end:
        if end.code:
            raise
    with Image.open(io.BytesIO(result.read_bytes())) as picture:
        if picture.size != (96, 64) or picture.mode != "RGB":
            raise SystemExit(f"expected 96 × 64 pixels in RGB; received {picture}")
