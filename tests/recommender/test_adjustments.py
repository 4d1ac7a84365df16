"""Decisions that no model has learnt move tags at once, within limits, and fade when a model has learnt them."""

import time
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from feedback.models import Decision, Recommendation, Suggestion, TagDecisionCount
from feedback.services import OutcomeReport, record_outcome
from recommender.adjustments import KEPT_SECONDS, adjustments, reset_adjustments
from recommender.models import AdjustmentPolicy
from recommender.promotion import roll_back
from recommender.selectors import champion
from recommender.services import RecommendationRequest, explain_suggestion, recommend_tags
from recommender.suggesting import RankedTag
from tagplatform.access.models import User
from tagplatform.content.models import Source
from tagplatform.taxonomy.models import Vocabulary
from tests.factories import SourceFactory, TagFactory, UserFactory
from tests.recommender.test_retraining import do_run

BODY = "rocket orbit goal striker"
Editor = Callable[[], User]


@pytest.fixture
def source(db: None) -> Source:
    made: Source = SourceFactory()
    return made


@pytest.fixture
def newsroom(thumb_newsroom: Vocabulary) -> Vocabulary:
    do_run(thumb_newsroom)
    adjustments.forget()
    return thumb_newsroom


def suggestions(vocabulary: Vocabulary, source: Source | None, body: str = BODY) -> dict[str, RankedTag]:
    vocabulary.refresh_from_db()
    request = RecommendationRequest(title="", body=body, source=source)
    answer = recommend_tags(vocabulary=vocabulary, request=request)
    return {suggestion.tag.notation: suggestion for suggestion in answer.suggestions}


def decide(vocabulary: Vocabulary, source: Source, n: int, actor: User | None = None, **lists: list[str]) -> None:
    """So many outcomes on texts that differ; each was answered before anything could move."""
    ids = {tag.notation: tag.pk for tag in vocabulary.tags.all()}
    report = OutcomeReport(
        "submitted",
        [ids[name] for name in lists.get("final", [])],
        [ids[name] for name in lists.get("rejected", [])],
    )
    for _ in range(n):
        suggestions(vocabulary, source, body=f"{BODY} {Recommendation.objects.count()}")
        stored = Recommendation.objects.latest("id")
        record_outcome(recommendation=stored, report=report, actor=actor, origin="editor")


def settle() -> None:
    """What a web process remembers has grown old."""
    time.sleep(KEPT_SECONDS)


def test_a_tag_rejected_again_and_again_sinks_in_its_source_alone(newsroom: Vocabulary, source: Source) -> None:
    before = suggestions(newsroom, source)["space"]

    decide(newsroom, source, 4, UserFactory(), rejected=["space"])
    decide(newsroom, source, 4, UserFactory(), rejected=["space"])
    settle()
    after, elsewhere = suggestions(newsroom, source)["space"], suggestions(newsroom, SourceFactory())["space"]

    assert after.probability < before.probability - 0.1
    assert after.raw_score == pytest.approx(before.raw_score)
    assert elsewhere.probability == pytest.approx(before.probability)
    assert elsewhere.adjusted is None
    row = Suggestion.objects.filter(adjustment__lt=0).latest("id")
    assert (row.tag.notation, row.adjustment) == ("space", after.adjustment)


def test_one_person_moves_a_tag_no_further_than_the_cap_of_one(newsroom: Vocabulary, source: Source) -> None:
    one = UserFactory()
    decide(newsroom, source, 6, one, rejected=["space"])
    settle()
    first = suggestions(newsroom, source)["space"].adjustment

    decide(newsroom, source, 6, one, rejected=["space"])
    settle()

    assert -1.5 <= first < -0.5
    assert suggestions(newsroom, source)["space"].adjustment == pytest.approx(first, abs=0.1)


def test_a_tag_that_is_added_by_hand_again_and_again_rises(newsroom: Vocabulary, source: Source) -> None:
    TagFactory(vocabulary=newsroom, notation="unlearnt")
    Vocabulary.objects.update(suggestion_limit=1)

    decide(newsroom, source, 6, UserFactory(), final=["gardening"])
    settle()
    Vocabulary.objects.update(suggestion_limit=10)

    assert suggestions(newsroom, source)["gardening"].adjustment > 0.5


def test_decisions_on_answers_that_nobody_saw_do_not_count(newsroom: Vocabulary, source: Source) -> None:
    gardening = newsroom.tags.get(notation="gardening")
    request = RecommendationRequest(title="", body=BODY, source=source, policy=Recommendation.Policy.BLIND)
    recommend_tags(vocabulary=newsroom, request=request)
    stored = Recommendation.objects.latest("id")

    record_outcome(
        recommendation=stored, report=OutcomeReport("submitted", [gardening.pk]), actor=None, origin="editor"
    )
    record_outcome(recommendation=stored, report=OutcomeReport("discarded"), actor=None, origin="editor")

    assert Decision.objects.filter(recommendation=stored, tag=gardening).exists()
    assert not TagDecisionCount.objects.exists()


