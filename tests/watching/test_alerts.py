"""Rules and alerts: one alert at a time, closed by itself, no flapping, told by mail and webhook."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from recommender.models import Alert, AlertDelivery, AlertRule, DriftValue, WebhookEndpoint
from recommender.models.alerts import DRIFT_PREFIX
from recommender.watching.alerts import acknowledge, evaluate_rule, reading
from recommender.watching.days import add_up_last_days
from recommender.watching.deliveries import deliver
from tagplatform.common.errors import Conflict
from tagplatform.taxonomy.models import Tag
from tests.factories import UserFactory
from tests.watching.world import give, make_tags

pytestmark = pytest.mark.django_db


@pytest.fixture
def tags() -> list[Tag]:
    return make_tags()


def rule_on(tags: list[Tag], **fields: Any) -> AlertRule:
    """Acceptance of the first suggestion below one half, by mail."""
    given = {"measure": "acceptance_at_1", "comparison": "below", "limit": 0.5, "fewest": 10, "silence_hours": 0}
    made: AlertRule = AlertRule.objects.create(
        vocabulary=tags[0].vocabulary, **given | {"recipients": "ops@example.org, desk@example.org"} | fields
    )
    return made


def answers(tags: list[Tag], *, accepted: int, of: int) -> None:
    """Today's ledger is so, and added up."""
    for number in range(of):
        give(tags[:1], final=tags[:1] if number < accepted else tags[1:2], moment=timezone.now())
    add_up_last_days(1)


def events() -> list[tuple[str, str]]:
    return list(AlertDelivery.objects.order_by("pk").values_list("event", "target"))


def test_a_rule_fires_once_however_often_it_is_evaluated(tags: list[Tag]) -> None:
    rule = rule_on(tags)
    answers(tags, accepted=4, of=10)

    first, second = evaluate_rule(rule), evaluate_rule(rule)

    assert (len(first), len(second)) == (2, 0)
    assert events() == [("opened", "ops@example.org"), ("opened", "desk@example.org")]
    assert Alert.objects.get().value == 0.4


def test_it_closes_by_itself_and_says_so_but_only_beyond_the_margin(tags: list[Tag]) -> None:
    rule = rule_on(tags, margin=0.1)
    answers(tags, accepted=4, of=10)
    evaluate_rule(rule)

    answers(tags, accepted=8, of=13)  # 12 of 23, 0.52: back, but not by a tenth of the limit
    trembling = evaluate_rule(rule)
    answers(tags, accepted=10, of=10)
    closing = evaluate_rule(rule)

    alert = Alert.objects.get()
    assert trembling == []
    assert [message.event for message in closing] == ["closed", "closed"]
    assert alert.closed_at is not None
    assert alert.last_value == pytest.approx(22 / 33)


def test_few_documents_neither_open_nor_close(tags: list[Tag]) -> None:
    rule = rule_on(tags, fewest=11)
    answers(tags, accepted=0, of=10)
    assert evaluate_rule(rule) == []

    AlertRule.objects.update(fewest=1)
    evaluate_rule(rule)
    AlertRule.objects.update(fewest=1000, limit=0.0, comparison="below")
    assert evaluate_rule(rule) == []
    assert Alert.objects.get().closed_at is None


def test_after_an_alert_there_is_silence(tags: list[Tag]) -> None:
    rule = rule_on(tags, silence_hours=24)
    answers(tags, accepted=0, of=10)
    now = timezone.now()
    Alert.objects.create(
        rule=rule, value=0.1, last_value=0.9, n_documents=10, opened_at=now, closed_at=now - timedelta(hours=23)
    )

    silent = evaluate_rule(rule)
    Alert.objects.update(closed_at=now - timedelta(hours=25))
    again = evaluate_rule(rule)

    assert silent == []
    assert len(again) == 2


