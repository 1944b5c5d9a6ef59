"""Signing changes only metadata, and an unsigned file never takes the place of a signed one."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import c2pa
import numpy as np
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from photochrom import Colorizer, photo
from photochrom.batch import plan, run
from photochrom.errors import ConfigError, OutputError
from photochrom.provenance import Signer
from photochrom.provenance.c2pa import OFFLINE
from tests.commands import call
from tests.provenance.certificates import certificate, key_of, papers, pem
from tests.support import contents, picture_bytes

SIGNED = ["JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIC"]


def manifest(data: bytes) -> dict:
    context = c2pa.Context.from_dict(OFFLINE)
    with context, c2pa.Reader(None, io.BytesIO(data), context=context) as reader:
        assert reader.get_validation_state() == "Valid"
        store = json.loads(reader.json())
    return store["manifests"][store["active_manifest"]]


@pytest.mark.parametrize("kind", SIGNED)
def test_no_pixel_changes(kind, desk, warm, camera):
    grey = camera[60:124, 60:124]
    made = warm.colorize(grey).encode(kind)
    signed = Signer(desk.chain, desk.key).sign(made, picture_bytes(grey), title="new")
    assert manifest(signed)["title"] == "new"
    before, after = photo.read(made), photo.read(signed)
    np.testing.assert_array_equal(after.luma, before.luma)
    np.testing.assert_array_equal(after.rgb, before.rgb)
    assert after.metadata.xmp == before.metadata.xmp


def test_the_manifest_says_what_was_done_to_which_original(desk, warm, camera, tmp_path):
    original = tmp_path / "old.png"
    original.write_bytes(picture_bytes(camera))
    made = warm.colorize(camera).encode("JPEG")
    signed = Signer(desk.chain, desk.key).sign(made, original, title="out/new.jpg", model="tiny")
    told = manifest(signed)
    assert told["title"] == "new.jpg"
    assert told["claim_generator_info"][0]["name"] == "Photochrom"
    (ingredient,) = told["ingredients"]
    assert ingredient["title"] == "old.png"
    assert ingredient["relationship"] == "parentOf"
    assert hashlib.sha256(original.read_bytes()).hexdigest() in ingredient["instance_id"]
    opened, colored = told["assertions"][0]["data"]["actions"]
    assert (opened["action"], colored["action"]) == ("c2pa.opened", "c2pa.color_adjustments")
    assert opened["parameters"]["ingredients"]
    assert colored["digitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert colored["digitalSourceType"].encode() in photo.read(made).metadata.xmp
    assert "tiny" in colored["parameters"].values()


@pytest.mark.parametrize("original", [b"II*\0 and no more", b"of no known format"])
def test_an_original_that_the_c2pa_library_cannot_read_is_named_all_the_same(original, desk, warm):
    made = warm.colorize(np.full((8, 8), 90, np.uint8)).encode("PNG")
    (ingredient,) = manifest(Signer(desk.chain, desk.key).sign(made, original))["ingredients"]
    assert hashlib.sha256(original).hexdigest() in ingredient["instance_id"]


@pytest.mark.parametrize("algorithm", ["es256", "es384", "ps256", "ed25519"])
def test_the_algorithm_is_that_of_the_key(algorithm, tmp_path):
    made = papers(tmp_path, algorithm)
    signer = Signer(made.chain, made.key)
    assert signer.algorithm == algorithm
    assert signer.name == "Photo Desk, City Archive"


def test_papers_that_cannot_sign(desk, tmp_path):
    other, curve = papers(tmp_path / "b", "ed25519"), papers(tmp_path / "c", "es256k")
    own, root = key_of("es256"), key_of("es256", 2)
    files = {
        "nothing": b"no certificate",
        "locked": own.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
        ),
        "reversed": desk.root.read_bytes() + desk.chain.read_bytes(),
        "old": pem(certificate("Photo Desk", own, root, days=(-30, -1))),
        "web": pem(certificate("x", own, root, usage=ExtendedKeyUsageOID.SERVER_AUTH)),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    for chain, key, message in [
        ("none.pem", desk.key, "cannot read .*none.pem"),
        ("nothing", desk.key, "certificates in PEM form"),
        (desk.chain, "nothing", "private key in PEM form"),
        (desk.chain, "locked", "protected by one"),
        (desk.chain, other.key, "private key of the first certificate"),
        ("reversed", desk.key, "must be the first"),
        ("old", desk.key, "valid today"),
        ("web", desk.key, "a certificate that C2PA accepts"),
        (curve.chain, curve.key, "curve P-256, P-384"),
    ]:
        with pytest.raises(ConfigError, match=message):
            Signer(tmp_path / chain, tmp_path / key)


def test_other_formats_are_refused_by_name(desk, camera):
    with pytest.raises(OutputError, match=r"can be signed \(JPEG, .*; received BMP"):
        Signer(desk.chain, desk.key).sign(picture_bytes(camera, "BMP"), b"old")


# --- batches and the command line -----------------------------------------------------------


def test_the_command_signs_every_result(desk, shoebox):
    result = call("in", "-o", "out", *desk.options)
    assert result.exit_code == 0, result.stderr
    for path in Path("out").iterdir():
        told = manifest(path.read_bytes())
        source = Path("in", path.name)
        assert told["title"] == told["ingredients"][0]["title"] == path.name
        assert hashlib.sha256(source.read_bytes()).hexdigest() in str(told["ingredients"])
        assert "'tiny'" in str(told["assertions"])


def test_the_command_signs_what_goes_through_a_pipe(desk, shoebox):
    data = Path("in/a.png").read_bytes()
    result = call("-", *desk.options, stdin=data)
    assert result.exit_code == 0, result.stderr
    assert hashlib.sha256(data).hexdigest() in str(manifest(result.stdout_bytes)["ingredients"])


def test_what_cannot_be_signed_is_not_written(desk, shoebox, monkeypatch):
    before = contents(shoebox)
    result = call("in", "-o", "out", "--suffix", ".bmp", *desk.options)
    assert result.exit_code == 1
    assert "can be signed" in result.stderr
    signer = Signer(desk.chain, desk.key)
    monkeypatch.setattr(signer, "_timestamp_url", "http://127.0.0.1:9/")  # nobody answers there
    Path("b.png").write_bytes(b"earlier")
    for target in ("a.png", "b.png"):
        (job,) = plan(["in/a.png"], Path(target))
        (outcome,) = run([job], Colorizer(), exists="overwrite", signer=signer)
        assert outcome.status == "failed"
        assert "cannot sign" in outcome.reason
    assert Path("b.png").read_bytes() == b"earlier"
    assert contents(shoebox) == sorted([*before, "b.png"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sign-cert", "chain.pem"], "both --sign-cert and --sign-key"),
        (["--sign-cert", "none.pem", "--sign-key", "none.pem"], "cannot read none.pem"),
    ],
)
def test_half_of_the_papers_is_not_enough(arguments, message, shoebox):
    result = call("in/a.png", "-o", "new.png", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not Path("new.png").exists()


def test_documents_are_not_signed(desk, shoebox):
    result = call("in", "-o", "out", "--pages", "all", *desk.options)
    assert result.exit_code == 2
    assert "pages of documents or signatures" in result.stderr
