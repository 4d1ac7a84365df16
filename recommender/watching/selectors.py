"""What is asked of the aggregates: figures of a window, whole or in steps of days, weeks or months."""

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

from django.db.models import CharField, F, Max, Sum, Value
from django.db.models.functions import Trunc

from recommender.ml.live_figures import Sums, ratio_interval
from recommender.ml.metrics import Interval
from recommender.models import DailyFigure, DailyTagCount
from recommender.watching.diversity import TagUse, diversity_of, known_before
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import vocabulary_snapshot

Step = Literal["day", "week", "month", "whole"]


@dataclass(frozen=True)
class Window:
    """Which answers of a vocabulary: a period in UTC days with both ends; empty means all."""

    vocabulary: Vocabulary
    first: date
    last: date
    source_id: uuid.UUID | None = None
    model_version: str = ""
    blind: bool = False

    @property
    def n_days(self) -> int:
        return (self.last - self.first).days + 1

    def before(self) -> "Window":
        """The period of equal length that ends where this one begins."""
        days = timedelta(days=self.n_days)
        return replace(self, first=self.first - days, last=self.last - days)


@dataclass(frozen=True)
class Measured:
    """A figure with its 95 % interval and the number of documents (or of tags shown, or of tags) behind it."""

    interval: Interval
    n: int


Figures = Mapping[str, Measured]


def figures_of(window: Window) -> Figures:
    """Every figure over the whole window that has something to count."""
    return figures_by_step(window, "whole").get(window.first, {})


def figures_by_step(window: Window, step: Step) -> dict[date, Figures]:
    """The same for each step, by its first day; steps without an answer are left out."""
    found: defaultdict[date, dict[str, Measured]] = defaultdict(dict)
    for start, figure, sums in _sums(window, step):
        found[start][figure] = Measured(ratio_interval(sums), sums.n)
    for start, figures in _diversity_by_step(window, step).items():
        found[start] |= figures
    return dict(sorted(found.items()))


def diversity_in(window: Window) -> Figures:
    """The figures that need the counts of every tag, over the whole window: entropy, rare tags, coverage."""
    return _diversity_by_step(window, "whole").get(window.first, {})


def _diversity_by_step(window: Window, step: Step) -> dict[date, Figures]:
    found: dict[date, Figures] = {}
    uses = _uses(window, step)
    catalogue = _catalogue(window.vocabulary) if uses else []
    for start, by_version in uses.items():
        known = {name: known_before(window.vocabulary, name) for name in by_version}
        measured = diversity_of(by_version, known, catalogue)
        found[start] = {figure: Measured(interval, n) for figure, (interval, n) in measured.items()}
    return found


def versions_in(vocabulary: Vocabulary) -> list[str]:
    """Names of the versions whose answers have been counted."""
    rows = DailyFigure.objects.filter(vocabulary=vocabulary).order_by("model_version")
    return list(rows.values_list("model_version", flat=True).distinct())


def counted_until(vocabulary: Vocabulary) -> date | None:
    """The last day that has been added up, empty where none has."""
    last: date | None = DailyFigure.objects.filter(vocabulary=vocabulary).aggregate(last=Max("day"))["last"]
    return last


def _sums(window: Window, step: Step) -> list[tuple[date, str, Sums]]:
    names = ("n", "y", "x", "yy", "xy", "xx")
    rows = _by_step(DailyFigure.objects, window, step).values("start", "figure")
    totals = rows.annotate(**{f"sum_{name}": Sum(name) for name in names}).order_by("start")
    return [
        (_start(window, row["start"]), row["figure"], Sums(*(row[f"sum_{name}"] for name in names))) for row in totals
    ]


def _uses(window: Window, step: Step) -> dict[date, dict[str, dict[uuid.UUID, TagUse]]]:
    """By step and version, how each tag was used."""
    rows = _by_step(DailyTagCount.objects, window, step).values("start", "model_version", "tag_id")
    totals = rows.annotate(n_shown=Sum("shown"), n_accepted=Sum("accepted"), n_added=Sum("added")).order_by("start")
    found: defaultdict[date, defaultdict[str, dict[uuid.UUID, TagUse]]] = defaultdict(lambda: defaultdict(dict))
    for row in totals:
        use = TagUse(row["n_shown"], row["n_accepted"], row["n_added"])
        found[_start(window, row["start"])][row["model_version"]][row["tag_id"]] = use
    return {start: dict(by_version) for start, by_version in found.items()}


def _catalogue(vocabulary: Vocabulary) -> list[uuid.UUID]:
    """Tags that may be suggested at present."""
    return [tag.id for tag in vocabulary_snapshot(vocabulary.pk).tags.values() if tag.recommendable]


def _by_step(rows: Any, window: Window, step: Step) -> Any:
    """The window's rows with the first day of their step as `start`."""
    chosen = rows.filter(
        vocabulary=window.vocabulary, day__range=(window.first, window.last), is_blind=window.blind
    ).order_by()
    if window.source_id is not None:
        chosen = chosen.filter(source=window.source_id)
    if window.model_version:
        chosen = chosen.filter(model_version=window.model_version)
    if step == "whole":
        return chosen.annotate(start=Value("", output_field=CharField()))
    return chosen.annotate(start=F("day") if step == "day" else Trunc("day", step))


def _start(window: Window, start: Any) -> date:
    """The first day of a step that is whole or has begun before the window counts from the window's."""
    return max(start, window.first) if start else window.first
