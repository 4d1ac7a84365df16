"""Outcomes, final tags of documents, single events."""

import threading
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from feedback.models import Decision, Outcome
from tagplatform.access.models import User
from tagplatform.content.models import TagAssignment
from tests.api.conftest import Caller, new_caller
from tests.factories import DocumentFactory, TagFactory
from tests.tiny_model import FOOTBALL_TEXT, Newsroom

TAG = "tag_01h455vb4pex5vsknk084sn02q"


def decisions_in(answer: Any) -> dict[str, str]:
    return {row["tag"]["notation"]: row["decision"] for row in answer.json()["decisions"]}


@pytest.fixture
def recommendation_id(caller: Caller, newsroom: Newsroom) -> str:
    return str(caller.post("/recommendations", {"text": FOOTBALL_TEXT}).json()["id"])


def test_the_server_derives_accepted_rejected_ignored_and_added(
    caller: Caller, newsroom: Newsroom, recommendation_id: str
) -> None:
    added = TagFactory(vocabulary=newsroom.vocabulary, notation="weather")
    report = {
        "status": "submitted",
        "final_tags": [newsroom.tags["football"].public_id, added.public_id],
        "rejected": [newsroom.tags["cooking"].public_id],
    }

    answer = caller.put(f"/recommendations/{recommendation_id}/outcome", report)

    assert answer.status_code == 200
    assert answer.json()["status"] == "submitted" and answer.json()["revision"] == 1
    assert decisions_in(answer) == {
        "football": "accepted",
        "cooking": "rejected",
        "astronomy": "ignored",
        "weather": "added",
    }


def test_the_same_report_again_changes_nothing_and_a_later_one_supersedes(
    caller: Caller, newsroom: Newsroom, recommendation_id: str
) -> None:
    address = f"/recommendations/{recommendation_id}/outcome"
    report = {"final_tags": [newsroom.tags["football"].public_id]}
    first = caller.put(address, report)

    again = caller.put(address, report)
    later = caller.put(address, {"final_tags": [newsroom.tags["cooking"].public_id]})
    discarded = caller.put(address, {"status": "discarded"})

    assert again.json() == first.json()
    assert decisions_in(later) == {"football": "removed", "cooking": "accepted", "astronomy": "ignored"}
    assert later.json()["revision"] == 2
    assert set(decisions_in(discarded).values()) == {"undone"}


def test_the_outcome_of_a_stored_document_becomes_its_tags(caller: Caller, newsroom: Newsroom) -> None:
    document = DocumentFactory(source=caller.source, external_id="a/1", body=FOOTBALL_TEXT)
    given = caller.post("/recommendations", {"external_id": "a/1"}).json()

    caller.put(f"/recommendations/{given['id']}/outcome", {"final_tags": [newsroom.tags["football"].public_id]})

    assignment = TagAssignment.objects.get(document=document)
    assert assignment.tag == newsroom.tags["football"]
    assert assignment.origin == TagAssignment.Origin.API


def test_an_outcome_may_name_its_document_afterwards(
    caller: Caller, newsroom: Newsroom, recommendation_id: str
) -> None:
    document = DocumentFactory(source=caller.source, external_id="a/1")
    report = {"final_tags": [newsroom.tags["football"].public_id], "external_id": "a/1"}

    answer = caller.put(f"/recommendations/{recommendation_id}/outcome", report)

    assert answer.status_code == 200
    assert list(document.tag_assignments.values_list("tag__notation", flat=True)) == ["football"]


def test_an_editor_at_the_desk_is_the_actor(
    client: Client, newsroom: Newsroom, recommendation_id: str, editor: User
) -> None:
    client.force_login(editor)

    answer = client.put(
        f"/api/v1/recommendations/{recommendation_id}/outcome", {"final_tags": []}, content_type="application/json"
    )

    assert answer.status_code == 200
    assert Outcome.objects.get().actor == editor


@pytest.mark.parametrize(
    ("report", "pointer", "code"),
    [
        ({}, "/final_tags", "required"),
        ({"status": "done", "final_tags": []}, "/status", "invalid_choice"),
        ({"final_tags": ["football"]}, "/final_tags/0", "invalid_id"),
        ({"final_tags": [TAG]}, "/final_tags/0", "unknown_tag"),
        ({"final_tags": "tag_x"}, "/final_tags", "not_a_list"),
        ({"final_tags": [], "rejected_tags": []}, "/rejected_tags", "unknown_field"),
    ],
)
def test_a_wrong_report_is_pointed_at(
    caller: Caller, recommendation_id: str, report: dict[str, Any], pointer: str, code: str
) -> None:
    answer = caller.put(f"/recommendations/{recommendation_id}/outcome", report)

    assert answer.status_code == 422
    assert (answer.json()["errors"][0]["pointer"], answer.json()["errors"][0]["code"]) == (pointer, code)
    assert not Decision.objects.exists()


