"""The package's public names are its own, documented, and complete."""

from __future__ import annotations

import subprocess
import sys

from photochrom import photo


def test_public_names():
    assert sorted(photo.__all__, key=str.casefold) == sorted(
        (name for name in vars(photo) if not name.startswith("_") and name not in _MODULES),
        key=str.casefold,
    )
    for name in photo.__all__:
        assert hasattr(photo, name)


_MODULES = {name.removeprefix("photochrom.photo.") for name in sys.modules if "photo." in name} | {
    "annotations"
}


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
