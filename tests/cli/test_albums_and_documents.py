"""Album pages, documents, negatives and colour spaces on the command line."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import tifffile
from PIL import Image, ImageCms

from photochrom import photo
from photochrom.batch import running
from photochrom.color import luma
from photochrom.errors import OutputFailed
from photochrom.photo.output_profile import output_profile
from tests.commands import call, is_coloured, records
from tests.documents.test_pdf import document, flate_image
from tests.pages import album_page
from tests.support import contents

pytestmark = pytest.mark.slow

GREY = luma(skimage.data.coffee())[:120, :160]


@pytest.fixture
def scans(shoebox):
    """The folder `scans` with a page, a TIFF of two pages, a PDF and a photograph."""
    folder = shoebox / "scans"
    folder.mkdir()
    Image.fromarray(album_page((228, 218, 196))[0]).save(folder / "page.png")
    with tifffile.TiffWriter(folder / "two.tif") as writer:
        writer.write(GREY, photometric="minisblack", resolution=(300, 300), resolutionunit="INCH")
        writer.write(GREY[::4, ::4], photometric="minisblack", subfiletype=1)
        deep = GREY.astype(np.uint16) * 257
        writer.write(deep, photometric="minisblack", resolution=(600, 600), resolutionunit="INCH")
    (folder / "album.pdf").write_bytes(document(flate_image, flate_image))
    Image.fromarray(GREY).save(folder / "one.png")
    return folder


def test_the_photographs_of_an_album_page_are_named(scans):
    result = call("scans/page.png", "-o", "out", "--json")
    assert records(result)[0]["photographs"] == 4
    assert "scans/page.png: 4 photographs were found and coloured" in result.stderr
    assert "4 photographs were coloured (" in result.stderr
    whole = call("scans/page.png", "-o", "whole", "--json", "--no-album")
    assert records(whole)[0]["photographs"] == 1


def test_split_writes_each_photograph_apart(scans):
    result = call("scans", "-o", "out", "--split", "--json", "-k")
    assert contents(Path("out")) == ["one.png", *(f"page-{number}.png" for number in range(1, 5))]
    page = next(each for each in records(result) if each["source"].endswith("page.png"))
    assert page["targets"] == [f"out/page-{number}.png" for number in range(1, 5)]
    again = call("scans", "-o", "out", "--split", "--json", "-k", "--exists", "skip")
    assert {each["status"] for each in records(again)} == {"skipped", "failed"}


def test_split_goes_on_where_a_run_was_stopped(scans, monkeypatch):
    write = running._write

    def stopped(result, target, *arguments):
        if target.exists() or len(contents(Path("out"))) == 2:
            raise OutputFailed("the disk is full")
        write(result, target, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(running, "_write", stopped)
        assert call("scans/page.png", "-o", "out", "--split").exit_code == 1
    begun = contents(Path("out"))
    assert len(begun) == 2
    before = [Path("out", name).stat().st_mtime_ns for name in begun]
    again = call("scans/page.png", "-o", "out", "--split", "--exists", "skip")
    assert again.exit_code == 0, again.stderr
    assert contents(Path("out")) == [f"page-{number}.png" for number in range(1, 5)]
    assert [Path("out", name).stat().st_mtime_ns for name in begun] == before


def test_split_replaces_no_original(scans):
    Image.fromarray(GREY).save(scans / "page-2.png")
    before = (scans / "page-2.png").read_bytes()
    result = call(
        "scans/page.png", "scans/page-2.png", "-o", "scans", "--split", "--exists=overwrite"
    )
    assert result.exit_code == 2
    assert (scans / "page-2.png").read_bytes() == before


def test_several_pages_ask_for_pages(scans):
    result = call("scans/two.tif", "scans/album.pdf", "-o", "out", "-k")
    assert result.exit_code == 1
    assert result.stderr.count("(--pages all, or --pages 1,3-5)") == 2
    assert "1 PDF was skipped (--pages all" in call("scans", "-o", "new", "-k").stderr


def test_all_pages_of_all_documents(scans):
    result = call("scans", "-o", "out", "--pages", "all", "--suffix", ".tif", "--json")
    assert result.exit_code == 0
    assert contents(Path("out")) == ["album.pdf", "one.tif", "page.tif", "two.tif"]
    assert sorted(each["photographs"] for each in records(result)) == [1, 2, 2, 4]
    with tifffile.TiffFile("out/two.tif") as file:
        pages = [page.asarray() for page in file.pages]
        resolutions = [page.resolution for page in file.pages]
    assert [page.dtype for page in pages] == [np.uint8, np.uint16]
    assert resolutions == [(300, 300), (600, 600)]
    for page, grey in zip(pages, (GREY, GREY.astype(np.uint16) * 257), strict=True):
        assert np.abs(luma(page).astype(int) - grey).max() <= 1
        assert np.ptp(page.astype(int), axis=-1).max() > 10


def test_a_page_in_colour_keeps_its_colours(scans, astronaut):
    with tifffile.TiffWriter(scans / "two.tif") as writer:
        writer.write(GREY, photometric="minisblack")
        writer.write(astronaut, photometric="rgb")
    result = call("scans/two.tif", "-o", "out", "--pages", "all", "--json")
    assert records(result)[0]["unchanged"] == [{"page": 2, "reason": "in colour already"}]
    np.testing.assert_array_equal(tifffile.imread("out/two.tif", key=1), astronaut)
    only = call("scans/two.tif", "-o", "only.tif", "--pages", "2")
    assert only.exit_code == 1
    assert "the pages of scans/two.tif are in colour already" in only.stderr
    assert not Path("only.tif").exists()


def test_more_pages_than_are_read_are_refused(scans):
    with tifffile.TiffWriter(scans / "many.tif") as writer:
        for _ in range(1001):
            writer.write(GREY[:8, :8], photometric="minisblack", metadata=None)
    result = call("scans/many.tif", "-o", "many.tif", "--pages", "all")
    assert result.exit_code == 1
    assert "expected 1,000 pages at most; scans/many.tif has more" in result.stderr
    assert not Path("many.tif").exists()


def test_chosen_pages(scans):
    assert call("scans/two.tif", "-o", "out/second.tif", "--pages", "2").exit_code == 0
    with tifffile.TiffFile("out/second.tif") as file:
        assert [page.dtype for page in file.pages] == [np.uint16]
    wrong = call("scans/two.tif", "-o", "out/third.tif", "--pages", "3")
    assert wrong.exit_code == 1
    assert "expected pages from 1 to 2; received 3" in wrong.stderr
    assert call("scans/two.tif", "-o", "out/x.tif", "--pages", "none").exit_code == 2
    other = call("scans/two.tif", "-o", "out/x.jpg", "--pages", "all")
    assert "to stay .tif or .tiff" in other.stderr
    assert contents(Path("out")) == ["second.tif"]


def test_a_negative_is_inverted_first(scans):
    assert call("scans/one.png", "-o", "positive.png", "--negative").exit_code == 0
    assert is_coloured(Path("positive.png"))
    assert np.abs(photo.read("positive.png").luma.astype(int) - (255 - GREY)).max() <= 1


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif"])
@pytest.mark.parametrize(("profile", "name"), [("display-p3", "P3"), ("adobe-rgb", "Adobe RGB")])
def test_a_result_in_another_colour_space_looks_the_same(scans, suffix, profile, name):
    quality = ["--quality", "95"] if suffix != ".png" else []
    call("scans/one.png", "-o", f"new{suffix}", "--profile", profile, *quality)
    with Image.open(f"new{suffix}") as image:
        icc = image.info["icc_profile"]
    opened = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    assert name in ImageCms.getProfileDescription(opened)
    read = photo.read(f"new{suffix}")
    assert np.abs(read.luma.astype(int) - GREY).mean() < 1.5
    assert is_coloured(Path(f"new{suffix}"))


def test_a_scan_keeps_its_own_colour_space(scans):
    icc = output_profile("adobe-rgb").icc
    sepia = (GREY[..., None] * np.array([1.0, 0.9, 0.7])).astype(np.uint8)
    Image.fromarray(sepia).save("adobe.tif", icc_profile=icc)
    assert call("adobe.tif", "-o", "kept.tif", "--keep-profile").exit_code == 0
    assert call("adobe.tif", "-o", "srgb.tif").exit_code == 0
    with Image.open("kept.tif") as kept, Image.open("srgb.tif") as srgb:
        assert kept.info["icc_profile"] == icc
        assert srgb.info["icc_profile"] != icc
    lumas = [photo.read(name).luma.astype(int) for name in ("adobe.tif", "kept.tif", "srgb.tif")]
    assert np.abs(lumas[0] - lumas[1]).max() <= 3
    assert np.abs(lumas[0] - lumas[2]).max() <= 1
    # A grey scan has no profile that could hold colours, so its result is in sRGB.
    assert call("scans/one.png", "-o", "grey.png", "--keep-profile").exit_code == 0
