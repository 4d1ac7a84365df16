"""A POST that is sent twice is carried out once."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from feedback.models import Recommendation
from tagplatform.access.models import IdempotencyRecord
from tagplatform.access.tasks import forget_expired_idempotency_keys
from tagplatform.content.models import Document
from tagplatform.taxonomy.models import TagProposal
from tests.api.conftest import Caller, new_caller
from tests.factories import VocabularyFactory
from tests.tiny_model import FOOTBALL_TEXT, Newsroom

KEY = {"Idempotency-Key": "3f1c"}


def test_the_same_request_is_replayed(caller: Caller, newsroom: Newsroom) -> None:
    first = caller.post("/recommendations", {"text": FOOTBALL_TEXT}, **KEY)
    second = caller.post("/recommendations", {"text": FOOTBALL_TEXT}, **KEY)

    assert first.status_code == second.status_code == 201
    assert second.json() == first.json()
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert Recommendation.objects.count() == 1


def test_a_different_request_with_the_key_is_refused(caller: Caller, newsroom: Newsroom) -> None:
    caller.post("/recommendations", {"text": FOOTBALL_TEXT}, **KEY)

    other_body = caller.post("/recommendations", {"text": "goal"}, **KEY)
    other_address = caller.post("/recommendations/batch", {"text": FOOTBALL_TEXT}, **KEY)

    assert other_body.status_code == other_address.status_code == 422
    assert other_body.json()["code"] == "idempotency_key_reused"


def test_keys_of_two_callers_have_nothing_to_do_with_each_other(caller: Caller) -> None:
    caller.post("/documents", {"external_id": "1"}, **KEY)

    other = new_caller().post("/documents", {"external_id": "1"}, **KEY)

    assert other.status_code == 201
    assert Document.objects.count() == 2


def test_a_request_that_still_runs_is_not_begun_again(caller: Caller) -> None:
    caller.post("/documents", {"external_id": "1"}, **KEY)
    IdempotencyRecord.objects.update(response_status=None)

    answer = caller.post("/documents", {"external_id": "1"}, **KEY)

    assert answer.status_code == 409
    assert answer.json()["code"] == "idempotency_key_running"
    assert answer["Retry-After"] == "1"


def test_what_a_crash_left_behind_expires(caller: Caller) -> None:
    caller.post("/documents", {"external_id": "1"}, **KEY)
    IdempotencyRecord.objects.update(response_status=None, created_at=timezone.now() - timedelta(minutes=3))

    answer = caller.post("/documents", {"external_id": "1"}, **KEY)

    assert answer.status_code == 200
    assert IdempotencyRecord.objects.get().response_status == 200


def test_an_answer_with_a_text_is_made_anew_so_that_no_copy_outlives_an_erased_document(caller: Caller) -> None:
    article = {"external_id": "news/1", "title": "A headline", "text": "A confidential text", "extra": {"by": "Jo"}}

    first = caller.post("/documents", article, **KEY)
    second = caller.post("/documents", article, **KEY)
    caller.delete("/documents/news/1")
    third = caller.post("/documents", article, **KEY)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second["Idempotency-Replayed"] == "true"
    assert (third.status_code, third.json()["code"]) == (409, "erased_since")
    kept = str(list(IdempotencyRecord.objects.values()))
    assert not any(text in kept for text in ("headline", "confidential", "Jo"))


def test_a_late_repeat_shows_the_newer_document_and_does_not_overwrite_it(caller: Caller) -> None:
    caller.post("/documents", {"external_id": "1", "title": "Old"}, **KEY)
    caller.post("/documents", {"external_id": "1", "title": "New"})

    late = caller.post("/documents", {"external_id": "1", "title": "Old"}, **KEY)

    assert (late.status_code, late.json()["title"]) == (201, "New")
    assert Document.objects.get().title == "New"


@pytest.mark.parametrize("error", [OperationalError("away"), ZeroDivisionError()])
def test_a_failed_attempt_frees_the_key(caller: Caller, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(**kwargs: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("tagplatform.content.api.views.save_document", fail)
        failed = caller.post("/documents", {"external_id": "1"}, **KEY)
    again = caller.post("/documents", {"external_id": "1"}, **KEY)

    assert failed.status_code >= 500
    assert again.status_code == 201


def test_an_answer_that_is_no_success_frees_the_key(caller: Caller) -> None:
    wrong = caller.post("/documents", {"external_id": ""}, **KEY)
    right = caller.post("/documents", {"external_id": "1"}, **KEY)

    assert wrong.status_code == 422
    assert right.status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
def test_a_key_that_cannot_be_kept_is_refused(caller: Caller, key: str) -> None:
    answer = caller.post("/documents", {"external_id": "1"}, **{"Idempotency-Key": key})

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_idempotency_key"


def test_old_answers_are_forgotten(caller: Caller) -> None:
    caller.post("/documents", {"external_id": "1"}, **KEY)
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=25))

    forgotten = forget_expired_idempotency_keys()

    assert forgotten == 1
    assert caller.post("/documents", {"external_id": "2"}, **KEY).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_two_requests_at_once_one_is_carried_out(caller: Caller) -> None:
    VocabularyFactory()
    statuses: list[int] = []
    together = threading.Barrier(4)

    def propose() -> None:
        same_key = Caller(caller.key, caller.secret)
        together.wait()
        statuses.append(same_key.post("/tag-proposals", {"text": "chess"}, **KEY).status_code)
        connection.close()

    threads = [threading.Thread(target=propose) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 201 in statuses and set(statuses) <= {201, 409}
    assert TagProposal.objects.get().times_proposed == 1
