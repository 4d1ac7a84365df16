"""What requests for watched figures, drift and alerts and their answers look like."""

from datetime import UTC, date, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from recommender.models import AlertRule, DriftValue
from recommender.models.alerts import measure_choices
from recommender.models.figures import FIGURES
from tagplatform.common.errors import InvalidInput
from tagplatform.common.fields import CodeField, QuerySerializer
from tagplatform.content.api.shapes import SourceReference

USUAL_DAYS, MOST_DAYS, MOST_DAYS_BY_DAY = 30, 366, 92
STEPS = ("day", "week", "month")
STATES = ("open", "closed")
DAY_FORMAT = ["%Y-%m-%d"]


class PeriodQuery(QuerySerializer):
    """A period in UTC days with both ends."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` is no name that a class may have."""
        first = serializers.DateField(
            required=False,
            input_formats=DAY_FORMAT,
            help_text=f"first day, in UTC; {USUAL_DAYS} days up to `to` when left out",
        )
        last = serializers.DateField(
            required=False, input_formats=DAY_FORMAT, help_text="last day, in UTC; today when left out"
        )
        return {"from": first, "to": last, **super().get_fields()}


class FiguresQuery(PeriodQuery):
    """Which figures, and of which answers."""

    step = serializers.ChoiceField(
        choices=STEPS,
        default="day",
        help_text=f"of which each entry is; by day {MOST_DAYS_BY_DAY} days at most, else {MOST_DAYS}",
    )
    figure = serializers.ChoiceField(choices=list(FIGURES), required=False, help_text="this one alone")
    source = SourceReference(help_text="slug; all sources when left out")  # type: ignore[assignment]
    model_version = CodeField(required=False, max_length=200, help_text="name of a version, as recommendations have it")
    documents = serializers.ChoiceField(
        choices=("seen", "blind"),
        default="seen",
        help_text="whether the documents were tagged with the suggestions in sight, or before anybody saw any",
    )


class AlertsQuery(QuerySerializer):
    state = serializers.ChoiceField(choices=STATES, required=False, help_text="both when left out")


class FigureShape(serializers.Serializer[Any]):
    """A figure with its 95 % interval; an end is null where it cannot be told."""

    figure = serializers.ChoiceField(choices=list(FIGURES))
    value = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(help_text="documents behind it (entropies: tags shown or chosen; coverage: tags)")


class StepShape(serializers.Serializer[Any]):
    """The figures of one day, week or month that have something to count."""

    start = serializers.DateField(help_text="first day of the step within the period")
    figures = FigureShape(many=True)


class FiguresShape(serializers.Serializer[Any]):
    """Figures over time, oldest first; steps without an answer are left out."""

    vocabulary = serializers.CharField(help_text="slug")
    step = serializers.ChoiceField(choices=STEPS)
    counted_until = serializers.DateField(allow_null=True, help_text="last day that has been added up")
    results = StepShape(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.DateField(), "to": serializers.DateField(), **super().get_fields()}


class ChangeShape(serializers.Serializer[Any]):
    """A length, language, word … or tag whose share has changed."""

    name = serializers.CharField(help_text="a tag's label in the language of the request")
    tag = serializers.CharField(allow_null=True, help_text="id, where it is one that the vocabulary still has")
    before = serializers.FloatField(help_text="share in the training of the champion")
    now = serializers.FloatField()


class DriftShape(serializers.Serializer[Any]):
    """The distance of one day's texts, suggestions or tags from the champion's training."""

    day = serializers.DateField(help_text="on which it was looked at; the days before it were compared")
    model_version = serializers.CharField(help_text="name of the champion then")
    measure = serializers.ChoiceField(choices=DriftValue.Measure.choices)
    distance = serializers.FloatField(allow_null=True, help_text="null where it is not known; see `reason`")
    expected = serializers.FloatField(allow_null=True, help_text="what chance gives on average")
    critical = serializers.FloatField(allow_null=True, help_text="exceeded by chance in one of twenty cases")
    limit = serializers.FloatField(help_text="of the distance less what chance gives")
    is_drift = serializers.BooleanField(help_text="beyond chance and beyond the limit")
    n_reference = serializers.IntegerField(help_text="cases in training")
    n_current = serializers.IntegerField(help_text="cases now")
    reason = serializers.ChoiceField(choices=DriftValue.Reason.choices, allow_null=True, help_text="why it is unknown")
    changes = ChangeShape(many=True, help_text="what adds most to the distance")


class DriftAnswer(serializers.Serializer[Any]):
    """Drift over time, oldest first."""

    vocabulary = serializers.CharField(help_text="slug")
    results = DriftShape(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": serializers.DateField(), "to": serializers.DateField(), **super().get_fields()}


class AlertRuleShape(serializers.Serializer[Any]):
    """The rule whose limit was passed."""

    id = serializers.CharField()
    measure = serializers.ChoiceField(choices=[name for name, _words in measure_choices()])
    comparison = serializers.ChoiceField(choices=AlertRule.Comparison.choices)
    limit = serializers.FloatField()
    window_days = serializers.IntegerField()


class AlertShape(serializers.Serializer[Any]):
    """One time that a rule's value passed its limit."""

    id = serializers.CharField()
    vocabulary = serializers.CharField(help_text="slug")
    rule = AlertRuleShape()
    state = serializers.ChoiceField(choices=STATES)
    value = serializers.FloatField(help_text="when it was opened")
    last_value = serializers.FloatField()
    n_documents = serializers.IntegerField()
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)


def period_of(query: dict[str, Any], *, most_days: int) -> tuple[date, date]:
    """First and last day that are asked for. InvalidInput where the period is empty or too long."""
    last: date = query.get("to") or timezone.now().astimezone(UTC).date()
    earliest = max(last.toordinal() - USUAL_DAYS + 1, 1)
    first: date = query.get("from") or date.fromordinal(earliest)
    if first > last:
        raise InvalidInput(_("“from” lies after “to”."), code="empty_period", pointer="/from")
    if last - first >= timedelta(days=most_days):
        detail = _("Ask for %(days)d days at most at a time, or by week or month.") % {"days": most_days}
        raise InvalidInput(detail, code="period_too_long", pointer="/from")
    return first, last
