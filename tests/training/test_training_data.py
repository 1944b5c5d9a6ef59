"""Photographs on their way to the network."""

from __future__ import annotations

import io
import itertools
import tarfile
import threading

import numpy as np
import pytest
from PIL import Image

from photochrom.errors import ConfigError, DataError
from photochrom.recipes import recipe
from photochrom.training import dataset, scan, sources
from photochrom.training.config import load_config
from photochrom.training.dataset import training_batches, validation_batches
from tests.pictures import colour_pictures, crops, fill


def shard(path, pictures):
    with tarfile.open(path, "w") as archive:
        for number, rgb in enumerate(pictures):
            held = io.BytesIO()
            Image.fromarray(rgb).save(held, "PNG")
            for name, data in ((f"{number:06}.png", held.getvalue()), (f"{number:06}.json", b"{}")):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return path


def batches(found, count, **changes):
    config = load_config(settings=["data.crop=0.5"]).data
    stream = training_batches(
        found, recipe("autoencoder"), config, **{"size": 32, "batch_size": 4, "seed": 5, **changes}
    )
    return [inputs for inputs, _ in itertools.islice(stream, count)]


def test_folders_are_gone_through_however_deep(tmp_path):
    fill(tmp_path / "a" / "b" / "c", 2)
    fill(tmp_path, 1)
    (tmp_path / "notes.txt").write_text("not a photograph")
    assert len(sources.find(tmp_path)) == 3


def test_a_shard_gives_the_same_photographs_as_a_folder(tmp_path):
    folder = fill(tmp_path / "folder", 5)
    (tmp_path / "shards").mkdir()
    shard(tmp_path / "shards" / "000.tar", crops(5, 96))
    from_folder = [np.asarray(Image.open(io.BytesIO(s.read()))) for s in sources.find(folder)]
    found = sources.find(tmp_path / "shards")
    from_shard = [np.asarray(Image.open(io.BytesIO(s.read()))) for s in found]
    np.testing.assert_array_equal(from_folder, from_shard)
    assert [scan.examine(source, 64) for source in found] == ["good"] * 5


def test_a_compressed_or_broken_shard_is_named(tmp_path):
    (tmp_path / "bad.tar").write_bytes(b"this is no tar file" * 100)
    with pytest.raises(DataError, match=r"uncompressed \.tar shard.*bad\.tar"):
        sources.find(tmp_path)


