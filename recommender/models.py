"""Model versions, the aliases that point at them, the training runs that make them."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recommender import ml
from tagplatform.common.models import PublicModel
from tagplatform.taxonomy.models import Vocabulary

BASELINE = "tfidf-logreg"
"""The recipe that every report shows beside its own, and that goes live first because it is quick."""

DEFAULT_RECIPE = "fasttext-cnn-mlp"

RECIPE_LABELS = {
    "auto": _("automatic choice"),
    "fusion": _("fusion of several sources"),
    "fasttext-cnn-mlp": _("FastText + CNN + MLP"),
    BASELINE: _("per-tag logistic regression over TF-IDF"),
}


def recipe_label(recipe: str) -> Any:
    """What people call the recipe; its own name where it has no other."""
    return RECIPE_LABELS.get(recipe, recipe)


def recipe_choices() -> list[tuple[str, Any]]:
    """The recipes that recommender.ml can train, the baseline last."""
    return [(recipe, recipe_label(recipe)) for recipe in reversed(ml.recipe_names())]


class TrainingPolicy(models.Model):
    """How models of a vocabulary are trained and when a new one may go live."""

    vocabulary = models.OneToOneField(Vocabulary, models.CASCADE, related_name="training_policy")
    recipe = models.CharField(max_length=40, choices=recipe_choices, default=DEFAULT_RECIPE)
    config = models.JSONField(default=dict, blank=True, help_text=_("sizes of the recipe that differ from its own"))
    seed = models.PositiveIntegerField(default=1)
    tolerance = models.FloatField(
        default=0.005,
        validators=[MinValueValidator(0), MaxValueValidator(0.2)],
        help_text=_("nDCG@5 that a new version may lose to the champion and still go live"),
    )
    promote_automatically = models.BooleanField(
        default=True, help_text=_("a version that is not worse goes live by itself")
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

    ACTIVE_STATES = (State.QUEUED, State.RUNNING)

    vocabulary = models.ForeignKey(Vocabulary, models.PROTECT, related_name="training_runs")
    recipe = models.CharField(max_length=40, choices=recipe_choices)
    trigger = models.CharField(max_length=10, choices=Trigger)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
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


class ModelVersion(PublicModel):
    """A registered bundle: where it lies, what it was trained on, how good it is."""

    id_prefix: ClassVar[str] = "model"

    class Status(models.TextChoices):
        READY = "ready", _("ready")
        CORRUPT = "corrupt", _("corrupt")
        DELETED = "deleted", _("bundle deleted")

    vocabulary = models.ForeignKey(Vocabulary, models.PROTECT, related_name="model_versions")
    number = models.PositiveIntegerField()
    recipe = models.CharField(max_length=40, choices=recipe_choices)
    status = models.CharField(max_length=10, choices=Status, default=Status.READY)
    bundle_path = models.CharField(max_length=500, help_text=_("relative to the folder of bundles"))
    evaluated_path = models.CharField(
        max_length=500, help_text=_("its twin that never saw the held-out documents: the figures are the twin's")
    )
    bundle_digest = models.CharField(max_length=64)
    bundle_bytes = models.PositiveBigIntegerField(default=0)
    training_run = models.ForeignKey(TrainingRun, models.PROTECT, null=True, blank=True, related_name="model_versions")
    parent = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="children",
        help_text=_("the version that incremental training started from"),
    )
    n_documents = models.PositiveIntegerField()
    n_labels = models.PositiveIntegerField()
    data_from = models.DateTimeField(null=True, blank=True)
    data_until = models.DateTimeField(null=True, blank=True)
    metrics = models.JSONField(default=dict, help_text=_("measure → value, low and high end of the interval"))
    code_revision = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        ordering = ("-id",)
        constraints = [models.UniqueConstraint(fields=["vocabulary", "number"], name="model_version_number")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """`<vocabulary>-<number>`, what the ledger keeps; needs `vocabulary` loaded."""
        return f"{self.vocabulary.slug}-{self.number}"


class ModelAlias(models.Model):
    """A name that answers go by; moving it is what promoting and rolling back mean."""

    class Name(models.TextChoices):
        CHAMPION = "champion", _("champion")
        CHALLENGER = "challenger", _("challenger")

    vocabulary = models.ForeignKey(Vocabulary, models.CASCADE, related_name="model_aliases")
    name = models.CharField(max_length=12, choices=Name)
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="aliases")
    moved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("model alias")
        verbose_name_plural = _("model aliases")
        constraints = [models.UniqueConstraint(fields=["vocabulary", "name"], name="one_alias_a_vocabulary")]

    def __str__(self) -> str:
        return f"{self.name} → {self.version_id}"


class ModelAliasChange(PublicModel):
    """One move of an alias: from where to where, who, why."""

    id_prefix: ClassVar[str] = "move"

    vocabulary = models.ForeignKey(Vocabulary, models.CASCADE, related_name="alias_changes")
    name = models.CharField(max_length=12, choices=ModelAlias.Name)
    from_version = models.ForeignKey(ModelVersion, models.PROTECT, null=True, related_name="+")
    to_version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=500)
    is_rollback = models.BooleanField(default=False, help_text=_("takes back what came after the version it moves to"))

    class Meta:
        verbose_name = _("move of an alias")
        verbose_name_plural = _("moves of aliases")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.name}: {self.from_version_id} → {self.to_version_id}"
