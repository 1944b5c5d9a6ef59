"""The service behaves as its OpenAPI document says: generated requests of Schemathesis."""

from __future__ import annotations

import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from photochrom.web import Limits, Settings
from photochrom.web.app import create_app
from tests.support import picture_bytes

pytestmark = pytest.mark.slow

GREY = np.arange(64, dtype=np.uint8).reshape(8, 8)
PICTURES = [picture_bytes(GREY, kind) for kind in ("PNG", "JPEG", "WEBP", "TIFF")]
HOST = {"host": "localhost"}
OPERATIONS = [
    ("POST", "/api/v1/colorize"),
    ("POST", "/api/v1/jobs"),
    ("GET", "/api/v1/jobs/{key}"),
    ("DELETE", "/api/v1/jobs/{key}"),
    ("GET", "/api/v1/jobs/{key}/result"),
    ("GET", "/healthz"),
    ("GET", "/metrics"),
]
BOUNDED = settings(
    max_examples=50,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

schemathesis.openapi.format("binary", st.sampled_from(PICTURES) | st.binary(max_size=64))


@st.composite
def valid_cases(draw, cases):
    """Requests of Schemathesis, without those that it cannot check itself: some with uploads."""
    try:
        return draw(cases)
    except ValueError as error:
        if "Unsupported type: 'Binary'" in str(error):
            reject()
        raise


@pytest.fixture
def service_schema(warm):
    many = Settings(page=False, workers=1, limits=Limits(jobs=10_000))
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(warm, many), headers=HOST)


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        *((*each, GenerationMode.POSITIVE) for each in OPERATIONS),
        *((*each, GenerationMode.NEGATIVE) for each in OPERATIONS if each[0] == "POST"),
    ],
)
def test_the_service_is_as_its_schema_says(method, path, mode, service_schema):
    operation = service_schema[path][method]

    @BOUNDED
    @given(valid_cases(operation.as_strategy(generation_mode=mode)))
    def ask(case):
        excluded = [positive_data_acceptance]
        if _has_numbers(case.body) or _has_empty_lists(case.body):
            excluded.append(negative_data_rejection)
        case.call_and_validate(headers=HOST, excluded_checks=excluded)

    ask()


def _has_numbers(body: object) -> bool:
    """Photographs are bytes in a form, and a job accepts any bytes at first."""
    sent = body.get("photographs") if isinstance(body, dict) else None
    return isinstance(sent, list) and any(isinstance(each, int | float) for each in sent)


def _has_empty_lists(body: object) -> bool:
    """An empty list in the place of a number is not sent at all: a form cannot say it."""
    return isinstance(body, dict) and any(each == [] for each in body.values())


def test_all_of_it_is_asked_for(service_schema):
    found = [each.ok() for each in service_schema.get_all_operations()]
    assert [(each.method.upper(), each.path) for each in found] == OPERATIONS
