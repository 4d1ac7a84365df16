"""Models and training runs over HTTP."""

from pathlib import Path
from unittest.mock import patch

import pytest
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from recommender.models import ModelAliasChange, TrainingRun
from tests.api.conftest import Caller
from tests.factories import ModelVersionFactory, TrainingRunFactory, VocabularyFactory
from tests.tiny_model import FOOTBALL_TEXT, Newsroom, add_version


def test_the_champion_is_named_by_its_alias(caller: Caller, newsroom: Newsroom) -> None:
    (model,) = caller.get("/models?vocabulary=newsroom").json()["results"]
    (alias,) = caller.get("/models/aliases").json()["results"]

    assert model["name"] == "newsroom-1" and model["aliases"] == ["champion"]
    assert alias["alias"] == "champion" and alias["model"] == {"id": model["id"], "name": "newsroom-1"}
    assert caller.get(f"/models/{model['id']}").json() == model


def test_a_version_is_promoted_and_rolled_back(caller: Caller, newsroom: Newsroom, bundle_folder: Path) -> None:
    second = add_version(newsroom.vocabulary, bundle_folder, number=2)

    promoted = caller.put("/models/aliases/champion", {"model": second.public_id, "reason": "a try"})
    rolled_back = caller.post("/models/aliases/champion/rollback", {"vocabulary": "newsroom"})

    assert promoted.json()["aliases"] == ["champion"]
    assert rolled_back.json()["name"] == "newsroom-1"
    assert ModelAliasChange.objects.count() == 3
    assert ModelAliasChange.objects.earliest("pk").reason == "first"


def test_without_an_earlier_champion_there_is_nothing_to_roll_back_to(caller: Caller, newsroom: Newsroom) -> None:
    answer = caller.post("/models/aliases/champion/rollback", {})

    assert answer.status_code == 409
    assert answer.json()["code"] == "nothing_to_roll_back_to"


def test_a_corrupt_version_cannot_be_promoted(caller: Caller, newsroom: Newsroom) -> None:
    broken = ModelVersionFactory(vocabulary=newsroom.vocabulary, number=9, status="corrupt")

    answer = caller.put("/models/aliases/champion", {"model": broken.public_id})

    assert answer.status_code == 409
    assert caller.post("/recommendations", {"text": FOOTBALL_TEXT}).json()["model_version"] == "newsroom-1"


def test_an_unknown_model_is_not_found(caller: Caller, newsroom: Newsroom) -> None:
    nobody = "model_01h455vb4pex5vsknk084sn02q"

    assert caller.get(f"/models/{nobody}").status_code == 404
    assert caller.put("/models/aliases/champion", {"model": nobody}).status_code == 404
    assert caller.put("/models/aliases/champion", {"model": "newsroom-1"}).status_code == 422
    assert caller.put("/models/aliases/challenger", {"model": nobody}).status_code == 404


def test_training_is_queued_once(
    caller: Caller, newsroom: Newsroom, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with patch("recommender.tasks.train.delay") as delay, django_capture_on_commit_callbacks(execute=True):
        started = caller.post("/training-runs", {"recipe": "tfidf-logreg", "kind": "full"})
        again = caller.post("/training-runs", {})

    run = TrainingRun.objects.get()
    assert started.status_code == 202
    assert started.json()["id"] == run.public_id and started.json()["state"] == "queued"
    assert run.asked_kind == "full" and started.json()["kind"] is None
    assert again.status_code == 409
    delay.assert_called_once_with(str(run.pk))


def test_a_run_is_followed_and_cancelled(caller: Caller) -> None:
    run = TrainingRunFactory(log_tail="epoch 1", state="queued")

    before = caller.get(f"/training-runs/{run.public_id}").json()
    cancelled = caller.post(f"/training-runs/{run.public_id}/cancel")
    again = caller.post(f"/training-runs/{run.public_id}/cancel")

    assert before["log_tail"] == "epoch 1" and before["state"] == "queued"
    assert cancelled.json()["state"] == "cancelled"
    assert again.status_code == 409


def test_a_run_says_which_kind_it_was_why_and_what_it_updated(caller: Caller, newsroom: Newsroom) -> None:
    parent = newsroom.version
    run = TrainingRunFactory(kind="incremental", kind_reason="It updates it.", parent=parent, state="succeeded")

    shown = caller.get(f"/training-runs/{run.public_id}").json()
    refused = caller.post("/training-runs", {"kind": "quick"})

    assert (shown["kind"], shown["kind_reason"], shown["parent"]) == ("incremental", "It updates it.", parent.public_id)
    assert refused.status_code == 422


def test_a_run_shows_its_gate_with_words_and_public_ids(caller: Caller, newsroom: Newsroom) -> None:
    football = newsroom.tags["football"]
    loss = {"tag_id": str(football.pk), "n_documents": 20, "recall": 0.2, "champion_recall": 0.8, "certain": True}
    numbers = {"value": 0.5, "champion": 0.6, "change": -0.6, "low": None, "high": None, "limit": 0.1, "n": 3}
    found = {"name": "tag_recall", "passed": False, **numbers, "tags": [loss]}
    gate = {"passed": False, "compared_with": "newsroom-1", "note": "", "n_documents": 60, "criteria": [found]}
    run = TrainingRunFactory(vocabulary=newsroom.vocabulary, state="succeeded", report={"gate": gate})

    shown = caller.get(f"/training-runs/{run.public_id}").json()["gate"]

    (criterion,) = shown["criteria"]
    assert (shown["passed"], shown["n_documents"], criterion["limit"]) == (False, 60, 0.1)
    assert criterion["tags"][0]["tag_id"] == football.public_id
    assert "0.80 → 0.20" in criterion["words"]


def test_a_version_that_failed_its_gate_needs_a_reason(caller: Caller, newsroom: Newsroom, bundle_folder: Path) -> None:
    second = add_version(newsroom.vocabulary, bundle_folder, number=2)
    second.training_run = TrainingRunFactory(vocabulary=newsroom.vocabulary, report={"gate": {"passed": False}})
    second.save()

    refused = caller.put("/models/aliases/champion", {"model": second.public_id})
    promoted = caller.put("/models/aliases/champion", {"model": second.public_id, "reason": "new tags"})

    assert (refused.status_code, refused.json()["code"]) == (422, "reason_required")
    assert promoted.json()["aliases"] == ["champion"]
    assert ModelAliasChange.objects.latest("position").reason == "new tags"


def test_runs_are_filtered_by_vocabulary_and_state(caller: Caller) -> None:
    failed = TrainingRunFactory(state="failed")
    TrainingRunFactory(state="queued", vocabulary=failed.vocabulary)
    TrainingRunFactory(state="failed")

    found = caller.get(f"/training-runs?vocabulary={failed.vocabulary.slug}&state=failed").json()["results"]

    assert [run["id"] for run in found] == [failed.public_id]
    assert "log_tail" not in found[0]


@pytest.mark.parametrize(("address", "queries"), [("/models", 3), ("/training-runs", 2), ("/models/aliases", 2)])
def test_the_number_of_queries_does_not_grow_with_the_list(
    caller: Caller,
    newsroom: Newsroom,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    address: str,
    queries: int,
) -> None:
    for vocabulary in VocabularyFactory.create_batch(4):
        run = TrainingRunFactory(vocabulary=vocabulary)
        ModelVersionFactory(vocabulary=vocabulary, training_run=run)
    caller.get(address)

    with django_assert_max_num_queries(queries):
        answer = caller.get(address)

    assert answer.json()["results"]
