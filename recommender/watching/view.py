"""What somebody chose to see on the watching page, and what is shown for it."""

import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext as _

from recommender.audit.tables import Value
from recommender.models import DailyFigure, ModelAlias, ModelAliasChange
from recommender.models.figures import FIGURES
from recommender.reports.charts import Chart
from recommender.watching.charts import Promotion, time_lines
from recommender.watching.names import BLIND_HEADLINES, GROUPS, HEADLINES, in_words
from recommender.watching.selectors import (
    Figures,
    Measured,
    Step,
    Window,
    counted_until,
    figures_by_step,
    figures_of,
    versions_in,
)
from tagplatform.common.admin import row_id
from tagplatform.common.errors import NotFound
from tagplatform.content.models import Source
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.selectors import find_vocabulary

PERIODS = (7, 30, 90, 365)
USUAL_PERIOD = 30
MOST_CHOICES = 200


@dataclass(frozen=True)
class Choice:
    """What the address of the page asks for; what is not known counts as not chosen."""

    vocabulary: str = ""
    days: int = USUAL_PERIOD
    source: str = ""
    version: str = ""
    blind: bool = False

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "Choice":
        days = parameters.get("days", "")
        return cls(
            vocabulary=parameters.get("vocabulary", "").strip(),
            days=int(days) if days in map(str, PERIODS) else USUAL_PERIOD,
            source=parameters.get("source", "").strip(),
            version=parameters.get("version", "").strip()[:200],
            blind=parameters.get("blind", "") == "1",
        )

    def as_query(self) -> str:
        """The choice as the end of an address."""
        given = asdict(self) | {"blind": "1" if self.blind else ""}
        return urlencode({name: value for name, value in given.items() if value})

    @property
    def source_id(self) -> uuid.UUID | None:
        return row_id(self.source, Source.id_prefix)

    @property
    def step(self) -> Step:
        """Days while they can be told apart, then weeks, then months."""
        if self.days <= 31:
            return "day"
        return "week" if self.days <= 120 else "month"


@dataclass(frozen=True)
class FigureRow:
    """A line of the table: the period, and the one of equal length before it."""

    figure: str
    now: Measured
    before: Measured | None

    @property
    def name(self) -> Any:
        return FIGURES[self.figure]

    @property
    def value_before(self) -> float:
        return self.before.interval.value if self.before else math.nan

    @property
    def difference(self) -> float:
        return self.now.interval.value - self.value_before

    @property
    def is_beyond_chance(self) -> bool:
        """Whether the two intervals do not touch."""
        if self.before is None:
            return False
        now, before = self.now.interval, self.before.interval
        return now.low > before.high or now.high < before.low


class WatchedVocabulary:
    """The figures of one vocabulary as somebody chose to see them."""

    def __init__(self, vocabulary: Vocabulary, choice: Choice) -> None:
        self.vocabulary, self.choice = vocabulary, choice
        today = timezone.now().astimezone(UTC).date()
        self.window = Window(
            vocabulary,
            today - timedelta(days=choice.days - 1),
            today,
            choice.source_id,
            choice.version,
            choice.blind,
        )

    @cached_property
    def steps(self) -> dict[date, Figures]:
        return figures_by_step(self.window, self.choice.step)

    @cached_property
    def rows(self) -> list[FigureRow]:
        """All figures that have something to count, in the order of the charts."""
        now, before = figures_of(self.window), figures_of(self.window.before())
        return [FigureRow(figure, now[figure], before.get(figure)) for figure in FIGURES if figure in now]

    @property
    def headlines(self) -> list[FigureRow]:
        wanted = BLIND_HEADLINES if self.choice.blind else HEADLINES
        by_figure = {row.figure: row for row in self.rows}
        return [by_figure[figure] for figure in wanted if figure in by_figure]

    @cached_property
    def promotions(self) -> list[Promotion]:
        """Versions that went live in the period."""
        start = datetime.combine(self.window.first, datetime.min.time(), UTC)
        moves = ModelAliasChange.objects.filter(
            vocabulary=self.vocabulary, name=ModelAlias.Name.CHAMPION, created_at__gte=start
        ).order_by("created_at")
        found = moves.values_list("created_at", "to_version__number")
        return [Promotion(moment, f"{self.vocabulary.slug}-{number}") for moment, number in found]

    def charts(self) -> dict[str, Chart]:
        return time_lines(self.steps, self.promotions)

    def groups(self) -> list[Any]:
        """Those that have a chart."""
        return [group for group in GROUPS if any(figure in self.figures_shown for figure in group.figures)]

    @cached_property
    def figures_shown(self) -> list[str]:
        """In the order of the charts."""
        return [figure for figure in FIGURES if any(figure in figures for figures in self.steps.values())]

    def step_rows(self) -> list[tuple[date, list[str]]]:
        """What the charts show, a line a step, as it is written."""
        return [
            (start, [_written(figure, found.get(figure)) for figure in self.figures_shown])
            for start, found in self.steps.items()
        ]

    def csv_rows(self) -> Iterable[Sequence[Value]]:
        for start, figures in self.steps.items():
            for figure in FIGURES:
                if figure in figures:
                    interval = figures[figure].interval
                    yield [start.isoformat(), figure, interval.value, interval.low, interval.high, figures[figure].n]

    def sources(self) -> list[Source]:
        """Those whose answers have been counted."""
        rows = DailyFigure.objects.filter(vocabulary=self.vocabulary, source__isnull=False)
        return list(Source.objects.filter(pk__in=rows.values("source").distinct()).order_by("name")[:MOST_CHOICES])

    def versions(self) -> list[str]:
        return versions_in(self.vocabulary)[-MOST_CHOICES:]

    def counted_until(self) -> date | None:
        """The last day that has been added up, empty where none has."""
        return counted_until(self.vocabulary)


def _written(figure: str, measured: Measured | None) -> str:
    return in_words(figure, measured.interval.value if measured else math.nan)


CSV_HEADER: list[Value] = ["start", "figure", "value", "low", "high", "n"]


def watched(choice: Choice) -> WatchedVocabulary:
    """The chosen vocabulary, else the one with the most answers lately; NotFound where there is none."""
    if choice.vocabulary:
        return WatchedVocabulary(find_vocabulary(choice.vocabulary), choice)
    latest = DailyFigure.objects.order_by("-day", "-n").select_related("vocabulary").first()
    vocabulary = latest.vocabulary if latest else Vocabulary.objects.first()
    if vocabulary is None:
        raise NotFound(_("There is no vocabulary yet. Import tags and documents first."), code="unknown_vocabulary")
    return WatchedVocabulary(vocabulary, choice)
