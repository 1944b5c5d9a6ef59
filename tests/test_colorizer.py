"""A grey photograph goes in and a colour photograph comes out, with the same luma."""

from __future__ import annotations

import io
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import simplejpeg
import skimage.data
from PIL import Image

import photochrom
from photochrom import Colorizer, Model, photo
from photochrom.color import luma, rgb_to_lab
from photochrom.errors import (
    ConfigError,
    InvalidModel,
    MissingExtra,
    ModelNotFound,
    OutputExists,
    PhotoTooLarge,
    UnreadablePhoto,
)
from tests.support import BINS, exact_luma, model, network, picture_bytes, sloped

SIZES = [
    (1, 1), (1, 2), (2, 1), (1, 300), (7, 300), (300, 7), (8, 8), (33, 57), (64, 64), (101, 99),
    (257, 255), (480, 640),
]  # fmt: skip


def real_photographs() -> list[np.ndarray]:
    pictures = [skimage.data.camera(), skimage.data.moon(), skimage.data.page()]
    pictures += [luma(skimage.data.chelsea()), luma(skimage.data.coffee())]
    return [np.ascontiguousarray(picture[:260, :300]) for picture in pictures]


def luma_error(rgb: np.ndarray, grey: np.ndarray) -> float:
    return float(np.abs(exact_luma(rgb) - grey).max())


# --- what goes in ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["path", "text", "bytes", "file", "stream", "pil", "array", "photo"]
)
def test_a_photograph_may_come_as(kind, camera, vivid, tmp_path):
    data = picture_bytes(camera)
    path = tmp_path / "old.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        source = {
            "path": path,
            "text": str(path),
            "bytes": data,
            "file": file,
            "stream": io.BytesIO(data),
            "pil": Image.fromarray(camera),
            "array": camera,
            "photo": photo.read(path),
        }[kind]
        result = vivid.colorize(source)
    np.testing.assert_array_equal(result.luma, camera)
    np.testing.assert_array_equal(result.rgb, vivid.colorize(camera).rgb)


def test_the_network_gives_the_colours(camera, warm):
    middle = np.full((40, 60), 128, np.uint8)
    lab = rgb_to_lab(warm.colorize(middle).rgb / np.float32(255))
    np.testing.assert_allclose(lab[..., 1:].mean((0, 1)), [20, -10], atol=0.5)
    assert warm.colorize(middle).mean_chroma == pytest.approx(np.hypot(20, 10), abs=0.5)


def test_colours_change_with_what_is_seen(camera, vivid):
    rgb = vivid.colorize(camera).rgb.astype(int)
    warmth = rgb[..., 0] - rgb[..., 2]
    assert warmth[camera > 180].mean() > 10 > -10 > warmth[(camera > 20) & (camera < 80)].mean()


@pytest.mark.parametrize(("space", "scale"), [("luv", 100.0), ("yuv", 0.5), ("ycbcr", 0.5)])
def test_a_network_may_work_in_another_space(space, scale, camera):
    first = 0.01 if space == "luv" else 1.0
    made = sloped(color_space=space, output_scale=scale, input_scale=first)
    result = Colorizer(made).colorize(camera)
    assert luma_error(result.rgb, camera) <= 1
    assert result.mean_chroma > 5  # in Lab, whatever the network's space


def test_a_network_may_give_a_distribution(camera):
    sure = model(network((9.0, -9.0, -9.0)), output_kind="distribution", bins=BINS)
    result = Colorizer(sure).colorize(np.full((32, 32), 128, np.uint8))
    lab = rgb_to_lab(result.rgb / np.float32(255))
    np.testing.assert_allclose(lab[..., 1:].mean((0, 1)), BINS[0], atol=0.5)


def test_a_network_may_be_strided_or_of_one_size(camera):
    for made in (
        model(network(stride=4), stride=4),
        model(network(side=48), working_size=48, size_multiple=0),
    ):
        result = Colorizer(made).colorize(camera)
        assert result.rgb.shape == (*camera.shape, 3)
        assert luma_error(result.rgb, camera) <= 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_size(size, dtype, vivid):
    grey = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, size).astype(dtype)
    result = vivid.colorize(grey)
    assert result.rgb.shape == (*size, 3)
    assert result.rgb.dtype == dtype
    assert luma_error(result.rgb, grey) <= 1


def test_a_colour_photograph_is_coloured_by_its_luma(astronaut, vivid):
    result = vivid.colorize(astronaut)
    np.testing.assert_array_equal(result.rgb, vivid.colorize(luma(astronaut)).rgb)


def test_the_same_answer_every_time_and_in_every_thread(camera):
    colorizer = Colorizer(sloped())
    barrier = threading.Barrier(4)

    def work(_: int) -> np.ndarray:
        barrier.wait(10)
        return colorizer.colorize(camera).rgb

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(work, range(4)))
    for rgb in together:
        np.testing.assert_array_equal(rgb, Colorizer(sloped()).colorize(camera).rgb)


