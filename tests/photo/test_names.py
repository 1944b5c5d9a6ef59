"""The package's public names are its own, documented, and complete."""

from __future__ import annotations

import subprocess
import sys
from inspect import ismodule

from photochrom import photo


def test_public_names():
    named = {name for name, thing in vars(photo).items() if not ismodule(thing)} - {"annotations"}
    assert {name for name in named if not name.startswith("_")} == set(photo.__all__)


def test_pillows_limit_and_the_warnings_are_left_alone():
    code = (
        "import warnings\n"
        "import PIL.Image as I\n"
        "import cv2, numpy, tifffile\n"
        "was = list(warnings.filters), I.MAX_IMAGE_PIXELS\n"
        "from photochrom import photo\n"
        "photo.read(photo.encode(numpy.zeros((4, 4, 3), numpy.uint8), format='TIFF'))\n"
        "assert was == (list(warnings.filters), I.MAX_IMAGE_PIXELS)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
