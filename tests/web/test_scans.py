"""Album pages, documents, negatives and colour spaces over HTTP, as on the command line."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from photochrom.photo.output_profile import output_profile
from tests.documents.test_pdf import GREY, document, flate_image, pikepdf
from tests.pages import album_page
from tests.restoration.scans import scratched
from tests.services import COLORIZE, JOBS, begin, ended, pixels, post, problem, service
from tests.support import exact_luma, picture_bytes

ASK = "(send pages=all, or pages=1,3-5)"


@pytest.fixture(scope="module")
def client(vivid):
    with service(vivid) as made:
        yield made


@pytest.fixture(scope="module")
def page() -> bytes:
    return picture_bytes(album_page((228, 218, 196))[0])


@pytest.fixture(scope="module")
def two() -> bytes:
    """A TIFF of two pages."""
    first, second = Image.fromarray(GREY), Image.fromarray(GREY[:100])
    stream = io.BytesIO()
    first.save(stream, "TIFF", save_all=True, append_images=[second])
    return stream.getvalue()


@pytest.fixture(scope="module")
def pdf() -> bytes:
    """A PDF of two pages; the image on the second is in colour."""
    colour = np.dstack([GREY, GREY // 2, 255 - GREY])
    return document(
        flate_image,
        lambda made: flate_image(made, colour, ColorSpace=pikepdf.Name.DeviceRGB),
    )


def zipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# --- one photograph -------------------------------------------------------------------------


@pytest.mark.slow
def test_the_photographs_on_a_page_are_coloured_and_the_paper_stays(client, page):
    answer = post(client, page, "page.png")
    assert answer.headers["photochrom-photographs"] == "4"
    paper = (slice(0, 60), slice(None))
    assert (pixels(answer.content)[paper] == pixels(page)[paper]).all()
    whole = post(client, page, "page.png", album="false")
    assert whole.headers["photochrom-photographs"] == "1"
    assert (pixels(whole.content)[paper] != pixels(page)[paper]).any()


def test_the_photographs_of_a_page_come_apart_in_a_zip(client, page):
    answer = post(client, page, "page.png", split="true")
    assert 'filename="page.zip"' in answer.headers["content-disposition"]
    assert list(zipped(answer.content)) == [f"page-{number}.png" for number in range(1, 5)]
    alone = post(client, picture_bytes(GREY), "one.png", split="true")
    assert list(zipped(alone.content)) == ["one.png"]
    both = post(client, page, "page.png", split="true", variants=2)
    assert "variants or split" in problem(both, 422)


def test_a_negative_is_inverted_first(client):
    answer = post(client, picture_bytes(GREY), "a.png", negative="true")
    assert np.abs(exact_luma(pixels(answer.content)) - (255 - GREY)).max() <= 1


@pytest.mark.parametrize(
    ("profile", "name"), [("srgb", "sRGB"), ("display-p3", "P3"), ("adobe-rgb", "Adobe RGB")]
)
def test_results_are_in_the_profile_that_was_asked_for(profile, name, client):
    icc = profile_in(post(client, picture_bytes(GREY), profile=profile).content)
    assert name in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(icc)))
    own = picture_bytes(np.dstack([GREY] * 3), icc_profile=icc)
    assert profile_in(post(client, own, keep_profile="true").content) == icc


def test_a_label_stands_below_the_result(client):
    assert len(pixels(post(client, picture_bytes(GREY), label="true").content)) > len(GREY)
    assert post(client, picture_bytes(GREY), label="true", pages="all").status_code == 422


@pytest.fixture(scope="module")
def scratched_scan() -> bytes:
    return picture_bytes(scratched(skimage.data.camera()))


def test_damage_is_repaired_where_it_is_found(client, scratched_scan):
    plain = post(client, scratched_scan, "a.png")
    repaired = post(client, scratched_scan, "a.png", restore="dust,scratches")
    assert "Photochrom-Repaired" not in plain.headers
    assert "filled in" in repaired.headers["Photochrom-Repaired"]
    assert pixels(repaired.content).shape == pixels(plain.content).shape
    assert (pixels(repaired.content) != pixels(plain.content)).any()
    clean = picture_bytes(skimage.data.camera())
    untouched = post(client, clean, "a.png", restore=["dust", "scratches", "fading"])
    assert "Photochrom-Repaired" not in untouched.headers
    assert untouched.content == post(client, clean, "a.png").content


def test_a_job_returns_repaired_copies_besides(client, scratched_scan):
    clean = picture_bytes(skimage.data.camera())
    job = begin(client, ("a.png", scratched_scan), ("b.png", clean), restore="dust")
    job = ended(client, job)
    assert [bool(item["repaired"]) for item in job["items"]] == [True, False]
    found = zipped(client.get(job["result"]).content)
    assert sorted(found) == ["a-restored.png", "a.png", "b.png"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"restore": "rust"}, "restore: expected some of dust, scratches, fading"),
        ({"restore": "dust", "format": "bmp"}, "whose metadata can say that the photograph"),
        ({"restore": "dust", "pages": "all"}, "expected pages or restore; received both"),
    ],
)
def test_repairs_that_cannot_be(fields, words, client, scratched_scan):
    assert words in problem(post(client, scratched_scan, "a.png", **fields), 422)


def profile_in(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.info["icc_profile"]


def test_metadata_that_are_lost_are_named(client):
    texts = PngInfo()
    for name in ("Größe", "a, b"):
        texts.add_itxt(name, "x")
    data = picture_bytes(GREY, pnginfo=texts)
    assert "photochrom-metadata-lost" not in post(client, data, "a.png").headers
    lost = post(client, data, "a.png", format="jpeg").headers["photochrom-metadata-lost"]
    assert sorted(lost.split(", ")) == ["text Gr%C3%B6%C3%9Fe", "text a%2C b"]


# --- documents ------------------------------------------------------------------------------


def test_several_pages_ask_for_pages(client, two, pdf):
    for name, data in {"two.tif": two, "two.pdf": pdf}.items():
        answer = post(client, data, name)
        detail = problem(answer, 415)
        assert name in detail
        assert detail.endswith(ASK)
        assert answer.json()["type"] == "urn:photochrom:problem:several-pages"
    job = ended(client, begin(client, ("two.tif", two), ("one.png", picture_bytes(GREY))))
    assert [item["status"] for item in job["items"]] == ["failed", "done"]
    assert job["items"][0]["reason"] == f"expected one page; two.tif has 2 pages {ASK}"


def test_pages_of_a_tiff(client, two):
    answer = post(client, two, "two", pages="all")
    assert answer.headers["content-type"] == "image/tiff"
    assert 'filename="two.tif"' in answer.headers["content-disposition"]
    assert answer.headers["photochrom-photographs"] == "2"
    assert Image.open(io.BytesIO(answer.content)).n_frames == 2
    second = Image.open(io.BytesIO(post(client, two, pages="2").content))
    assert (second.n_frames, second.size) == (1, (300, 100))


def test_pages_of_a_pdf(client, pdf):
    answer = post(client, pdf, "album.pdf", pages="1-")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["photochrom-photographs"] == "1"
    assert answer.headers["photochrom-images-unchanged"] == "page 2: in colour already"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"pages": "3"}, "from 1 to 2"),
        ({"pages": "2-1"}, "such as"),
        ({"pages": "none"}, 'pages: expected "all", or pages such as "1,3-5"'),
        ({"pages": "9" * 5000}, "pages"),
        ({"pages": "1", "format": "png"}, "to keep its format"),
        ({"pages": "1", "variants": "2"}, "one version"),
    ],
)
def test_pages_that_cannot_be(fields, words, client, two):
    assert words in problem(post(client, two, "two.tif", **fields), 422)


def test_a_document_that_takes_too_long_is_not_finished(vivid, pdf):
    with service(vivid, seconds=0.0) as client:
        assert "takes longer than" in problem(post(client, pdf, "a.pdf", pages="all"), 503)


# --- jobs -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_job_takes_them_all(client, page, two, pdf):
    files = {"page.png": page, "page-1.png": picture_bytes(GREY), "two.tif": two, "scan": pdf}
    sent = {"split": "true", "pages": "all", "profile": "display-p3"}
    job = ended(client, begin(client, *files.items(), **sent))
    assert [item["reason"] for item in job["items"]] == [""] * 4
    assert [item["photographs"] for item in job["items"]] == [4, 1, 2, 1]
    unchanged = [{"page": 2, "reason": "in colour already"}]
    assert [item["unchanged"] for item in job["items"]] == [[], [], [], unchanged]
    found = zipped(client.get(job["result"]).content)
    parts = [f"page-{number}.png" for number in range(1, 5)]
    assert list(found) == [*parts, "page-1 (2).png", "two.tif", "scan.pdf"]
    assert profile_in(found["page-1.png"]) == output_profile("display-p3").icc


def test_a_job_names_what_is_lost_and_what_cannot_be(client, two):
    commented = picture_bytes(GREY, "JPEG", comment=b"By the sea")
    files = [("a.jpg", commented), ("two.tif", two)]
    job = ended(client, begin(client, *files, format="bmp", pages="all"))
    assert job["items"][0]["metadata_lost"] == ["text Comment"]
    reason = job["items"][1]["reason"]
    assert reason.startswith("expected two.tif to stay .tif or .tiff")
    assert reason.endswith("received two.bmp")


def test_a_film_takes_none_of_them(client):
    files = [("film", ("a.mp4", b"no film"))]
    answer = client.post(JOBS, files=files, data={"negative": "true", "pages": "all"})
    if answer.status_code != 501:  # films need an extra
        assert problem(answer, 422).endswith("received negative, pages")


def test_hints_lie_in_the_photographs(client, page):
    answer = client.post(COLORIZE, files={"image": page}, data={"hints": "5,5,#ff0000"})
    assert "in one of the 4 photographs" in problem(answer, 422)
