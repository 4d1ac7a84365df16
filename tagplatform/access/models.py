"""People, API keys (only their hashes), and the answers kept for repeated requests."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tagplatform.common.models import PublicModel
from tagplatform.common.scopes import Scope
from tagplatform.content.models import Source


class User(AbstractUser):
    """A person who signs in; what they may do comes from the role groups."""


class ApiKey(PublicModel):
    """`tp_<prefix>_<secret>`: the prefix finds the row, the secret's SHA-256 is compared, the secret is shown once."""

    id_prefix: ClassVar[str] = "key"

    name = models.CharField(max_length=200, help_text=_("who uses it and for what"))
    source = models.ForeignKey(Source, models.PROTECT, related_name="api_keys")
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=30, choices=Scope), default=list)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    rotated_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="rotated_to", editable=False
    )

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.name} (tp_{self.prefix}_…)"

    @property
    def usable(self) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class IdempotencyRecord(models.Model):
    """The answer to a POST with an `Idempotency-Key`, replayed when the same request comes again."""

    owner = models.CharField(max_length=100, help_text=_("public id of the API key or user"))
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    response_status = models.PositiveSmallIntegerField(null=True, help_text=_("empty while it is being carried out"))
    response_body = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("idempotency record")
        verbose_name_plural = _("idempotency records")
        constraints = [
            models.UniqueConstraint(fields=["owner", "key"], name="idempotency_once"),
            models.CheckConstraint(condition=~Q(key=""), name="idempotency_key_given"),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_created")]

    def __str__(self) -> str:
        return f"{self.owner} {self.key}"
