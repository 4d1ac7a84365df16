"""How far what comes in and goes out has moved from what the champion was trained on, and what follows from it."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tagplatform.taxonomy.models import Vocabulary

_LIMIT = [MinValueValidator(0.01), MaxValueValidator(5)]


class WatchPolicy(models.Model):
    """When a vocabulary's drift counts as one, and whether it starts a training run."""

    vocabulary = models.OneToOneField(Vocabulary, models.CASCADE, related_name="watch_policy")
    window_days = models.PositiveSmallIntegerField(
        _("days compared"),
        default=14,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=_("the last days are compared with what the champion was trained on"),
    )
    psi_limit = models.FloatField(
        _("limit of the stability index"),
        default=0.2,
        validators=_LIMIT,
        help_text=_("for texts and scores, beyond chance; by custom 0.1 is a small and 0.2 a large change"),
    )
    js_limit = models.FloatField(
        _("limit of the divergence, in bits"),
        default=0.1,
        validators=_LIMIT,
        help_text=_("for suggested and assigned tags, beyond chance; 0 is equal, 1 has nothing in common"),
    )
    fewest = models.PositiveIntegerField(
        _("fewest documents"),
        default=100,
        validators=[MinValueValidator(1)],
        help_text=_("fewer in the last days are not compared"),
    )
    drift_starts_training = models.BooleanField(
        _("drift starts a training run"),
        default=False,
        help_text=_("the gate decides as always whether the new version goes live"),
    )
    days_between_runs = models.PositiveSmallIntegerField(
        _("days between such runs"),
        default=7,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=_("drift starts none while the last run of the vocabulary is younger"),
    )

    class Meta:
        verbose_name = _("watch policy")
        verbose_name_plural = _("watch policies")

    def __str__(self) -> str:
        return str(self.vocabulary)


class DriftValue(models.Model):
    """One distance between now and the champion's training, as found on one day; empty with a reason where unknown."""

    class Measure(models.TextChoices):
        LENGTH = "length", _("length of texts")
        LANGUAGE = "language", _("language of texts")
        UNKNOWN_WORDS = "unknown_words", _("unknown words")
        TOPIC = "topic", _("topics of texts")
        SCORES = "scores", _("scores of first suggestions")
        SUGGESTED = "suggested", _("suggested tags")
        TAGS = "tags", _("assigned tags")

    class Reason(models.TextChoices):
        NO_PROFILE = "no_profile", _("nothing was kept of the champion’s training data; the next run will")
        TOO_FEW = "too_few", _("too few documents in these days")

    day = models.DateField(_("day"))
    vocabulary = models.ForeignKey(
        Vocabulary, models.CASCADE, related_name="+", db_index=False, verbose_name=_("vocabulary")
    )
    model_version = models.CharField(_("model version"), max_length=200)
    measure = models.CharField(_("measure"), max_length=20, choices=Measure)
    value = models.FloatField(_("distance"), null=True)
    expected = models.FloatField(_("by chance"), null=True, help_text=_("mean where nothing has drifted"))
    critical = models.FloatField(
        _("limit of chance"), null=True, help_text=_("exceeded in one of twenty cases where nothing has drifted")
    )
    limit = models.FloatField(_("limit"), help_text=_("of the distance less what chance gives"))
    is_drift = models.BooleanField(_("drift"), default=False)
    n_reference = models.PositiveIntegerField(_("cases in training"))
    n_current = models.PositiveIntegerField(_("cases now"))
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, blank=True)
    changes = models.JSONField(
        default=list, help_text=_("bins that add most: name, share in training, share now, part of the distance")
    )

    class Meta:
        verbose_name = _("drift of a day")
        verbose_name_plural = _("drift by day")
        ordering = ("-day", "measure")
        constraints = [models.UniqueConstraint(fields=["vocabulary", "day", "measure"], name="drift_value_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.measure}"

    @property
    def excess(self) -> float | None:
        """The distance without what chance gives."""
        return None if self.value is None or self.expected is None else self.value - self.expected
