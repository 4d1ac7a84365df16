"""The challenger's page in the admin: who is tried, what it has shown, and the buttons."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from feedback.models import Decision, Outcome, Recommendation, Suggestion
from recommender.models import ChallengePolicy, Interleaving, ModelVersion, ShadowAnswer
from recommender.selectors import challenger
from recommender.serving import rankers
from tests.factories import DocumentFactory, RecommendationFactory, UserFactory, VocabularyFactory
from tests.reports.conftest import staff_with
from tests.tiny_model import Newsroom, add_version, newsroom_with_model

pytestmark = pytest.mark.django_db
PAGE = "admin:recommender_challengepolicy_page"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("challenged")


@pytest.fixture
def newsroom(db: None, folder: Path) -> Iterator[Newsroom]:
    rankers.forget()
    yield newsroom_with_model(folder)
    rankers.forget()


@pytest.fixture
def second(newsroom: Newsroom, folder: Path) -> ModelVersion:
    return add_version(newsroom.vocabulary, folder, number=2)


@pytest.fixture
def administrator(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def answers_in_the_shadow(newsroom: Newsroom, version: ModelVersion, n: int) -> None:
    """Every second text is blind; the challenger puts the right tag second."""
    right, other = newsroom.tags["football"], newsroom.tags["cooking"]
    for number in range(n):
        policy = Recommendation.Policy.BLIND if number % 2 else Recommendation.Policy.NORMAL
        document = DocumentFactory()
        given = RecommendationFactory(
            vocabulary=newsroom.vocabulary, document=document, model_version="newsroom-1", policy=policy,
            latency_ms=4.0 + number % 3,
        )  # fmt: skip
        Suggestion.objects.create(
            recommendation=given, tag=right, rank=1, raw_score=1, probability=0.8, above_threshold=True
        )
        if number % 2:
            Outcome.objects.create(
                recommendation=given, document=document, status=Outcome.Status.SUBMITTED, final_tag_ids=[right.pk]
            )
        ShadowAnswer.objects.create(
            recommendation_id=given.pk, version=version, tag_ids=[other.pk, right.pk], probabilities=[0.6, 0.5],
            seconds=0.003 + number % 5 / 1000,
        )  # fmt: skip


def button(name: str, target: Any) -> str:
    return reverse(f"admin:recommender_{target._meta.model_name}_{name}", args=[target.pk])


def test_a_version_is_put_up_and_withdrawn_by_buttons(administrator: Client, second: ModelVersion) -> None:
    before = administrator.get(reverse(PAGE))

    put_up = administrator.post(button("put_up", second), {"reason": "promising"}, follow=True)
    policy = ChallengePolicy.objects.get()
    withdrawn = administrator.post(button("withdraw", policy), {"reason": "enough"}, follow=True)

    assert button("put_up", second) in before.content.decode()
    assert "newsroom-2 is challenger now." in put_up.content.decode()
    assert "has not answered anything yet" in put_up.content.decode()
    assert "newsroom-2 is withdrawn." in withdrawn.content.decode()
    assert challenger(second.vocabulary) is None


def test_the_page_shows_both_beside_each_other(
    administrator: Client, newsroom: Newsroom, second: ModelVersion, django_assert_max_num_queries: Any
) -> None:
    administrator.post(button("put_up", second), {"reason": "promising"})
    answers_in_the_shadow(newsroom, second, 12)

    with django_assert_max_num_queries(20):
        page = administrator.get(reverse(PAGE), {"vocabulary": "newsroom"})

    rows = {row.name: row for row in page.context["compared"]}
    assert rows["nDCG@5"].champion == "1.000 (1.000 … 1.000)"
    assert rows["nDCG@5"].difference == "-0.369 (-0.369 … -0.369)"
    assert rows["milliseconds for a text"].champion.startswith("5.0 (")
    assert page.context["agreement"][0].value == "0% (0% … 0%)"
    assert "12 texts that newsroom-1 answered" in page.content.decode()
    assert '<th scope="col">newsroom-1</th>' in page.content.decode()
    assert '<th scope="col">newsroom-2</th>' in page.content.decode()
    assert "6 blind documents" in page.content.decode()


def test_the_page_needs_as_many_queries_for_many_answers_as_for_few(
    administrator: Client,
    newsroom: Newsroom,
    second: ModelVersion,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    administrator.post(button("put_up", second), {"reason": "promising"})
    answers_in_the_shadow(newsroom, second, 40)

    with django_assert_max_num_queries(20):
        administrator.get(reverse(PAGE))


def test_readers_see_the_page_and_no_buttons(newsroom: Newsroom, second: ModelVersion) -> None:
    reader = staff_with("view_modelversion")

    page = reader.get(reverse(PAGE))

    assert page.status_code == 200
    assert "Put up" not in page.content.decode()
    assert reader.post(button("put_up", second), {"reason": "x"}).status_code == 403
    assert staff_with().get(reverse(PAGE)).status_code == 403


def test_without_a_vocabulary_or_a_champion_the_page_says_so(administrator: Client) -> None:
    nothing = administrator.get(reverse(PAGE)).content.decode()
    VocabularyFactory()
    no_champion = administrator.get(reverse(PAGE)).content.decode()

    assert "There is no vocabulary yet." in nothing
    assert "There is no champion yet" in no_champion


def test_a_comparison_is_started_seen_and_stopped(
    administrator: Client, newsroom: Newsroom, second: ModelVersion
) -> None:
    administrator.post(button("put_up", second), {"reason": "promising"})
    policy = ChallengePolicy.objects.get()
    started = administrator.post(button("start", policy), follow=True)
    begun = timezone.now() - timedelta(days=1)
    Interleaving.objects.update(created_at=begun)
    decided_in_turns(newsroom, ["challenger"] * 3 + ["champion"])

    page = administrator.get(reverse(PAGE))
    stopped = administrator.post(button("stop", policy), {"reason": "seen enough"}, follow=True)

    assert "Champion and challenger fill answers in turns." in started.content.decode()
    newest = page.context["newest"]
    assert (newest.standing.n_challenger, newest.standing.n_champion) == (3, 1)
    assert newest.share.startswith("75% (")
    assert page.context["figures"]["interleaving"]["data"][2]["y"][-1] == 0.75
    assert "seen enough" in stopped.content.decode()
    assert Interleaving.objects.get().n_challenger == 3


def decided_in_turns(newsroom: Newsroom, teams: list[str]) -> None:
    """Documents on which the team's suggestion was accepted."""
    right = newsroom.tags["football"]
    for team in teams:
        document = DocumentFactory()
        given = RecommendationFactory(
            vocabulary=newsroom.vocabulary, document=document, policy=Recommendation.Policy.INTERLEAVED
        )
        Suggestion.objects.create(
            recommendation=given, tag=right, rank=1, raw_score=1, probability=0.8, above_threshold=True, team=team
        )
        Decision.objects.create(
            recommendation=given, document=document, vocabulary=newsroom.vocabulary, tag=right, kind="accepted"
        )
