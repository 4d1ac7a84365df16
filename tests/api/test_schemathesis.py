"""Whatever a client sends, the API answers as its description says."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import override_settings
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.api.conftest import Caller
from tests.api.test_openapi import SNAPSHOT
from tests.factories import DocumentFactory
from tests.tiny_model import FOOTBALL_TEXT, Newsroom

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]


# A batch is answered with 200 and a status for each text, also where one of them is wrong
EXCLUDED: dict[str, list[Any]] = {"POST /api/v1/recommendations/batch": [negative_data_rejection]}
MODERATELY = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
schema = schemathesis.openapi.from_path(SNAPSHOT)
schema.app = WSGIHandler()
OPERATIONS = {operation.label: operation for operation in (result.ok() for result in schema.get_all_operations())}  # type: ignore[union-attr]


@pytest.fixture
def given_rows(caller: Caller, newsroom: Newsroom) -> Iterator[Caller]:
    """A caller in a newsroom with a document and a recommendation; requests stay in the test's transaction."""
    DocumentFactory(source=caller.source, external_id="0", body=FOOTBALL_TEXT)
    caller.post("/recommendations", {"external_id": "0"})
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield caller
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("label", OPERATIONS)
def test_answers_are_as_described(label: str, given_rows: Caller) -> None:
    right, wrong = (OPERATIONS[label].as_strategy(generation_mode=mode) for mode in GenerationMode)

    @given(case=right | wrong)
    @MODERATELY
    def sent(case: schemathesis.Case[Any]) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {given_rows.secret}"})
        case.validate_response(answer, checks=CHECKS, excluded_checks=EXCLUDED.get(label, []))

    with override_settings(API_RATE_PER_KEY="1000000/minute"):
        sent()