def test_decisions_that_are_superseded_no_longer_count(newsroom: Vocabulary, source: Source) -> None:
    decide(newsroom, source, 1, rejected=["space"])
    stored = Recommendation.objects.latest("id")

    record_outcome(recommendation=stored, report=OutcomeReport("discarded"), actor=None, origin="editor")

    numbers = TagDecisionCount.objects.values_list("accepted", "rejected", "ignored", "added")
    assert set(numbers) == {(0, 0, 0, 0)}
    assert all(abs(count.expected) < 1e-9 for count in TagDecisionCount.objects.all())


def test_what_a_promoted_model_has_learnt_fades_and_comes_back_with_a_roll_back(
    newsroom: Vocabulary, source: Source
) -> None:
    decide(newsroom, source, 6, UserFactory(), rejected=["space"])
    settle()
    before = suggestions(newsroom, source)["space"].adjustment
    TagFactory(vocabulary=newsroom, notation="new")
    do_run(newsroom)
    first, second = newsroom.model_versions.order_by("number")
    learnt = adjustments.of(second, source.pk)

    decide(newsroom, source, 2, UserFactory(), rejected=["football"])
    adjustments.forget()

    assert champion(newsroom) == second
    assert before < -0.5
    assert learnt.by_tag == {}
    assert {each.rejected for each in adjustments.of(second, source.pk).by_tag.values() if each.offset < 0} == {2}
    roll_back(vocabulary=newsroom, actor=None, reason="test")
    space = newsroom.tags.get(notation="space")
    assert adjustments.of(first, source.pk).by_tag[space.pk].offset == pytest.approx(before)


def test_adjustments_are_switched_off_and_reset(newsroom: Vocabulary, source: Source) -> None:
    decide(newsroom, source, 4, UserFactory(), rejected=["space"])
    policy = AdjustmentPolicy.objects.create(vocabulary=newsroom, is_on=False)
    settle()
    off = suggestions(newsroom, source)["space"].adjustment
    AdjustmentPolicy.objects.filter(pk=policy.pk).update(is_on=True)
    settle()
    on = suggestions(newsroom, source)["space"].adjustment

    space = newsroom.tags.get(notation="space")
    reset_adjustments(vocabulary=newsroom, tag_id=space.pk, source_id=source.pk)
    settle()

    assert (off, on < 0, suggestions(newsroom, source)["space"].adjustment) == (0, True, 0)


def test_what_the_model_expected_is_counted_without_the_adjustment(newsroom: Vocabulary, source: Source) -> None:
    plain = suggestions(newsroom, source)["space"].probability
    decide(newsroom, source, 3, UserFactory(), rejected=["space"])
    settle()
    late = UserFactory()

    decide(newsroom, source, 1, late, rejected=["space"])

    counted = TagDecisionCount.objects.get(actor=late, tag__notation="space")
    assert counted.expected == pytest.approx(plain, abs=0.05)
    assert Suggestion.objects.filter(tag__notation="space").latest("id").probability < plain - 0.1


def test_why_says_what_newer_decisions_have_done(newsroom: Vocabulary, source: Source) -> None:
    decide(newsroom, source, 4, UserFactory(), rejected=["space"])
    settle()
    space = newsroom.tags.get(notation="space")
    newsroom.refresh_from_db()

    request = RecommendationRequest(title="", body=BODY, source=source)
    explanation = explain_suggestion(vocabulary=newsroom, request=request, tag_id=space.pk)

    assert explanation.adjusted is not None
    assert (explanation.adjusted.reason, explanation.adjusted.rejected) == ("rejected_more_than_expected", 4)


def test_the_admin_lists_what_moves_and_forgets_it_on_demand(newsroom: Vocabulary, source: Source) -> None:
    decide(newsroom, source, 4, UserFactory(), rejected=["space"])
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    address = reverse("admin:recommender_adjustmentpolicy_moved")
    before = client.get(address, {"vocabulary": newsroom.slug})
    space = newsroom.tags.get(notation="space")

    form = {"vocabulary": newsroom.slug, "tag": space.pk, "source": source.pk}
    after = client.post(reverse("admin:recommender_adjustmentpolicy_reset"), form, follow=True)

    moved = {row.path: row.moved.rejected for row in before.context["rows"] if row.moved.offset < 0}
    assert moved == {"Space": 4}
    assert "Space" not in [row.path for row in after.context["rows"]]
    assert not TagDecisionCount.objects.filter(tag=space).exists()
