"""Alerts on watched figures: rules, what they found, and whom it was told to."""

import base64
import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator, validate_email
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from recommender.models.drift import DriftValue
from recommender.models.figures import FIGURES
from tagplatform.common.encryption import decrypted, encrypted
from tagplatform.common.models import PublicModel
from tagplatform.taxonomy.models import Vocabulary

SECRET_PREFIX, SECRET_BYTES = "whsec_", 24


DRIFT_PREFIX = "drift:"
"""Before the name of a drift measure among the measures of rules."""


def measure_choices() -> list[tuple[str, Any]]:
    """Every watched figure, then every measure of drift as a share of its limit."""
    of_drift = [
        (DRIFT_PREFIX + each.value, format_lazy("{}: {}", _("drift"), each.label)) for each in DriftValue.Measure
    ]
    return [*FIGURES.items(), *of_drift]


def new_secret() -> str:
    """A key of 24 random bytes as Standard Webhooks writes it."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def new_encrypted_secret() -> str:
    """A new secret as the database keeps it."""
    return encrypted(new_secret())


def addresses_in(text: str) -> list[str]:
    """Mail addresses, separated by commas or line ends."""
    return [each.strip() for each in text.replace("\n", ",").split(",") if each.strip()]


def validate_addresses(text: str) -> None:
    """Raises ValidationError for what is no mail address."""
    for address in addresses_in(text):
        validate_email(address)


class WebhookEndpoint(PublicModel):
    """Where alerts are posted to, signed by Standard Webhooks with a secret that is shown once and kept encrypted."""

    id_prefix: ClassVar[str] = "hook"

    name = models.CharField(_("name"), max_length=100, unique=True)
    url = models.CharField(_("address"), max_length=500, validators=[URLValidator(schemes=["https", "http"])])
    encrypted_secret = models.CharField(max_length=500, default=new_encrypted_secret, editable=False)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def secret(self) -> str:
        """`whsec_` and the key in base64. Raises Undecryptable where SECRET_KEY is another one than it was."""
        return decrypted(self.encrypted_secret)


class AlertRule(PublicModel):
    """When a figure or a drift of a vocabulary is told to somebody."""

    id_prefix: ClassVar[str] = "rule"

    class Comparison(models.TextChoices):
        BELOW = "below", _("falls below")
        ABOVE = "above", _("rises above")

    vocabulary = models.ForeignKey(Vocabulary, models.CASCADE, related_name="alert_rules", verbose_name=_("vocabulary"))
    measure = models.CharField(_("measure"), max_length=40, choices=measure_choices)
    comparison = models.CharField(_("comparison"), max_length=5, choices=Comparison)
    limit = models.FloatField(_("limit"), help_text=_("shares from 0 to 1; a drift of 1 uses up its whole limit"))
    window_days = models.PositiveSmallIntegerField(
        _("days"),
        default=7,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=_("the figure is that of the last days; drift has days of its own"),
    )
    fewest = models.PositiveIntegerField(
        _("fewest documents"), default=50, help_text=_("with fewer behind the figure nothing is opened or closed")
    )
    margin = models.FloatField(
        _("margin"),
        default=0.05,
        validators=[MinValueValidator(0), MaxValueValidator(0.9)],
        help_text=_("an alert closes only when the value is back by this share of the limit, so that it does not flap"),
    )
    silence_hours = models.PositiveIntegerField(
        _("silence, hours"), default=24, help_text=_("no new alert so soon after the last one was closed")
    )
    recipients = models.TextField(
        _("mail to"), blank=True, validators=[validate_addresses], help_text=_("addresses, with commas")
    )
    webhook = models.ForeignKey(
        WebhookEndpoint, models.PROTECT, null=True, blank=True, related_name="rules", verbose_name=_("webhook")
    )
    is_on = models.BooleanField(_("on"), default=True)

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        ordering = ("vocabulary", "measure", "id")

    def __str__(self) -> str:
        return f"{self.vocabulary}: {self.get_measure_display()} {self.get_comparison_display()} {self.limit:g}"


class Alert(PublicModel):
    """One time that a rule's value passed its limit, until it came back."""

    id_prefix: ClassVar[str] = "alert"

    rule = models.ForeignKey(AlertRule, models.CASCADE, related_name="alerts", verbose_name=_("rule"))
    value = models.FloatField(_("value when opened"))
    last_value = models.FloatField(_("last value"))
    n_documents = models.PositiveIntegerField(_("documents"))
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed"), null=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("acknowledged by")
    )

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=["rule"], condition=Q(closed_at=None), name="one_open_alert_a_rule")
        ]

    def __str__(self) -> str:
        return f"{self.rule} ({self.value:.3g})"


class AlertDelivery(PublicModel):
    """One message about an alert to one place; written with the alert, sent by a worker until it arrives."""

    id_prefix: ClassVar[str] = "msg"

    class Event(models.TextChoices):
        OPENED = "opened", _("opened")
        CLOSED = "closed", _("closed")

    class Channel(models.TextChoices):
        MAIL = "mail", _("mail")
        WEBHOOK = "webhook", _("webhook")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="deliveries", verbose_name=_("alert"))
    event = models.CharField(_("event"), max_length=6, choices=Event)
    value = models.FloatField(_("value"))
    channel = models.CharField(_("by"), max_length=7, choices=Channel)
    target = models.CharField(
        pgettext_lazy("a message", "to"), max_length=500, help_text=_("mail address, or the webhook's name")
    )
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True)
    last_error = models.CharField(_("last error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("alert message")
        verbose_name_plural = _("alert messages")
        ordering = ("-id",)
        indexes = [models.Index(fields=["next_at"], condition=Q(state="waiting"), name="delivery_due")]

    def __str__(self) -> str:
        return f"{self.target} {self.event}"
