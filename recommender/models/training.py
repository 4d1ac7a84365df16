"""How models of a vocabulary are trained, and the runs that train them."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from recommender.models.recipes import DEFAULT_RECIPE, recipe_choices
from tagplatform.common.models import PublicModel
from tagplatform.taxonomy.models import Vocabulary

_SHARE = [MinValueValidator(0), MaxValueValidator(1)]


class TrainingPolicy(models.Model):
    """How models of a vocabulary are trained; what they must hold to go live is the gate policy's."""

    vocabulary = models.OneToOneField(Vocabulary, models.CASCADE, related_name="training_policy")
    recipe = models.CharField(max_length=40, choices=recipe_choices, default=DEFAULT_RECIPE)
    config = models.JSONField(default=dict, blank=True, help_text=_("sizes of the recipe that differ from its own"))
    seed = models.PositiveIntegerField(default=1)
    promote_automatically = models.BooleanField(
        default=True, help_text=_("a version that passes the gate goes live by itself")
    )
    full_every = models.PositiveSmallIntegerField(
        _("a full training every … runs"),
        default=12,
        validators=[MinValueValidator(1)],
        help_text=_("the runs between update the champion with what is new; 1: every run learns everything anew"),
    )
    largest_gap = models.FloatField(
        _("largest gap"),
        default=0.01,
        validators=_SHARE,
        help_text=_("a full training follows when an update's nDCG@5 falls behind that of the last full one by more"),
    )
    taxonomy_change = models.FloatField(
        _("largest change of the taxonomy"),
        default=0.2,
        validators=_SHARE,
        help_text=_("a full training follows when a larger share of the champion's tags is new or has been retired"),
    )
    replay_share = models.FloatField(
        _("share of old documents that is replayed"),
        default=0.3,
        validators=_SHARE,
        help_text=_("what is new or changed, and what bears rare tags, is always learnt"),
    )
    replay_documents = models.PositiveIntegerField(
        _("most old documents that are replayed"), default=20_000, help_text=_("in one update")
    )

    class Meta:
        verbose_name = _("training policy")
        verbose_name_plural = _("training policies")

    def __str__(self) -> str:
        return f"{self.vocabulary} – {self.get_recipe_display()}"


class TrainingRun(PublicModel):
    """One attempt to make a model version; the row is the truth, the queue only wakes a worker for it."""

    id_prefix: ClassVar[str] = "run"

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        SKIPPED = "skipped", _("skipped")
        CANCELLED = "cancelled", _("cancelled")

    class Trigger(models.TextChoices):
        MANUAL = "manual", _("by hand")
        SCHEDULE = "schedule", _("schedule")
        FIRST = "first", _("first model")
        API = "api", _("API")
        DRIFT = "drift", _("drift")

    class Kind(models.TextChoices):
        FULL = "full", _("full")
        INCREMENTAL = "incremental", _("incremental")

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)

    vocabulary = models.ForeignKey(Vocabulary, models.PROTECT, related_name="training_runs")
    recipe = models.CharField(max_length=40, choices=recipe_choices)
    trigger = models.CharField(max_length=10, choices=Trigger)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    repeats = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="repetitions",
        verbose_name=_("repeats"),
        help_text=_("the run whose data snapshot it learns from"),
    )
    asked_kind = models.CharField(
        _("asked for"), max_length=12, choices=Kind, blank=True, help_text=_("empty: as the training policy says")
    )
    kind = models.CharField(
        _("kind"),
        max_length=12,
        choices=Kind,
        blank=True,
        help_text=_("an incremental run updates a version with what is new; empty until it is decided"),
    )
    kind_reason = models.TextField(_("why this kind"), blank=True)
    parent = models.ForeignKey(
        "recommender.ModelVersion",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("parent version"),
        help_text=_("the version that an incremental run updates"),
    )
    finished = models.JSONField(
        _("finished stages"), default=dict, blank=True, help_text=_("what another worker goes on from if this one dies")
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    stage = models.CharField(max_length=100, blank=True, help_text=_("what it is doing now"))
    progress = models.FloatField(default=0, help_text=_("share of the work that is done, 0 to 1"))
    log_tail = models.TextField(blank=True, help_text=_("the last lines of its log"))
    reason = models.TextField(blank=True, help_text=_("why it was skipped, failed, or not promoted"))
    report = models.JSONField(default=dict, blank=True)
    cancel_requested = models.BooleanField(default=False)
    worker = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    woken_at = models.DateTimeField(null=True, blank=True, help_text=_("when a worker was last called again for it"))
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("training run")
        verbose_name_plural = _("training runs")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["vocabulary"], condition=Q(state__in=["queued", "running"]), name="one_active_training_run"
            ),
            models.CheckConstraint(condition=Q(progress__gte=0, progress__lte=1), name="training_progress"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} ({self.state})"
