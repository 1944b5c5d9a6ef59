"""Tell in plain sentences what is known about a file, and whether anything is wrong with it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from photochrom.photo import DEFAULT_MAX_PIXELS, read
from photochrom.photo.provenance import edits_of, marked_version
from photochrom.photo.source import ByteSource, name_of, read_bytes
from photochrom.provenance.extra import require
from photochrom.provenance.jumbf import has_manifest
from photochrom.provenance.luma import compare_luma

if TYPE_CHECKING:
    from photochrom.photo import Photo
    from photochrom.provenance.signed_manifest import SignedManifest

__all__ = ["Report", "verify"]

Signature = Literal["none", "invalid", "valid", "trusted"]


@dataclass
class Report:
    """What is known about a file.

    Attributes:
        file: its name.
        colored: whether it says that Photochrom made its colours.
        version: version of Photochrom that made them; "" if unknown.
        model: name of the model that made them; "" if unknown.
        signature: whether the file has a C2PA manifest that is true to it, and whether the
            certificate leads to a trusted one.
        signer: whom the certificate names; "" if unknown.
        signed: when it was signed, if a time stamp says so; else "".
        has_trusted_time: whether that time stamp comes from a trusted service.
        original: name of the original that the manifest names; "" if unknown.
        original_sha256: SHA-256 of that original, in hexadecimal; "" if unknown.
        facts: what is known, in sentences.
        problems: what is wrong, in sentences; empty if nothing is.
        repaired: what Photochrom repaired before, which has changed luma; "" for nothing.
    """

    file: str
    colored: bool = False
    version: str = ""
    model: str = ""
    signature: Signature = "none"
    signer: str = ""
    signed: str = ""
    has_trusted_time: bool = False
    original: str = ""
    original_sha256: str = ""
    facts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    repaired: str = ""


def verify(
    source: ByteSource,
    *,
    original: str | os.PathLike[str] | None = None,
    anchors: str = "",
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> Report:
    """Tell what is known about a photograph: who coloured it, who signed it, and from what.

    Args:
        source: the photograph.
        original: the grey original, to be compared with it.
        anchors: certificates to trust, in PEM form.
        max_pixels: as in `photo.read`.

    Raises:
        PhotoError: a file cannot be read.
        MissingExtra: it has a C2PA manifest, and the package to check it is not installed.
    """
    name = name_of(source)
    data = read_bytes(source, name)
    picture = read(data, max_pixels=max_pixels, name=name)
    report = Report(name)
    version = marked_version(picture.metadata.xmp or b"")
    manifest = _manifest(data, anchors) if has_manifest(data) else None
    if manifest:
        _take_over(report, manifest)
    report.colored = version is not None or bool(report.version)
    report.version = report.version or version or ""
    report.facts.insert(0, _about_colors(report, noted=version is not None))
    report.repaired = report.repaired or edits_of(picture.metadata.xmp or b"")
    if report.repaired:
        report.facts.insert(1, f"It was repaired, which has changed its luma: {report.repaired}.")
    if original is not None:
        _compare(report, original, picture, data, max_pixels)
    return report


def _manifest(data: bytes, anchors: str) -> SignedManifest:
    require("checking a C2PA manifest")
    from photochrom.provenance.signed_manifest import read_signed_manifest

    return read_signed_manifest(data, anchors)


def _about_colors(report: Report, *, noted: bool) -> str:
    """Return the sentence about who made the colours.

    Args:
        report: what the manifest says.
        noted: whether the XMP metadata say that Photochrom did.
    """
    if not report.colored:
        return "It does not say that Photochrom coloured it."
    version = f" {report.version}" if report.version else ""
    model = f" with the model {report.model}" if report.model else ""
    is_signed = report.signature in ("valid", "trusted") and bool(report.version)
    if noted:
        where = (
            "its XMP metadata and its C2PA manifest say" if is_signed else "its XMP metadata say"
        )
    else:
        where = "its C2PA manifest says"
    return f"Its colours were guessed by Photochrom{version}{model}, as {where}."


def _take_over(report: Report, manifest: SignedManifest) -> None:
    """Take over what a manifest says; it counts only if it is true to the file."""
    if manifest.faults:
        report.signature = "invalid"
        report.problems += manifest.faults
        return
    report.signature = "trusted" if manifest.is_trusted else "valid"
    report.signer, report.signed = manifest.signer, manifest.signed
    report.version, report.model = manifest.version, manifest.model
    report.repaired = manifest.repaired
    report.original, report.original_sha256 = manifest.original, manifest.original_sha256
    report.has_trusted_time = manifest.has_trusted_time
    when = ""
    if manifest.signed:
        doubt = (
            "" if manifest.has_trusted_time else " by a time stamp that is not from a trusted list"
        )
        when = f" at {manifest.signed}{doubt}"
    report.facts.append(
        f"It has a C2PA manifest, signed by {manifest.signer or 'someone without a name'}{when}, "
        "and is as it was signed."
    )
    if manifest.is_trusted:
        report.facts.append("The certificate leads to a trusted one.")
    else:
        report.facts.append(
            "The certificate is valid but not from a trusted list, so anybody may have made it in "
            "that name."
        )
    if manifest.original_sha256:
        report.facts.append(
            f"It was made from {manifest.original or 'a file'} with the SHA-256 "
            f"{manifest.original_sha256}."
        )


def _compare(
    report: Report, original: str | os.PathLike[str], picture: Photo, data: bytes, max_pixels: int
) -> None:
    """Compare a photograph with its original."""
    name = name_of(original)
    source = read_bytes(original, name)
    if report.original_sha256:
        same = hashlib.sha256(source).hexdigest() == report.original_sha256
        told = f"{name} is {'' if same else 'not '}the original that its manifest names."
        (report.facts if same else report.problems).append(told)
    grey = read(source, max_pixels=max_pixels, name=name)
    comparison = compare_luma(grey, picture, data)
    if report.repaired and comparison.same_size:  # another luma is no fault then
        report.facts.append("It has the size of the original, and another luma where repaired.")
    else:
        facts = report.facts if comparison.same else report.problems
        facts.append(f"It {comparison.clause}.")
