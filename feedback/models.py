"""The ledger: recommendations with their suggestions, and decisions, appended and never changed.

The tables Recommendation, Suggestion, Outcome and Decision are partitioned by month on their UUIDv7 key
(migration 0001). Rows of the ledger refer to each other without database constraints, so that an old month
can be detached whole.
"""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tagplatform.common.ids import new_id
from tagplatform.common.models import PublicModel
from tagplatform.content.models import Document, Source
from tagplatform.taxonomy.models import Tag, Vocabulary


class Recommendation(PublicModel):
    """One ranked list, given once, by one model version."""

    id_prefix: ClassVar[str] = "rec"

    class Policy(models.TextChoices):
        NORMAL = "normal", _("normal")
        BLIND = "blind", _("blind")
        EXPLORATION = "exploration", _("exploration")
        SHADOW = "shadow", _("shadow")
        INTERLEAVED = "interleaved", _("interleaved")

    vocabulary = models.ForeignKey(Vocabulary, models.PROTECT, related_name="+", db_index=False)
    source = models.ForeignKey(Source, models.PROTECT, null=True, related_name="+", db_index=False)
    document = models.ForeignKey(
        Document, models.SET_NULL, null=True, related_name="recommendations", help_text=_("empty: text not stored")
    )
    model_version = models.CharField(max_length=200, help_text=_("name of the model version that answered"))
    vocabulary_version = models.PositiveBigIntegerField()
    policy = models.CharField(max_length=12, choices=Policy, default=Policy.NORMAL)
    content_hash = models.CharField(max_length=64, help_text=_("SHA-256 of title and body"))
    latency_ms = models.FloatField(help_text=_("milliseconds that the ranking took"))
    truncated = models.BooleanField(default=False)
    degraded = models.BooleanField(default=False, help_text=_("answered by an older version than the champion"))
    abstained = models.BooleanField(default=False, help_text=_("no suggestion reached its threshold"))

    class Meta:
        verbose_name = _("recommendation")
        verbose_name_plural = _("recommendations")
        ordering = ("-id",)
        indexes = [
            models.Index(
                fields=["vocabulary", "id"], condition=Q(policy="interleaved"), name="recommendation_interleaved"
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class Suggestion(models.Model):
    """One tag in a recommendation, with its rank (1 is best) and scores."""

    class Origin(models.TextChoices):
        MODEL = "model", _("model")
        LABEL = "label", _("names and texts of a new tag")
        EXAMPLES = "examples", _("documents that bear a new tag")
        EXPLORATION = "exploration", _("exploration")

    class Team(models.TextChoices):
        CHAMPION = "champion", _("champion")
        CHALLENGER = "challenger", _("challenger")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    recommendation = models.ForeignKey(Recommendation, models.CASCADE, related_name="suggestions", db_constraint=False)
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="+", db_index=False)
    rank = models.PositiveSmallIntegerField()
    raw_score = models.FloatField(help_text=_("logit, as the model gave it"))
    probability = models.FloatField(help_text=_("calibrated, 0 to 1"))
    adjustment = models.FloatField(
        default=0.0, db_default=0.0, help_text=_("logits that newer decisions have added to the model's own")
    )
    above_threshold = models.BooleanField()
    shown = models.BooleanField(default=True, help_text=_("off: it stayed folded and nobody saw it"))
    origin = models.CharField(max_length=12, choices=Origin, default=Origin.MODEL)
    propensity = models.FloatField(null=True, help_text=_("probability with which it was tried out"))
    team = models.CharField(
        max_length=10, null=True, choices=Team, help_text=_("who gets the credit in an interleaved answer")
    )

    class Meta:
        verbose_name = _("suggestion")
        verbose_name_plural = _("suggestions")
        ordering = ("rank",)

    def __str__(self) -> str:
        return f"{self.rank}. {self.tag_id}"


class Outcome(models.Model):
    """What became of a recommendation, as last reported; the decisions that led there stay in the ledger."""

    class Status(models.TextChoices):
        SUBMITTED = "submitted", _("submitted")
        DISCARDED = "discarded", _("discarded")

    recommendation = models.OneToOneField(
        Recommendation, models.CASCADE, primary_key=True, related_name="outcome", db_constraint=False
    )
    document = models.ForeignKey(Document, models.SET_NULL, null=True, related_name="outcomes")
    status = models.CharField(max_length=10, choices=Status)
    final_tag_ids = ArrayField(models.UUIDField(), default=list)
    tag_ids_before = ArrayField(
        models.UUIDField(), default=list, help_text=_("what the document bore before the first report")
    )
    revision = models.PositiveIntegerField(default=1)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        ordering = ("-recommendation_id",)

    def __str__(self) -> str:
        return f"{self.recommendation_id} {self.status}"


class Decision(PublicModel):
    """What somebody decided on one tag; append-only: the latest of a recommendation and tag holds."""

    id_prefix: ClassVar[str] = "dec"

    class Kind(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("rejected")
        IGNORED = "ignored", _("ignored")
        ADDED = "added", _("added")
        REMOVED = "removed", _("removed")
        UNDONE = "undone", _("undone")

    recommendation = models.ForeignKey(
        Recommendation, models.CASCADE, null=True, related_name="decisions", db_constraint=False
    )
    document = models.ForeignKey(Document, models.SET_NULL, null=True, related_name="decisions")
    vocabulary = models.ForeignKey(Vocabulary, models.PROTECT, related_name="+", db_index=False)
    source = models.ForeignKey(Source, models.PROTECT, null=True, related_name="+", db_index=False)
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    rank = models.PositiveSmallIntegerField(null=True, help_text=_("empty when the tag was not suggested"))
    probability = models.FloatField(null=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="decisions")

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.kind} {self.tag_id}"


class FeedbackEvent(models.Model):
    """The id that a client gave a fine-grained event: it counts once, however often it is sent."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    event_id = models.CharField(max_length=200)
    decision_id = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("feedback event")
        verbose_name_plural = _("feedback events")
        constraints = [
            models.UniqueConstraint(fields=["source", "event_id"], name="event_id_unique"),
            models.CheckConstraint(condition=~Q(event_id=""), name="event_id_given"),
        ]

    def __str__(self) -> str:
        return self.event_id


class TagMonthTotal(models.Model):
    """How often a tag was shown and decided in a month: pages read this and never scan the ledger."""

    tag = models.ForeignKey(Tag, models.CASCADE, related_name="month_totals")
    month = models.DateField(help_text=_("first day of the month"))
    shown = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    ignored = models.BigIntegerField(default=0)
    added = models.BigIntegerField(default=0)
    removed = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("monthly total of a tag")
        verbose_name_plural = _("monthly totals of tags")
        ordering = ("-month", "tag_id")
        constraints = [models.UniqueConstraint(fields=["tag", "month"], name="tag_month_once")]

    def __str__(self) -> str:
        return f"{self.tag_id} {self.month:%Y-%m}"


class StandingRejection(models.Model):
    """A tag that somebody rejected on a text, or took off it, and that is not to be suggested for it again.

    Follows the decisions in their transaction. The text is known by its document, or by what it says where it is not
    stored; the row goes when the decision is undone or the tag is put on the text after all.
    """

    tag = models.ForeignKey(Tag, models.CASCADE, related_name="+")
    source = models.ForeignKey(Source, models.CASCADE, null=True, related_name="+", db_index=False)
    document = models.ForeignKey(Document, models.CASCADE, null=True, related_name="+")
    content_hash = models.CharField(max_length=64, db_index=True, help_text=_("SHA-256 of title and body"))
    recommendation_id = models.UUIDField(null=True, help_text=_("the answer that it was rejected on"))
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("standing rejection")
        verbose_name_plural = _("standing rejections")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.tag_id} {self.content_hash[:8]}"


class LearningCut(models.Model):
    """A moment at which a training run began to read the decisions: those before it are counted apart."""

    vocabulary = models.ForeignKey(Vocabulary, models.CASCADE, related_name="+")
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("beginning of a count")
        verbose_name_plural = _("beginnings of counts")
        ordering = ("-since",)
        constraints = [models.UniqueConstraint(fields=["vocabulary", "since"], name="learning_cut_once")]

    def __str__(self) -> str:
        return f"{self.vocabulary_id} {self.since:%Y-%m-%d %H:%M}"


class TagDecisionCount(models.Model):
    """How one person (none: a program) has decided on a tag in a source since a cut, as it stands.

    `expected` adds up the model's probabilities where the tag was accepted or rejected, `expected_ignored` where it was
    ignored: what a model that is right would have seen accepted.
    """

    vocabulary = models.ForeignKey(Vocabulary, models.CASCADE, related_name="+", db_index=False)
    source = models.ForeignKey(Source, models.CASCADE, null=True, related_name="+", db_index=False)
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="+", db_index=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    since = models.DateTimeField(help_text=_("the cut before it"))
    accepted = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0, help_text=_("and taken off"))
    ignored = models.IntegerField(default=0)
    added = models.IntegerField(default=0)
    expected = models.FloatField(default=0.0)
    expected_ignored = models.FloatField(default=0.0)

    class Meta:
        verbose_name = _("count of decisions")
        verbose_name_plural = _("counts of decisions")
        ordering = ("-since", "tag_id")
        constraints = [
            models.UniqueConstraint(
                fields=["tag", "source", "actor", "since"], nulls_distinct=False, name="tag_decision_count_once"
            )
        ]
        indexes = [models.Index(fields=["vocabulary", "source", "since"], name="tag_decision_count_source")]

    def __str__(self) -> str:
        return f"{self.tag_id} {self.since:%Y-%m-%d}"
