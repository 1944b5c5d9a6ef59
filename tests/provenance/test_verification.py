"""`photochrom verify` says what is known about a file, and refuses one that was changed."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from photochrom import __version__, photo, provenance
from photochrom.errors import MissingExtra, PhotoError
from photochrom.photo.provenance import with_edit
from photochrom.provenance import Signer, signed_manifest, verify
from photochrom.provenance.jumbf import has_manifest
from photochrom.provenance.luma import compare_luma
from tests.commands import invoke
from tests.restoration.scans import scratched
from tests.support import picture_bytes


@pytest.fixture(scope="module")
def signer(desk):
    return Signer(desk.chain, desk.key)


@pytest.fixture(scope="module")
def signed(signer, vivid, camera):
    return signer.sign(
        vivid.colorize(camera).encode("JPEG"), picture_bytes(camera), title="new.jpg", model="tiny"
    )


def told(report) -> str:
    return " ".join([*report.problems, *report.facts])


def test_a_signed_photograph(signed, desk):
    report = verify(signed)
    assert report.colored
    assert (report.version, report.model) == (__version__, "tiny")
    assert (report.signature, report.signer) == ("valid", "Photo Desk, City Archive")
    assert len(report.original_sha256) == 64
    assert not report.problems
    assert "not from a trusted list" in told(report)
    trusted = verify(signed, anchors=desk.root.read_text())
    assert trusted.signature == "trusted"
    assert "leads to a trusted one" in told(trusted)


def test_an_unsigned_photograph_and_one_of_others(vivid, camera):
    report = verify(vivid.colorize(camera).encode("PNG"))
    assert (report.colored, report.version, report.signature) == (True, __version__, "none")
    other = verify(picture_bytes(camera))
    assert not other.colored
    assert not other.problems
    assert "does not say" in told(other)


def test_the_note_is_found_in_what_another_program_wrote(vivid, camera):
    made = vivid.colorize(camera)
    element = b"".join(
        b"<Iptc4xmpExt:%s>%s</Iptc4xmpExt:%s>" % (name, value, name)
        for name, value in [(b"AISystemUsed", b"Photochrom"), (b"AISystemVersionUsed", b"0.0.9")]
    )
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" '
        b'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        + element
        + b"</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    marked = replace(made, metadata=photo.Metadata(xmp=xmp))
    assert verify(marked.encode("PNG")).version == "0.0.9"


def test_one_changed_byte_is_refused(signer, vivid, camera):
    """In the picture, in its metadata, in the manifest, in its frame and in its padding."""
    grey = camera[100:124, 100:124]
    signed = signer.sign(vivid.colorize(grey).encode("JPEG"), picture_bytes(grey))
    store = signed.index(b"jumb") - 12
    end = store + int.from_bytes(signed[store + 8 : store + 12])
    places = [*range(store + 12, end, 61), *range(end, len(signed), 97), len(signed) - 3]
    places += [signed.index(word) for word in (b"c2pa.claim", b"c2pa.signature", b"AISystemUsed")]
    assert not verify(signed).problems
    unnoticed = [place for place in places if not is_refused(signed, place)]
    assert unnoticed == []
    assert len(places) > 60


def is_refused(data: bytes, place: int) -> bool:
    changed = bytearray(data)
    changed[place] ^= 0x41
    try:
        report = verify(bytes(changed))
    except PhotoError:
        return True
    return bool(report.problems) and report.signature == "invalid" and not report.signer


def test_a_certificate_that_has_expired_needs_a_time_stamp():
    results = {"activeManifest": {"failure": [{"code": "signingCredential.expired"}]}}
    faults = signed_manifest._faults({"validation_results": results}, "Invalid")
    assert "no trusted time stamp" in faults[0]


# --- the original ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_the_luma_is_that_of_the_original(kind, vivid, camera):
    made = vivid.colorize(camera).encode(kind)
    same, clause, _ = compare_luma(photo.read(camera), photo.read(made), made)
    assert same, clause
    exact = {"JPEG": "as JPEG stores it", "WEBP": "levels on average"}
    assert exact.get(kind, "exactly the luma") in clause


def test_deep_photographs_negatives_and_other_colour_spaces(vivid, camera, deep):
    for made, original in [
        (vivid.colorize(deep).encode("PNG"), deep),
        (vivid.colorize(deep).encode("JPEG", quality=80), deep),
        (vivid.colorize(camera, negative=True).encode("JPEG"), camera),
        (vivid.colorize(camera).in_profile("display-p3").encode("JPEG"), camera),
    ]:
        assert compare_luma(photo.read(original), photo.read(made), made)[0]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_changed_or_another_picture_has_another_luma(kind, vivid, camera):
    changed = camera.copy()
    changed[50:70, 100:130] //= 2 if kind != "WEBP" else 1
    other = cv2.flip(camera, 1) if kind == "WEBP" else changed
    made = vivid.colorize(other).encode(kind)
    same, clause, _ = compare_luma(photo.read(camera), photo.read(made), made)
    assert not same
    assert "another luma" in clause


# --- the command ----------------------------------------------------------------------------


def test_the_command(signed, place, camera, desk):
    (place / "new.jpg").write_bytes(signed)
    (place / "old.png").write_bytes(picture_bytes(camera))
    good = invoke("verify", "new.jpg", "--original", "old.png", "--trust", desk.root)
    assert good.exit_code == 0, good.output
    assert good.stdout.startswith("new.jpg: nothing is wrong\n")
    for sentence in ("signed by Photo Desk", "is the original", "luma of the original"):
        assert sentence in good.stdout
    changed = bytearray(signed)
    changed[-9] ^= 1
    (place / "changed.jpg").write_bytes(changed)
    bad = invoke("verify", "new.jpg", "changed.jpg", "none.jpg", "--json")
    assert bad.exit_code == 1
    reports = [json.loads(line) for line in bad.stdout.splitlines()]
    assert [each["signature"] for each in reports] == ["valid", "invalid"]
    assert "changed after it was signed" in reports[1]["problems"][0]
    assert "no file none.jpg" in bad.stderr


def test_an_unsigned_file_is_not_called_right(vivid, place, camera):
    vivid.colorize(camera).save(place / "new.png")
    (place / "old.png").write_bytes(picture_bytes(camera))
    alone = invoke("verify", "new.png")
    assert alone.exit_code == 0
    assert alone.stdout.startswith("new.png: not signed, so a change would not be noticed\n")
    compared = invoke("verify", "new.png", "--original", "old.png")
    assert compared.stdout.startswith("new.png: nothing is wrong\n")


def test_a_signed_manifest_tells_of_repairs(signer, vivid, camera):
    made = vivid.colorize(scratched(skimage.data.camera()), restore=["dust", "scratches"])
    data = signer.sign(made.encode("JPEG"), picture_bytes(camera), repaired=made.repaired)
    assert b"c2pa.edited" in data
    report = verify(data)
    assert (report.signature, report.repaired, report.model) == ("valid", made.repaired, "")
    without_note = vivid.colorize(camera).encode("JPEG")
    signed = signer.sign(without_note, picture_bytes(camera), model="tiny", repaired="1 speck")
    report = verify(signed)
    assert (report.repaired, report.model) == ("1 speck", "tiny")
    assert b"c2pa.edited" not in signer.sign(made.encode("JPEG"), picture_bytes(camera))


def test_a_note_excuses_another_luma_but_no_other_picture(vivid, place, camera):
    """And nobody has signed it, so the verdict is not that nothing is wrong."""
    (place / "old.png").write_bytes(picture_bytes(camera))
    noted = with_edit(photo.Metadata(), "1 speck filled in")
    for name, grey in (("new.png", 255 - camera // 2), ("other.png", camera[:50])):
        made = replace(vivid.colorize(grey), metadata=noted)
        made.save(place / name)
    said = invoke("verify", "new.png", "--original", "old.png")
    assert said.exit_code == 0
    assert "not signed, so a change would not be noticed" in said.stdout
    other = invoke("verify", "other.png", "--original", "old.png")
    assert other.exit_code == 1
    assert "another size" in other.stdout


def test_another_original_is_not_the_one(signed, place, camera):
    (place / "new.jpg").write_bytes(signed)
    Image.fromarray(np.flipud(camera)).save(place / "other.png")
    result = invoke("verify", "new.jpg", "--original", "other.png")
    assert result.exit_code == 1
    assert "is not the original" in result.stdout
    assert "another luma" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.jpg", "b.jpg", "--original", "c.jpg"], "with one photograph"),
        (["a.jpg", "--trust", "none.pem"], "cannot read none.pem"),
    ],
)
def test_wrong_commands(arguments, message, place):
    result = invoke("verify", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_without_the_package_only_signed_files_are_a_problem(signed, vivid, camera, monkeypatch):
    monkeypatch.setattr("photochrom.provenance.extra.find_spec", lambda name: None)
    assert verify(vivid.colorize(camera).encode("PNG")).colored
    assert has_manifest(signed)
    with pytest.raises(MissingExtra, match="provenance"):
        verify(signed)
    with pytest.raises(MissingExtra, match="signing photographs needs the extra"):
        _ = provenance.Signer
