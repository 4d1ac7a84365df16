"""What Prometheus is told of live figures, drift and alerts."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

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


def test_a_scrape_takes_three_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(3):
        list(LiveGauges().collect())
