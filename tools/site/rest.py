"""The page of the service's requests, generated from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from tables import row

from photochrom import Colorizer
from photochrom.web import Settings
from photochrom.web.app import create_app

HEAD = """# The REST API

`photochrom serve` answers these requests. The running service has the same document at `/docs`, to
be tried out, and at `/openapi.json`, for programs. This page is made from that document.
[The service](../service.md) has examples, limits, and what each error means.
"""
_METHODS = ("get", "post", "put", "patch", "delete")


def page() -> str:
    """The page, in Markdown."""
    document = create_app(Colorizer(), Settings(page=False)).openapi()
    schemas = document["components"]["schemas"]
    parts = [HEAD]
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                parts += [f"## `{method.upper()} {path}`\n", *_request(operations[method], schemas)]
    parts += _schemas(schemas)
    return "\n".join(parts)


def _request(operation: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    yield operation.get("description") or operation.get("summary", "")
    yield ""
    if parameters := operation.get("parameters"):
        yield "| parameter | in | takes | what it is |\n|---|---|---|---|"
        for each in parameters:
            needed = ", needed" if each.get("required") else ""
            takes = _takes(each.get("schema", {}))
            yield row(
                [f"`{each['name']}`", each["in"], takes + needed, each.get("description", "")]
            )
        yield ""
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        yield f"A body of `{kind}`:\n"
        yield from _fields(_resolved(body["schema"], schemas))
    yield "| status | body |\n|---|---|"
    for status, response in operation["responses"].items():
        yield row([f"{status} {_phrase(status)}", _content_types(response, schemas)])
    yield ""


def _content_types(response: dict[str, Any], schemas: dict[str, Any]) -> str:
    """Return the content types of a response, with links to named schemas."""
    kinds = []
    for kind, content in response.get("content", {}).items():
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        kinds.append(f"`{kind}`: [{name}](#{name.lower()})" if name in schemas else f"`{kind}`")
    return ", ".join(kinds)


def _phrase(status: str) -> str:
    return HTTPStatus(int(status)).phrase if status.isdigit() else ""


def _schemas(schemas: dict[str, Any]) -> Iterator[str]:
    for name, schema in schemas.items():
        if not name.endswith("Form"):
            yield f"## {name}\n"
            yield schema.get("description", "") + "\n"
            yield from _fields(schema) if "properties" in schema else [f"{_takes(schema)}\n"]


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    yield "| field | takes | what it is |\n|---|---|---|"
    for name, field in schema.get("properties", {}).items():
        needed = ", needed" if name in schema.get("required", ()) else ""
        yield row([f"`{name}`", _takes(field) + needed, field.get("description", "")])
    yield ""


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (
        schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    )
    return found


def _takes(schema: dict[str, Any]) -> str:
    """Describe a JSON schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        kinds = [each for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(_takes(each) for each in kinds)
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"{_takes(schema.get('items', {}))} (repeatable)"
    if schema.get("format") == "binary" or "contentMediaType" in schema:
        return "a file"
    low, high = schema.get("minimum"), schema.get("maximum")
    bounds = f" from {low:g} to {high:g}" if low is not None and high is not None else ""
    return str(schema.get("type", "")) + bounds
