"""What newer decisions may do to the answers of a vocabulary before a model has learnt them."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tagplatform.taxonomy.models import Vocabulary


class AdjustmentPolicy(models.Model):
    """How far decisions move tags between retrainings, and what is tried out; the formula stands in ml.adjusting."""

    vocabulary = models.OneToOneField(Vocabulary, models.CASCADE, related_name="adjustment_policy")
    is_on = models.BooleanField(
        _("follow decisions at once"),
        default=True,
        help_text=_("tags sink in a source where they are rejected more often than expected, and rise likewise"),
    )
    cap = models.FloatField(
        default=3.0,
        validators=[MinValueValidator(0), MaxValueValidator(6)],
        help_text=_("a tag moves by so many logits at most; 3 turns a probability of 0.9 into 0.3"),
    )
    actor_cap = models.FloatField(
        _("cap of one person"),
        default=1.5,
        validators=[MinValueValidator(0), MaxValueValidator(6)],
        help_text=_("one person alone moves a tag by so many logits at most"),
    )
    decisions_per_actor = models.PositiveSmallIntegerField(
        _("decisions of one person"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=_("more decisions of the same person on the same tag count as so many"),
    )
    people_behind_key = models.PositiveSmallIntegerField(
        _("people behind an API key"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=_("a program that reports for its people counts as so many persons"),
    )
    prior_strength = models.FloatField(
        default=1.0,
        validators=[MinValueValidator(0.1), MaxValueValidator(100)],
        help_text=_("how little few decisions move; with 1, one rejection at a probability of 0.9 moves by 0.8 logits"),
    )
    new_tags_from_examples = models.BooleanField(
        _("suggest new tags from examples"),
        default=True,
        help_text=_("a tag that no model has learnt is suggested where a text is like the documents that bear it"),
    )
    exploration_share = models.FloatField(
        _("share of answers that try a tag out"),
        default=0.0,
        validators=[MinValueValidator(0), MaxValueValidator(0.5)],
        help_text=_("0 is off; at most one suggestion in the last place, never instead of one over its threshold"),
    )
    under_trained_examples = models.PositiveSmallIntegerField(
        _("fewest documents of a known tag"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=_("tags that fewer documents bear, or that were never shown, are tried out"),
    )

    class Meta:
        verbose_name = _("adjustment policy")
        verbose_name_plural = _("adjustment policies")

    def __str__(self) -> str:
        return str(self.vocabulary)