def test_a_study_may_be_coloured_again(camera, vivid):
    prediction = vivid.predict(camera)
    np.testing.assert_array_equal(prediction.color().rgb, prediction.color().rgb)
    np.testing.assert_array_equal(prediction.photo.luma, camera)


# --- the promise, on what comes out ---------------------------------------------------------


@pytest.mark.parametrize("kind", ["png", "tif", "bmp"])
def test_luma_in_the_file_is_within_a_level(kind, vivid, tmp_path):
    for number, grey in enumerate(real_photographs()):
        path = tmp_path / f"{number}.{kind}"
        vivid.colorize(grey).save(path)
        with Image.open(path) as image:
            assert image.mode == "RGB"
            assert luma_error(np.asarray(image), grey) <= 1


@pytest.mark.parametrize("quality", [50, 92, 97])
def test_a_jpeg_holds_the_luma_that_a_grey_jpeg_would(quality, vivid):
    for grey in real_photographs():
        coloured = Image.open(io.BytesIO(vivid.colorize(grey).encode("JPEG", quality=quality)))
        coloured.draft("YCbCr", None)
        grey_jpeg = simplejpeg.encode_jpeg_yuv_planes(grey, None, None, quality)
        alone = Image.open(io.BytesIO(grey_jpeg))
        np.testing.assert_array_equal(np.asarray(coloured)[..., 0], np.asarray(alone))


@pytest.mark.parametrize("kind", ["webp", "avif"])
def test_luma_in_lossy_files_is_close(kind, vivid, tmp_path):
    grey = real_photographs()[0]
    path = tmp_path / f"new.{kind}"
    vivid.colorize(grey).save(path, quality=95)
    with Image.open(path) as image:
        assert np.abs(exact_luma(np.asarray(image.convert("RGB"))) - grey).mean() < 3


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_sixteen_bits_stay_sixteen(kind, deep, vivid, tmp_path):
    source, path = tmp_path / "old.png", tmp_path / f"new.{kind}"
    Image.fromarray(deep).save(source)
    vivid.colorize(source).save(path)
    back = photo.read(path)
    assert back.rgb.dtype == np.uint16
    assert luma_error(back.rgb, deep) <= 1
    assert back.tint != "grey"


def test_transparency_is_kept(camera, vivid, tmp_path):
    clear = np.tile(np.linspace(0, 255, camera.shape[1]).astype(np.uint8), (camera.shape[0], 1))
    source = Image.merge("LA", [Image.fromarray(camera), Image.fromarray(clear)])
    source.save(tmp_path / "old.png")
    result = vivid.colorize(tmp_path / "old.png")
    result.save(tmp_path / "new.png")
    with Image.open(tmp_path / "new.png") as image:
        assert image.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(image)[..., 3], clear)
    assert result.to_pil().mode == "RGBA"
    np.testing.assert_array_equal(np.asarray(result.to_pil())[..., 3], clear)


def test_what_the_file_says_of_itself_is_kept(camera, vivid):
    exif = Image.Exif()
    exif[270], exif[315], exif[33432] = "At the river", "D. Lange", "public domain"
    exif.get_ifd(0x8825)[1] = "N"
    data = picture_bytes(camera, "JPEG", exif=exif.tobytes(), dpi=(600, 600))
    image = Image.open(io.BytesIO(vivid.colorize(data).encode()))
    found = image.getexif()
    assert [found[tag] for tag in (270, 315, 33432)] == [
        "At the river",
        "D. Lange",
        "public domain",
    ]
    assert found.get_ifd(0x8825)[1] == "N"
    assert tuple(map(round, image.info["dpi"])) == (600, 600)


def test_the_original_is_not_touched(camera, vivid, tmp_path):
    path = tmp_path / "old.jpg"
    path.write_bytes(picture_bytes(camera, "JPEG"))
    before, stat = path.read_bytes(), path.stat()
    vivid.colorize(path).save(tmp_path / "new.jpg")
    assert path.read_bytes() == before
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (stat.st_mtime_ns, stat.st_ino)


def test_the_array_is_not_touched(camera, vivid):
    array = camera.copy()
    vivid.colorize(array).rgb[:] = 0
    np.testing.assert_array_equal(array, camera)


def test_saving_does_not_write_over(camera, warm, tmp_path):
    path = tmp_path / "new.png"
    path.write_bytes(b"mine")
    result = warm.colorize(camera)
    with pytest.raises(OutputExists, match=r"new\.png exists already"):
        result.save(path)
    assert path.read_bytes() == b"mine"
    result.save(path, overwrite=True)
    np.testing.assert_array_equal(np.asarray(Image.open(path)), result.rgb)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
def test_bytes_are_in_the_photographs_own_format(kind, camera, warm):
    result = warm.colorize(picture_bytes(camera, kind))
    assert result.format == kind
    assert Image.open(io.BytesIO(result.encode())).format == kind
    assert Image.open(io.BytesIO(result.encode("PNG"))).format == "PNG"
    stream = io.BytesIO()
    result.save(stream)
    assert stream.getvalue() == result.encode()


