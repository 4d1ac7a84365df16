"""The things to be tagged: documents, the sources they come from, the tags they truly have."""

import hashlib
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tagplatform.common.models import PublicModel
from tagplatform.taxonomy.models import Tag, Vocabulary

MAX_BODY_CHARACTERS = 200_000


class Source(PublicModel):
    """A CMS or site that documents come from; it owns API keys."""

    id_prefix: ClassVar[str] = "src"

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


def content_hash(title: str, body: str) -> str:
    """SHA-256 (hex) of title and body: equal texts have equal hashes."""
    return hashlib.sha256(f"{title}\x00{body}".encode("utf-8", "surrogatepass")).hexdigest()


class Document(PublicModel):
    """A text to be tagged. `split_group` names siblings that a training split must keep together."""

    id_prefix: ClassVar[str] = "doc"

    source = models.ForeignKey(Source, models.PROTECT, related_name="documents")
    external_id = models.CharField(max_length=300, help_text=_("the id that the source gave it"))
    title = models.CharField(max_length=1000, blank=True)
    body = models.TextField(blank=True)
    extra = models.JSONField(default=dict, blank=True, help_text=_("further fields of the source, by name"))
    language = models.CharField(max_length=20, blank=True, help_text=_("BCP 47 tag; empty when unknown"))
    published_at = models.DateTimeField(null=True, blank=True)
    content_hash = models.CharField(max_length=64, editable=False)
    split_group = models.CharField(max_length=300, blank=True)
    retain_until = models.DateField(null=True, blank=True, help_text=_("erased after this day"))
    updated_at = models.DateTimeField(auto_now=True)
    text_changed_at = models.DateTimeField(
        null=True, editable=False, help_text=_("when title or body last changed; the database writes it")
    )

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="document_external_id_unique"),
            models.CheckConstraint(condition=~Q(external_id=""), name="document_external_id_given"),
        ]
        indexes = [
            models.Index(fields=["content_hash"], name="document_content_hash"),
            models.Index(fields=["-published_at"], name="document_published"),
        ]

    def __str__(self) -> str:
        return self.title[:80] or self.external_id


class TagAssignment(models.Model):
    """A tag that a document truly has, with where that knowledge comes from."""

    class Origin(models.TextChoices):
        IMPORTED = "imported", _("imported")
        EDITOR = "editor", _("editor")
        API = "api", _("API")
        RULE = "rule", _("rule")

    document = models.ForeignKey(Document, models.CASCADE, related_name="tag_assignments")
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="assignments")
    origin = models.CharField(max_length=10, choices=Origin)
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    assigned_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("tag assignment")
        verbose_name_plural = _("tag assignments")
        constraints = [models.UniqueConstraint(fields=["document", "tag"], name="assignment_once")]

    def __str__(self) -> str:
        return f"{self.document_id} – {self.tag_id}"


class SpotCheck(models.Model):
    """Somebody has looked: the document's tags of a vocabulary are right and complete.

    It stands as long as text and tags are those that were looked at.
    """

    document = models.ForeignKey(Document, models.CASCADE, related_name="spot_checks", verbose_name=_("document"))
    vocabulary = models.ForeignKey(Vocabulary, models.CASCADE, related_name="+", verbose_name=_("vocabulary"))
    tag_ids = ArrayField(models.UUIDField(), help_text=_("the tags that were looked at"))
    content_hash = models.CharField(max_length=64, help_text=_("SHA-256 of title and body"))
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("checked by")
    )
    checked_at = models.DateTimeField(_("checked"), default=timezone.now)

    class Meta:
        verbose_name = _("spot check")
        verbose_name_plural = _("spot checks")
        ordering = ("-checked_at", "-id")
        constraints = [models.UniqueConstraint(fields=["document", "vocabulary"], name="spot_check_once")]

    def __str__(self) -> str:
        return f"{self.document_id} {self.vocabulary_id}"
