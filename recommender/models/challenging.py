"""A version that is tried beside the champion: how, what it would have answered, and whom people preferred."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recommender.ml.interleaving import StoppingRule
from recommender.models.versions import ModelVersion
from tagplatform.common.models import PublicModel
from tagplatform.taxonomy.models import Vocabulary


class ChallengePolicy(models.Model):
    """How a vocabulary's challenger is tried on live requests."""

    vocabulary = models.OneToOneField(Vocabulary, models.CASCADE, related_name="challenge_policy")
    shadow_share = models.FloatField(
        _("share of requests in the shadow"),
        default=0.01,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("of so many the challenger's answer is kept, which nobody sees; blind ones are always among them"),
    )
    shadow_days = models.PositiveSmallIntegerField(
        _("days that shadow answers are kept"),
        default=90,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_("older ones are removed every night, and no longer count in the challenger's figures"),
    )
    put_up_by_itself = models.BooleanField(
        _("put up by itself"),
        default=False,
        help_text=_("a version within its budgets that does not go live after its training becomes challenger"),
    )
    compare_by_itself = models.BooleanField(
        _("compare by itself"),
        default=False,
        help_text=_("a version that is put up by itself is compared with the champion by interleaving at once"),
    )
    interleaving_share = models.FloatField(
        _("share of requests with interleaved answers"),
        default=0.2,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("while a comparison runs, so many texts are answered by champion and challenger in turns"),
    )
    alpha = models.FloatField(
        _("chance of a false alarm"),
        default=0.05,
        validators=[MinValueValidator(0.001), MaxValueValidator(0.2)],
        help_text=_("of ever naming a winner where there is no difference, however often one looks"),
    )
    most_documents = models.PositiveIntegerField(
        _("most documents of a comparison"),
        default=2000,
        validators=[MinValueValidator(20)],
        help_text=_("a comparison that has found no winner by then ends without one"),
    )
    promote_winner = models.BooleanField(
        _("promote the winner"),
        default=False,
        help_text=_("a challenger that wins a comparison goes live by itself if it keeps the gate's budgets"),
    )

    class Meta:
        verbose_name = _("challenge policy")
        verbose_name_plural = _("challenge policies")

    def __str__(self) -> str:
        return str(self.vocabulary)


class ShadowAnswer(models.Model):
    """What a challenger would have answered to a request that the champion answered; best first."""

    recommendation_id = models.UUIDField(help_text=_("the answer that was given"))
    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="shadow_answers")
    tag_ids = ArrayField(models.UUIDField())
    probabilities = ArrayField(models.FloatField(), help_text=_("calibrated, 0 to 1"))
    seconds = models.FloatField(help_text=_("processor time of the ranking"))
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("shadow answer")
        verbose_name_plural = _("shadow answers")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=["version", "recommendation_id"], name="shadow_answer_once"),
            models.CheckConstraint(
                condition=models.Q(tag_ids__len=models.F("probabilities__len")), name="shadow_answer_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} {self.recommendation_id}"


class Interleaving(PublicModel):
    """A comparison of champion and challenger in lists that both fill in turns; while it runs, the switch is on."""

    id_prefix: ClassVar[str] = "cmp"

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        CHALLENGER_BETTER = "challenger_better", _("the challenger is better")
        CHAMPION_BETTER = "champion_better", _("the challenger is not better")
        NO_DIFFERENCE = "no_difference", _("no difference found")
        STOPPED = "stopped", _("stopped")

    vocabulary = models.ForeignKey(Vocabulary, models.CASCADE, related_name="interleavings")
    champion = models.ForeignKey(ModelVersion, models.PROTECT, related_name="+")
    challenger = models.ForeignKey(ModelVersion, models.PROTECT, related_name="interleavings")
    state = models.CharField(max_length=20, choices=State, default=State.RUNNING)
    share = models.FloatField(help_text=_("of the texts"))
    alpha = models.FloatField(help_text=_("chance of a false alarm"))
    most_documents = models.PositiveIntegerField()
    n_champion = models.PositiveIntegerField(
        default=0, help_text=_("documents on which more of the champion's were chosen")
    )
    n_challenger = models.PositiveIntegerField(
        default=0, help_text=_("documents on which more of the challenger's were chosen")
    )
    n_draws = models.PositiveIntegerField(default=0)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True, help_text=_("why it ended"))

    class Meta:
        verbose_name = _("comparison by interleaving")
        verbose_name_plural = _("comparisons by interleaving")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["vocabulary"], condition=models.Q(state="running"), name="one_interleaving_a_vocabulary"
            )
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def rule(self) -> StoppingRule:
        return StoppingRule(self.alpha, self.most_documents)
