"""Read the C2PA manifest of a file, and check it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from c2pa import C2paError, Context, Reader

from photochrom.photo.provenance import PROGRAM
from photochrom.provenance.c2pa import HASH_NAME, MODEL_PARAMETER, OFFLINE, REPAIRED_PARAMETER
from photochrom.provenance.jumbf import is_intact

__all__ = ["SignedManifest", "read_signed_manifest"]

_UNTRUSTED: Final = "signingCredential.untrusted"
_CHANGED: Final = "It was changed after it was signed."
_EXPIRED: Final = (
    "Its certificate is not valid today, and no trusted time stamp says that it was valid when the "
    "file was signed."
)
_DAMAGED: Final = "Its C2PA manifest is damaged."
# What the codes of C2PA mean. Others are told as they are.
_MEANINGS: Final = {
    "assertion.bmffHash.mismatch": _CHANGED,
    "assertion.boxesHash.mismatch": _CHANGED,
    "assertion.dataHash.mismatch": _CHANGED,
    "assertion.hashedURI.mismatch": "Its C2PA manifest was changed after it was signed.",
    "claimSignature.mismatch": "Its signature does not fit its C2PA manifest.",
    "claimSignature.outsideValidity": _EXPIRED,
    "signingCredential.expired": _EXPIRED,
    "signingCredential.invalid": "Its certificate is not one that may sign C2PA manifests.",
    "signingCredential.ocsp.revoked": "Its certificate has been revoked.",
}


@dataclass(frozen=True)
class SignedManifest:
    """What a C2PA manifest says, and whether it is true to the file.

    Attributes:
        faults: what is wrong with the file or its signature, in sentences; empty if nothing is.
        is_trusted: whether the certificate leads to a trusted one.
        signer: whom the certificate names, for example "Photo Desk, City Archive".
        signed: when it was signed, if a time stamp says so; else "".
        has_trusted_time: whether the time stamp comes from a trusted service.
        version: version of Photochrom if it made the colours; else "".
        model: name of the model that made the colours; "" if unknown.
        repaired: what Photochrom repaired before; "" for nothing.
        original: name of the file that was coloured; "" if unknown.
        original_sha256: SHA-256 of that file, in hexadecimal; "" if unknown.
    """

    faults: tuple[str, ...] = ()
    is_trusted: bool = False
    signer: str = ""
    signed: str = ""
    has_trusted_time: bool = False
    version: str = ""
    model: str = ""
    repaired: str = ""
    original: str = ""
    original_sha256: str = ""


def read_signed_manifest(data: bytes, anchors: str = "") -> SignedManifest:
    """Read and check the C2PA manifest of a file that has one; never uses the network.

    Args:
        data: the whole file.
        anchors: certificates to trust, in PEM form.
    """
    settings = OFFLINE | ({"trust": {"trust_anchors": anchors}} if anchors else {})
    try:
        with (
            Context.from_dict(settings) as context,
            Reader(None, io.BytesIO(data), context=context) as reader,
        ):
            store, state = json.loads(reader.json()), reader.get_validation_state()
    except C2paError:
        return SignedManifest((_DAMAGED,))
    active = store["manifests"][store["active_manifest"]]
    faults = _faults(store, state or "") or (() if is_intact(data) else (_DAMAGED,))
    return SignedManifest(
        faults,
        is_trusted=state == "Trusted" and not faults,
        has_trusted_time=_has_trusted_time(store),
        **_signature(active),
        **_coloring(active),
        **_original(active),
    )


def _faults(
    store: dict[str, Any], state: Literal["Valid", "Trusted", "Invalid"] | str
) -> tuple[str, ...]:
    """Return what is wrong with a file or its signature."""
    results = store.get("validation_results", {}).get("activeManifest", {})
    failures = [each for each in results.get("failure", []) if each["code"] != _UNTRUSTED]
    told = [
        _MEANINGS.get(each["code"], f"C2PA says {each['code']}: {each.get('explanation', '')}.")
        for each in failures
    ]
    if not told and state not in ("Valid", "Trusted"):
        told = [_DAMAGED]
    return tuple(dict.fromkeys(told))


def _has_trusted_time(store: dict[str, Any]) -> bool:
    results = store.get("validation_results", {}).get("activeManifest", {})
    return any(each["code"] == "timeStamp.trusted" for each in results.get("success", []))


def _signature(active: dict[str, Any]) -> dict[str, str]:
    info = active.get("signature_info", {})
    names = [info[key] for key in ("common_name", "issuer") if info.get(key)]
    return {
        "signer": ", ".join(dict.fromkeys(names)),
        "signed": info.get("time") or "",
    }


def _coloring(active: dict[str, Any]) -> dict[str, str]:
    """Return the version and the model that made the colours, and what was repaired."""
    told: dict[str, str] = {}
    for action in _own_actions(active):
        parameters = action.get("parameters") or {}
        told["version"] = str(action["softwareAgent"].get("version", ""))
        for name, key in (("model", MODEL_PARAMETER), ("repaired", REPAIRED_PARAMETER)):
            if key in parameters:
                told[name] = str(parameters[key])
    return told


def _own_actions(active: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the actions that Photochrom says it has done."""
    actions = [
        action
        for assertion in active.get("assertions", [])
        if assertion["label"].startswith("c2pa.actions")
        for action in assertion["data"].get("actions", [])
    ]
    agents = [action.get("softwareAgent") for action in actions]
    return [
        action
        for action, agent in zip(actions, agents, strict=True)
        if isinstance(agent, dict) and agent.get("name") == PROGRAM
    ]


def _original(active: dict[str, Any]) -> dict[str, str]:
    for each in active.get("ingredients", []):
        if each.get("relationship") == "parentOf":
            name = str(each.get("instance_id", ""))
            sha256 = name.removeprefix(HASH_NAME) if name.startswith(HASH_NAME) else ""
            return {"original": str(each.get("title", "")), "original_sha256": sha256}
    return {}
