"""Colouring a photograph over HTTP: requests, results and error messages."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from photochrom import Colorizer
from photochrom.web import Limits, Settings, require
from tests.services import (
    COLORIZE,
    is_coloured,
    jpeg,
    luma_as_stored,
    luma_plane,
    pixels,
    post,
    problem,
    service,
)
from tests.support import BINS, exact_luma, known_color_model, model, network, picture_bytes


@pytest.fixture(scope="module")
def client(vivid):
    with service(vivid) as made:
        yield made


@pytest.fixture(scope="module")
def knowing():
    """A client of a service whose model takes known colours."""
    with service(Colorizer(known_color_model())) as made:
        yield made


@pytest.fixture(scope="module")
def undecided():
    """A client of a service whose model returns a distribution."""
    made = model(
        network((1.0, 0.9, 0.8), (0.01, -0.01, 0.0)),
        output_kind="distribution",
        bins=BINS,
        output_scale=1.0,
    )
    with service(Colorizer(made)) as client:
        yield client


@pytest.fixture(scope="module")
def shipped():
    """A client of the default network."""
    with service(Colorizer()) as made:
        yield made


# --- pixels ---------------------------------------------------------------------------------


def test_a_jpeg_keeps_its_luma_exactly(client, camera):
    source = jpeg(camera)
    answer = post(client, source)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert is_coloured(answer.content)
    read = np.asarray(Image.open(io.BytesIO(source)))
    np.testing.assert_array_equal(luma_plane(answer.content), read)


def test_a_png_keeps_its_luma_within_one_level(client, camera):
    answer = post(client, picture_bytes(camera), "old.png")
    assert answer.headers["content-type"] == "image/png"
    assert is_coloured(answer.content)
    assert np.abs(exact_luma(pixels(answer.content)) - camera).max() <= 1


def test_sixteen_bits_stay_sixteen(client, deep):
    answer = post(client, picture_bytes(deep), "old.png", format="tiff")
    assert answer.headers["content-type"] == "image/tiff"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.tag_v2[258] == (16, 16, 16)


def test_a_colour_photograph_is_left_alone_or_coloured_anew_on_request(client, astronaut):
    refused = post(client, picture_bytes(astronaut), "now.png")
    assert "now.png is in colour already (in_color=recolor" in problem(refused, 422)
    answer = post(client, picture_bytes(astronaut), "now.png", in_color="recolor")
    assert np.abs(exact_luma(pixels(answer.content)) - exact_luma(astronaut)).max() <= 1.5
    assert np.abs(pixels(answer.content).astype(int) - astronaut).max() > 20


def test_metadata_are_kept(client, camera):
    exif = Image.Exif()
    exif[270], exif[315] = "At the river", "D. Lange"
    exif.get_ifd(0x8825)[1] = "N"
    answer = post(client, picture_bytes(camera, "JPEG", exif=exif.tobytes(), dpi=(600, 600)))
    with Image.open(io.BytesIO(answer.content)) as image:
        found = image.getexif()
        assert (found[270], found[315]) == ("At the river", "D. Lange")
        assert found.get_ifd(0x8825)[1] == "N"
        assert image.info["dpi"] == (600, 600)
        assert image.info["icc_profile"]


def test_a_photograph_is_turned_upright(client, camera):
    exif = Image.Exif()
    exif[274] = 6
    answer = post(client, picture_bytes(camera[:, :200], "PNG", exif=exif.tobytes()), "a.png")
    upright = np.rot90(camera[:, :200], -1)
    assert np.abs(exact_luma(pixels(answer.content)) - upright).max() <= 1
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.getexif().get(274, 1) == 1


# --- fields ---------------------------------------------------------------------------------


@pytest.mark.parametrize("format_name", ["jpeg", "png", "webp", "avif", "tiff", "bmp"])
def test_the_format_can_be_chosen(format_name, client, camera):
    answer = post(client, jpeg(camera), format=format_name)
    assert answer.headers["content-type"] == f"image/{format_name}"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.format.lower() == format_name
        assert image.size == camera.shape[::-1]
        suffix = {"jpeg": "jpg", "tiff": "tif"}.get(format_name, format_name)
    assert f'filename="old.{suffix}"' in answer.headers["content-disposition"]


def test_the_name_comes_back_safe(client, camera):
    answer = post(client, picture_bytes(camera), "../../etc/Großmutter 1936.JPG")
    shown = answer.headers["content-disposition"]
    assert shown == (
        "attachment; filename=\"Gro_mutter 1936.png\"; filename*=UTF-8''Gro%C3%9Fmutter%201936.png"
    )


def test_quality(client, camera):
    small, large = (post(client, jpeg(camera), quality=each).content for each in (30, 98))
    assert len(small) < len(large) / 3
    np.testing.assert_array_equal(
        luma_plane(small), luma_as_stored(np.asarray(Image.open(io.BytesIO(jpeg(camera)))), 30)
    )


def test_vividness(undecided, camera):
    faithful, vivid = (
        pixels(post(undecided, picture_bytes(camera), "a.png", vividness=each).content)
        for each in (0, 1)
    )
    assert (faithful != vivid).any()


def test_hints(knowing, camera):
    plain = post(knowing, picture_bytes(camera), "a.png")
    assert not is_coloured(plain.content)
    hints = ["60,60,#c03020,30", "180.5,180,#2030c0,30"]
    answer = post(knowing, picture_bytes(camera), "a.png", hints=hints)
    rgb = pixels(answer.content).astype(int)
    assert rgb[60, 60, 0] > rgb[60, 60, 2] + 5
    assert rgb[180, 180, 2] > rgb[180, 180, 0] + 5
    assert np.abs(exact_luma(rgb) - camera).max() <= 1


@pytest.mark.slow
def test_a_palette(shipped, camera):
    blue, red = (
        pixels(post(shipped, picture_bytes(camera), "a.png", palette=each).content).astype(int)
        for each in (["#1040e0", "#2050d0"], "#e02010,#d03020")
    )
    assert (blue[..., 2] > blue[..., 0]).mean() > (red[..., 2] > red[..., 0]).mean() + 0.3


def test_variants_come_as_a_zip(undecided, camera):
    answer = post(undecided, jpeg(camera), "old.jpg", variants=3, format="png")
    assert answer.headers["content-type"] == "application/zip"
    assert 'filename="old.zip"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["old-1.png", "old-2.png", "old-3.png"]
        luma = np.asarray(Image.open(io.BytesIO(jpeg(camera))))
        for name in archive.namelist():
            assert np.abs(exact_luma(pixels(archive.read(name))) - luma).max() <= 1


def test_a_reference_needs_a_model_that_takes_one(knowing, camera, astronaut):
    files = {"image": ("a.png", picture_bytes(camera)), "reference": picture_bytes(astronaut)}
    assert "reference photograph" in problem(knowing.post(COLORIZE, files=files), 422)


@pytest.mark.slow
def test_a_reference_is_followed(shipped, camera, astronaut):
    image = ("a.png", picture_bytes(camera))
    alone = shipped.post(COLORIZE, files={"image": image})
    files = {"image": image, "reference": ("b.png", picture_bytes(astronaut))}
    followed = shipped.post(COLORIZE, files=files)
    assert followed.status_code == 200
    assert followed.content != alone.content


# --- mistakes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"vividness": "2"}, "vividness"),
        ({"vividness": "nan"}, "vividness"),
        ({"vividness": "very"}, "vividness"),
        ({"format": "gif"}, "format"),
        ({"quality": "0"}, "quality"),
        ({"quality": "101"}, "quality"),
        ({"variants": "9"}, "variants"),
        ({"hints": "10,10"}, "hints: expected a hint as X,Y,COLOR"),
        ({"hints": "inf,nan,#ff0000"}, "finite coordinates"),
        ({"hints": "1e9,1,#ff0000"}, "within the picture"),
        ({"hints": "1,1,#ff0000,nan"}, "radius"),
        ({"hints": "1,1,#ff0000,-1"}, "radius"),
        ({"palette": "bluest"}, "palette: expected a colour as #RRGGBB"),
        ({"palette": "#102030,bluest"}, "received 'bluest'"),
        ({"variants": "2"}, "distribution"),
        ({"variants": "2", "hints": "1,1,#ff0000"}, "without hints"),
    ],
)
def test_a_field_out_of_range(fields, words, knowing, camera):
    assert words in problem(post(knowing, jpeg(camera), **fields), 422)


def test_a_model_that_cannot_be_told(client, camera):
    assert "takes known colours" in problem(post(client, jpeg(camera), hints="1,1,#ff0000"), 422)


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", 422, "is empty"),
        (b"words", 422, "not a picture"),
        (b"\x89PNG\r\n\x1a\n and no more", 422, "damaged"),
        (b"%PDF-1.7 ", 415, "PDF"),
        (b"8BPS\0\1" + bytes(40), 415, "Photoshop"),
    ],
)
def test_what_is_no_photograph(data, status, words, client):
    assert words in problem(post(client, data, "a/b\\scan.jpg"), status)
    assert "scan.jpg" in post(client, data, "scan.jpg").json()["detail"]


def test_too_many_pixels(camera):
    with service(Colorizer(model(), max_pixels=1000)) as small:
        assert "expected 1,000 pixels at most" in problem(post(small, jpeg(camera)), 413)


def test_a_format_that_cannot_hold_it(client, camera):
    see_through = np.dstack([camera, camera, camera, camera])
    assert "transparency" in problem(
        post(client, picture_bytes(see_through), "a.png", format="jpeg"), 422
    )


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", None, 415),
        (b"{}", "application/json", 415),
        (b"vividness=1", "application/x-www-form-urlencoded", 415),
        (b"--x--\r\n", "multipart/form-data", 400),
        (b"--y\r\n\r\n--y--\r\n", "multipart/form-data; boundary=x", 400),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 422),
    ],
)
def test_a_body_that_is_no_form(content, kind, status, client):
    headers = {"content-type": kind} if kind else {}
    problem(client.post(COLORIZE, content=content, headers=headers), status)


def test_what_is_not_there(client):
    problem(client.get("/nothing"), 404)
    problem(client.get(COLORIZE), 405)


def test_a_fault_of_ours_says_nothing_of_us(broken, camera, caplog):
    with service(Colorizer(broken)) as client:
        detail = problem(post(client, jpeg(camera)), 500)
        assert "NaN" not in detail
        assert "NaN" in caplog.text
        assert post(client, b"words").status_code == 422  # and goes on


# --- what is told ---------------------------------------------------------------------------


def test_health_and_metrics(client, camera):
    health = client.get("/healthz").json()
    assert health["status"] == "ok"
    assert health["engine"].startswith("ONNX Runtime")
    before = metric(client, "photochrom_photographs_total")
    post(client, jpeg(camera))
    problem(client.get("/nothing"), 404)
    assert metric(client, "photochrom_photographs_total") == before + 1
    assert metric(client, 'photochrom_requests_total{route="/api/v1/colorize",status="200"}') > 0
    assert metric(client, 'photochrom_requests_total{route="other",status="404"}') > 0
    assert metric(client, "photochrom_requests_pending_limit") == 34
    assert metric(client, "photochrom_requests_pending") == 0


def metric(client, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


def test_openapi_and_its_page_need_no_other_machine(client):
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    schema = client.get("/openapi.json").json()
    assert set(schema["paths"]) == {
        "/api/v1/colorize",
        "/api/v1/jobs",
        "/api/v1/jobs/{key}",
        "/api/v1/jobs/{key}/result",
        "/healthz",
        "/metrics",
    }
    assert "Problem" in schema["components"]["schemas"]
    assert "HTTPValidationError" not in str(schema)


def test_without_the_page_the_root_names_the_documentation(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert "documentation is at /docs, its schema at /openapi.json" in answer.text


@pytest.mark.parametrize(("page", "extra"), [(True, "web"), (False, "service")])
def test_the_extra_is_asked_for_by_name(monkeypatch, page, extra):
    from photochrom import web
    from photochrom.errors import MissingExtra

    require(page=page)
    monkeypatch.setattr(web, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=rf"photochrom\[{extra}\]"):
        require(page=page)


def test_the_service_alone_does_not_need_gradio(monkeypatch):
    from photochrom import web

    monkeypatch.setattr(web, "find_spec", lambda name: None if name == "gradio" else name)
    require(page=False)


def test_threads(monkeypatch):
    assert Settings(workers=3).threads == 3
    monkeypatch.setattr("photochrom.parallel.core_count", lambda: 64)
    assert Settings().threads == 4
    assert Limits().pixels == 100_000_000


@pytest.mark.slow
@pytest.mark.parametrize("page", [False, True])
def test_what_is_not_there_is_a_problem_beside_the_page_too(page, warm, monkeypatch):
    def mount_page(app, _):
        app.mount("/", lambda *_: pytest.fail("this is for the page"))

    monkeypatch.setattr("photochrom.web.page.mount.mount_page", mount_page)
    with service(warm, Settings(page=page, workers=1)) as client:
        problem(client.get("/api/v1/nothing"), 404)
        for method in ("GET", "PUT", "DELETE"):
            answer = client.request(method, COLORIZE)
            problem(answer, 405)
            assert answer.headers["allow"] == "POST"
