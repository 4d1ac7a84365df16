"""/healthz, /readyz, /metrics."""

from datetime import UTC, datetime

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from feedback.partitions import ensure_months_ahead
from tagplatform.common import health
from tagplatform.common.ids import first_id_at
from tests.api.conftest import Caller
from tests.factories import RecommendationFactory, VocabularyFactory
from tests.tiny_model import FOOTBALL_TEXT, Newsroom


def test_healthz_asks_nobody(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}  # without the db fixture a query would fail


def test_over_https_only_pages_are_redirected(settings: Settings, db: None) -> None:
    settings.SECURE_SSL_REDIRECT = True
    client = Client(raise_request_exception=False)

    statuses = {path: client.get(path).status_code for path in ("/healthz", "/readyz", "/metrics", "/", "/x/healthz")}

    assert statuses.pop("/") == statuses.pop("/x/healthz") == 301
    assert 301 not in statuses.values()


def test_ready_with_a_loaded_model(client: Client, caller: Caller, newsroom: Newsroom) -> None:
    ensure_months_ahead()
    caller.post("/recommendations", {"text": FOOTBALL_TEXT})

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert {name: check["status"] for name, check in answer.json()["checks"].items()} == {
        "database": "ok",
        "migrations": "ok",
        "ledger_partitions": "ok",
        "models": "ok",
    }


def test_a_missing_model_is_a_warning(client: Client, db: None) -> None:
    VocabularyFactory(slug="new")

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["checks"]["models"] == {"status": "warning", "detail": "no model yet: new"}


def test_rows_without_their_month_are_a_warning(client: Client, db: None) -> None:
    long_ago = first_id_at(datetime(2001, 1, 1, tzinfo=UTC))
    RecommendationFactory(pk=long_ago)

    check = client.get("/readyz").json()["checks"]["ledger_partitions"]

    assert check["status"] == "warning"
    assert "feedback_recommendation" in check["detail"]


def test_a_migration_that_is_not_applied_is_a_failure(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_another = health.migrations_on_disk() | {("content", "0099_future")}
    monkeypatch.setattr(health, "migrations_on_disk", lambda: with_another)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "content.0099_future" in answer.json()["checks"]["migrations"]["detail"]


def test_a_database_that_is_away_is_a_failure(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError

    monkeypatch.setattr("tagplatform.common.health.database_answers", away)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready"


def test_metrics_count_recommendations_and_decisions(client: Client, caller: Caller, newsroom: Newsroom) -> None:
    given = caller.post("/recommendations", {"text": FOOTBALL_TEXT}).json()
    final = [newsroom.tags["football"].public_id]
    caller.put(f"/recommendations/{given['id']}/outcome", {"final_tags": final})

    page = client.get("/metrics").content.decode()

    assert 'tagplatform_recommendations_total{result="answered",vocabulary="newsroom"}' in page
    assert 'tagplatform_ranking_seconds_bucket{le="0.003",vocabulary="newsroom"}' in page
    assert 'tagplatform_decisions_total{kind="accepted"}' in page
    assert 'tagplatform_model_version_loaded{vocabulary="newsroom"} 1.0' in page
    assert "django_http_requests_total" in page


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.7", {}, 403),
        ("", {}, 403),
        ("127.0.0.1", {"x-forwarded-for": "8.8.8.8"}, 403),
    ],
)
def test_without_a_token_metrics_are_for_this_machine(
    client: Client, db: None, address: str, headers: dict[str, str], status: int
) -> None:
    assert client.get("/metrics", REMOTE_ADDR=address, headers=headers).status_code == status


def test_with_a_token_metrics_are_for_its_bearer(client: Client, db: None, settings: Settings) -> None:
    settings.METRICS_TOKEN = "a token"

    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"authorization": "Bearer a token"}).status_code == 200