def test_rules_above_a_limit_and_rules_that_are_off(tags: list[Tag]) -> None:
    above = rule_on(tags, measure="added_rate", comparison="above", limit=0.3)
    off = rule_on(tags, is_on=False)
    answers(tags, accepted=4, of=10)

    assert len(evaluate_rule(above)) == 2
    assert evaluate_rule(off) == []


@pytest.mark.parametrize(("value", "critical", "expected"), [(0.4, 0.1, 1.5), (0.4, 0.5, 0.0)])
def test_a_drift_is_read_as_a_share_of_its_limit_and_counts_only_beyond_chance(
    tags: list[Tag], value: float, critical: float, expected: float
) -> None:
    rule = rule_on(tags, measure=f"{DRIFT_PREFIX}tags", comparison="above", limit=1)
    DriftValue.objects.create(
        day=timezone.now().date(), vocabulary=tags[0].vocabulary, model_version="news-1", measure="tags", value=value,
        expected=0.1, critical=critical, limit=0.2, n_reference=500, n_current=300,
    )  # fmt: skip

    found = reading(rule)

    assert found is not None
    assert found.value == pytest.approx(expected)
    assert found.n_documents == 300
    assert len(evaluate_rule(rule)) == (2 if expected > 1 else 0)


def test_the_mail_says_what_happened_and_where_to_look(tags: list[Tag], settings: Settings) -> None:
    settings.SITE_URL = "https://tags.example.org"
    settings.LANGUAGE_CODE = "en"
    rule = rule_on(tags, recipients="ops@example.org")
    answers(tags, accepted=4, of=10)

    [message] = evaluate_rule(rule)
    deliver(message.pk)

    [sent] = mail.outbox
    assert sent.to == ["ops@example.org"]
    assert sent.subject == "Alert: News: acceptance@1 falls below 0.5"
    assert "is 0.4 (limit 0.5), from 10 documents" in sent.body
    assert "https://tags.example.org/admin/watching/?vocabulary=news" in sent.body


def test_without_a_mail_server_mails_become_files(tags: list[Tag], settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    rule = rule_on(tags, recipients="ops@example.org")
    answers(tags, accepted=0, of=10)

    [message] = evaluate_rule(rule)

    assert deliver(message.pk)
    [file] = (tmp_path / "mail").iterdir()
    assert "ops@example.org" in file.read_text()


def test_the_first_to_acknowledge_looks_after_it(tags: list[Tag], admin_client: Client) -> None:
    rule = rule_on(tags)
    answers(tags, accepted=0, of=10)
    evaluate_rule(rule)
    alert = Alert.objects.get()

    page = admin_client.get(reverse("watching:page")).content.decode()
    button = reverse("admin:recommender_alert_acknowledge_alert", args=[alert.pk])
    admin_client.post(button)

    alert.refresh_from_db()
    assert "nobody looks after it yet" in page
    assert alert.acknowledged_by is not None
    with pytest.raises(Conflict):
        acknowledge(alert=alert, actor=UserFactory())


def test_a_secret_is_shown_once_and_never_again(admin_client: Client) -> None:
    added = admin_client.post(
        reverse("admin:recommender_webhookendpoint_add"),
        {"name": "Chat", "url": "https://chat.example.org/hook", "is_active": "on"},
    )
    endpoint = WebhookEndpoint.objects.get()
    again = admin_client.get(reverse("admin:recommender_webhookendpoint_change", args=[endpoint.pk]))
    old = endpoint.secret
    renewed = admin_client.post(reverse("admin:recommender_webhookendpoint_renew_secret", args=[endpoint.pk]))

    endpoint.refresh_from_db()
    assert endpoint.secret.startswith("whsec_")
    assert old in added.content.decode()
    assert old not in again.content.decode()
    assert endpoint.secret != old
    assert endpoint.secret in renewed.content.decode()


def test_addresses_that_are_none_are_refused(tags: list[Tag]) -> None:
    with pytest.raises(ValidationError):
        rule_on(tags, recipients="ops@example.org, nobody").full_clean()
