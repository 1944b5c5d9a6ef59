"""What generators of clients need from the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from photochrom.web import Settings
from photochrom.web.app import create_app
from tests.services import COLORIZE, JOBS

Schema = dict[str, Any]
FILE = {"$ref": "#/components/schemas/ResultFile"}
PROBLEM = {"$ref": "#/components/schemas/Problem"}


@pytest.fixture(scope="module")
def document(warm) -> Schema:
    return create_app(warm, Settings(page=False)).openapi()


def operations(document: Schema) -> Iterator[Schema]:
    for methods in document["paths"].values():
        yield from methods.values()


def test_operations_have_plain_ids_tags_and_summaries(document):
    found = {each["operationId"]: each["tags"] for each in operations(document)}
    assert found == {
        "colorize": ["photographs"],
        "create_job": ["jobs"],
        "get_job": ["jobs"],
        "delete_job": ["jobs"],
        "get_job_result": ["jobs"],
        "get_health": ["service"],
        "get_metrics": ["service"],
    }
    assert [tag["name"] for tag in document["tags"]] == ["photographs", "jobs", "service"]
    assert all(each["summary"] and each["description"] for each in operations(document))


@pytest.mark.parametrize(
    ("path", "form", "files", "lists"),
    [
        (COLORIZE, "PhotographForm", {"image", "reference"}, {"hints", "palette", "restore"}),
        (JOBS, "JobForm", {"film", "reference"}, {"hints", "palette", "photographs", "restore"}),
    ],
)
def test_uploads_are_binary_fields_of_a_form_with_a_name(path, form, files, lists, document):
    body = document["paths"][path]["post"]["requestBody"]
    assert body["required"]
    assert body["content"] == {
        "multipart/form-data": {"schema": {"$ref": f"#/components/schemas/{form}"}}
    }
    schema = document["components"]["schemas"][form]
    fields = schema["properties"]
    assert {name for name, each in fields.items() if each.get("format") == "binary"} == files
    assert {name for name, each in fields.items() if each.get("type") == "array"} == lists
    assert schema["additionalProperties"] is False
    # A form holds no null, and some generators would send the text "None"
    assert not [name for name, each in fields.items() if "anyOf" in each]
    assert all("null" not in str(each) for each in fields.values())


def test_the_photographs_of_a_job_are_binary(document):
    photographs = document["components"]["schemas"]["JobForm"]["properties"]["photographs"]
    assert photographs["items"] == {"type": "string", "format": "binary"}


def test_each_kind_of_response_has_one_schema(document):
    kinds: dict[str, set[str]] = {}
    for operation in operations(document):
        for status, answer in operation["responses"].items():
            for media, each in answer.get("content", {}).items():
                kind = "error" if int(status) >= 400 else media
                kinds.setdefault(kind, set()).add(str(each["schema"]))
                if kind == "error":
                    assert media == "application/problem+json"
    assert kinds.pop("error") == {str(PROBLEM)}
    assert len(kinds.pop("application/json")) == 2  # a job, and the state of the service
    assert len(kinds.pop("text/plain")) == 1
    assert {str(FILE)} == set.union(*kinds.values())
    assert {"image/jpeg", "application/zip", "video/mp4", "application/octet-stream"} <= set(kinds)
    assert document["components"]["schemas"]["ResultFile"]["format"] == "binary"


def test_all_schemas_are_used_and_all_references_lead_somewhere(document):
    used = set(re.findall(r"'#/components/schemas/(\w+)'", str(document)))
    assert used == set(document["components"]["schemas"])


def test_there_is_one_vocabulary_of_statuses(document):
    schemas = document["components"]["schemas"]
    assert schemas["JobStatus"]["enum"] == [
        "queued", "running", "done", "skipped", "failed", "cancelled",
    ]  # fmt: skip
    for model in ("JobModel", "ItemModel"):
        assert schemas[model]["properties"]["status"] == {"$ref": "#/components/schemas/JobStatus"}


def test_the_token_is_described_where_one_is_needed(warm, document):
    assert "security" not in document
    with_token = create_app(warm, Settings(page=False, token="a token of 16 letters")).openapi()
    assert with_token["security"] == [{"token": []}]
    scheme = with_token["components"]["securitySchemes"]["token"]
    assert scheme == {"type": "http", "scheme": "bearer"}
