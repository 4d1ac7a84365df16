"""What the watching page says of drift: the newest distances in words, what has changed, how they moved."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from recommender.audit.tables import Value
from recommender.models import DriftValue
from recommender.reports.charts import OTHER, OWN, THIRD, Chart, chart_layout
from recommender.watching.drift import MEASURES_OF_TAGS, Measure
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import vocabulary_snapshot

_ALARM = "#dc2626"
_BAR_HEIGHT = 34
EXPLANATIONS = {
    Measure.LENGTH: gettext_lazy("Texts are longer or shorter than those that the champion was trained on."),
    Measure.LANGUAGE: gettext_lazy("The languages of the texts come in other shares."),
    Measure.UNKNOWN_WORDS: gettext_lazy("Texts use more (or fewer) words that the champion has not read."),
    Measure.TOPIC: gettext_lazy("By their most characteristic words, texts are about other things."),
    Measure.SCORES: gettext_lazy("The champion is more or less sure of its first suggestion than on held-out texts."),
    Measure.SUGGESTED: gettext_lazy("Other tags stand among the first five suggestions."),
    Measure.TAGS: gettext_lazy("People and programs assign other tags; imported ones do not count."),
}
CSV_HEADER: list[Value] = [
    "day", "model_version", "measure", "distance", "expected", "critical", "limit", "drift", "n_reference",
    "n_current", "reason",
]  # fmt: skip


@dataclass(frozen=True)
class Change:
    """A bin whose share has changed, by the name that people know."""

    name: str
    before: float
    now: float


@dataclass(frozen=True)
class DriftRow:
    """A measure with its newest value."""

    value: DriftValue
    changes: list[Change]

    @property
    def explanation(self) -> Any:
        return EXPLANATIONS[Measure(self.value.measure)]

    @property
    def verdict(self) -> Any:
        if self.value.reason:
            return self.value.get_reason_display()
        if self.value.is_drift:
            return _("drift")
        beyond_chance = (self.value.value or 0) > (self.value.critical or 0)
        return _("a change below the limit") if beyond_chance else _("no more than chance gives")


class DriftView:
    """The drift of one vocabulary in a period."""

    def __init__(self, vocabulary: Vocabulary, first: date, last: date) -> None:
        self.vocabulary = vocabulary
        self._values = DriftValue.objects.filter(vocabulary=vocabulary, day__range=(first, last)).order_by("day")

    @cached_property
    def values(self) -> list[DriftValue]:
        return list(self._values)

    @cached_property
    def rows(self) -> list[DriftRow]:
        """The measures of the last day that was looked at, in the order of the table."""
        newest = {value.measure: value for value in self.values if value.day == self.values[-1].day}
        return [DriftRow(newest[each], self._changes(newest[each])) for each in Measure if each in newest]

    @property
    def day(self) -> date | None:
        return self.values[-1].day if self.values else None

    @property
    def n_drifted(self) -> int:
        return sum(row.value.is_drift for row in self.rows)

    def charts(self) -> dict[str, Chart]:
        """Bars of the last day, and lines where there is more than one day."""
        known = [row.value for row in self.rows if row.value.value is not None]
        if not known:
            return {}
        lines = {"drift_lines": _lines(self.values)} if len({value.day for value in self.values}) > 1 else {}
        return {"drift": _bars(known), **lines}

    def csv_rows(self) -> list[Sequence[Value]]:
        return [
            [
                value.day.isoformat(), value.model_version, str(value.measure), value.value, value.expected,
                value.critical, value.limit, int(value.is_drift), value.n_reference, value.n_current,
                str(value.reason),
            ]
            for value in self.values
        ]  # fmt: skip

    def _changes(self, value: DriftValue) -> list[Change]:
        named = value.measure in MEASURES_OF_TAGS
        return [
            Change(self._tag_name(name) if named else name, before, now) for name, before, now, _part in value.changes
        ]

    @cached_property
    def _tags(self) -> Mapping[uuid.UUID, Any]:
        return vocabulary_snapshot(self.vocabulary.pk).tags

    def _tag_name(self, tag_id: str) -> str:
        tag = self._tags.get(uuid.UUID(tag_id))
        return tag.label(get_language() or "") if tag else "–"


def _bars(values: Sequence[DriftValue]) -> Chart:
    """How much of its limit each measure uses up, chance taken off."""
    colours = [_ALARM if value.is_drift else OWN for value in values]
    trace = {
        "type": "bar", "orientation": "h",
        "y": [str(value.get_measure_display()) for value in values],
        "x": [round(max((value.excess or 0.0) / value.limit, 0.0), 3) for value in values],
        "marker": {"color": colours},
        "customdata": [[value.value, value.expected, value.limit] for value in values],
        "hovertemplate": _("distance %{customdata[0]:.3f}, by chance %{customdata[1]:.3f}, limit %{customdata[2]:.2f}")
        + "<extra></extra>",
    }  # fmt: skip
    chart = chart_layout(
        x={"tickformat": ".0%", "rangemode": "tozero"},
        y={"automargin": True, "autorange": "reversed", "type": "category"},
        height=_BAR_HEIGHT * len(values) + 90,
    )
    line = {"color": THIRD, "dash": "dash", "width": 1}
    chart["shapes"] = [{"type": "line", "x0": 1, "x1": 1, "y0": 0, "y1": 1, "yref": "paper", "line": line}]
    chart["margin"] = {"l": 8, "r": 12, "t": 16, "b": 36}
    return {"data": [trace], "layout": chart}


def _lines(values: Sequence[DriftValue]) -> Chart:
    by_measure: defaultdict[str, list[DriftValue]] = defaultdict(list)
    for value in values:
        if value.value is not None:
            by_measure[value.measure].append(value)
    colours = (OWN, OTHER, THIRD, "#8b5cf6", "#2563eb", "#be185d", "#65a30d")
    traces = [
        {
            "type": "scatter", "mode": "lines+markers", "name": str(Measure(measure).label),
            "x": [value.day.isoformat() for value in of_one],
            "y": [round((value.excess or 0.0) / value.limit, 3) for value in of_one],
            "line": {"color": colour, "width": 2}, "marker": {"color": colour, "size": 6},
            "hovertemplate": "%{y:.0%}<extra>" + str(Measure(measure).label) + "</extra>",
        }
        for (measure, of_one), colour in zip(by_measure.items(), colours, strict=False)
    ]  # fmt: skip
    chart = chart_layout(x={"type": "date", "tickformat": "%m-%d\n%Y"}, y={"tickformat": ".0%"}, height=340)
    line = {"color": THIRD, "dash": "dash", "width": 1}
    chart["shapes"] = [{"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": 1, "y1": 1, "line": line}]
    chart |= {"legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"}, "hovermode": "x unified"}
    chart["margin"] = {"l": 48, "r": 12, "t": 72, "b": 36}
    return {"data": traces, "layout": chart}
