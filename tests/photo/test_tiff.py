"""TIFF: every layout of samples is read correctly, or refused with its name."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from photochrom import photo
from photochrom.documents.coloring import is_document
from photochrom.errors import PhotoError, UnreadablePhoto, UnsupportedPhoto
from tests.photo.photo_files import pil_bytes

CASES = Path(__file__).parents[1] / "cases" / "tiff"
UNSPECIFIED, ASSOCIATED, UNASSOCIATED = 0, 1, 2
COLORS = {"minisblack": 1, "miniswhite": 1, "rgb": 3}
H, W = 19, 26


def tiff(samples: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, **options)
    return stream.getvalue()


def pages(*written: tuple[np.ndarray, dict[str, object]]) -> bytes:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for samples, options in written:
            writer.write(samples, **options)
    return stream.getvalue()


def random(dtype: type[np.unsignedinteger], channels: int) -> np.ndarray:
    top = np.iinfo(dtype).max
    return np.random.default_rng(2).integers(0, top + 1, (H, W, channels)).astype(dtype)


def with_tag(data: bytes, old: int, new: int, value: int) -> bytes:
    """Change an entry of a little-endian TIFF that has one SHORT."""
    at = data.index(struct.pack("<HHI", old, 3, 1))
    return data[:at] + struct.pack("<HHIHH", new, 3, 1, value, 0) + data[at + 12 :]


def without_photometric(data: bytes) -> bytes:
    thresholding = 263  # stands next to it, and means nothing here
    return with_tag(data, 262, thresholding, 1)


def meant(samples: np.ndarray, kind: str, extra: tuple[int, ...]) -> tuple[np.ndarray, object]:
    """Return grey or RGB (H, W, C), and alpha, as the TIFF specification defines them."""
    count, top = COLORS[kind], int(np.iinfo(samples.dtype).max)
    color, alpha = samples[..., :count].astype(np.int64), None
    for index, what in enumerate(extra):
        if what != UNSPECIFIED:
            alpha = samples[..., count + index]
            if what == ASSOCIATED:
                color = np.minimum(np.rint(color * top / np.maximum(alpha, 1)[..., None]), top)
            break
    return (top - color if kind == "miniswhite" else color), alpha


@pytest.mark.parametrize("extra", [(0,), (1,), (2,), (0, 0), (0, 2), (2, 0), (1, 0)])
@pytest.mark.parametrize("kind", COLORS)
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib", "predictor": True}])
def test_extra_samples(options, dtype, order, planar, kind, extra):
    samples = random(dtype, COLORS[kind] + len(extra))
    data = tiff(
        samples if planar == "contig" else np.moveaxis(samples, -1, 0),
        photometric=kind,
        extrasamples=extra,
        planarconfig=planar,
        byteorder=order,
        rowsperstrip=7,
        **options,
    )
    is_wide = samples.shape[-1] > 4 and (dtype == np.uint16 or extra == (0, 2))
    if is_wide and planar == "contig":
        with pytest.raises(UnsupportedPhoto, match=r"5 samples per pixel.* are not supported"):
            photo.read(data)
        return
    color, alpha = meant(samples, kind, extra)
    read = photo.read(data)
    got = read.rgb if kind == "rgb" else read.luma[..., None]
    assert np.abs(got - color).max() <= (ASSOCIATED in extra)  # halves may be rounded up or down
    assert read.luma.dtype == dtype
    np.testing.assert_equal(read.alpha, alpha)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("kind", ["minisblack", "rgb"])
def test_associated_alpha_is_divided_once(kind, dtype):
    """A photograph at half its opacity keeps its luma."""
    top = np.iinfo(dtype).max
    color = random(dtype, COLORS[kind]) // 2 * 2
    color = color if kind == "rgb" else color[..., :1]
    half = np.full((H, W, 1), top // 2 + 1, dtype)
    data = tiff(
        np.dstack([color // 2, half]), photometric=kind, extrasamples=[1], planarconfig="contig"
    )
    opaque = photo.read(tiff(color.squeeze(), photometric=kind)).luma
    assert np.abs(photo.read(data).luma.astype(int) - opaque).max() <= 2


@pytest.mark.parametrize("path", sorted(CASES.glob("lzw_*.tif")), ids=lambda path: path.stem)
def test_the_same_with_lzw(path):
    y, x = np.mgrid[:16, :24]
    read = photo.read(path)
    stored = [(x * 997 + y * 3001 + k * 7919) % (np.iinfo(read.luma.dtype).max + 1) for k in (0, 1)]
    got = read.rgb[..., 0] if "rgb" in path.stem or "planes" in path.stem else read.luma
    expected = 65535 - stored[0] if "white" in path.stem else stored[0]
    np.testing.assert_array_equal(got, expected)
    assert read.alpha is None


def test_extra_samples_of_unknown_meaning_are_alpha():
    """The tag ExtraSamples is missing, as in the files of most programs."""
    samples = random(np.uint8, 2)
    data = tiff(samples, photometric="minisblack", planarconfig="contig", extrasamples=[0])
    at = data.index(struct.pack("<HHI", 338, 3, 1))
    read = photo.read(data[:at] + struct.pack("<HHIHH", 339, 3, 1, 1, 0) + data[at + 12 :])
    np.testing.assert_array_equal(read.luma, samples[..., 0])
    np.testing.assert_array_equal(read.alpha, samples[..., 1])


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_without_photometric_interpretation_black_is_zero(compression):
    samples = random(np.uint8, 3)
    grey = tiff(samples[..., 0], photometric="minisblack", compression=compression)
    np.testing.assert_array_equal(photo.read(without_photometric(grey)).luma, samples[..., 0])
    color = tiff(samples, photometric="rgb", compression=compression)
    np.testing.assert_array_equal(photo.read(without_photometric(color)).rgb, samples)


def test_a_fax_without_photometric_interpretation_is_on_white_paper():
    text = Image.fromarray(random(np.uint8, 1)[..., 0] > 40)
    stored = np.asarray(text) * np.uint8(255)
    fax = pil_bytes(text, "TIFF", compression="group4", tiffinfo={262: 0})
    is_white_zero = struct.pack("<HHIH", 262, 3, 1, 0) in fax
    read = photo.read(without_photometric(fax))
    np.testing.assert_array_equal(read.luma, stored if is_white_zero else 255 - stored)


def test_cmyk_with_an_unspecified_sample_is_cmyk():
    samples = random(np.uint8, 5)
    options = {"photometric": "separated", "planarconfig": "contig"}
    expected = photo.read(tiff(samples[..., :4], **options)).rgb
    read = photo.read(tiff(samples, extrasamples=[0], **options))
    np.testing.assert_array_equal(read.rgb, expected)


BYTES = random(np.uint8, 5)
PLANES = {"photometric": "minisblack"}
UNSUPPORTED = {
    "JPEG 2000": ((CASES / "t29_jp2k_in_tiff.tif").read_bytes(), "compression JPEG 2000"),
    "WebP": ((CASES / "t31_webp.tif").read_bytes(), "compression WebP"),
    "an unknown compression": (
        with_tag(tiff(BYTES[..., 0], **PLANES), 259, 259, 60000),
        "compression number 60000",
    ),
    "uncompressed YCbCr": (
        (CASES / "t57_ycbcr_uncomp_22.tif").read_bytes(),
        "uncompressed YCbCr in a TIFF",
    ),
    "CIELAB": (tiff(BYTES[..., :3], photometric="cielab"), "CIELAB in a TIFF"),
    "a mask alone": (with_tag(tiff(BYTES[..., 0], **PLANES), 262, 262, 4), "a transparency mask"),
    "an unknown colour space": (
        with_tag(tiff(BYTES[..., 0], **PLANES), 262, 262, 77),
        "photometric interpretation 77",
    ),
    "four samples without a photometric interpretation": (
        without_photometric(tiff(BYTES[..., :4], photometric="separated")),
        "4 samples per pixel without a photometric interpretation",
    ),
    "CMYK with alpha": (
        tiff(BYTES, photometric="separated", planarconfig="contig", extrasamples=[2]),
        "5 samples per pixel, one of them alpha,",
    ),
    "five channels of 16 bits": (
        tiff(BYTES.astype(np.uint16), photometric="rgb", planarconfig="contig"),
        "5 samples per pixel",
    ),
    "a palette of 16 bits": (
        with_tag(tiff(BYTES[..., 0].astype(np.uint16), **PLANES), 262, 262, 3),
        "photometric interpretation 3",
    ),
}


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_what_is_not_supported_is_named(case):
    data, message = UNSUPPORTED[case]
    with pytest.raises(UnsupportedPhoto, match=f"{message}.* not supported"):
        photo.read(data)


PHOTO = random(np.uint8, 3)
RGB = {"photometric": "rgb"}
REDUCED = {"photometric": "rgb", "subfiletype": 1}
MASK = {"photometric": "minisblack", "subfiletype": 4}
BITS = PHOTO[..., 0] > 99
ONE_PHOTOGRAPH = {
    "a copy behind it": ((PHOTO, RGB), (PHOTO[::2], REDUCED)),
    "a copy before it": ((PHOTO[::2], REDUCED), (PHOTO, RGB)),
    "a mask behind it": ((PHOTO, RGB), (BITS, MASK)),
    "a mask before it": ((BITS, MASK), (PHOTO, RGB)),
    "a mask and copies": ((BITS, MASK), (PHOTO[::2], REDUCED), (PHOTO, RGB), (PHOTO[::4], REDUCED)),
    "a copy of a mask": ((BITS[::2], {**MASK, "subfiletype": 5}), (PHOTO, RGB)),
    "nothing but what says it is a copy": ((PHOTO, REDUCED),),
}


@pytest.mark.parametrize("case", ONE_PHOTOGRAPH)
def test_copies_and_masks_are_no_photographs(case):
    np.testing.assert_array_equal(photo.read(pages(*ONE_PHOTOGRAPH[case])).rgb, PHOTO)


def test_the_resolution_is_that_of_the_photographs_page():
    copy = (PHOTO[::2], {**REDUCED, "resolution": (72, 72)})
    read = photo.read(pages(copy, (PHOTO, {**RGB, "resolution": (300, 300)})))
    assert read.metadata.dpi == (300, 300)


def test_several_photographs_are_refused():
    with pytest.raises(UnsupportedPhoto, match=r"expected one page; .* has 2 pages"):
        photo.read(pages((PHOTO, RGB), (PHOTO, RGB), (PHOTO[::2], REDUCED)))
    with pytest.raises(UnsupportedPhoto, match="the photograph in a sub-directory"):
        photo.read(pages((PHOTO[::2], {**REDUCED, "subifds": 1}), (PHOTO, RGB)))


def overlapping(values: int, size: int) -> bytes:
    """A small TIFF in which thousands of tags claim all of its bytes."""
    plain = tiff(BYTES[..., 0], **PLANES)
    (at,) = struct.unpack_from("<I", plain, 4)
    (count,) = struct.unpack_from("<H", plain, at)
    entries = plain[at + 2 : at + 2 + 12 * count]
    for tag in range(60_000, 60_000 + values):
        entries += struct.pack("<HHII", tag, 1, size - 10, 8)
    body = plain + struct.pack("<H", count + values) + entries + bytes(4)
    return (body[:4] + struct.pack("<I", len(plain)) + body[8:]).ljust(size, b"\0")


def test_values_that_overlap_take_no_memory():
    assert photo.read(overlapping(0, 100_000)).size == (W, H)
    with pytest.raises(UnreadablePhoto, match="the values of a directory claim 500,0"):
        photo.read(overlapping(5, 100_000))


@pytest.mark.slow
def test_damaged_pixels_print_nothing(tmp_path):
    """Libtiff must not print errors to the terminal, because Pillow raises them."""
    image = Image.fromarray(np.tile(PHOTO, (9, 9, 1)))
    for name in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        data = bytearray(pil_bytes(image, "TIFF", compression=name))
        data[2000:3000] = np.random.default_rng(1).bytes(1000)
        (tmp_path / f"{name}.tif").write_bytes(data)
    code = (
        "import sys\nfrom photochrom import photo\nfrom photochrom.errors import PhotoError\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n        photo.read(path)\n    except PhotoError as it:\n        print(it)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "tiff_lzw.tif is damaged or truncated" in done.stdout


@pytest.mark.parametrize("header", [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"])
def test_a_file_that_ends_within_its_header(header):
    for size in range(1, 16):
        data = (header + bytes(16))[:size]
        assert not is_document(data)
        with pytest.raises(PhotoError):
            photo.read(data)