def test_to_pil_gives_the_pixels(camera, warm):
    result = warm.colorize(camera)
    assert result.to_pil().mode == "RGB"
    np.testing.assert_array_equal(np.asarray(result.to_pil()), result.rgb)


def test_to_pil_rounds_sixteen_bits(deep, warm):
    result = warm.colorize(deep)
    np.testing.assert_array_equal(np.asarray(result.to_pil()), np.rint(result.rgb / 257))


def test_mean_chroma_of_what_is_grey():
    grey = Colorizer(model(network((0.0, 0.0))))
    assert grey.colorize(np.full((20, 30), 99, np.uint8)).mean_chroma == pytest.approx(0, abs=0.05)


# --- what goes wrong ------------------------------------------------------------------------


def test_a_network_that_answers_nan(camera, broken):
    with pytest.raises(InvalidModel, match=r"network\.onnx returned NaN or infinity"):
        Colorizer(broken).colorize(camera)


def test_a_network_with_three_channels(camera):
    with pytest.raises(InvalidModel, match=r"expected output of shape \(height, width, 2\)"):
        Colorizer(model(network((0.1, 0.2, 0.3)))).colorize(camera)


def test_messages_name_the_photograph(warm, tmp_path):
    (tmp_path / "old.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(UnreadablePhoto, match=r"old\.png"):
        warm.colorize(tmp_path / "old.png")
    with pytest.raises(UnreadablePhoto, match="letter 17"):
        warm.colorize(b"no picture", name="letter 17")


def test_photographs_over_the_limit(camera):
    with pytest.raises(PhotoTooLarge):
        Colorizer(model(), max_pixels=camera.size - 1).colorize(camera)
    Colorizer(model(), max_pixels=camera.size).colorize(camera)


# --- which model ----------------------------------------------------------------------------


def test_a_colorizer_takes_a_model_or_its_place(model_folder, camera):
    by_place = [Colorizer(model_folder), Colorizer(str(model_folder))]
    by_model = Colorizer(Model.load(model_folder))
    for colorizer in by_place:
        np.testing.assert_array_equal(colorizer.colorize(camera).rgb, by_model.colorize(camera).rgb)
    assert by_model.engine.startswith("ONNX Runtime CPU")


def test_the_model_that_the_environment_names(monkeypatch, model_folder):
    monkeypatch.setenv("PHOTOCHROM_MODEL", str(model_folder))
    assert Colorizer().model.source == str(model_folder)


def test_a_model_by_name_goes_before_the_environment(monkeypatch, model_folder):
    monkeypatch.setenv("PHOTOCHROM_MODEL", "/nowhere")
    assert Colorizer(model_folder).model.source == str(model_folder)


def test_the_environment_names_what_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("PHOTOCHROM_MODEL", str(tmp_path / "gone"))
    with pytest.raises(ModelNotFound, match=r"there is nothing at .*gone"):
        Colorizer()


def test_without_a_name_it_is_the_one_that_ships(monkeypatch):
    monkeypatch.delenv("PHOTOCHROM_MODEL", raising=False)
    assert Colorizer().model.card.name == "photochrom"


# --- what belongs to whom -------------------------------------------------------------------


def test_an_array_stays_the_callers_and_a_study_its_own(vivid, camera):
    mine = camera.copy()
    prediction = vivid.predict(mine)
    result = prediction.color()
    before = result.rgb.copy()
    mine[:] = 0
    np.testing.assert_array_equal(prediction.color().rgb, before)
    result.luma[:] = 7
    assert (mine == 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("palette", [["reed"], [(1, 2)], [(300, 0, 0)], [(-1, 0, 0)], [None]])
def test_a_palette_of_what_is_no_colour(palette, astronaut):
    with pytest.raises(ConfigError, match=r"expected (a colour|three numbers)"):
        Colorizer().predict(luma(astronaut)).color(palette=palette)


@pytest.mark.slow
def test_a_palette_in_any_form(astronaut):
    prediction = Colorizer().predict(luma(astronaut))
    first, *others = (
        prediction.color(palette=each).rgb
        for each in (["#205090"], [(32, 80, 144)], np.array([[32, 80, 144]]))
    )
    for other in others:
        np.testing.assert_array_equal(first, other)


@pytest.mark.slow
def test_one_photograph_with_all_that_is_known_of_it(astronaut):
    grey, hints = luma(astronaut), [photochrom.Hint.at(9, 9, "#2040d0", 9)]
    how = {"vividness": 0.2, "hints": hints, "palette": ["#205090"]}
    plain = photochrom.colorize(grey, reference=astronaut, **how)
    longer = Colorizer().predict(grey, reference=astronaut).color(**how)
    np.testing.assert_array_equal(plain.rgb, longer.rgb)


def test_an_error_comes_out_of_another_process():
    error = MissingExtra("train", "training")
    back = pickle.loads(pickle.dumps(error))
    assert (str(back), back.extra) == (str(error), "train")
