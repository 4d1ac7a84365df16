"""Figures of an evaluation as rows of a table: a value with its interval, the baseline's beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

NAME_BY_MEASURE: dict[str, Promise | str] = {
    "ndcg_at_5": "nDCG@5",
    "ndcg_at_1": "nDCG@1",
    "ndcg_at_3": "nDCG@3",
    "ndcg_at_10": "nDCG@10",
    "precision_at_1": "P@1",
    "precision_at_3": "P@3",
    "precision_at_5": "P@5",
    "recall_at_5": "R@5",
    "recall_at_10": "R@10",
    "mean_reciprocal_rank": "MRR",
    **{f"hit_rate_at_{k}": f"HR@{k}" for k in (1, 3, 5, 10)},
    "psp_at_5": "PSP@5",
    "micro_f1": gettext_lazy("micro F1, at thresholds"),
    "macro_f1": gettext_lazy("macro F1, at thresholds"),
    "macro_f1_head": gettext_lazy("macro F1 of head tags, at thresholds"),
    "macro_f1_tail": gettext_lazy("macro F1 of tail tags, at thresholds"),
    "expected_calibration_error": "ECE",
}


@dataclass(frozen=True)
class Figure:
    """A measured value; the ends of its 95 % interval where they are known."""

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        text = f"{self.value:.3f}"
        return text if self.low is None or self.high is None else f"{text} ({self.low:.3f} … {self.high:.3f})"


@dataclass(frozen=True)
class MeasureRow:
    """One measure of a version, the baseline and the champion that it was compared with."""

    measure: str  # as reports call it
    name: str
    own: Figure | None
    baseline: Figure | None
    champion: Figure | None


def read_figure(stored: Any) -> Figure | None:
    """A figure as reports keep it: `{"value": …, "low": …, "high": …}`, `[value, low, high]` or a bare number."""
    if isinstance(stored, Mapping):
        stored = [stored.get("value"), stored.get("low"), stored.get("high")]
    numbers = stored if isinstance(stored, list | tuple) else [stored]
    if not numbers or isinstance(numbers[0], bool) or not isinstance(numbers[0], int | float):
        return None
    return Figure(*numbers[:3])


def measure_rows(own: Mapping[str, Any], report: Mapping[str, Any]) -> list[MeasureRow]:
    """Every measure that the version has, known ones first."""
    baseline, champion = report.get("baseline") or {}, report.get("champion") or {}
    names = [name for name in NAME_BY_MEASURE if name in own] + [name for name in own if name not in NAME_BY_MEASURE]
    rows = [
        MeasureRow(
            name,
            str(NAME_BY_MEASURE.get(name, name.replace("_at_", "@").replace("_", " "))),
            read_figure(own[name]),
            read_figure(baseline.get(name)),
            read_figure(champion.get(name)),
        )
        for name in names
    ]
    return [row for row in rows if row.own is not None]


def figures_context(own: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    """What the table of figures shows: its rows, and the notes that keep them from being misread."""
    rows = measure_rows(own, report)
    return {
        "rows": rows,
        "n_held_out": (report.get("documents") or {}).get("test"),
        "baseline_note": baseline_note(report),
        "f1_note": f1_note(report) if any(row.measure == "micro_f1" for row in rows) else "",
    }


def f1_note(report: Mapping[str, Any]) -> str:
    """Which F1 the table shows, and what the gate compared in its place."""
    note = _(
        "F1 here counts what lies over the tags' own thresholds, from which their precision should reach the target; a "
        "version that promises this for no tag has an F1 of 0."
    )
    gate = report.get("gate") or {}
    compared = next((each for each in gate.get("criteria") or [] if each["name"] == "micro_f1"), None)
    if not gate.get("best_cuts") or compared is None or compared["value"] is None:
        return note
    values = {key: f"{compared[key]:.3f}" for key in ("value", "champion")}
    says = _("The gate compared micro F1 at each version's best cut: %(value)s, the champion %(champion)s.") % values
    return f"{note} {says}"


def baseline_note(report: Mapping[str, Any]) -> str:
    """How many tags the baseline of a run learnt, where one classifier for each of them would have taken too long."""
    tags = report.get("baseline_tags") or {}
    if tags.get("learnt", 0) >= tags.get("used", 0):
        return ""
    return _(
        "The baseline learnt only the %(learnt)s most used of %(used)s tags and ranks the others by how often they "
        "are used: one classifier for each of so many tags would take too long."
    ) % {"learnt": tags["learnt"], "used": tags["used"]}


def headline(metrics: Mapping[str, Any]) -> Figure | None:
    """The figure that versions are compared by."""
    return read_figure(metrics.get("ndcg_at_5"))


def short(figure: Figure | None) -> str:
    """The value alone, for lists; a dash where it is missing."""
    return f"{figure.value:.3f}" if figure else "–"
