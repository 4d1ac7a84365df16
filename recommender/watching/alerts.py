"""Hold the watched figures against the rules: open an alert, close it, and write down whom to tell."""

import math
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from recommender.models import Alert, AlertDelivery, AlertRule, DriftValue
from recommender.models.alerts import DRIFT_PREFIX, addresses_in
from recommender.watching.selectors import Window, figures_of
from tagplatform.common.errors import Conflict

_DRIFT_IS_OLD_AFTER = timedelta(days=2)


@dataclass(frozen=True)
class Reading:
    """What a rule looks at, and the documents behind it."""

    value: float
    n_documents: int


def reading(rule: AlertRule) -> Reading | None:
    """The value that the rule watches; None where nothing is known. A drift of 1 uses up its whole limit."""
    today = timezone.now().astimezone(UTC).date()
    if rule.measure.startswith(DRIFT_PREFIX):
        return _drift(rule, today)
    window = Window(rule.vocabulary, today - timedelta(days=rule.window_days - 1), today)
    found = figures_of(window).get(rule.measure)
    return None if found is None or math.isnan(found.interval.value) else Reading(found.interval.value, found.n)


@transaction.atomic
def evaluate_rule(rule: AlertRule) -> list[AlertDelivery]:
    """Open or close the rule's alert by what stands now; the messages that are to be sent.

    A rule that is evaluated twice at once acts once. Nothing happens while too few documents are behind the value.
    """
    held = AlertRule.objects.select_for_update(of=("self",)).select_related("vocabulary").get(pk=rule.pk)
    found = reading(held)
    if not held.is_on or found is None or found.n_documents < held.fewest:
        return []
    alert = Alert.objects.filter(rule=held, closed_at=None).first()
    if alert is None:
        return _open(held, found) if _is_beyond(held, found.value) and not _is_silent(held) else []
    alert.last_value, alert.n_documents = found.value, found.n_documents
    is_over = _is_back(held, found.value)
    if is_over:
        alert.closed_at = timezone.now()
    alert.save(update_fields=["last_value", "n_documents", "closed_at"])
    return _messages(alert, AlertDelivery.Event.CLOSED) if is_over else []


def acknowledge(*, alert: Alert, actor: Any) -> None:
    """Somebody looks after it. Conflict where somebody does already."""
    mine = Alert.objects.filter(pk=alert.pk, acknowledged_at=None)
    if not mine.update(acknowledged_at=timezone.now(), acknowledged_by=actor):
        raise Conflict(_("Somebody has acknowledged this alert already."), code="acknowledged_already")


def _drift(rule: AlertRule, today: date) -> Reading | None:
    """The newest distance, chance taken off, as a share of its limit."""
    values = DriftValue.objects.filter(
        vocabulary=rule.vocabulary,
        measure=rule.measure.removeprefix(DRIFT_PREFIX),
        day__gt=today - _DRIFT_IS_OLD_AFTER,
    )
    newest = values.order_by("-day").first()
    if newest is None or newest.excess is None:
        return None
    beyond_chance = newest.excess if (newest.value or 0) > (newest.critical or 0) else min(newest.excess, 0.0)
    return Reading(beyond_chance / newest.limit, newest.n_current)


def _open(rule: AlertRule, found: Reading) -> list[AlertDelivery]:
    alert = Alert.objects.create(rule=rule, value=found.value, last_value=found.value, n_documents=found.n_documents)
    return _messages(alert, AlertDelivery.Event.OPENED)


def _is_beyond(rule: AlertRule, value: float) -> bool:
    return value < rule.limit if rule.comparison == AlertRule.Comparison.BELOW else value > rule.limit


def _is_back(rule: AlertRule, value: float) -> bool:
    """Back behind the limit by the margin: what trembles about the limit stays one alert."""
    margin = abs(rule.limit) * rule.margin
    if rule.comparison == AlertRule.Comparison.BELOW:
        return value >= rule.limit + margin
    return value <= rule.limit - margin


def _is_silent(rule: AlertRule) -> bool:
    since = timezone.now() - timedelta(hours=rule.silence_hours)
    return Alert.objects.filter(rule=rule, closed_at__gt=since).exists()


def _messages(alert: Alert, event: str) -> list[AlertDelivery]:
    rule = alert.rule
    targets = [(AlertDelivery.Channel.MAIL, address) for address in addresses_in(rule.recipients)]
    if rule.webhook is not None and rule.webhook.is_active:
        targets.append((AlertDelivery.Channel.WEBHOOK, rule.webhook.name))
    return AlertDelivery.objects.bulk_create(
        AlertDelivery(alert=alert, event=event, value=alert.last_value, channel=channel, target=target)
        for channel, target in targets
    )
