"""Whatever goes wrong under /api/ is told as problem+json."""

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from tagplatform.access.models import User
from tagplatform.access.services import revoke_api_key
from tests.api.conftest import Caller
from tests.tiny_model import FOOTBALL_TEXT, Newsroom


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.content)
    assert set(body) == {"type", "status", "code", "title", "detail", "errors"}
    assert (body["status"], body["code"]) == (status, code)
    assert body["title"] and body["detail"]
    return body


def test_an_unknown_address(client: Client) -> None:
    for address in ("/api/", "/api/v1/nothing", "/api/v2/tags", "/api/v1/tags/"):
        answer = client.get(address)
        assert answer.status_code in (401, 404), address
    assert_problem(client.post("/api/v1/nothing"), 404, "unknown_address")


def test_a_method_that_is_not_there(caller: Caller) -> None:
    body = caller.delete("/recommendations")

    assert_problem(body, 405, "method_not_allowed")
    assert body.json()["title"] == "Method Not Allowed"
    assert body["Allow"]


def test_an_answer_in_a_form_that_is_not_there(caller: Caller) -> None:
    assert_problem(caller.get("/vocabularies", accept="text/csv"), 406, "not_acceptable")


def test_a_body_that_is_not_json(caller: Caller) -> None:
    for body in (b"{", b"\xff", b'{"text": NaN}', b"[" * 100_000):
        assert_problem(caller.post("/recommendations", body), 400, "invalid_json")


def test_a_body_of_another_type(caller: Caller) -> None:
    answer = caller.client.post(
        "/api/v1/recommendations", {"text": "a"}, headers={"authorization": f"Bearer {caller.secret}"}
    )

    assert_problem(answer, 415, "unsupported_media_type")


def test_a_body_that_is_no_object(caller: Caller) -> None:
    for body in (b"[]", b"7", b'"text"', b"null"):
        assert_problem(caller.post("/recommendations", body), 422, "invalid")


def test_a_body_that_is_too_large(caller: Caller) -> None:
    body = json.dumps({"text": "a" * 1_000_000}).encode()

    assert_problem(caller.post("/recommendations", body), 413, "too_large")
    assert_problem(caller.post("/recommendations", body, **{"Idempotency-Key": "1"}), 413, "too_large")


def test_no_key_and_no_session(client: Client, db: None) -> None:
    answer = client.get("/api/v1/vocabularies")

    assert_problem(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("secret", ["", "x", "tp_unknown_secret", "tp__", "Bearer", "tp_\x00_a"])
def test_a_key_that_is_not_known(caller: Caller, secret: str) -> None:
    answer = Caller(caller.key, secret).get("/vocabularies")

    assert_problem(answer, 401, "invalid_api_key")


def test_a_revoked_key(caller: Caller) -> None:
    revoke_api_key(key=caller.key)

    assert_problem(caller.get("/vocabularies"), 401, "invalid_api_key")


def test_a_session_without_csrf_token_cannot_write(editor: User, newsroom: Newsroom) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)

    answer = client.post("/api/v1/recommendations", {"text": FOOTBALL_TEXT}, content_type="application/json")

    assert_problem(answer, 403, "permission_denied")


def test_a_person_without_a_role(client: Client, django_user_model: type[User]) -> None:
    client.force_login(django_user_model.objects.create_user("nobody"))

    assert_problem(client.get("/api/v1/vocabularies"), 403, "permission_denied")


def test_a_host_that_is_not_served(caller: Caller) -> None:
    assert_problem(caller.get("/vocabularies", host="elsewhere.example"), 400, "bad_request")


def test_problems_are_told_in_the_language_of_the_caller(caller: Caller) -> None:
    answer = caller.post("/recommendations", {}, **{"Accept-Language": "zh-hans"})

    assert answer.json()["code"] == "invalid"
    assert any("\u4e00" <= character <= "\u9fff" for character in answer.json()["detail"])


def test_a_defect_of_the_platform(caller: Caller, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(**kwargs: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("recommender.api.recommendations.recommend_tags", defect)

    answer = caller.post("/recommendations", {"text": FOOTBALL_TEXT})

    assert_problem(answer, 500, "internal_error")
    assert b"secret" not in answer.content


@pytest.mark.parametrize(
    "where",
    [
        "recommender.api.recommendations.recommend_tags",
        "tagplatform.access.authentication.find_api_key",
        "django.contrib.sessions.middleware.SessionMiddleware.process_response",
    ],
)
def test_a_database_that_is_away(
    caller: Caller, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(where, away)

    answer = caller.post("/recommendations", {"text": FOOTBALL_TEXT})

    assert_problem(answer, 503, "database_away")
    assert int(answer["Retry-After"]) > 0


def test_every_answer_bears_the_limit_and_over_it_comes_429(caller: Caller, settings: Settings) -> None:
    settings.API_RATE_PER_KEY = "3/hour"

    answers = [caller.get("/vocabularies"), caller.post("/recommendations", {}), caller.delete("/tags")]
    refused = caller.get("/vocabularies")

    assert [int(answer["RateLimit-Remaining"]) for answer in answers] == [2, 1, 0]
    assert all(answer["RateLimit-Limit"] == "3" for answer in answers)
    assert_problem(refused, 429, "throttled")
    assert 0 < int(refused["Retry-After"]) <= 3601


def test_limits_are_counted_for_each_key(caller: Caller, settings: Settings) -> None:
    settings.API_RATE_PER_KEY = "1/hour"
    caller.get("/vocabularies")

    from tests.api.conftest import new_caller

    assert caller.get("/vocabularies").status_code == 429
    assert new_caller().get("/vocabularies").status_code == 200


def test_guessing_keys_is_limited(caller: Caller, settings: Settings) -> None:
    settings.API_RATE_PER_KEY = "1/hour"
    guesser = Caller(caller.key, "tp_guess_1")

    assert guesser.get("/vocabularies").status_code == 401
    assert guesser.get("/vocabularies").status_code == 429
