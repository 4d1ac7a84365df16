"""What Prometheus is told of live figures, drift and alerts."""

import math

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from feedback.models import Recommendation
from recommender.models import Alert, AlertRule, DriftValue
from recommender.watching.days import add_up_last_days
from recommender.watching.prometheus import LiveGauges
from tests.watching.world import give, make_tags

pytestmark = pytest.mark.django_db


def test_figures_drift_and_alerts_stand_among_the_metrics(client: Client) -> None:
    tags = make_tags()
    for _ in range(3):
        give(tags[:2], final=tags[:1], moment=timezone.now())
    add_up_last_days(1)
    DriftValue.objects.create(
        day=timezone.now().date(), vocabulary=tags[0].vocabulary, model_version="news-1", measure="tags", value=0.4,
        expected=0.1, critical=0.2, limit=0.1, n_reference=500, n_current=300,
    )  # fmt: skip
    rule = AlertRule.objects.create(vocabulary=tags[0].vocabulary, measure="mrr", comparison="below", limit=0.5)
    Alert.objects.create(rule=rule, value=0.4, last_value=0.4, n_documents=80)

    text = client.get(reverse("metrics")).content.decode()

    assert 'tagplatform_live_figure{end="value",figure="hit_rate_at_1",vocabulary="news"} 1.0' in text
    assert 'tagplatform_live_figure{end="low",figure="hit_rate_at_1",vocabulary="news"} 0.43' in text
    assert 'tagplatform_drift{measure="tags",vocabulary="news"} 3.0' in text
    assert 'tagplatform_open_alerts{vocabulary="news"} 1.0' in text
    assert "tagplatform_decisions_total" in text  # those that are counted as they happen


def told(figure: str) -> dict[str, float]:
    """The value and its ends as Prometheus is told."""
    [gauge] = [each for each in LiveGauges().collect() if each.name == "tagplatform_live_figure"]
    return {each.labels["end"]: each.value for each in gauge.samples if each.labels["figure"] == figure}


def test_entropy_and_coverage_of_unlearnt_tags_stand_among_them() -> None:
    """Six tags that bear no document: two are shown each time, one of them accepted, another added by hand."""
    tags = make_tags()
    for _ in range(30):
        give(tags[:2], final=[tags[0], tags[2]], moment=timezone.now())
    give([tags[3]], final=[tags[3]], moment=timezone.now(), policy=Recommendation.Policy.BLIND)
    add_up_last_days(1)

    assert told("shown_entropy")["value"] == pytest.approx(1 + 1 / (2 * 60 * math.log(2)))
    assert told("chosen_entropy")["value"] == pytest.approx(1 + 1 / (2 * 60 * math.log(2)))
    assert told("entropy_ratio")["value"] == pytest.approx(1)
    assert told("cold_start_shown")["value"] == pytest.approx(2 / 6)
    assert told("cold_start_accepted")["value"] == pytest.approx(1 / 6)
    assert 0 < told("cold_start_accepted")["low"] < 1 / 6 < told("cold_start_accepted")["high"]


def test_they_are_added_up_once_in_some_minutes(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    tags = make_tags()
    give(tags[:2], final=tags[:1], moment=timezone.now())
    add_up_last_days(1)
    first = told("shown_entropy")

    with django_assert_num_queries(3):
        again = told("shown_entropy")

    assert again == first
    assert first["value"] > 0
