"""The exact examples that a training run learnt from, as files beside the bundles."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from recommender.models.training import TrainingRun
from tagplatform.common.models import PublicModel
from tagplatform.taxonomy.models import Vocabulary


class DataSnapshot(PublicModel):
    """What one run learnt from, with all that makes the same model of it again."""

    id_prefix: ClassVar[str] = "snap"

    class Status(models.TextChoices):
        READY = "ready", _("ready")
        ERASED = "erased", _("texts erased since")
        DELETED = "deleted", _("files deleted")

    vocabulary = models.ForeignKey(
        Vocabulary, models.PROTECT, related_name="data_snapshots", verbose_name=_("vocabulary")
    )
    training_run = models.OneToOneField(
        TrainingRun, models.PROTECT, related_name="data_snapshot", verbose_name=_("training run")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.READY)
    path = models.CharField(_("folder"), max_length=500, help_text=_("relative to the folder of bundles"))
    digest = models.CharField(_("SHA-256 of the examples"), max_length=64)
    n_bytes = models.PositiveBigIntegerField(_("bytes"), default=0)
    n_examples = models.PositiveIntegerField(_("examples"))
    n_cells = models.PositiveIntegerField(
        _("decided cells"), help_text=_("documents and tags that somebody decided on")
    )
    bundle_digest = models.CharField(_("SHA-256 of the bundle"), max_length=64)
    refitted = models.BooleanField(_("learnt everything"), help_text=_("the held-out documents too, in the end"))

    class Meta:
        verbose_name = _("data snapshot")
        verbose_name_plural = _("data snapshots")
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_ready(self) -> bool:
        """Whether a run can be repeated from it."""
        return bool(self.status == self.Status.READY)
