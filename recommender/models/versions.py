"""Model versions, the aliases that point at them, and the moves of these."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recommender.models.recipes import recipe_choices
from recommender.models.training import TrainingRun
from tagplatform.common.models import PublicModel
from tagplatform.taxonomy.models import Vocabulary


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
    to_version = models.ForeignKey(
        ModelVersion, models.PROTECT, null=True, related_name="+", help_text=_("empty: the alias was taken away")
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=500)
    is_rollback = models.BooleanField(default=False, help_text=_("takes back what came after the version it moves to"))
    position = models.PositiveIntegerField(help_text=_("place among the moves of this alias, whatever clocks say"))

    class Meta:
        verbose_name = _("move of an alias")
        verbose_name_plural = _("moves of aliases")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=["vocabulary", "name", "position"], name="alias_moves_in_one_order")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.from_version_id} → {self.to_version_id}"
