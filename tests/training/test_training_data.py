"""Training photographs: finding, checking, splitting and streaming them."""

from __future__ import annotations

import io
import itertools
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photochrom import photo
from photochrom.errors import ConfigError, DataError, StorageError
from photochrom.progress import ProgressListener
from photochrom.recipes import recipe
from photochrom.training import dataset, sources
from photochrom.training.cluster import Cluster
from photochrom.training.config import load_config
from photochrom.training.dataset import training_batches, validation_batches
from photochrom.training.reading import PhotoReader
from tests.pictures import colour_pictures, crops, fill

loads_keras = pytest.mark.slow


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


def reader_of(found, listener=None):
    return PhotoReader(len(found), 64, listener)


def batches(found, count, **changes):
    config = load_config(settings=["data.crop=0.5"]).data
    stream = training_batches(
        found,
        reader_of(found),
        recipe("autoencoder"),
        config,
        **{"size": 32, "batch_size": 4, "seed": 5, **changes},
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
    assert [sources.examine(source, 64) for source in found] == ["good"] * 5


def test_a_compressed_or_broken_shard_is_named(tmp_path):
    (tmp_path / "bad.tar").write_bytes(b"this is no tar file" * 100)
    with pytest.raises(DataError, match=r"uncompressed \.tar shard.*bad\.tar"):
        sources.find(tmp_path)


def square(data):
    return photo.square(data, 64)


SPARE = np.zeros((32, 32, 3), np.uint8)


class Notes(ProgressListener):
    """A listener that records the messages."""

    def __init__(self):
        self.texts = []

    def note(self, text):
        self.texts.append(text)


@pytest.mark.parametrize(
    ("kept", "whole"),
    [
        (3.5, 3),  # within a photograph
        (3.0, 3),  # between two members: only the archive's end is missing
        (0.5, 0),
        (0.0, 0),
    ],
)
def test_the_whole_members_of_a_truncated_shard_count(tmp_path, kept, whole):
    path = shard(tmp_path / "cut.tar", crops(5, 96))
    found, notes = sources.find(path), Notes()
    starts = [each.offset - 512 for each in found]
    at, rest = int(kept), kept % 1
    end = starts[at] + int(rest * (512 + found[at].length))
    path.write_bytes(path.read_bytes()[:end])
    fill(tmp_path, 1)
    left = sources.find(tmp_path, notes)
    assert [each.member for each in left if each.member] == [e.member for e in found[:whole]]
    (note,) = notes.texts
    assert "cut.tar is truncated" in note
    assert (f"first {whole} photographs" if whole else "no photograph is complete") in note


def test_a_truncated_header_is_a_truncated_shard(tmp_path):
    path = shard(tmp_path / "cut.tar", crops(3, 96))
    last = sources.find(path)[-1]
    path.write_bytes(path.read_bytes()[: last.offset - 100])
    notes = Notes()
    assert len(sources.find(path, notes)) == 2
    assert notes.texts == [f"{path} is truncated: its first 2 photographs are used"]


def test_a_shard_that_is_damaged_in_the_middle_is_named(tmp_path):
    path = shard(tmp_path / "bad.tar", crops(3, 96))
    second = sources.find(path)[1]
    data = bytearray(path.read_bytes())
    data[second.offset - 512 : second.offset] = b"\xff" * 512
    path.write_bytes(data)
    notes = Notes()
    assert len(sources.find(path, notes)) == 1
    assert notes.texts == [f"{path} is damaged: its first 1 photographs are used"]


def test_a_whole_shard_is_not_remarked_upon(tmp_path):
    notes = Notes()
    assert len(sources.find(shard(tmp_path / "a.tar", crops(3, 96)), notes)) == 3
    assert notes.texts == []


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
    verdicts = {s.path.rpartition("/")[2]: v for s, v in sources.scan(sources.find(tmp_path), 64)}
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
    sources.save_index(tmp_path / "photos.csv", rows)
    assert sources.load_index(tmp_path / "photos.csv", "train") == [one]
    assert sources.load_index(tmp_path / "photos.csv", "val") == [two]


def parts(names, share=0.1):
    train, held_out = sources.split([sources.Source(name) for name in names], share, Path())
    return [each.path for each in train], [each.path for each in held_out]


def test_the_split_moves_nobody_when_photographs_are_added():
    train, held_out = parts(f"{i}.jpg" for i in range(500))
    assert 20 < len(held_out) < 90
    assert set(held_out) <= set(parts(f"{i}.jpg" for i in range(1000))[1])
    assert not set(train) & set(held_out)


@pytest.mark.parametrize("name", ["image.jpg", "photo.jpg", "a/scan.png"])
def test_photographs_of_one_name_fall_into_both_parts(name):
    train, held_out = parts(f"{i:03}/{name}" for i in range(500))
    assert 20 < len(held_out) < 90
    assert len(train) == 500 - len(held_out)
    for count in range(2, 30):  # however few there are
        train, held_out = parts(f"obj{i:02}/{name}" for i in range(count))
        assert train
        assert held_out


def test_members_of_one_name_in_many_shards_fall_into_both_parts():
    found = [sources.Source(f"{i:03}.tar", 512, 9, "image.jpg") for i in range(500)]
    _, held_out = sources.split(found, 0.1, Path())
    assert 20 < len(held_out) < 90


def test_the_split_is_the_same_wherever_the_folder_lies(tmp_path):
    folders = [fill(tmp_path / where / "photos", 12) for where in ("here", "there")]
    ours, theirs = (
        [[Path(each.path).name for each in part] for part in sources.split(found, 0.3, folder)]
        for folder in folders
        if (found := sources.find(folder))
    )
    assert ours == theirs


def test_nothing_is_held_out_where_nothing_is_wanted():
    assert parts(["a.jpg", "b.jpg"], share=0) == (["a.jpg", "b.jpg"], [])
    assert parts(["a.jpg"], share=0.1) == (["a.jpg"], [])


@loads_keras
def test_the_stream_is_decided_by_its_seed(tmp_path):
    found = sources.find(fill(tmp_path, 10))
    first, again, other = batches(found, 6), batches(found, 6), batches(found, 6, seed=6)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@loads_keras
def test_the_stream_can_be_entered_anywhere(tmp_path):
    found = sources.find(fill(tmp_path, 10))
    np.testing.assert_array_equal(batches(found, 8)[5:], batches(found, 3, first=5))


@loads_keras
def test_all_threads_make_batches_at_once(tmp_path, monkeypatch):
    found = sources.find(fill(tmp_path, 10))
    config = load_config(settings=["data.threads=4"]).data
    all_here, calls, view = threading.Barrier(4), itertools.count(), dataset.random_view

    def met(*arguments):
        if next(calls) < 4:
            all_here.wait(20)
        return view(*arguments)

    monkeypatch.setattr(dataset, "random_view", met)
    stream = training_batches(
        found, reader_of(found), recipe("autoencoder"), config, size=32, batch_size=2, seed=5
    )
    assert next(iter(stream))[0].shape == (2, 32, 32, 1)


def spoil(source, how):
    """Damage, replace or delete a photograph, as can happen during a long run."""
    path = Path(source.path)
    if how == "deleted":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[: source.length // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "a text":
        path.write_text("moved to the other drive")
    elif how == "a folder":
        path.unlink()
        path.mkdir()
    elif how == "tiny":
        Image.fromarray(colour_pictures()[0][:40, :40]).save(path)
    elif how == "grey":
        Image.fromarray(colour_pictures()[0]).convert("L").save(path)


@loads_keras
@pytest.mark.parametrize(
    "how", ["deleted", "truncated", "empty", "a text", "a folder", "tiny", "grey"]
)
def test_a_photograph_that_goes_bad_is_named_once_and_left_out(tmp_path, how):
    found, notes = sources.find(fill(tmp_path, 6)), Notes()
    reader = reader_of(found, notes)
    spoil(found[2], how)
    config = load_config().data
    shape = {"size": 32, "batch_size": 3}
    stream = training_batches(found, reader, recipe("autoencoder"), config, seed=5, **shape)
    seen = [inputs for inputs, _ in itertools.islice(stream, 8)]  # four passes
    assert {inputs.shape for inputs in seen} == {(3, 32, 32, 1)}
    validation = validation_batches(
        found, reader, recipe("autoencoder"), config, spare=SPARE, **shape
    )
    assert [len(inputs) for inputs, _ in validation] == [3, 3]
    (note,) = notes.texts
    assert note.startswith("skipped from now on: ")
    assert found[2].path in note
    assert "<bytes>" not in note


@loads_keras
def test_the_only_photograph_for_validation_may_go_bad_too(tmp_path):
    found, notes = sources.find(fill(tmp_path, 6)), Notes()
    spoil(found[0], "deleted")
    stream = validation_batches(
        found[:1], reader_of(found, notes), recipe("autoencoder"), load_config().data,
        size=32, batch_size=2, spare=SPARE,
    )  # fmt: skip
    assert [len(inputs) for _ in range(3) for inputs, _ in stream] == [1, 1, 1]
    assert len(notes.texts) == 1


def test_a_photograph_that_was_replaced_by_a_good_one_stays(tmp_path):
    found, notes = sources.find(fill(tmp_path, 2)), Notes()
    Image.fromarray(colour_pictures()[1]).save(found[0].path)
    assert len(list(reader_of(found, notes).load_all(found, len))) == 2
    assert notes.texts == []


def test_a_shard_that_was_cut_off_during_a_run_is_named_once(tmp_path):
    path = shard(tmp_path / "a.tar", crops(5, 96))
    found, notes = sources.find(path), Notes()
    path.write_bytes(path.read_bytes()[: found[3].offset])
    assert len(list(reader_of(found, notes).load_all(found, len))) == 3
    assert notes.texts == [f"skipped from now on: {path} is shorter than it was"]


def test_a_run_ends_when_most_of_its_photographs_are_gone(tmp_path):
    found, notes = sources.find(fill(tmp_path, 6)), Notes()
    reader = reader_of(found, notes)
    for source in found[:3]:
        spoil(source, "deleted")
    reader.check_files(found)
    assert len(notes.texts) == 3
    spoil(found[3], "truncated")
    with pytest.raises(DataError, match="6 photographs of this run; 4 of them can no longer be"):
        list(reader.load_all(found, square))
    with pytest.raises(DataError, match="for example"):
        reader.check()  # whatever a backend made of the first error


def test_a_lost_drive_is_not_a_thousand_lines(tmp_path):
    found = [sources.Source(str(tmp_path / f"{i}.jpg")) for i in range(300)]
    notes = Notes()
    with pytest.raises(DataError, match="300 of them can no longer be read"):
        reader_of(found, notes).check_files(found)
    assert len(notes.texts) == 101


@loads_keras
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


@loads_keras
def test_batches_of_a_single_photograph(tmp_path):
    found = sources.find(fill(tmp_path, 3))
    one, four = batches(found, 4, batch_size=1), batches(found, 1)
    assert [len(inputs) for inputs in one] == [1] * 4
    assert one[0].shape[1:] == four[0].shape[1:]


@loads_keras
def test_validation_is_one_pass_in_order(tmp_path):
    found = sources.find(fill(tmp_path, 5))
    config = load_config().data
    stream = validation_batches(
        found, reader_of(found), recipe("autoencoder"), config, size=32, batch_size=2, spare=SPARE
    )
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


@loads_keras
def test_two_processes_get_together_what_one_would_get(tmp_path):
    found = sources.find(fill(tmp_path, 7))
    whole = batches(found, 3, first=2)
    halves = [batches(found, 3, first=2, cluster=Cluster(n, 2, 2)) for n in range(2)]
    np.testing.assert_array_equal(whole, np.concatenate(halves, 1))


@loads_keras
def test_every_device_validates_as_many_photographs(tmp_path):
    found = sources.find(fill(tmp_path, 5))
    shares = [
        [
            inputs
            for inputs, _ in validation_batches(
                found, reader_of(found), recipe("autoencoder"), load_config().data,
                size=32, batch_size=4, spare=SPARE, cluster=Cluster(n, 2, 2),
            )
        ]
        for n in range(2)
    ]  # fmt: skip
    assert [[len(inputs) for inputs in share] for share in shares] == [[2, 1], [2, 1]]
    seen = {inputs.tobytes() for share in shares for batch in share for inputs in batch}
    assert len(seen) == 5


# --- in a storage ---------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path):
    """A folder with photographs and a shard, and the URI of its copy in a storage."""
    memory = pytest.importorskip("fsspec").filesystem("memory")
    folder = fill(tmp_path / "photos", 4)
    shard(folder / "000.tar", crops(3, 96))
    for path in folder.iterdir():
        memory.pipe_file(f"/bucket/photos/{path.name}", path.read_bytes())
    yield folder, "memory://bucket/photos"
    memory.rm("/bucket", recursive=True)


def test_photographs_in_a_storage_are_those_of_the_folder(stored):
    folder, uri = stored
    here, there = sources.find(folder), sources.find(uri)
    assert [s.read() for s in there] == [s.read() for s in here]
    assert [s.name for s in there] == [s.name.replace(str(folder), uri) for s in here]
    # A run on a copy holds out the same photographs.
    held_out = [[s.name for s in sources.split(found, 0.5, place)[1]]
                for found, place in ((here, folder), (there, uri))]  # fmt: skip
    assert held_out[1] == [name.replace(str(folder), uri) for name in held_out[0]]


def test_a_folder_of_a_storage_with_brackets_in_its_name(tmp_path):
    folder = fill(tmp_path / "photos [1]", 2)
    here, there = sources.find(folder), sources.find(f"file://{folder}")
    assert [s.read() for s in there] == [s.read() for s in here]


@pytest.mark.parametrize("name", ["000.tar", "0*.tar"])
def test_one_shard_of_a_storage_may_be_named(stored, name):
    found = sources.find(f"{stored[1]}/{name}")
    assert [s.name for s in found] == [f"{stored[1]}/000.tar:{i:06}.png" for i in range(3)]
    assert sources.split(found, 0.5, f"{stored[1]}/{name}") == sources.split(found, 0.5, stored[1])


def test_a_photograph_that_a_storage_lost_is_left_out(stored):
    found, notes = sources.find(stored[1]), Notes()
    pytest.importorskip("fsspec").filesystem("memory").rm(
        f"/bucket/photos/{Path(found[0].path).name}"
    )
    reader = reader_of(found, notes)
    assert len(list(reader.load_all(found, len))) == 6
    assert "there is no such file" in notes.texts[0]


def test_a_storage_that_cannot_be_reached_ends_a_run_and_loses_no_photograph(stored, monkeypatch):
    found, notes = sources.find(stored[1]), Notes()
    reader = reader_of(found, notes)

    def refuse(*_: object, **__: object) -> bytes:
        raise StorageError("cannot read: no route")

    monkeypatch.setattr(sources.storage, "read", refuse)
    for use in (lambda: list(reader.load_all(found, len)), reader.check):
        with pytest.raises(StorageError, match="no route"):
            use()
    assert not notes.texts


def test_folders_for_validation_in_a_storage_are_found(stored):
    memory = pytest.importorskip("fsspec").filesystem("memory")
    for part in ("train", "val"):
        memory.cp("/bucket/photos/000.tar", f"/bucket/parts/{part}/000.tar")
    parts = sources.split_folders("memory://bucket/parts")
    assert parts == ("memory://bucket/parts/train", "memory://bucket/parts/val")
    assert sources.is_within(sources.find(parts[1])[0], parts[1])
    assert not sources.is_within(sources.find(parts[0])[0], parts[1])
