"""Shadow answers are kept for the days of the policy, and the challenger's page says what it stands on."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from recommender.challengers import challenge_policy, put_up_challenger
from recommender.models import ModelVersion, ShadowAnswer
from recommender.shadows import shadow_report
from recommender.tasks import forget_old_shadow_answers
from tests.admin.conftest import admin, admin_client
from tests.factories import ModelVersionFactory
from tests.tiny_model import add_version, newsroom_with_model
from tests.watching.world import give, id_at, make_tags

__all__ = ["admin", "admin_client"]

pytestmark = pytest.mark.django_db


def shadow_answer(version: ModelVersion, days_ago: float) -> ShadowAnswer:
    """To a request of so many days ago, which the ledger need not hold."""
    moment = timezone.now() - timedelta(days=days_ago)
    made: ShadowAnswer = ShadowAnswer.objects.create(
        recommendation_id=id_at(moment), version=version, tag_ids=[], probabilities=[], seconds=0.1, created_at=moment
    )
    return made


def test_older_ones_go_and_the_last_day_stays() -> None:
    version = ModelVersionFactory()
    _old, kept = shadow_answer(version, 90.1), shadow_answer(version, 89.9)

    assert forget_old_shadow_answers() == 1
    assert forget_old_shadow_answers() == 0

    assert list(ShadowAnswer.objects.all()) == [kept]


def test_every_vocabulary_has_days_of_its_own() -> None:
    short, usual = ModelVersionFactory(), ModelVersionFactory()
    policy = challenge_policy(short.vocabulary_id)
    policy.shadow_days = 7
    policy.save()
    shadow_answer(short, 8)
    kept = [shadow_answer(short, 6), shadow_answer(usual, 8)]

    forget_old_shadow_answers()

    assert set(ShadowAnswer.objects.all()) == set(kept)


def test_the_task_runs_every_night() -> None:
    tasks = [entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()]

    assert tasks.count(forget_old_shadow_answers.name) == 1


def test_the_report_says_from_when_the_oldest_is_that_counts() -> None:
    tags = make_tags("ab")
    version = ModelVersionFactory(vocabulary=tags[0].vocabulary, number=2)
    moments = [timezone.now() - timedelta(days=days) for days in (30, 10)]
    for text, moment in zip("ab", moments, strict=True):
        given = give(tags, moment=moment, model_version="news-1", content_hash=text * 64)
        ShadowAnswer.objects.create(
            recommendation_id=given.pk, version=version, tag_ids=[tags[0].pk], probabilities=[0.5], seconds=0.1,
            created_at=moment,
        )  # fmt: skip

    before = shadow_report(version)
    policy = challenge_policy(version.vocabulary_id)
    policy.shadow_days = 20
    policy.save()
    forget_old_shadow_answers()
    after = shadow_report(version)

    assert before is not None and after is not None
    assert [(each.figures.n, each.since) for each in (before, after)] == [(2, moments[0]), (1, moments[1])]


def test_the_page_says_how_long_they_are_kept(admin_client: Client, tmp_path: Path) -> None:
    newsroom = newsroom_with_model(tmp_path)
    version = add_version(newsroom.vocabulary, tmp_path, number=2)
    put_up_challenger(version=version, actor=None, reason="a try")
    moment = timezone.now() - timedelta(days=3)
    given = give(list(newsroom.tags.values()), moment=moment, model_version="newsroom-1")
    page = f"{reverse('admin:recommender_challengepolicy_page')}?vocabulary=newsroom"

    empty = admin_client.get(page).content.decode()
    ShadowAnswer.objects.create(
        recommendation_id=given.pk, version=version, tag_ids=[], probabilities=[], seconds=0.1, created_at=moment
    )
    full = admin_client.get(page).content.decode()

    assert "No answer of the challenger is kept" in empty
    assert "Shadow answers are kept for 90 days" in full
    assert f"The oldest of them is of {date_format(moment, 'SHORT_DATE_FORMAT')}" in full
