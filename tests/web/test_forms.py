"""Forms as programs send them: text around the parts, names in any encoding, and mistakes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException

from photochrom.web.forms import JobForm, PhotographForm, check_fields
from photochrom.web.multipart import TolerantParser
from photochrom.web.problems import InvalidRequest
from tests.services import COLORIZE, JOBS, jpeg, post, problem, service

PART = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\ndata\r\n'
END = b"--x--"
PARSED = {"image": ("a.jpg", b"data")}


@pytest.fixture(scope="module")
def client(warm):
    with service(warm) as made:
        yield made


def parse(
    body: bytes, chunk: int = 1 << 20, kind: str = "multipart/form-data; boundary=x"
) -> dict[str, tuple[str | None, bytes]]:
    """The names and the contents of the files in a form, which arrives in chunks of that size."""

    async def stream() -> AsyncGenerator[bytes, None]:
        for start in range(0, len(body), chunk):
            yield body[start : start + chunk]

    headers = Headers({"content-type": kind})
    limits = {"max_files": 9, "max_fields": 9, "max_part_size": 999}
    form = asyncio.run(TolerantParser(headers, stream(), **limits).parse())
    found = {}
    for field, file in form.multi_items():
        assert isinstance(file, UploadFile)
        found[field] = (file.filename, file.file.read())
        file.file.close()
    return found


def part(parameters: bytes, before: bytes = b"", data: bytes = b"data") -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="image"; ' + parameters
    return before + head + b"\r\n\r\n" + data + b"\r\n" + END


# --- around the parts -----------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    "preamble",
    [
        b"",
        b"\r\n",
        b"\n\n",
        b"This is a message with several parts.\r\n",
        b"with - dashes\r\n--xy\r\n-- x\r\n",
        b"--x within a line\r\n",
        b"a" * 16_000 + b"\r\n",
    ],
)
def test_what_comes_before_the_first_part_is_left_out(preamble, chunk):
    assert parse(preamble + PART + END, chunk) == PARSED


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    "epilogue",
    [b"", b"\r\n", b"\n", b"\r\nThe end.", b"The end.", b"  \r\n--x\r\n", b"\r\n" * 9000],
)
def test_what_comes_after_the_last_part_is_left_out(epilogue, chunk):
    assert parse(PART + END + epilogue, chunk) == PARSED


def test_blanks_after_a_boundary_do_not_count():
    assert parse(PART.replace(b"--x\r\n", b"--x \t\r\n", 1) + END) == PARSED


@pytest.mark.slow
@given(st.binary(max_size=60), st.integers(1, 9))
def test_any_text_around_is_left_out(text, chunk):
    around = text.replace(b"--x", b"")
    body = around + b"\r\n" + PART + END + b"\r\n" + around
    assert parse(body, chunk) == PARSED


@pytest.mark.parametrize("body", [b"", b"--y\r\n\r\n--y--", b"no boundary", b"a" * 100_000])
def test_a_form_without_its_boundary(body):
    with pytest.raises(MultiPartException) as caught:
        parse(body, 1000)
    assert "boundary of the form within its first 16,384 bytes" in caught.value.message


# --- the names of files ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        (b'filename="old.jpg"', "old.jpg"),
        (b"filename=old.jpg", "old.jpg"),
        (b'filename=""', ""),
        ('filename="Großmutter.jpg"'.encode(), "Großmutter.jpg"),
        (b'filename="a; b=\\"c\\".jpg"', "a; b=_c_.jpg"),
        (b'filename="C:\\photos\\old.jpg"', "old.jpg"),
        # RFC 8187, as urllib3 and .NET send it
        (b"filename*=utf-8''Gro%C3%9Fmutter.jpg", "Großmutter.jpg"),
        (b"filename*=UTF-8'de'Gro%C3%9Fmutter.jpg", "Großmutter.jpg"),
        (b"filename*=ISO-8859-1''Gro%DFmutter.jpg", "Großmutter.jpg"),
        (b"filename*=Shift_JIS''%91c%95%EA.jpg", "祖母.jpg"),
        (b"filename=\"a.jpg\"; filename*=UTF-8''%E7%A5%96%E6%AF%8D.jpg", "祖母.jpg"),
        (b"filename*=UTF-8''%E7%A5%96%E6%AF%8D.jpg; filename=\"a.jpg\"", "祖母.jpg"),
        (b"filename*0*=UTF-8''Gro%C3%9F; filename*1=mutter.jpg", "Großmutter.jpg"),
        (b"filename*=Gro%C3%9F.jpg", "Groß.jpg"),
        (b"filename*=''Gro%C3%9F.jpg", "Groß.jpg"),
        (b"filename*=nonsense''Gro%C3%9F.jpg", "Groß.jpg"),
        (b"filename*=undefined''Gro%C3%9F.jpg", "Groß.jpg"),
        (b"filename*=idna''Gro%C3%9F.jpg", "Groß.jpg"),
        (b"filename*=\0''Gro%C3%9F.jpg", "Groß.jpg"),
        # encoded words, as programs of mail send them
        (b'filename="=?UTF-8?B?R3Jvw59tdXR0ZXIuanBn?="', "Großmutter.jpg"),
        (b'filename="=?iso-8859-1?Q?Gro=DF.jpg?="', "Groß.jpg"),
        (b'filename="=?nonsense?Q?Gro=DF.jpg?="', "=?nonsense?Q?Gro=DF.jpg?="),
        # raw bytes of an old program
        (b'filename="Gro\xdfmutter.jpg"', "Großmutter.jpg"),
        (b'filename="\x80 100.jpg"', "€ 100.jpg"),
        (b'filename="\x81.jpg"', "\x81.jpg"),
    ],
)
def test_a_name_is_kept_whatever_its_encoding(parameters, name):
    assert parse(part(parameters)) == {"image": (name, b"data")}


@pytest.mark.parametrize("charset", ["us-ascii", "utf-8"])
def test_the_charset_of_the_form_does_not_spoil_names(charset):
    kind = f"multipart/form-data; charset={charset}; boundary=x"
    form = parse(part('filename="Großmutter.jpg"'.encode()), kind=kind)
    assert form["image"][0] == "Großmutter.jpg"


def test_a_form_can_name_the_encoding_of_its_names():
    charset = b'--x\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\nShift_JIS\r\n'
    form = parse(part(b'filename="\x91c\x95\xea.jpg"', charset))
    assert form == {"image": ("祖母.jpg", b"data")}


@given(st.binary(max_size=40).filter(lambda name: not set(name) & set(b"\r\n\0")))
def test_any_bytes_for_a_name_are_taken(name):
    for parameters in (b'filename="' + name + b'"', b"filename*=UTF-8''" + name):
        try:
            form = parse(part(parameters))
        except MultiPartException:
            continue  # quotes that do not match
        assert "image" in form


def test_the_result_is_named_as_the_original(client, camera):
    kind = {"content-type": "multipart/form-data; boundary=x"}
    body = part(b"filename*=ISO-8859-1''Gro%DFmutter.jpg", b"A preamble.\r\n", jpeg(camera))
    answer = client.post(COLORIZE, content=body + b"\r\nAn epilogue.", headers=kind)
    assert "filename*=UTF-8''Gro%C3%9Fmutter.jpg" in answer.headers["content-disposition"]


# --- the names of fields --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("vividnes", "unknown field 'vividnes' (did you mean vividness?)"),
        ("Vividness", "did you mean vividness?"),
        ("hint", "did you mean hints?"),
        ("pallete", "did you mean palette?"),
        ("variant", "did you mean variants?"),
        ("file", "unknown field 'file' (expected one of "),  # not profile
        ("photographs", "expected one of vividness, hints, palette"),
        ("", "unknown field ''"),
        ("x" * 3000, "unknown field 'xxxx"),
    ],
)
def test_a_field_that_is_not_known_is_named_with_the_nearest(field, words, client, camera):
    detail = problem(post(client, jpeg(camera), **{field: "1"}), 422)
    assert words in detail
    assert len(detail) < 300


def test_a_file_under_a_wrong_name(client, camera):
    answer = client.post(COLORIZE, files={"imgae": ("a.jpg", jpeg(camera))})
    assert "did you mean image?" in problem(answer, 422)
    answer = client.post(JOBS, files={"photograph": ("a.jpg", jpeg(camera))})
    assert "did you mean photographs?" in problem(answer, 422)
    assert answer.json()["type"] == "urn:photochrom:problem:invalid-request"


@pytest.mark.parametrize("field", ["vividness", "format", "quality", "variants"])
def test_a_single_field_that_comes_twice_is_named(field, client, camera):
    detail = problem(post(client, jpeg(camera), **{field: ["1", "1"]}), 422)
    assert detail == f"{field}: expected this field once; received it 2 times"


def test_a_single_file_that_comes_twice_is_named(client, camera):
    files = [("image", ("a.jpg", jpeg(camera)))] * 2
    assert "image: expected this field once" in problem(client.post(COLORIZE, files=files), 422)
    films = [("film", ("a.mp4", b"film"))] * 2
    assert "film: expected this field once" in problem(client.post(JOBS, files=films), 422)


def test_fields_that_may_repeat_do():
    sent = ["hints", "palette", "hints", "image"]
    check_fields([(name, "x") for name in sent], PhotographForm)
    check_fields([("photographs", "x")] * 100, JobForm)
    with pytest.raises(InvalidRequest, match="unknown field 'image'"):
        check_fields([("photographs", "x"), ("image", "x")], JobForm)


@pytest.mark.parametrize("field", ["vividness", "format", "quality", "variants", "hints"])
def test_a_field_without_a_value_is_named(field, client, camera):
    detail = problem(post(client, jpeg(camera), **{field: ""}), 422)
    assert detail == f"{field}: expected a value; received an empty field (leave it out)"
