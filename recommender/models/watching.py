"""What is watched: aggregates of live decisions by day, so that no page reads the ledger."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tagplatform.content.models import Source
from tagplatform.taxonomy.models import Tag, Vocabulary


class Watched(models.Model):
    """What the answers have in common that are added up in one row."""

    day = models.DateField(_("day"), help_text=_("on which the answers were given, in UTC"))
    vocabulary = models.ForeignKey(
        Vocabulary, models.CASCADE, related_name="+", db_index=False, verbose_name=_("vocabulary")
    )
    source = models.ForeignKey(
        Source, models.CASCADE, null=True, related_name="+", db_index=False, verbose_name=_("source")
    )
    model_version = models.CharField(_("model version"), max_length=200, help_text=_("its name, as the ledger has it"))
    is_blind = models.BooleanField(_("blind"), help_text=_("tagged before anybody saw a suggestion"))

    class Meta:
        abstract = True


class DailyFigure(Watched):
    """One figure of one day: sums over its documents, each of which gives y of x (ml.live_figures.Sums)."""

    figure = models.CharField(_("figure"), max_length=40)
    n = models.PositiveIntegerField(_("documents"))
    y = models.FloatField(_("sum"), help_text=_("what counts, added up over the documents"))
    x = models.FloatField(_("out of"), help_text=_("what it counts out of"))
    yy = models.FloatField(help_text=_("squares, added up over the documents"))
    xy = models.FloatField(help_text=_("products"))
    xx = models.FloatField(help_text=_("squares"))

    class Meta:
        verbose_name = _("figure of a day")
        verbose_name_plural = _("figures by day")
        ordering = ("-day", "figure", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["vocabulary", "day", "source", "model_version", "is_blind", "figure"],
                nulls_distinct=False,
                name="daily_figure_once",
            ),
            models.CheckConstraint(condition=Q(n__gt=0), name="daily_figure_of_documents"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.figure}"


class DailyTagCount(Watched):
    """How often a tag was suggested and chosen on the submitted documents of one day."""

    tag = models.ForeignKey(Tag, models.CASCADE, related_name="+", verbose_name=_("tag"))
    shown = models.PositiveIntegerField(_("shown"))
    accepted = models.PositiveIntegerField(_("accepted"))
    added = models.PositiveIntegerField(_("added"))
    tried = models.PositiveIntegerField(_("tried out"), help_text=_("shown by exploration, and not counted as shown"))

    class Meta:
        verbose_name = _("tag of a day")
        verbose_name_plural = _("tags by day")
        ordering = ("-day", "-shown", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["vocabulary", "day", "source", "model_version", "is_blind", "tag"],
                nulls_distinct=False,
                name="daily_tag_count_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.tag_id}"
