"""Answers keep coming: a new champion is swapped in, a broken one is passed over, a retired tag is gone at once."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from feedback.models import Recommendation, Suggestion
from feedback.services import OutcomeReport, record_outcome
from recommender import ml, registry, serving
from recommender.models import ModelVersion
from recommender.promotion import roll_back
from recommender.selectors import champion
from recommender.services import (
    BELOW_THRESHOLD,
    EMPTY_TEXT,
    NO_TAGS,
    Answer,
    RecommendationRequest,
    explain_suggestion,
    recommend_tags,
    recommend_tags_batch,
)
from recommender.serving import rankers
from tagplatform.common.errors import Unavailable
from tagplatform.taxonomy.models import Tag, Vocabulary
from tests.factories import TagFactory
from tests.recommender.test_retraining import do_run


@pytest.fixture
def newsroom(thumb_newsroom: Vocabulary) -> Vocabulary:
    """With a champion."""
    do_run(thumb_newsroom)
    return thumb_newsroom


def ask(vocabulary: Vocabulary, body: str = "rocket orbit", **options: object) -> Answer:
    vocabulary.refresh_from_db()
    return recommend_tags(
        vocabulary=vocabulary,
        request=RecommendationRequest(title="", body=body, **options),  # type: ignore[arg-type]
    )


def notations(answer: Answer) -> list[str]:
    return [suggestion.tag.notation for suggestion in answer.suggestions]


def damage(version: ModelVersion) -> None:
    for path in registry.bundle_directory(version).glob("*.safetensors"):
        content = bytearray(path.read_bytes())
        content[-1] ^= 0xFF
        path.write_bytes(bytes(content))


def second_champion(vocabulary: Vocabulary) -> ModelVersion:
    TagFactory(vocabulary=vocabulary, notation="new")
    do_run(vocabulary)
    version = champion(vocabulary)
    assert version is not None
    return version


def test_an_answer_is_ranked_calibrated_and_in_the_ledger(newsroom: Vocabulary) -> None:
    answer = ask(newsroom)

    stored = Recommendation.objects.get()
    rows = Suggestion.objects.filter(recommendation=stored)
    assert notations(answer)[0] == "space"
    assert [row.rank for row in rows] == [1, 2, 3]
    assert all(0 <= suggestion.probability <= 1 for suggestion in answer.suggestions)
    assert (stored.pk, stored.model_version) == (answer.recommendation_id, "thumb-1")


def test_nothing_is_stored_when_the_caller_says_so(newsroom: Vocabulary) -> None:
    answer = ask(newsroom, store=False)

    assert answer.public_id is None
    assert not Recommendation.objects.exists()


def test_a_retired_tag_is_gone_from_the_next_answer(newsroom: Vocabulary) -> None:
    before = notations(ask(newsroom))
    Tag.objects.filter(notation="space").update(status=Tag.Status.RETIRED)

    assert "space" in before
    assert "space" not in notations(ask(newsroom))


def test_chosen_and_other_than_candidate_tags_are_left_out(newsroom: Vocabulary) -> None:
    ids = {tag.notation: tag.pk for tag in newsroom.tags.all()}

    assert "space" not in notations(ask(newsroom, chosen_tag_ids=[ids["space"]]))
    assert notations(ask(newsroom, candidate_tag_ids=[ids["football"]])) == ["football"]


def test_a_tag_rejected_on_a_text_is_gone_from_its_answers_alone(newsroom: Vocabulary) -> None:
    before = ask(newsroom)
    stored = Recommendation.objects.get()
    report = OutcomeReport("submitted", rejected_tag_ids=[before.suggestions[0].tag.id])
    record_outcome(recommendation=stored, report=report, actor=None, origin="api")

    again, other = ask(newsroom), ask(newsroom, body="rocket orbit crew")

    assert notations(before)[0] == notations(other)[0] == "space"
    assert "space" not in notations(again)
    assert set(notations(again)) == set(notations(before)) - {"space"}


def test_an_empty_answer_says_why(newsroom: Vocabulary) -> None:
    empty = ask(newsroom, body="  ")
    unknown = ask(newsroom, body="qqqq zzzz")
    Tag.objects.update(recommendable=False)
    no_tags = ask(newsroom)

    assert (empty.abstain_reason, unknown.abstain_reason, no_tags.abstain_reason) == (
        EMPTY_TEXT,
        BELOW_THRESHOLD,
        NO_TAGS,
    )


def test_a_batch_answers_each_text_in_its_order(newsroom: Vocabulary) -> None:
    newsroom.refresh_from_db()
    requests = [RecommendationRequest(title="", body=body) for body in ("goal striker", "soil rose")]

    answers = recommend_tags_batch(vocabulary=newsroom, requests=requests)

    assert [notations(answer)[0] for answer in answers] == ["football", "gardening"]
    assert Recommendation.objects.count() == 2


def test_an_explanation_names_the_words_and_the_label_in_the_text(newsroom: Vocabulary) -> None:
    space = newsroom.tags.get(notation="space")
    body = "A rocket left for space."
    newsroom.refresh_from_db()

    request = RecommendationRequest(title="", body=body, language="en")
    explanation = explain_suggestion(vocabulary=newsroom, request=request, tag_id=space.pk)

    assert "rocket" in {body[e.start : e.end] for e in explanation.evidence}
    assert explanation.label_match == "space"


def test_without_a_model_the_answer_is_to_come_back_later(thumb_newsroom: Vocabulary) -> None:
    with pytest.raises(Unavailable) as refusal:
        ask(thumb_newsroom)

    assert refusal.value.code == "no_model"


def test_a_new_champion_is_swapped_in_while_the_old_one_answers(newsroom: Vocabulary) -> None:
    ask(newsroom)
    second_champion(newsroom)

    first_answer = ask(newsroom)
    deadline = time.monotonic() + 10
    while ask(newsroom).model_version != "thumb-2" and time.monotonic() < deadline:
        time.sleep(0.05)

    assert first_answer.model_version in ("thumb-1", "thumb-2")
    assert ask(newsroom).model_version == "thumb-2"


def test_no_request_fails_while_champions_change(newsroom: Vocabulary) -> None:
    second = second_champion(newsroom)
    first = ModelVersion.objects.get(number=1)
    done = threading.Event()

    def keep_asking() -> int:
        n = 0
        while not done.is_set():
            assert ask(newsroom, store=False).suggestions
            n += 1
        return n

    with ThreadPoolExecutor(3) as pool:
        askers = [pool.submit(keep_asking) for _ in range(3)]
        for version in (first, second, first, second):
            registry.promote(version=version, actor=None, reason="test")
            time.sleep(0.2)
        done.set()
        counts = [asker.result(timeout=30) for asker in askers]

    assert all(count > 0 for count in counts)


def test_a_damaged_champion_is_passed_over_for_the_one_before(newsroom: Vocabulary) -> None:
    damage(second_champion(newsroom))
    rankers.forget()

    answer = ask(newsroom)

    assert (answer.model_version, answer.degraded) == ("thumb-1", True)
    assert ModelVersion.objects.get(number=2).status == ModelVersion.Status.CORRUPT


def test_a_champion_that_is_damaged_while_another_answers_is_not_swapped_in(newsroom: Vocabulary) -> None:
    ask(newsroom)
    damage(second_champion(newsroom))

    deadline = time.monotonic() + 10
    while not ask(newsroom).degraded and time.monotonic() < deadline:
        time.sleep(0.05)

    assert ask(newsroom).model_version == "thumb-1"
    assert ask(newsroom).degraded is True


def wait_until(vocabulary: Vocabulary, version: str, *, degraded: bool) -> Answer:
    """The answer of that version, or the last one after ten seconds."""
    deadline = time.monotonic() + 10
    answer = ask(vocabulary)
    while (answer.model_version, answer.degraded) != (version, degraded) and time.monotonic() < deadline:
        time.sleep(0.05)
        answer = ask(vocabulary)
    return answer


def test_after_a_roll_back_from_a_damaged_champion_answers_are_whole_again(newsroom: Vocabulary) -> None:
    ask(newsroom)
    damage(second_champion(newsroom))
    wait_until(newsroom, "thumb-1", degraded=True)

    roll_back(vocabulary=newsroom, actor=None, reason="damaged")
    answer = ask(newsroom)

    assert (answer.model_version, answer.degraded) == ("thumb-1", False)
    assert REGISTRY.get_sample_value("tagplatform_model_degraded", {"vocabulary": newsroom.slug}) == 0


@pytest.mark.parametrize("first_load", [True, False])
def test_a_champion_whose_bundle_was_restored_is_tried_again(
    newsroom: Vocabulary, monkeypatch: pytest.MonkeyPatch, first_load: bool
) -> None:
    monkeypatch.setattr(serving, "RETRY_AFTER_SECONDS", 0.2)
    ask(newsroom)
    second = second_champion(newsroom)
    damage(second)
    if first_load:
        rankers.forget()
    wait_until(newsroom, "thumb-1", degraded=True)

    damage(second)  # the same bits once more: whole again
    answer = wait_until(newsroom, "thumb-2", degraded=False)

    assert (answer.model_version, answer.degraded) == ("thumb-2", False)


def test_a_champion_that_failed_for_another_reason_is_tried_again(
    newsroom: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "RETRY_AFTER_SECONDS", 0.2)
    ask(newsroom)
    second_champion(newsroom)
    failures = iter([MemoryError("for a moment")])

    def open_after_a_failure(version: ModelVersion) -> ml.Ranker:
        for failure in failures:
            raise failure
        return registry.open_version(version)

    monkeypatch.setattr(serving, "open_version", open_after_a_failure)
    during = wait_until(newsroom, "thumb-1", degraded=True)
    after = wait_until(newsroom, "thumb-2", degraded=False)

    assert (during.model_version, during.degraded) == ("thumb-1", True)
    assert (after.model_version, after.degraded) == ("thumb-2", False)


def test_when_no_bundle_opens_the_answer_is_503(newsroom: Vocabulary) -> None:
    version = champion(newsroom)
    assert version is not None
    damage(version)
    rankers.forget()

    with pytest.raises(Unavailable):
        ask(newsroom)


def test_the_web_process_imports_no_training_library() -> None:
    heavy = ("torch", "sklearn", "fasttext", "pandas", "plotly", "onnx", "rjieba", "pyarrow")
    code = (
        "import sys, django; django.setup()\n"
        "import tagplatform.urls, tagplatform.wsgi, recommender.services, recommender.ml.bundles\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    environment_of_tests = {"DJANGO_SETTINGS_MODULE": "tagplatform.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | environment_of_tests,
        cwd=Path(__file__).resolve().parents[2],
        timeout=60,
    )

    assert done.stdout.strip().splitlines()[-1] == "[]", done.stdout + done.stderr