def test_no_photographs_and_no_folder_are_told_apart(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        sources.find(tmp_path / "nowhere")
    with pytest.raises(DataError, match="found none"):
        sources.find(tmp_path)


def test_grey_tinted_tiny_and_broken_ones_are_left_out_and_counted(tmp_path):
    fill(tmp_path, 3)
    rgb = colour_pictures()[0]
    grey = rgb @ [0.299, 0.587, 0.114]
    Image.fromarray(grey.astype(np.uint8)).save(tmp_path / "grey.png")
    sepia = np.clip(grey[..., None] * [1.07, 0.95, 0.75], 0, 255).astype(np.uint8)
    Image.fromarray(sepia).save(tmp_path / "sepia.png")
    Image.fromarray(rgb[:40, :40]).save(tmp_path / "tiny.png")
    whole = (tmp_path / "000.png").read_bytes()
    (tmp_path / "broken.png").write_bytes(whole[: len(whole) // 2])
    verdicts = {s.path.rpartition("/")[2]: v for s, v in scan.scan(sources.find(tmp_path), 64)}
    assert verdicts == {
        **{f"{i:03}.png": "good" for i in range(3)},
        "grey.png": "grey",
        "sepia.png": "grey",
        "tiny.png": "tiny",
        "broken.png": "broken",
    }


def test_the_index_keeps_the_good_ones_of_a_part(tmp_path):
    one, two = sources.Source("a, b.png"), sources.Source("c.tar", 512, 99, "ü.png")
    rows = [("train", one, "good"), ("train", two, "grey"), ("val", two, "good")]
    scan.save_index(tmp_path / "photos.csv", rows)
    assert scan.load_index(tmp_path / "photos.csv", "train") == [one]
    assert scan.load_index(tmp_path / "photos.csv", "val") == [two]


def test_the_split_moves_nobody_when_photographs_are_added():
    few = [sources.Source(f"{i}.jpg") for i in range(500)]
    many = [sources.Source(f"{i}.jpg") for i in range(1000)]
    train, held_out = sources.split(few, 0.1)
    assert 20 < len(held_out) < 90
    assert set(held_out) <= set(sources.split(many, 0.1)[1])
    assert not set(train) & set(held_out)


def test_the_stream_is_decided_by_its_seed(tmp_path):
    found = sources.find(fill(tmp_path, 10))
    first, again, other = batches(found, 6), batches(found, 6), batches(found, 6, seed=6)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_stream_can_be_entered_anywhere(tmp_path):
    found = sources.find(fill(tmp_path, 10))
    np.testing.assert_array_equal(batches(found, 8)[5:], batches(found, 3, first=5))


def test_all_threads_make_batches_at_once(tmp_path, monkeypatch):
    found = sources.find(fill(tmp_path, 10))
    config = load_config(settings=["data.threads=4"]).data
    all_here, calls, view = threading.Barrier(4), itertools.count(), dataset.random_view

    def met(*arguments):
        if next(calls) < 4:
            all_here.wait(20)
        return view(*arguments)

    monkeypatch.setattr(dataset, "random_view", met)
    stream = training_batches(found, recipe("autoencoder"), config, size=32, batch_size=2, seed=5)
    assert next(iter(stream))[0].shape == (2, 32, 32, 1)


def test_a_pass_meets_every_photograph_and_passes_differ(tmp_path):
    folder = tmp_path / "flat"
    folder.mkdir()
    for level in range(8):
        rgb = np.full((64, 64, 3), 30 * level, np.uint8)
        Image.fromarray(rgb).save(folder / f"{level}.png")
    seen = np.concatenate(batches(sources.find(folder), 4))[:, 0, 0, 0].round(2)
    assert sorted(seen[:8]) == sorted(seen[8:])
    assert len(set(seen[:8])) == 8
    assert list(seen[:8]) != list(seen[8:])


def test_batches_of_a_single_photograph(tmp_path):
    found = sources.find(fill(tmp_path, 3))
    one, four = batches(found, 4, batch_size=1), batches(found, 1)
    assert [len(inputs) for inputs in one] == [1] * 4
    assert one[0].shape[1:] == four[0].shape[1:]


def test_validation_is_one_pass_in_order(tmp_path):
    found = sources.find(fill(tmp_path, 5))
    config = load_config().data
    stream = validation_batches(found, recipe("autoencoder"), config, size=32, batch_size=2)
    assert [inputs.shape[0] for inputs, _ in stream] == [2, 2, 1]
    assert [inputs.shape[0] for inputs, _ in stream] == [2, 2, 1]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "train.epochs=0",
            r"train\.epochs: input should be greater than or equal to 1; received 0",
        ),
        ("train.epoch=3", r"train\.epoch: there is no such setting"),
        ("epochs", "expected a setting as key=value; received 'epochs'"),
        ("data.fit=stretch", "received 'stretch'"),
        ("recipe.name=x", r"recipe: .*string"),
    ],
)
def test_a_wrong_setting_is_named(setting, message):
    with pytest.raises(ConfigError, match=message):
        load_config(settings=[setting])


def test_settings_override_the_file(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(
        "recipe = 'autoencoder'\n[train]\nepochs = 7\nseed = 3\n[options]\nkernel_size = 5\n"
    )
    config = load_config(path, ["train.epochs=9"])
    assert (config.train.epochs, config.train.seed) == (9, 3)
    assert config.options == {"kernel_size": 5}


def test_a_file_that_is_not_a_configuration_is_named(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("epochs = = 3")
    with pytest.raises(ConfigError, match=r"cannot read the configuration .*run\.toml"):
        load_config(path)
