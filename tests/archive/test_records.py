"""`photochrom archive bag`, `premis` and `iiif`: what archives keep beside the photographs."""

from __future__ import annotations

import hashlib
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import bagit
import iiif_prezi3
import pytest

from photochrom.archive.bag import write_bag
from photochrom.archive.entry import Entry
from photochrom.archive.iiif import manifest_of
from photochrom.archive.layout import placed
from photochrom.archive.manifest import Manifest
from photochrom.archive.premis import write_premis
from photochrom.errors import ConfigError, DataError, OutputError, OutputExists
from tests.commands import invoke
from tests.support import contents

PREMIS = "{http://www.loc.gov/premis/v3}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


@pytest.fixture
def entries(place) -> list[Entry]:
    """Two photographs that are done, one that failed and one that waits."""
    names = ["box 1/a.tif", "box 2/b & 100%.jpg"]
    done = [entry_of(place, name, number) for number, name in enumerate(names)]
    failed = replace(done[0], source="/x/c.jpg", output="/y/c.jpg", status="failed", error="no\0")
    return [*done, failed, replace(failed, source="/x/d", output="/y/d", status="queued")]


def entry_of(place: Path, name: str, number: int) -> Entry:
    paths = place / "in" / name, (place / "out" / name).with_suffix(".jpg")
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{path.parts[-3:]} {number}".encode())
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    sizes = [path.stat().st_size for path in paths]
    return Entry(
        source=str(paths[0]),
        output=str(paths[1]),
        status="done",
        source_size=sizes[0],
        source_sha256=hashes[0],
        format="JPEG",
        width=40,
        height=30,
        output_sha256=hashes[1],
        output_size=sizes[1],
        fingerprint="f00d",
        seconds=0.5,
        finished="2026-11-27T09:30:00Z",
        machine="desk",
    )


@pytest.fixture
def manifest(place, entries) -> Path:
    with Manifest(place / "run.sqlite", write=True) as opened:
        opened.add(entries)
        opened.add_settings("f00d", {"program": "photochrom 0.9", "quality": 90, "suffix": ""})
    return place / "run.sqlite"


# --- the bag --------------------------------------------------------------------------------


def test_a_bag_is_valid_and_holds_everything(manifest, place, entries):
    result = invoke("archive", "bag", manifest, "bag")
    assert result.exit_code == 0, result.output
    bag = bagit.Bag("bag")
    bag.validate()
    assert bag.info["Payload-Oxum"].endswith(".4")
    assert contents(place / "bag" / "data") == [
        "coloured/box 1/a.jpg",
        "coloured/box 2/b & 100_.jpg",
        "originals/box 1/a.tif",
        "originals/box 2/b & 100_.jpg",
    ]
    original = place / "bag/data/originals/box 1/a.tif"
    assert original.read_bytes() == Path(entries[0].source).read_bytes()
    assert "0.9" in (place / "bag/metadata/premis.xml").read_text()
    original.write_bytes(b"another")
    with pytest.raises(bagit.BagValidationError):
        bag.validate()
    assert invoke("archive", "bag", manifest, "bag").exit_code == 1


def test_a_bag_is_made_completely_or_not_at_all(place, entries):
    Path(entries[1].output).write_bytes(b"changed since")
    before = contents(place)
    with pytest.raises(OutputError, match="changed since"):
        write_bag(entries, place / "bag")
    with pytest.raises(OutputExists):
        write_bag(entries, place / "in")
    with pytest.raises(OutputError, match="nowhere"):
        write_bag(entries[:1], place / "nowhere" / "bag")
    with pytest.raises(DataError, match="none"):
        write_bag(entries[2:], place / "bag")
    assert contents(place) == before


def test_places_of_photographs_on_other_storages():
    source, output = "zip://x/a.tif::s3://scans/box.zip", "s3://results/box/x/a.jpg"
    entry = Entry(source, output, "done")
    other = Entry("s3://scans/b.nef", "s3://results/b.jpg", "done")
    found = [(str(each.original), str(each.colored)) for each in placed([entry, other])]
    assert found == [
        ("originals/box/x/a.tif", "coloured/box/x/a.jpg"),
        ("originals/b.nef", "coloured/b.jpg"),
    ]
    same = [replace(entry, output="/o/a%.jpg"), replace(entry, output="/o/a_.jpg")]
    with pytest.raises(DataError, match="different names"):
        placed(same)


# --- PREMIS ---------------------------------------------------------------------------------


