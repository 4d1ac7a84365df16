"""Tags of which little is known are tried out where the policy says so, never at the cost of a good suggestion."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedback.models import Recommendation, Suggestion
from recommender.adjustments import adjustments
from recommender.exploring import under_trained
from recommender.models import AdjustmentPolicy
from recommender.new_tags import new_tags
from recommender.services import Answer, RecommendationRequest, recommend_tags
from recommender.serving import rankers
from tagplatform.content.models import TagAssignment
from tests.factories import DocumentFactory
from tests.tiny_model import FOOTBALL_TEXT, Newsroom, newsroom_with_model


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny-model")


@pytest.fixture
def newsroom(db: None, bundle_folder: Path) -> Iterator[Newsroom]:
    """Football and astronomy are shown and borne by documents, cooking by none."""
    for store in (rankers, adjustments, new_tags, under_trained):
        store.forget()
    made = newsroom_with_model(bundle_folder)
    known = [made.tags["football"], made.tags["astronomy"]]
    for tag in known:
        tag.month_totals.create(month="2026-01-01", shown=5)
    documents = [DocumentFactory() for _ in range(3)]
    TagAssignment.objects.bulk_create(
        TagAssignment(document=document, tag=tag, origin="imported") for document in documents for tag in known
    )
    TagAssignment.objects.update(assigned_at=made.version.created_at.replace(year=2020))
    yield made
    rankers.forget()


def ask(newsroom: Newsroom, **options: object) -> Answer:
    request = RecommendationRequest(title="", body=FOOTBALL_TEXT, **options)  # type: ignore[arg-type]
    return recommend_tags(vocabulary=newsroom.vocabulary, request=request)


def explore(newsroom: Newsroom) -> None:
    AdjustmentPolicy.objects.create(vocabulary=newsroom.vocabulary, exploration_share=0.5, under_trained_examples=3)


def tried(answer: Answer) -> list[str]:
    return [each.tag.notation for each in answer.suggestions if each.origin == Suggestion.Origin.EXPLORATION]


def test_nothing_is_tried_out_unless_the_policy_says_so(newsroom: Newsroom) -> None:
    assert {tuple(tried(ask(newsroom, limit=2))) for _ in range(30)} == {()}


def test_an_under_trained_tag_takes_the_last_place_and_its_propensity_is_logged(newsroom: Newsroom) -> None:
    explore(newsroom)

    answers = [ask(newsroom, limit=2) for _ in range(40)]

    trials = [answer for answer in answers if tried(answer)]
    assert 5 < len(trials) < 35
    assert {tuple(tried(answer)) for answer in trials} == {("cooking",)}
    assert {tuple(each.tag.notation for each in answer.suggestions) for answer in trials} == {("football", "cooking")}
    stored = Suggestion.objects.filter(origin=Suggestion.Origin.EXPLORATION)
    assert set(stored.values_list("propensity", "rank")) == {(0.5, 2)}
    assert Recommendation.objects.filter(policy=Recommendation.Policy.EXPLORATION).count() == len(trials)
    assert (
        not Suggestion.objects.exclude(origin=Suggestion.Origin.EXPLORATION).filter(propensity__isnull=False).exists()
    )


def test_a_suggestion_over_its_threshold_never_gives_way(newsroom: Newsroom) -> None:
    explore(newsroom)

    answers = [ask(newsroom, limit=1) for _ in range(30)]

    assert {each.tag.notation for answer in answers for each in answer.suggestions} == {"football"}


def test_answers_that_are_not_stored_try_nothing_out(newsroom: Newsroom) -> None:
    explore(newsroom)

    assert {tuple(tried(ask(newsroom, limit=2, store=False))) for _ in range(30)} == {()}
