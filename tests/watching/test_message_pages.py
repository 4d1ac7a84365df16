"""What became of the messages about alerts, as administrators see it."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recommender.models import Alert, AlertDelivery, AlertRule, WebhookEndpoint
from tests.factories import VocabularyFactory

REFUSED = "The address answered 503"


@pytest.fixture
def alert(db: None) -> Alert:
    """An open alert with a message that did not arrive."""
    endpoint = WebhookEndpoint.objects.create(name="Chat", url="https://chat.example.org/hook")
    rule = AlertRule.objects.create(
        vocabulary=VocabularyFactory(slug="news"), measure="mrr", comparison="below", limit=0.5, webhook=endpoint
    )
    made: Alert = Alert.objects.create(rule=rule, value=0.1 + 0.2, last_value=0.1 + 0.2, n_documents=80)
    AlertDelivery.objects.create(
        alert=made, event="opened", value=0.3, channel="webhook", target="Chat", state="failed", last_error=REFUSED
    )
    return made


def page_of(client: Client, target: Alert | WebhookEndpoint) -> str:
    address = reverse(f"admin:recommender_{target._meta.model_name}_change", args=[target.pk])
    return client.get(address).content.decode()


def test_alert_and_webhook_show_what_became_of_their_messages(admin_client: Client, alert: Alert) -> None:
    message = reverse("admin:recommender_alertdelivery_change", args=[AlertDelivery.objects.get().pk])

    pages = page_of(admin_client, alert), page_of(admin_client, WebhookEndpoint.objects.get())

    assert all(REFUSED in page and message in page for page in pages)


def test_the_messages_stand_in_the_menu(admin_client: Client) -> None:
    overview = admin_client.get(reverse("admin:index")).content.decode()

    assert reverse("admin:recommender_alertdelivery_changelist") in overview


def test_values_of_alerts_are_rounded_and_open_ones_come_first(admin_client: Client, alert: Alert) -> None:
    rule = AlertRule.objects.create(vocabulary=alert.rule.vocabulary, measure="mrr", comparison="below", limit=0.4)
    Alert.objects.create(rule=rule, value=0.2, last_value=0.2, n_documents=80, closed_at=timezone.now())

    answer = admin_client.get(reverse("admin:recommender_alert_changelist"))

    assert [each.closed_at is None for each in answer.context["cl"].result_list] == [True, False]
    assert "0.300" in answer.content.decode() and "0.3000000" not in answer.content.decode()


def test_only_an_open_alert_that_nobody_looks_after_can_be_acknowledged(admin_client: Client, alert: Alert) -> None:
    button = reverse("admin:recommender_alert_acknowledge_alert", args=[alert.pk])
    before = page_of(admin_client, alert)

    Alert.objects.filter(pk=alert.pk).update(closed_at=timezone.now())

    assert button in before and button not in page_of(admin_client, alert)


def test_dates_are_written_alike_in_either_language(admin_client: Client, alert: Alert) -> None:
    Alert.objects.filter(pk=alert.pk).update(opened_at=datetime(2026, 11, 21, 23, 5, tzinfo=UTC))
    english = page_of(admin_client, alert)

    admin_client.cookies["django_language"] = "zh-hans"
    chinese = page_of(admin_client, alert)

    assert "21 Nov 2026, 23:05" in english
    assert "2026年11月21日 23:05" in chinese and "收件方" in chinese