def test_premis_tells_what_was_done_to_which_file(manifest, place, entries):
    result = invoke("archive", "premis", manifest, "premis.xml")
    assert result.exit_code == 0, result.output
    root = ET.parse("premis.xml").getroot()
    kinds = [each.tag.removeprefix(PREMIS) for each in root]
    assert kinds == ["object"] * 5 + ["event"] * 3 + ["agent"] * 2  # in the order of the schema
    objects = {texts(each, "objectIdentifierValue")[0]: each for each in root[:5]}
    source, output = objects[entries[0].source], objects[entries[0].output]
    assert source.get(f"{XSI}type") == "file"
    assert texts(source, "messageDigest") == [entries[0].source_sha256]
    assert texts(output, "messageDigest") == [entries[0].output_sha256]
    assert texts(output, "relatedObjectIdentifierValue") == [entries[0].source]
    event, _, failed = root[5:8]
    assert texts(event, "eventType") == ["creation"]
    assert texts(event, "linkingObjectRole") == ["source", "outcome"]
    linked = texts(event, "linkingAgentIdentifierValue")
    assert linked == [texts(each, "agentIdentifierValue")[0] for each in root[8:]]
    assert (texts(event, "eventOutcome"), texts(failed, "eventOutcome")) == (["success"], ["fail"])
    assert texts(failed, "eventOutcomeDetailNote") == ["no\ufffd"]
    assert texts(root[8], "agentVersion") == ["0.9"]
    assert texts(root[8], "agentNote") == ["quality: 90"]
    assert invoke("archive", "premis", manifest, "premis.xml").exit_code == 1
    assert invoke("archive", "premis", manifest, "premis.xml", "--overwrite").exit_code == 0


def texts(element: ET.Element, name: str) -> list[str | None]:
    return [each.text for each in element.iter(PREMIS + name)]


def test_premis_of_nothing(place, entries):
    with pytest.raises(DataError, match="none"):
        write_premis(entries[3:], place / "premis.xml")
    assert not (place / "premis.xml").exists()


# --- IIIF -----------------------------------------------------------------------------------


def test_iiif_offers_grey_and_coloured_as_a_choice(manifest, place):
    url = "https://archive.example/bag/data/"
    result = invoke("archive", "iiif", manifest, "bag.json", "--base-url", url, "--title", "Box 1")
    assert result.exit_code == 0, result.output
    made = json.loads(Path("bag.json").read_text())
    checked = iiif_prezi3.Manifest(**made)
    assert str(checked.id) == url + "bag.json"
    assert made["label"] == {"en": ["Box 1"]}
    assert "guessed by a machine" in str(made["requiredStatement"])
    first, second = made["items"]
    assert (first["width"], first["height"]) == (40, 30)
    assert (first["label"], second["label"]) == ({"none": ["a"]}, {"none": ["b & 100_"]})
    choice = first["items"][0]["items"][0]["body"]
    assert choice["type"] == "Choice"
    grey, colored = choice["items"]
    assert grey["id"] == url + "originals/box%201/a.tif"
    assert grey["format"] == "image/tiff"
    assert colored["id"] == url + "coloured/box%201/a.jpg"
    assert "guessed by a machine" in colored["label"]["en"][0]


def test_iiif_names_the_files_of_the_bag_where_films_are_in_another_folder(place):
    photograph = entry_of(place, "photos/a.tif", 1)
    film = replace(entry_of(place, "films/b.mp4", 2), parts=1)
    write_bag([photograph, film], place / "bag")
    made = manifest_of([photograph, film], "https://archive.example")
    (canvas,) = made["items"]
    for image in canvas["items"][0]["items"][0]["body"]["items"]:
        assert (place / "bag/data" / image["id"].removeprefix("https://archive.example/")).exists()


def test_a_name_that_is_not_utf_8_stops_nothing(place):
    odd = entry_of(place, "box/caf\udce9.jpg", 1)
    (found,) = placed([odd])
    assert found.colored.name == "caf_.jpg"
    with Manifest(place / "odd.sqlite", write=True) as opened:
        opened.record(odd)
    manifest = place / "odd.sqlite"
    for arguments in (
        ("bag", manifest, place / "bag"),
        ("iiif", manifest, place / "iiif.json", "--base-url", "https://x.org"),
    ):
        said = invoke("archive", *arguments)
        assert said.exit_code == 0, said.output


def test_iiif_that_makes_no_sense(entries, manifest):
    with pytest.raises(ConfigError, match="https://"):
        manifest_of(entries, "ftp://archive.example")
    with pytest.raises(DataError, match="size is known"):
        manifest_of([replace(entries[0], width=0)], "https://archive.example")
    result = invoke("archive", "iiif", manifest, "bag.json", "--base-url", "data")
    assert result.exit_code == 2
    assert not Path("bag.json").exists()
