"""Describe what was done to the photographs of an archive in PREMIS 3: objects, events, agents."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from photochrom.errors import DataError
from photochrom.files.atomic import atomic_write
from photochrom.files.remote import split_member
from photochrom.files.storage import is_uri
from photochrom.photo import READABLE_SUFFIXES

if TYPE_CHECKING:
    from photochrom.archive.entry import Entry

__all__ = ["write_premis"]

_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<premis xmlns="http://www.loc.gov/premis/v3" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="3.0">\n'
)
_VOCABULARY: Final = "http://id.loc.gov/vocabulary/preservation"
_DETAIL: Final = "A trained network guessed the colours; the luma is that of the original."
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_premis(
    entries: Iterable[Entry],
    path: Path,
    *,
    settings: Mapping[str, Mapping[str, object]] | None = None,
    overwrite: bool = False,
) -> None:
    """Write a PREMIS 3 file about the photographs that were coloured, or failed.

    Each original and each result is an object, with its SHA-256. The colouring of a photograph is
    an event of the type "creation", whose source is the original and whose outcome is the result.
    Its agents are Photochrom with its settings, and the machine.

    Args:
        entries: the rows of the manifest; those of other photographs are left out.
        path: the file to write.
        settings: what each fingerprint in the rows stands for.
        overwrite: whether an existing file may be replaced.

    Raises:
        DataError: no photograph was coloured or failed.
        OutputError: as in `atomic_write`.
    """
    rows = [entry for entry in entries if entry.status in ("done", "failed") and entry.finished]
    if not rows:
        raise DataError("expected photographs that are done or failed; the manifest has none")
    with atomic_write(path, overwrite=overwrite) as draft, draft.open("wb") as file:
        file.write(_HEAD.encode())
        for element in _elements(rows, settings or {}):
            ET.indent(element)
            file.write(ET.tostring(element, "utf-8", xml_declaration=False) + b"\n")
        file.write(b"</premis>\n")


def _elements(
    rows: Sequence[Entry], settings: Mapping[str, Mapping[str, object]]
) -> Iterator[ET.Element]:
    """Yield all elements in the order that the schema asks for."""
    for entry in rows:
        yield _object(entry.source, entry.format, entry.source_sha256, entry.source_size)
        if entry.status == "done":
            result = _object(entry.output, "", entry.output_sha256, entry.output_size)
            _derived_from(result, entry.source)
            yield result
    for entry in rows:
        yield _event(entry)
    for fingerprint in dict.fromkeys(entry.fingerprint for entry in rows):
        yield _program(fingerprint, settings.get(fingerprint, {}))
    for machine in dict.fromkeys(entry.machine for entry in rows if entry.machine):
        yield _agent("machine", machine, machine, "hardware")


def _object(location: str, file_format: str, sha256: str, size: int) -> ET.Element:
    element = ET.Element("object", {"xsi:type": "file"})
    _identifier(element, "object", _kind(location), location)
    characteristics = ET.SubElement(element, "objectCharacteristics")
    if sha256:
        fixity = ET.SubElement(characteristics, "fixity")
        _text(fixity, "messageDigestAlgorithm", "SHA-256")
        _text(fixity, "messageDigest", sha256)
    if size >= 0:
        _text(characteristics, "size", str(size))
    designation = ET.SubElement(ET.SubElement(characteristics, "format"), "formatDesignation")
    path = PurePosixPath(split_member(location)[0])
    suffix = path.suffix.lower()
    _text(designation, "formatName", file_format or READABLE_SUFFIXES.get(suffix, "unknown"))
    _text(element, "originalName", path.name)
    return element


def _kind(location: str) -> str:
    return "URI" if is_uri(location) else "path"


def _derived_from(element: ET.Element, source: str) -> None:
    relationship = ET.SubElement(element, "relationship")
    _term(relationship, "relationshipType", "derivation", "relationshipType")
    _term(relationship, "relationshipSubType", "has source", "relationshipSubType")
    _identifier(relationship, "relatedObject", _kind(source), source)


def _event(entry: Entry) -> ET.Element:
    element = ET.Element("event")
    # Each photograph has one event of a time: when it was coloured again, it is another one.
    _identifier(element, "event", "local", f"{entry.source}#{entry.finished}")
    _term(element, "eventType", "creation", "eventType", "cre")
    _text(element, "eventDateTime", entry.finished)
    detail = ET.SubElement(element, "eventDetailInformation")
    _text(detail, "eventDetail", f"{_DETAIL} It took {entry.seconds:g} s.")
    outcome = ET.SubElement(element, "eventOutcomeInformation")
    _term(outcome, "eventOutcome", "success" if entry.status == "done" else "fail", "eventOutcome")
    if entry.error:
        _text(ET.SubElement(outcome, "eventOutcomeDetail"), "eventOutcomeDetailNote", entry.error)
    _link(element, "Agent", "fingerprint", entry.fingerprint, "executing program")
    if entry.machine:
        _link(element, "Agent", "machine", entry.machine, "")
    _link(element, "Object", _kind(entry.source), entry.source, "source")
    if entry.status == "done":
        _link(element, "Object", _kind(entry.output), entry.output, "outcome")
    return element


def _program(fingerprint: str, settings: Mapping[str, object]) -> ET.Element:
    """Return the agent that a fingerprint stands for: Photochrom, with all its settings."""
    name, _, version = str(settings.get("program", "Photochrom")).partition(" ")
    known = {key: value for key, value in sorted(settings.items()) if value not in (None, "", [])}
    notes = [f"{key}: {value}" for key, value in known.items() if key != "program"]
    return _agent("fingerprint", fingerprint, name, "software", version, notes)


def _agent(
    kind: str, value: str, name: str, agent_type: str, version: str = "", notes: Iterable[str] = ()
) -> ET.Element:
    element = ET.Element("agent")
    _identifier(element, "agent", kind, value)
    _text(element, "agentName", name)
    _term(element, "agentType", agent_type, "agentType")
    if version:
        _text(element, "agentVersion", version)
    for note in notes:
        _text(element, "agentNote", note)
    return element


def _link(element: ET.Element, what: str, kind: str, value: str, role: str) -> None:
    """Link an event to an agent or an object."""
    link = _identifier(element, f"linking{what}", kind, value)
    if role:
        vocabulary = "eventRelatedObjectRole" if what == "Object" else "eventRelatedAgentRole"
        _term(link, f"linking{what}Role", role, vocabulary)


def _identifier(element: ET.Element, what: str, kind: str, value: str) -> ET.Element:
    identifier = ET.SubElement(element, f"{what}Identifier")
    _text(identifier, f"{what}IdentifierType", kind)
    _text(identifier, f"{what}IdentifierValue", value)
    return identifier


def _term(element: ET.Element, name: str, value: str, vocabulary: str, code: str = "") -> None:
    """Add a value from one of the controlled vocabularies for PREMIS."""
    attributes = {"authority": vocabulary, "authorityURI": f"{_VOCABULARY}/{vocabulary}"}
    if code:
        attributes["valueURI"] = f"{_VOCABULARY}/{vocabulary}/{code}"
    ET.SubElement(element, name, attributes).text = value


def _text(element: ET.Element, name: str, value: str) -> None:
    ET.SubElement(element, name).text = _NOT_IN_XML.sub("\ufffd", value)
