"""The photographs of a PDF are coloured; everything else in it stays as it is."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from photochrom.color import luma
from photochrom.documents.pdf import color_pdf, limit_memory, page_count
from photochrom.errors import UnreadablePhoto, UnsupportedPhoto
from photochrom.photo.codecs.jpeg_repair import SOS, segments

pikepdf = pytest.importorskip("pikepdf")
pypdfium2 = pytest.importorskip("pypdfium2")
Dictionary, Name, Pdf, Stream = pikepdf.Dictionary, pikepdf.Name, pikepdf.Pdf, pikepdf.Stream

CASES = Path(__file__).parents[1] / "cases" / "pdf"
GREY = luma(skimage.data.coffee())[:200, :300]
TEXT = "Summer 1938"


def jpeg(samples: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(samples).save(stream, "JPEG", quality=92, **options)
    return stream.getvalue()


def image(pdf: pikepdf.Pdf, data: bytes, size: tuple[int, int], **keys: object) -> pikepdf.Stream:
    keys = {"ColorSpace": Name.DeviceGray, "BitsPerComponent": 8} | keys
    stream = Stream(pdf, b"", Type=Name.XObject, Subtype=Name.Image, Width=size[0], **keys)
    stream.Height = size[1]
    stream.write(data, filter=Name.DCTDecode if data[:2] == b"\xff\xd8" else None)
    return stream


def flate_image(pdf: pikepdf.Pdf, samples: np.ndarray = GREY, **keys: object) -> pikepdf.Stream:
    return image(pdf, samples.tobytes(), samples.shape[1::-1], **keys)


def jpeg_image(pdf: pikepdf.Pdf, **options: object) -> pikepdf.Stream:
    return image(pdf, jpeg(GREY, **options), GREY.shape[::-1])


def in_form(pdf: pikepdf.Pdf) -> pikepdf.Stream:
    resources = Dictionary(XObject=Dictionary(Im0=jpeg_image(pdf)))
    return Stream(
        pdf, b"/Im0 Do", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 1, 1],
        Resources=resources,
    )  # fmt: skip


def add_page(pdf: pikepdf.Pdf, picture: pikepdf.Stream) -> None:
    page = pdf.add_blank_page(page_size=(400, 300))
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    page.obj.Resources = Dictionary(XObject=Dictionary(Im0=picture), Font=Dictionary(F1=font))
    content = f"q 300 0 0 200 20 20 cm /Im0 Do Q BT /F1 18 Tf 3 Tr 30 250 Td ({TEXT}) Tj ET"
    page.obj.Contents = Stream(pdf, content.encode())


def document(*pictures: object, **saving: object) -> bytes:
    """A PDF with one page for each function that makes a picture."""
    pdf = Pdf.new()
    for make in pictures:
        add_page(pdf, make(pdf))
    pdf.docinfo["/Title"] = "Family album"
    stream = io.BytesIO()
    pdf.save(stream, **saving)
    return stream.getvalue()


def pages(data: bytes) -> list[np.ndarray]:
    opened = pypdfium2.PdfDocument(data)
    return [np.asarray(page.render(scale=1).to_pil()) for page in opened]


def saturation(rgb: np.ndarray) -> float:
    return float(np.ptp(rgb.astype(int), axis=-1).mean())


@pytest.mark.parametrize("make", [flate_image, jpeg_image, in_form])
def test_a_photograph_gets_colour_and_keeps_its_luma(make, vivid):
    before = document(make)
    after, report = color_pdf(before, "a.pdf", [0], vivid.colorize)
    assert (report.photographs, report.pages, report.unchanged) == (1, 1, [])
    (old,), (new,) = pages(before), pages(after)
    assert saturation(old) == 0
    assert saturation(new) > 2
    # The viewer scales and rounds, and JPEG compresses; a wrong luma would be far off.
    assert np.abs(luma(new.copy()).astype(int) - luma(old.copy())).mean() < 1.5


@pytest.mark.parametrize("path", sorted(CASES.glob("*.pdf")), ids=lambda path: path.stem)
def test_files_of_other_programs(path, vivid):
    """Each is named after the program that wrote it, from a grey PNG of 8 or 16 bits or a JPEG."""
    before = path.read_bytes()
    after, report = color_pdf(before, path.name, [0], vivid.colorize)
    assert (report.photographs, report.pages, report.unchanged) == (1, 1, [])
    (old,), (new,) = pages(before), pages(after)
    assert saturation(old) == 0
    assert saturation(new) > 2
    assert np.abs(luma(new.copy()).astype(int) - luma(old.copy())).mean() < 1.5


def test_text_size_and_metadata_stay(vivid):
    before = document(flate_image)
    after, _ = color_pdf(before, "a.pdf", [0], vivid.colorize)
    page = pypdfium2.PdfDocument(after)[0]
    assert page.get_size() == (400, 300)
    assert page.get_textpage().get_text_range() == TEXT
    with pikepdf.open(io.BytesIO(after)) as pdf:
        assert str(pdf.docinfo["/Title"]) == "Family album"
        assert b"compositeWithTrainedAlgorithmicMedia" in pdf.Root.Metadata.read_bytes()


def test_only_the_chosen_pages_change_even_where_pages_share_an_image(vivid):
    def shared(pdf, kept=[]):  # noqa: B006  the same image on both pages
        kept.append(kept[0] if kept else flate_image(pdf))
        return kept[-1]

    before = document(shared, shared)
    after, report = color_pdf(before, "a.pdf", [1], vivid.colorize)
    first, second = pages(after)
    assert saturation(first) == 0
    assert saturation(second) > 2
    assert report.photographs == 1


def test_an_image_on_two_pages_is_coloured_once(vivid):
    calls = []

    def colorize(grey):
        calls.append(grey)
        return vivid.colorize(grey)

    def shared(pdf, kept=[]):  # noqa: B006
        kept.append(kept[0] if kept else flate_image(pdf))
        return kept[-1]

    color_pdf(document(shared, shared), "a.pdf", [0, 1], colorize)
    assert len(calls) == 1


def test_viewers_ignore_the_orientation_of_a_jpeg_stream_and_so_do_we(vivid):
    exif = Image.Exif()
    exif[0x0112] = 6
    before = document(lambda pdf: jpeg_image(pdf, exif=exif))
    after, _ = color_pdf(before, "a.pdf", [0], vivid.colorize)
    (old,), (new,) = pages(before), pages(after)
    assert np.abs(luma(new.copy()).astype(int) - luma(old.copy())).mean() < 1.5


def test_an_image_has_the_one_scan_that_printers_expect(vivid):
    """Not the scan of luma from the old image, and others for Cb and Cr."""
    after, _ = color_pdf(document(jpeg_image), "a.pdf", [0], vivid.colorize)
    with Pdf.open(io.BytesIO(after)) as pdf:
        stream = pdf.pages[0].Resources.XObject.Im0.read_raw_bytes()
    assert [each.marker for each in segments(stream)].count(SOS) == 1


def test_a_soft_mask_still_hides_what_it_hid(vivid):
    def masked(pdf):
        alpha = np.full(GREY.shape, 255, np.uint8)
        alpha[:, :150] = 0
        return flate_image(pdf, SMask=pdf.make_indirect(flate_image(pdf, alpha)))

    after, _ = color_pdf(document(masked), "a.pdf", [0], vivid.colorize)
    (page,) = pages(after)
    assert (page[100:250, 25:160] == 255).all()


@pytest.mark.parametrize("make", [flate_image, jpeg_image])
def test_a_stencil_still_hides_what_it_hid(make, vivid):
    def masked(pdf):
        hidden = np.zeros(GREY.shape, bool)
        hidden[:, :150] = True
        picture = make(pdf)
        bits = np.packbits(hidden, axis=1).tobytes()
        stencil = image(pdf, bits, GREY.shape[::-1], BitsPerComponent=1, ImageMask=True)
        del stencil.ColorSpace
        picture.Mask = pdf.make_indirect(stencil)
        return picture

    after, _ = color_pdf(document(masked), "a.pdf", [0], vivid.colorize)
    (page,) = pages(after)
    assert (page[100:250, 25:160] == 255).all()
    assert saturation(page[100:250, 180:300]) > 5


def rgb_image(pdf):
    colors = np.ascontiguousarray(skimage.data.coffee()[:200, :300])
    return flate_image(pdf, colors, ColorSpace=Name.DeviceRGB)


def bilevel(pdf):
    bits = np.packbits(GREY > 127, axis=1)
    return image(pdf, bits.tobytes(), GREY.shape[::-1], BitsPerComponent=1)


def ink(pdf, make=jpeg_image):
    """Levels that say how much black is printed, so that 0 is white."""
    to_grey = Dictionary(FunctionType=2, Domain=[0, 1], C0=[1], C1=[0], N=1)
    picture = make(pdf)
    picture.ColorSpace = pikepdf.Array([Name.Separation, Name.Black, Name.DeviceGray, to_grey])
    return picture


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (rgb_image, "in colour already"),
        (bilevel, "black and white without grey"),
        (ink, "images in the inks of a printer are not supported"),
        (lambda pdf: ink(pdf, flate_image), "images in the inks of a printer are not supported"),
    ],
)
def test_what_is_no_grey_photograph_is_left_and_named(make, reason, vivid):
    before = document(make, flate_image)
    after, report = color_pdf(before, "a.pdf", [0, 1], vivid.colorize)
    assert report.unchanged == [(1, reason)]
    assert (pages(after)[0] == pages(before)[0]).all()


def test_a_damaged_image_is_named_and_the_rest_is_coloured(vivid):
    def broken(pdf):
        return image(pdf, jpeg(GREY)[:2000], GREY.shape[::-1])

    _, report = color_pdf(document(broken, flate_image), "a.pdf", [0, 1], vivid.colorize)
    assert report.photographs == 1
    assert "damaged or truncated" in report.unchanged[0][1]


def test_a_document_without_photographs_is_refused(vivid):
    with pytest.raises(UnsupportedPhoto, match="black and white without grey"):
        color_pdf(document(bilevel), "a.pdf", [0], vivid.colorize)
    tiny = document(lambda pdf: flate_image(pdf, np.ascontiguousarray(GREY[:20, :20])))
    with pytest.raises(UnsupportedPhoto, match="no images"):
        color_pdf(tiny, "a.pdf", [0], vivid.colorize)


def test_damaged_and_locked_files_are_refused(vivid):
    with pytest.raises(UnreadablePhoto, match=r"a\.pdf is damaged or truncated: unable to find"):
        page_count(b"%PDF-1.4 nothing", "a.pdf")
    secret = document(flate_image, encryption=pikepdf.Encryption(owner="o", user="u"))
    with pytest.raises(UnsupportedPhoto, match="encrypted"):
        page_count(secret, "a.pdf")
    rights = pikepdf.Permissions(modify_other=False)
    locked = document(flate_image, encryption=pikepdf.Encryption(owner="o", user="", allow=rights))
    with pytest.raises(UnsupportedPhoto, match="owner"):
        color_pdf(locked, "a.pdf", [0], vivid.colorize)


def test_a_form_that_contains_itself_ends(vivid):
    def circular(pdf):
        form = pdf.make_indirect(in_form(pdf))
        form.Resources.XObject.Fm0 = form
        return form

    _, report = color_pdf(document(circular), "a.pdf", [0], vivid.colorize)
    assert report.photographs == 1


@pytest.mark.skipif(
    not hasattr(pikepdf.settings, "set_qpdf_limits"), reason="needs a pikepdf that has limits"
)
def test_an_image_that_unpacks_to_more_than_the_limit_is_left(vivid):
    def bomb(pdf: pikepdf.Pdf) -> pikepdf.Stream:
        stream = image(pdf, b"", (100, 100))
        stream.write(zlib.compress(bytes(1 << 22)), filter=Name.FlateDecode)
        return stream

    limit_memory(1 << 20)
    try:
        _, report = color_pdf(document(flate_image, bomb), "a.pdf", [0, 1], vivid.colorize)
    finally:
        limit_memory(0)
    assert report.photographs == 1
    ((page, reason),) = report.unchanged
    assert page == 2
    assert "memory limit exceeded" in reason
    assert "BytesIO" not in reason


def test_an_image_without_a_height_is_left(vivid):
    def broken(pdf: pikepdf.Pdf) -> pikepdf.Stream:
        picture = flate_image(pdf)
        del picture.Height
        return picture

    _, report = color_pdf(document(flate_image, broken), "a.pdf", [0, 1], vivid.colorize)
    assert report.photographs == 1
    assert report.unchanged == [(2, "damaged or of an unknown kind (/Height)")]


def test_a_fault_of_the_model_is_not_called_damage():
    def fail(_):
        raise ValueError("NaN")

    with pytest.raises(ValueError, match="NaN"):
        color_pdf(document(flate_image), "a.pdf", [0], fail)
