"""What a new model version must hold before it answers, for each vocabulary."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tagplatform.taxonomy.models import Vocabulary

_UP_TO_A_HALF = [MinValueValidator(0), MaxValueValidator(0.5)]


class GatePolicy(models.Model):
    """The limits of the gate: what a new version may lose to the champion, and what it may cost."""

    class Doubt(models.TextChoices):
        LENIENT = "lenient", _("only a loss beyond chance keeps a version back")
        BALANCED = "balanced", _("the loss that was measured decides")
        STRICT = "strict", _("even the worse end of the interval must be within the limit")

    vocabulary = models.OneToOneField(Vocabulary, models.CASCADE, related_name="gate_policy")
    ndcg_tolerance = models.FloatField(
        _("loss of nDCG@5"),
        default=0.005,
        validators=_UP_TO_A_HALF,
        help_text=_("nDCG@5 that a new version may lose to the champion and still go live"),
    )
    micro_f1_tolerance = models.FloatField(
        _("loss of micro F1"), default=0.01, validators=_UP_TO_A_HALF, help_text=_("micro F1 that it may lose")
    )
    when_in_doubt = models.CharField(
        _("when in doubt"),
        max_length=8,
        choices=Doubt,
        default=Doubt.BALANCED,
        help_text=_("for nDCG@5 and micro F1; the limits below stop only what is also beyond chance"),
    )
    tail_f1_tolerance = models.FloatField(
        _("loss of macro F1 of rare tags"),
        default=0.02,
        validators=_UP_TO_A_HALF,
        help_text=_("macro F1 of the tags with few documents that it may lose"),
    )
    calibration_tolerance = models.FloatField(
        _("growth of the calibration error"),
        default=0.02,
        validators=_UP_TO_A_HALF,
        help_text=_("by how much the calibration error of the suggestions may grow"),
    )
    recall_tolerance = models.FloatField(
        _("loss of recall of one tag"),
        default=0.1,
        validators=_UP_TO_A_HALF,
        help_text=_("recall that none of the most used tags may lose"),
    )
    n_top_tags = models.PositiveSmallIntegerField(
        _("watched tags"),
        default=50,
        validators=[MaxValueValidator(1000)],
        help_text=_("so many of the most used tags are watched"),
    )
    fewest_documents = models.PositiveSmallIntegerField(
        _("documents that a tag needs"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=_("held-out documents that a tag needs before its recall can decide"),
    )
    enough_documents = models.PositiveSmallIntegerField(
        _("documents that a comparison needs"),
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(10_000)],
        help_text=_(
            "With fewer held-out documents that neither version knows, only a loss of nDCG@5 or micro F1 beyond chance "
            "keeps a version back (unless even the worse end must hold); rare tags and calibration decide nothing."
        ),
    )
    latency_budget_ms = models.FloatField(
        _("time for a text, in ms"),
        default=500,
        validators=[MinValueValidator(1), MaxValueValidator(60_000)],
        help_text=_("milliseconds of one processor that 95 of 100 texts may take"),
    )
    size_budget_mb = models.PositiveIntegerField(
        _("size of the bundle, in MB"),
        default=4096,
        validators=[MinValueValidator(1)],
        help_text=_("megabytes that the bundle may take on disk"),
    )

    class Meta:
        verbose_name = _("gate policy")
        verbose_name_plural = _("gate policies")

    def __str__(self) -> str:
        return str(self.vocabulary)
