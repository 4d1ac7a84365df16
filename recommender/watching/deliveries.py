"""Send the messages of alerts: each by itself, again and later where it does not arrive, at most a day long."""

import smtplib
import uuid
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from recommender.models import AlertDelivery, WebhookEndpoint
from recommender.models.figures import FIGURES
from recommender.watching.webhooks import NotDelivered, post_signed
from tagplatform.common.encryption import Undecryptable

BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 300, 600))
"""After each attempt but the last, which is given up on: a day in all."""

State, Channel, Event = AlertDelivery.State, AlertDelivery.Channel, AlertDelivery.Event


def due_deliveries() -> QuerySet[AlertDelivery]:
    """Those whose time has come, the oldest first."""
    return AlertDelivery.objects.filter(state=State.WAITING, next_at__lte=timezone.now()).order_by("pk")


def deliver(delivery_id: uuid.UUID) -> bool:
    """Try once; whether it arrived. Two workers with the same message send it once.

    The next attempt is written down before this one is made, so that a worker that dies costs a delay and no message.
    """
    delivery = _claim(delivery_id)
    if delivery is None:
        return False
    mine = AlertDelivery.objects.filter(pk=delivery.pk)
    try:
        _send(delivery)
    except (NotDelivered, OSError, smtplib.SMTPException) as error:
        given_up = {"state": State.FAILED} if delivery.attempts > len(BACK_OFF) else {}
        mine.update(last_error=(str(error) or type(error).__name__)[:500], **given_up)
        return False
    mine.update(state=State.SENT, sent_at=timezone.now(), last_error="")
    return True


def send_again(delivery: AlertDelivery) -> None:
    """Let a message that has been given up on be tried anew."""
    AlertDelivery.objects.filter(pk=delivery.pk).update(state=State.WAITING, attempts=0, next_at=timezone.now())


def _claim(delivery_id: uuid.UUID) -> AlertDelivery | None:
    """Take it for this worker by moving its next attempt; None where another worker has, or it has been sent."""
    due = due_deliveries().select_related("alert__rule__vocabulary", "alert__rule__webhook").filter(pk=delivery_id)
    delivery = due.first()
    if delivery is None:
        return None
    wait = BACK_OFF[min(delivery.attempts, len(BACK_OFF) - 1)]
    unchanged = AlertDelivery.objects.filter(pk=delivery_id, state=State.WAITING, attempts=delivery.attempts)
    if not unchanged.update(attempts=F("attempts") + 1, next_at=timezone.now() + wait):
        return None
    delivery.attempts += 1
    return delivery


def _send(delivery: AlertDelivery) -> None:
    if delivery.channel == Channel.MAIL:
        _mail(delivery)
        return
    endpoint = _endpoint_of(delivery)
    if endpoint is None or not endpoint.is_active:
        raise NotDelivered(f"there is no active webhook “{delivery.target}”")
    secret = _secret_of(endpoint)
    post_signed(url=endpoint.url, secret=secret, message_id=delivery.public_id, payload=payload_of(delivery))


def _endpoint_of(delivery: AlertDelivery) -> WebhookEndpoint | None:
    """The webhook that the message was written for; the rule's own where that name is no longer known."""
    named = WebhookEndpoint.objects.filter(name=delivery.target).first()
    return named or delivery.alert.rule.webhook


def messages_of(endpoint: WebhookEndpoint) -> QuerySet[AlertDelivery]:
    """All that was written for the webhook, also under a name that it had before."""
    names = WebhookEndpoint.objects.values("name")
    renamed = Q(alert__rule__webhook=endpoint) & ~Q(target__in=names)
    return AlertDelivery.objects.filter(Q(target=endpoint.name) | renamed, channel=Channel.WEBHOOK)


def _secret_of(endpoint: WebhookEndpoint) -> str:
    """What the message is signed with; nothing is sent unsigned."""
    try:
        return endpoint.secret
    except Undecryptable as error:
        raise NotDelivered(unreadable_secret(endpoint)) from error


def unreadable_secret(endpoint: WebhookEndpoint) -> str:
    """What has happened to the secret, and what to do."""
    return _(
        "The secret of the webhook “%(name)s” cannot be read: SECRET_KEY has changed since it was made. Put the former "
        "key into SECRET_KEY_FALLBACKS, or make a new secret on the page of the webhook and copy it to the receiver."
    ) % {"name": endpoint.name}


def payload_of(delivery: AlertDelivery) -> dict[str, object]:
    """What is posted: type, time and data, as Standard Webhooks recommends."""
    alert, rule = delivery.alert, delivery.alert.rule
    closed = alert.closed_at if delivery.event == Event.CLOSED else None
    return {
        "type": f"alert.{delivery.event}",
        "timestamp": (closed or alert.opened_at).isoformat(),
        "data": {
            "id": alert.public_id,
            "rule": rule.public_id,
            "vocabulary": rule.vocabulary.slug,
            "measure": rule.measure,
            "comparison": rule.comparison,
            "limit": rule.limit,
            "value": delivery.value,
            "documents": alert.n_documents,
            "opened_at": alert.opened_at.isoformat(),
            "closed_at": closed.isoformat() if closed else None,
        },
    }


def _mail(delivery: AlertDelivery) -> None:
    """In the installation's language: who reads it is not known here."""
    with translation.override(settings.LANGUAGE_CODE):
        subject, body = _words(delivery)
        EmailMessage(subject=subject, body=body, to=[delivery.target]).send()


def _words(delivery: AlertDelivery) -> tuple[str, str]:
    alert, rule = delivery.alert, delivery.alert.rule
    opened = delivery.event == Event.OPENED
    subject = (_("Alert: %(rule)s") if opened else _("Over: %(rule)s")) % {"rule": rule}
    lines = [
        _("%(measure)s of “%(vocabulary)s” is %(value)s (limit %(limit)s), from %(n)s documents.")
        % {
            "measure": FIGURES.get(rule.measure, rule.get_measure_display()),
            "vocabulary": rule.vocabulary,
            "value": f"{delivery.value:.3g}",
            "limit": f"{rule.limit:.3g}",
            "n": alert.n_documents,
        },
        _("What is watched, over time:") + f" {settings.SITE_URL}{reverse('watching:page')}"
        f"?vocabulary={rule.vocabulary.slug}",
        _("The alert:") + f" {settings.SITE_URL}{reverse('admin:recommender_alert_change', args=[alert.pk])}",
    ]
    return subject, "\n\n".join(lines) + "\n"
