"""Files made by Pillow, for the tests to read."""

from __future__ import annotations

import io

from PIL import Image


def pil_bytes(image: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()