def test_another_source_cannot_report_on_it(recommendation_id: str) -> None:
    answer = new_caller().put(f"/recommendations/{recommendation_id}/outcome", {"final_tags": []})

    assert answer.status_code == 404


def test_final_tags_of_a_document_are_the_outcome_of_its_latest_recommendation(
    caller: Caller, newsroom: Newsroom
) -> None:
    DocumentFactory(source=caller.source, external_id="2025/07/a b", body=FOOTBALL_TEXT)
    caller.post("/recommendations", {"external_id": "2025/07/a b"})

    answer = caller.put("/documents/2025/07/a%20b/tags", {"final_tags": [newsroom.tags["football"].public_id]})

    assert answer.status_code == 200
    assert decisions_in(answer) == {"football": "accepted", "astronomy": "ignored", "cooking": "ignored"}


def test_final_tags_of_a_document_without_recommendation_are_added(caller: Caller, newsroom: Newsroom) -> None:
    DocumentFactory(source=caller.source, external_id="old")

    answer = caller.put("/documents/old/tags", {"final_tags": [newsroom.tags["cooking"].public_id]})

    assert decisions_in(answer) == {"cooking": "added"}


def test_an_event_counts_once_however_often_it_is_sent(
    caller: Caller, newsroom: Newsroom, recommendation_id: str
) -> None:
    event = {
        "event_id": str(uuid.uuid4()),
        "recommendation": recommendation_id,
        "tag": newsroom.tags["football"].public_id,
        "kind": "accepted",
    }

    first = caller.post("/feedback/events", {"events": [event, event]})
    again = caller.post("/feedback/events", {"events": [event]})

    assert first.json() == {"recorded": 1, "duplicates": 1}
    assert again.json() == {"recorded": 0, "duplicates": 1}
    assert Decision.objects.get().rank == 1


def test_a_wrong_event_is_pointed_at_and_none_is_taken(
    caller: Caller, newsroom: Newsroom, recommendation_id: str
) -> None:
    good = {
        "event_id": "1",
        "recommendation": recommendation_id,
        "tag": newsroom.tags["football"].public_id,
        "kind": "accepted",
    }
    events = [good, good | {"event_id": "2", "recommendation": "rec_01h455vb4pex5vsknk084sn02q"}]

    unknown = caller.post("/feedback/events", {"events": events})
    wrong = caller.post("/feedback/events", {"events": [good | {"kind": "liked"}]})

    assert unknown.status_code == wrong.status_code == 422
    assert unknown.json()["errors"][0]["pointer"] == "/events/1/recommendation"
    assert wrong.json()["errors"][0]["pointer"] == "/events/0/kind"
    assert not Decision.objects.exists()


def test_at_most_500_events_come_at_once(caller: Caller, recommendation_id: str) -> None:
    event = {"event_id": "1", "recommendation": recommendation_id, "tag": TAG, "kind": "accepted"}

    answer = caller.post("/feedback/events", {"events": [event] * 501})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/events"


@pytest.mark.django_db(transaction=True)
def test_two_reports_at_once_leave_one_consistent_outcome(caller: Caller, newsroom: Newsroom) -> None:
    given = caller.post("/recommendations", {"text": FOOTBALL_TEXT}).json()
    address = f"/recommendations/{given['id']}/outcome"
    reports = [{"final_tags": [newsroom.tags[name].public_id]} for name in ("football", "cooking")]
    statuses: list[int] = []

    def report(body: dict[str, Any]) -> None:
        same_key = Caller(caller.key, caller.secret)
        statuses.append(same_key.put(address, body).status_code)
        connection.close()

    threads = [threading.Thread(target=report, args=(body,)) for body in reports for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 6
    outcome = Outcome.objects.get()
    standing = Decision.objects.order_by("tag_id", "-id").distinct("tag_id")
    assert {d.tag_id for d in standing if d.kind == "accepted"} == set(outcome.final_tag_ids)
