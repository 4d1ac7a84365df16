"""Live figures, drift and alerts over HTTP: the same that the page shows, in periods, with intervals."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from recommender.models import Alert, AlertRule, DriftValue
from recommender.models.figures import FIGURES
from recommender.watching.days import add_up_days
from tagplatform.taxonomy.models import Tag
from tests.api.conftest import Caller, new_caller
from tests.factories import SourceFactory, VocabularyFactory
from tests.watching.world import DAY, NOON, give, make_tags


@pytest.fixture
def tags(db: None) -> list[Tag]:
    """Three days with two answers each: one right at once, one with a tag added by hand."""
    tags = make_tags()
    for ago in range(3):
        moment = NOON - timedelta(days=ago)
        give(tags[:3], final=tags[:1], moment=moment, model_version="news-1")
        give(tags[1:4], final=[tags[2], tags[5]], moment=moment, model_version="news-1")
    add_up_days(first=DAY - timedelta(days=2), last=DAY)
    return tags


def figures(caller: Caller, **query: str) -> dict[str, Any]:
    asked = {"from": "2026-10-12", "to": "2026-10-14"} | query
    parameters = "&".join(f"{name}={value}" for name, value in asked.items())
    answer: dict[str, Any] = caller.get(f"/vocabularies/news/figures?{parameters}").json()
    return answer


def test_figures_by_day_with_their_intervals(caller: Caller, tags: list[Tag]) -> None:
    answer = figures(caller)

    by_name = [{each["figure"]: each for each in step["figures"]} for step in answer["results"]]
    assert {name: answer[name] for name in ("from", "to", "vocabulary", "step", "counted_until")} == {
        "from": "2026-10-12", "to": "2026-10-14", "vocabulary": "news", "step": "day", "counted_until": "2026-10-14",
    }  # fmt: skip
    assert [step["start"] for step in answer["results"]] == ["2026-10-12", "2026-10-13", "2026-10-14"]
    assert by_name[0]["hit_rate_at_1"] == {
        "figure": "hit_rate_at_1", "value": 0.5, "low": 0.094531, "high": 0.905469, "n": 2,
    }  # fmt: skip
    assert by_name[0]["added_rate"]["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert by_name[0]["entropy_ratio"]["value"] > 0
    assert set(by_name[0]) <= set(FIGURES)


def test_by_week_days_are_added_up_and_one_figure_can_be_asked_for(caller: Caller, tags: list[Tag]) -> None:
    answer = figures(caller, step="week", figure="hit_rate_at_1")

    [step] = answer["results"]
    assert step["start"] == "2026-10-12"
    assert [(each["figure"], each["n"]) for each in step["figures"]] == [("hit_rate_at_1", 6)]


def test_versions_blind_documents_and_empty_periods(caller: Caller, tags: list[Tag]) -> None:
    assert figures(caller, model_version="news-1") == figures(caller)
    assert figures(caller, model_version="news-2")["results"] == []
    assert figures(caller, documents="blind")["results"] == []
    assert figures(caller, **{"from": "2026-10-01", "to": "2026-10-02"})["results"] == []


def test_a_key_narrows_to_its_own_source_alone(caller: Caller, tags: list[Tag]) -> None:
    give(tags[:3], final=tags[:1], source=caller.source)
    add_up_days(first=DAY, last=DAY)
    other = SourceFactory()

    mine = figures(caller, source=caller.source.slug, figure="hit_rate_at_1")
    others = caller.get(f"/vocabularies/news/figures?source={other.slug}")

    assert [each["n"] for step in mine["results"] for each in step["figures"]] == [1]
    assert (others.status_code, others.json()["code"]) == (404, "unknown_source")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=2026-10-02&to=2026-10-01", "empty_period"),
        ("from=2026-01-01&to=2026-10-01", "period_too_long"),
        ("from=2024-01-01&to=2026-10-01&step=month", "period_too_long"),
        ("from=yesterday", "invalid"),
        ("figure=happiness", "invalid_choice"),
        ("days=7", "unknown_field"),
    ],
)
def test_what_cannot_be_answered_is_told(caller: Caller, tags: list[Tag], query: str, code: str) -> None:
    answer = caller.get(f"/vocabularies/news/figures?{query}")

    problem = answer.json()
    assert answer.status_code == 422
    assert code in [problem["code"], *(error["code"] for error in problem["errors"])]


def test_without_a_period_it_is_the_last_thirty_days(caller: Caller, tags: list[Tag]) -> None:
    today = timezone.now().astimezone(UTC).date()

    answer = caller.get("/vocabularies/news/drift").json()
    first_of_all = caller.get("/vocabularies/news/drift?to=0001-01-03").json()

    assert (answer["from"], answer["to"]) == ((today - timedelta(days=29)).isoformat(), today.isoformat())
    assert (first_of_all["from"], first_of_all["to"]) == ("0001-01-01", "0001-01-03")


@pytest.mark.parametrize("named", ["nothing", "voc_nothing", "%00", "voc_01h455vb4pex5vsknk084sn02q"])
@pytest.mark.parametrize("what", ["figures", "drift", "alerts"])
def test_a_vocabulary_that_is_not_there(caller: Caller, tags: list[Tag], named: str, what: str) -> None:
    answer = caller.get(f"/vocabularies/{named}/{what}")

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_vocabulary")


def test_drift_names_the_tags_that_have_changed(caller: Caller, tags: list[Tag]) -> None:
    vocabulary = tags[0].vocabulary
    common = {"day": DAY, "vocabulary": vocabulary, "model_version": "news-1", "limit": 0.2}
    DriftValue.objects.create(
        **common, measure="tags", value=0.4, expected=0.1, critical=0.2, is_drift=True, n_reference=500, n_current=300,
        changes=[[str(tags[0].pk), 0.1, 0.3, 0.02], [str(uuid.uuid4()), 0.2, 0.1, 0.01]],
    )  # fmt: skip
    DriftValue.objects.create(**common, measure="topic", reason="too_few", n_reference=500, n_current=3)

    answer = caller.get(f"/vocabularies/{vocabulary.public_id}/drift?from=2026-10-14&to=2026-10-14").json()

    known, unknown = answer["results"]
    assert (known["measure"], known["distance"], known["is_drift"], known["reason"]) == ("tags", 0.4, True, None)
    assert [(each["tag"], each["now"]) for each in known["changes"]] == [(tags[0].public_id, 0.3), (None, 0.1)]
    assert (unknown["distance"], unknown["reason"], unknown["changes"]) == (None, "too_few", [])


def test_alerts_come_in_pages_newest_first(caller: Caller, tags: list[Tag]) -> None:
    rules = [
        AlertRule.objects.create(vocabulary=tags[0].vocabulary, measure=measure, comparison="below", limit=0.5)
        for measure in ("mrr", "hit_rate_at_1")
    ]
    now = datetime.now(UTC)
    closed = Alert.objects.create(rule=rules[0], value=0.4, last_value=0.7, n_documents=80, closed_at=now)
    first, second = (Alert.objects.create(rule=rule, value=0.4, last_value=0.3, n_documents=90) for rule in rules)
    elsewhere = AlertRule.objects.create(vocabulary=VocabularyFactory(), measure="mrr", comparison="below", limit=0.5)
    Alert.objects.create(rule=elsewhere, value=0.4, last_value=0.3, n_documents=90)

    everything = caller.get("/vocabularies/news/alerts").json()["results"]
    page = caller.get("/vocabularies/news/alerts?state=open&limit=1").json()
    following = caller.get("/vocabularies/news/alerts?" + page["next"].partition("?")[2]).json()

    assert [each["id"] for each in everything] == [second.public_id, first.public_id, closed.public_id]
    assert [each["state"] for each in everything] == ["open", "open", "closed"]
    assert [each["id"] for each in (*page["results"], *following["results"])] == [second.public_id, first.public_id]
    assert following["next"] is None
    assert page["results"][0]["rule"] == {
        "id": rules[1].public_id, "measure": "hit_rate_at_1", "comparison": "below", "limit": 0.5, "window_days": 7,
    }  # fmt: skip


def test_more_alerts_take_no_more_queries(tags: list[Tag], django_assert_num_queries: DjangoAssertNumQueries) -> None:
    reader = new_caller("models:read")
    rule = AlertRule.objects.create(vocabulary=tags[0].vocabulary, measure="mrr", comparison="below", limit=0.5)
    for _ in range(12):
        Alert.objects.create(rule=rule, value=0.4, last_value=0.7, n_documents=80, closed_at=datetime.now(UTC))
    reader.get("/vocabularies/news/alerts?limit=1")

    with django_assert_num_queries(3):  # the key, the vocabulary, the alerts with their rules
        found = reader.get("/vocabularies/news/alerts")

    assert len(found.json()["results"]) == 12
