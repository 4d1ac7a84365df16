"""How decisions become training data: cleaning, weights and caps of one vocabulary."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tagplatform.taxonomy.models import Vocabulary

_NOT_NEGATIVE = [MinValueValidator(0)]
_WEIGHT = [MinValueValidator(0), MaxValueValidator(100)]


class EvidencePolicy(models.Model):
    """What a decision weighs when a model learns from it, and when it is not believed."""

    vocabulary = models.OneToOneField(Vocabulary, models.CASCADE, related_name="evidence_policy")
    kept_after_days = models.PositiveIntegerField(
        _("kept after (days)"),
        default=30,
        help_text=_("an accepted tag that is still there after so many days counts as kept"),
    )
    accepted_weight = models.FloatField(_("weight of accepted"), default=1.0, validators=_WEIGHT)
    kept_weight = models.FloatField(_("weight of accepted and kept"), default=1.5, validators=_WEIGHT)
    added_weight = models.FloatField(_("weight of added by hand"), default=1.5, validators=_WEIGHT)
    rejected_weight = models.FloatField(_("weight of rejected"), default=2.0, validators=_WEIGHT)
    removed_weight = models.FloatField(_("weight of removed"), default=2.0, validators=_WEIGHT)
    removed_later_weight = models.FloatField(_("weight of chosen, removed later"), default=1.0, validators=_WEIGHT)
    ignored_weight = models.FloatField(
        _("weight of shown and left"), default=0.5, validators=_WEIGHT, help_text=_("on a document that was submitted")
    )
    completeness = models.FloatField(
        _("completeness"),
        default=0.5,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_(
            "share of the right tags that editors add by hand where they are not suggested; what was never shown is "
            "unlabelled for the rest"
        ),
    )
    half_life_days = models.FloatField(
        _("half-life (days)"),
        default=365.0,
        validators=[MinValueValidator(1)],
        help_text=_("after so many days half of what a decision says is left"),
    )
    examination_exponent = models.FloatField(
        _("examination exponent"),
        default=0.5,
        validators=[MinValueValidator(0), MaxValueValidator(3)],
        help_text=_("the chance that a suggestion was looked at falls as 1 / rank to the power of this"),
    )
    tag_cap = models.FloatField(
        _("cap per tag"),
        default=500.0,
        validators=_NOT_NEGATIVE,
        help_text=_("most that all negatives of one tag weigh together"),
    )
    actor_cap = models.FloatField(
        _("cap per actor and tag"),
        default=50.0,
        validators=_NOT_NEGATIVE,
        help_text=_("most that the decisions of one actor add to one tag"),
    )
    documents_a_second = models.PositiveIntegerField(
        _("documents a second"),
        default=3,
        help_text=_("more documents decided within a second by one person are not believed"),
    )
    rejected_documents = models.PositiveIntegerField(
        _("documents all rejected"),
        default=20,
        help_text=_("an actor who rejects everything on more documents is not believed"),
    )
    refusals_of_a_tag = models.PositiveIntegerField(
        _("refusals of a tag"),
        default=50,
        help_text=_("so many refusals of a tag count by an actor who never chooses it"),
    )
    decisions_on_a_tag = models.PositiveIntegerField(
        _("decisions on a tag"), default=50, help_text=_("so many decisions of one actor on a tag always count")
    )
    share_of_a_tag = models.FloatField(
        _("share of a tag"),
        default=0.5,
        validators=[MinValueValidator(0), MaxValueValidator(0.95)],
        help_text=_("beyond that, up to this share of all decisions on the tag"),
    )
    programs_are_actors = models.BooleanField(
        _("programs are actors"),
        default=False,
        help_text=_("limits hold for a source whose program reports without a person, too"),
    )
    never_shown_is_negative = models.BooleanField(
        _("never shown counts as negative"),
        default=False,
        help_text=_("only to measure how popular tags feed themselves: makes every model worse"),
    )

    class Meta:
        verbose_name = _("evidence policy")
        verbose_name_plural = _("evidence policies")

    def __str__(self) -> str:
        return str(self.vocabulary)
