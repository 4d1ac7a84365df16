"""The API's description: in step with the code, complete, and readable without any network."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

SNAPSHOT = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def description() -> str:
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def operations(description: str) -> dict[str, dict[str, Any]]:
    paths = yaml.safe_load(description)["paths"]
    return {f"{method} {path}": operation for path, methods in paths.items() for method, operation in methods.items()}


def test_the_snapshot_is_in_step(description: str) -> None:
    assert SNAPSHOT.read_text() == description, "run manage.py spectacular --file docs/openapi.yaml"


def test_it_is_openapi_3_1(description: str) -> None:
    assert yaml.safe_load(description)["openapi"].startswith("3.1")


def test_every_operation_has_a_name_a_group_and_a_sentence(operations: dict[str, dict[str, Any]]) -> None:
    for address, operation in operations.items():
        assert operation["summary"] and operation["description"] and operation["tags"], address
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)


def test_every_body_has_an_example(operations: dict[str, dict[str, Any]]) -> None:
    for address, operation in operations.items():
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for media in (m for body in bodies for m in body.get("content", {}).values()):
            assert media.get("examples"), address


def test_the_documentation_page_needs_no_network(client: Client, db: None) -> None:
    page = client.get("/api/docs/").content.decode()

    assert "swagger-ui" in page
    assert "http://" not in page and "https://" not in page
    assert "<script>" not in page


def test_the_description_is_served(client: Client, db: None) -> None:
    answer = client.get("/api/schema/")

    assert answer.status_code == 200
    assert yaml.safe_load(answer.content)["info"]["title"] == "Tag platform API"
