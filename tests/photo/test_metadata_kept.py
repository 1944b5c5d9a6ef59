"""Texts, comments, aspects and georeferences are kept or moved, and what is lost is named."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from photochrom import photo
from photochrom.photo import Text
from photochrom.photo.xmp import packet_orientation
from tests.photo.photo_files import (
    CASES,
    pil_bytes,
    png_chunk,
    raw_profile,
    with_chunks,
    with_segments,
    xmp_packet,
)

HOLDERS = ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"]


def again(read: photo.Photo, target: str) -> photo.Metadata:
    """Write the photograph in a format, and return the metadata that is read back."""
    return photo.read(photo.encode(read.rgb, format=target, metadata=read.metadata)).metadata


# --- texts of PNG ---------------------------------------------------------------------------

TEXTS = (
    Text("Title", "Grandmother 1931"),
    Text("Author", "A. Beispiel"),
    Text("Creation Time", "Sat, 02 May 1931 12:00:00 GMT"),
    Text("Comment", "found in a shoebox"),
    Text("Comment", "in the attic"),
    Text("Stamp", "Фото", "ru", "штамп"),
    Text("Box", "7" * 2_000_000),
)


def with_texts(grey: np.ndarray) -> bytes:
    chunks = [png_chunk(b"tEXt", f"{t.keyword}\0{t.value}".encode()) for t in TEXTS[:4]]
    chunks.append(png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"in the attic")))
    stamp = "Stamp\0\1\0ru\0штамп\0".encode() + zlib.compress("Фото".encode())
    chunks.append(png_chunk(b"iTXt", stamp))
    chunks.append(png_chunk(b"zTXt", b"Box\0\0" + zlib.compress(b"7" * 2_000_000)))
    return with_chunks(pil_bytes(Image.fromarray(grey), "PNG"), *chunks)


def test_texts_are_kept_in_png(grey):
    read = photo.read(with_texts(grey))
    assert read.metadata.texts == TEXTS
    assert again(read, "PNG").texts == TEXTS
    assert photo.metadata_lost(read.metadata, "PNG") == ()


@pytest.mark.parametrize("target", ["JPEG", "TIFF", "WEBP", "AVIF"])
def test_texts_become_xmp_elsewhere(target, grey):
    read = photo.read(with_texts(grey))
    xmp = again(read, target).xmp.decode()
    assert "Grandmother 1931</rdf:li></rdf:Alt></dc:title>" in xmp
    assert "<rdf:li>A. Beispiel</rdf:li></rdf:Seq></dc:creator>" in xmp
    assert "<xmp:CreateDate>1931-05-02T12:00:00+00:00</xmp:CreateDate>" in xmp
    assert photo.metadata_lost(read.metadata, target) == ("text Stamp", "text Box")


def test_texts_after_the_pixels_count_too(grey):
    png = pil_bytes(Image.fromarray(grey), "PNG")
    exif = Image.Exif()
    exif[315] = "A. Beispiel"
    late = png_chunk(b"tEXt", b"Title\0late") + png_chunk(b"eXIf", exif.tobytes()[6:])
    metadata = photo.read(png[:-12] + late + png[-12:]).metadata
    assert metadata.texts == (Text("Title", "late"),)
    assert b"A. Beispiel" in metadata.exif


def test_texts_of_an_opened_image(grey):
    info = PngInfo()
    info.add_text("Title", "at sea")
    info.add_itxt("Stamp", "Фото", "ru", "штамп")
    image = Image.open(io.BytesIO(pil_bytes(Image.fromarray(grey), "PNG", pnginfo=info)))
    assert photo.read(image).metadata.texts == (Text("Title", "at sea"), TEXTS[5])


@pytest.mark.parametrize(
    "chunk",
    [
        png_chunk(b"tEXt", b"Title\0a")[:-1] + b"!",  # a wrong checksum
        png_chunk(b"zTXt", b"Title\0\0no zlib"),
        png_chunk(b"zTXt", b"Title\0\1" + zlib.compress(b"a")),  # an unknown compression
        png_chunk(b"iTXt", b"Title\0\1\0\0\0no zlib"),
        png_chunk(b"zTXt", b"Title\0\0" + zlib.compress(bytes(20_000_000), 1)),
    ],
    ids=["checksum", "zTXt", "method", "iTXt", "bomb"],
)
def test_a_damaged_or_hostile_text_is_named_and_the_picture_read(chunk, grey):
    read = photo.read(with_chunks(pil_bytes(Image.fromarray(grey), "PNG"), chunk))
    np.testing.assert_array_equal(read.luma, grey)
    assert read.metadata.lost[0].startswith("text Title (")


def test_times_and_copies_that_imagemagick_writes_are_not_missed(rgb):
    texts = Text("date:create", "2026-11-26"), Text("exif:Artist", "A. Beispiel")
    alone = photo.Metadata(texts=texts)
    assert photo.metadata_lost(alone, "JPEG") == ("text exif:Artist",)
    assert photo.metadata_lost(replace(alone, exif=ARTIST.tobytes()[6:]), "JPEG") == ()


def test_many_texts_are_bounded(grey):
    chunks = [png_chunk(b"tEXt", b"k%d\0v" % number) for number in range(3000)]
    metadata = photo.read(with_chunks(pil_bytes(Image.fromarray(grey), "PNG"), *chunks)).metadata
    assert len(metadata.texts) == 1000
    assert len(photo.metadata_lost(metadata, "JPEG")) < 12


# --- blocks that ImageMagick stores as texts ------------------------------------------------

ARTIST = Image.Exif()
ARTIST[315], ARTIST[274] = "A. Beispiel", 6
XMP = xmp_packet("<dc:source>a shoebox</dc:source>", 'tiff:Orientation="6"')


@pytest.mark.parametrize("chunk", [b"tEXt", b"zTXt", b"iTXt"])
@pytest.mark.parametrize(
    ("kind", "block"),
    [
        ("exif", ARTIST.tobytes()),
        ("exif", ARTIST.tobytes()[6:]),
        ("APP1", ARTIST.tobytes()),
        ("xmp", XMP),
        ("APP1", b"http://ns.adobe.com/xap/1.0/\0" + XMP),
    ],
)
def test_a_raw_profile_is_kept_as_what_it_is(kind, block, chunk, grey):
    png = with_chunks(
        pil_bytes(Image.fromarray(grey[:60]), "PNG"), raw_profile(kind, block, chunk=chunk)
    )
    read = photo.read(png)
    assert read.size == (60, 96)
    assert read.metadata.texts == ()
    for target in HOLDERS:
        there = again(read, target)
        if b"shoebox" in block:
            assert b"a shoebox" in there.xmp
        else:
            assert b"A. Beispiel" in there.exif


def test_raw_profiles_as_imagemagick_and_exiftool_wrote_them():
    exif = photo.read(CASES / "png/p1b_rawprofile_APP1.png")
    assert exif.size == (120, 160)
    assert b"Anna Beispiel" in exif.metadata.exif
    both = photo.read(CASES / "png/p2_rawprofile_iptc_xmp.png")
    assert both.size == (120, 160)
    assert b"Hochzeit" in both.metadata.iptc
    assert packet_orientation(both.metadata.xmp) == 1


def test_a_raw_profile_of_colours_is_used(rgb):
    """A profile that exchanges red and green, so that colours show whether it was applied."""
    from PIL import ImageCms

    icc = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = icc.index(b"rXYZ"), icc.index(b"gXYZ")
    icc[red : red + 4], icc[green : green + 4] = b"gXYZ", b"rXYZ"
    plain = pil_bytes(Image.fromarray(rgb), "PNG")
    profile = raw_profile("icc", bytes(icc))
    gamma = png_chunk(b"gAMA", struct.pack(">I", 100_000))  # counts less than a profile
    for chunks in ((profile,), (gamma, profile)):
        read = photo.read(with_chunks(plain, *chunks))
        assert np.abs(read.rgb[..., 0].astype(int) - rgb[..., 1]).mean() < 3


def test_a_damaged_raw_profile_is_named(grey):
    chunk = png_chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 999\n4578\n")
    metadata = photo.read(with_chunks(pil_bytes(Image.fromarray(grey), "PNG"), chunk)).metadata
    assert metadata.lost == ("text Raw profile type exif (damaged)",)


# --- comments -------------------------------------------------------------------------------

COMMENTS = (b"found in a shoebox", "Köln".encode("latin-1"), b"third", b"x" * 65_533)


def test_all_comments_are_kept_in_jpeg_and_png(grey):
    jpeg = pil_bytes(Image.fromarray(grey), "JPEG")
    read = photo.read(with_segments(jpeg, *((0xFE, comment) for comment in COMMENTS)))
    assert read.metadata.comments == COMMENTS
    assert again(read, "JPEG").comments == COMMENTS
    texts = again(read, "PNG").texts
    assert [text.value for text in texts] == [each.decode("latin-1") for each in COMMENTS]
    assert {text.keyword for text in texts} == {"Comment"}


@pytest.mark.parametrize("target", ["TIFF", "WEBP", "AVIF"])
def test_comments_become_xmp_elsewhere(target, grey):
    read = photo.read(
        with_segments(pil_bytes(Image.fromarray(grey), "JPEG"), (0xFE, b"a"), (0xFE, b"b"))
    )
    assert b">a\nb</rdf:li></rdf:Alt></exif:UserComment>" in again(read, target).xmp


def test_a_comment_of_png_becomes_one_of_jpeg(grey):
    read = photo.read(with_texts(grey))
    assert again(read, "JPEG").comments == (b"found in a shoebox", b"in the attic")


# --- the aspect of pixels, and resolutions --------------------------------------------------


def stretched(kind: str, grey: np.ndarray) -> bytes:
    """A file whose pixels are twice as high as wide."""
    data = pil_bytes(Image.fromarray(grey), "JPEG" if kind == "JPEG" else "PNG")
    if kind == "JPEG":
        return data[:13] + struct.pack(">BHH", 0, 2, 1) + data[18:]
    if kind == "PNG":
        return with_chunks(data, png_chunk(b"pHYs", struct.pack(">IIB", 600, 300, 0)))
    stream = io.BytesIO()
    tifffile.imwrite(stream, grey, resolution=(2, 1), resolutionunit=1)
    return stream.getvalue()


@pytest.mark.parametrize("target", HOLDERS)
@pytest.mark.parametrize("source", ["JPEG", "PNG", "TIFF"])
def test_the_aspect_of_pixels_is_kept(source, target, grey):
    read = photo.read(stretched(source, grey))
    assert read.metadata.aspect == (2, 1)
    assert read.metadata.dpi is None
    there = again(read, target)
    assert (there.aspect, there.dpi) == ((2, 1), None)
    assert photo.metadata_lost(read.metadata, target) == ()
    assert "aspect of the pixels" in photo.metadata_lost(read.metadata, "BMP")


def test_the_aspect_turns_with_the_picture(grey):
    exif = Image.Exif()
    exif[274] = 6
    jpeg = pil_bytes(Image.fromarray(grey), "JPEG", exif=exif.tobytes())
    read = photo.read(jpeg[:13] + struct.pack(">BHH", 0, 2, 1) + jpeg[18:])
    assert read.metadata.aspect == (1, 2)


@pytest.mark.parametrize("between", [*HOLDERS, "BMP"])
@pytest.mark.parametrize("dpi", [(300, 300), (204, 98), (1200, 1200)])
def test_a_resolution_comes_back_exactly(dpi, between, grey):
    read = photo.read(pil_bytes(Image.fromarray(grey), "JPEG", dpi=dpi))
    there = photo.read(photo.encode(read.rgb, format=between, metadata=read.metadata))
    assert again(there, "TIFF").dpi == pytest.approx(dpi, abs=0.02 if between == "BMP" else 0)


# --- tags of TIFF ---------------------------------------------------------------------------

GEO = [
    (33550, 12, 3, (0.5, 0.5, 0.0), True),
    (33922, 12, 6, (0.0, 0.0, 0.0, 500000.0, 5400000.0, 0.0), True),
    (34735, 3, 8, (1, 1, 0, 1, 3072, 0, 1, 25832), True),
    (34737, 2, 0, "ETRS89|", True),
    (42113, 2, 0, "0", True),
]


def tiff(grey: np.ndarray, *tags: tuple) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, grey, photometric="minisblack", extratags=tags, metadata=None)
    return stream.getvalue()


def test_a_georeference_is_kept_in_tiff_and_named_elsewhere(grey):
    read = photo.read(tiff(grey, *GEO))
    data = photo.encode(read.rgb, format="TIFF", metadata=read.metadata)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        for tag, _, _, value, _ in GEO:
            assert file.pages.first.tags[tag].value == value
    assert photo.metadata_lost(read.metadata, "TIFF") == ()
    assert photo.metadata_lost(read.metadata, "PNG") == ("georeference",)


def test_a_georeference_of_a_picture_that_is_turned_would_be_wrong(grey):
    metadata = photo.read(tiff(grey, *GEO, (274, 3, 1, 6, True))).metadata
    assert metadata.tags is None
    assert metadata.lost == ("georeference (the picture was turned)",)


def test_private_tags_are_named(grey):
    metadata = photo.read(tiff(grey, (65000, 4, 1, 7, True), (37724, 7, 4, b"8BIM", True))).metadata
    assert metadata.lost == ("Photoshop's layers", "TIFF tags 65000")


def test_tags_behind_a_damaged_one_are_named(grey):
    data = bytearray(tiff(grey, (315, 2, 0, "at sea", True), (65001, 2, 0, "b" * 99, True)))
    place = data.index(struct.pack("<HHI", 315, 2, 7))
    struct.pack_into("<II", data, place + 4, 1000, len(data) - 1)  # it ends behind the file
    assert photo.read(bytes(data)).metadata.lost == ("TIFF tags 315 65001 (damaged)",)


def test_exif_cannot_change_how_a_tiff_file_stores_its_pixels(rgb):
    exif = Image.Exif()
    exif[338], exif[339], exif[324], exif[270] = 1, 3, 99, "at sea"  # samples, their kind, tiles
    data = photo.encode(rgb, format="TIFF", metadata=photo.Metadata(exif=exif.tobytes()[6:]))
    read = photo.read(data)
    np.testing.assert_array_equal(read.rgb, rgb)
    assert b"at sea" in read.metadata.exif


# --- segments of JPEG -----------------------------------------------------------------------


def test_segments_that_are_not_kept_are_named(grey):
    jpeg = pil_bytes(Image.fromarray(grey), "JPEG")
    data = with_segments(jpeg, (0xE2, b"MPF\0ab"), (0xEC, b"Ducky\0"), (0xEB, b"JP\0\0"))
    lost = ("JPEG segment APP2 (MPF)", "JPEG segment APP11 (JP)")
    assert photo.read(data).metadata.lost == lost


def test_damaged_exif_is_named(grey):
    data = with_segments(pil_bytes(Image.fromarray(grey), "JPEG"), (0xE1, b"Exif\0\0damaged"))
    assert photo.read(data).metadata.lost == ("EXIF (damaged)",)


def test_exif_that_is_too_large_for_jpeg_is_named(rgb):
    metadata = photo.Metadata(exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0" + bytes(70_000))
    assert photo.metadata_lost(metadata, "JPEG") == ("EXIF (70,014 bytes; JPEG holds 65,527)",)
    assert photo.metadata_lost(metadata, "PNG") == ()
    assert photo.read(photo.encode(rgb, format="JPEG", metadata=metadata)).metadata.exif is None


# --- the result says so ---------------------------------------------------------------------


def test_a_coloured_photograph_names_what_its_file_will_not_hold(warm, grey):
    stream = io.BytesIO(with_texts(grey))
    colored = warm.colorize(stream)
    assert colored.metadata_lost() == ()
    assert colored.metadata_lost("JPEG") == ("text Stamp", "text Box")
    assert warm.colorize(grey).metadata_lost("BMP") == ()  # the mark was not in the original
