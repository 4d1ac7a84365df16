"""Where the time of a training run went, as rows of a table, from the JSON that its report keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recommender.stage_names import stage_in_words

NAME_BY_CHAPTER: dict[str, Promise | str] = {
    "data": _("Collecting documents and decisions"),
    "twin": _("Training and measuring the version's twin"),
    "baseline": _("Training and measuring the baseline"),
    "gate": _("Comparing with the champion"),
    "whole": _("Training the bundle that answers, on everything"),
}


@dataclass(frozen=True)
class StageTime:
    """Seconds of one stage, by the clock and of the processors."""

    name: str
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class ChapterTime:
    """One part of the run and what it consists of; `share` of all CPU seconds in per cent."""

    name: str
    seconds: float
    cpu_seconds: float
    share: int
    stages: tuple[StageTime, ...]


def chapter_times(report: Mapping[str, Any]) -> list[ChapterTime]:
    """In the order of the run; empty for a run from before this was kept."""
    rows: Sequence[Mapping[str, Any]] = report.get("time_spent") or []
    total = sum(row["cpu_seconds"] for row in rows)
    return [_chapter(name, list(mine), total) for name, mine in groupby(rows, key=lambda row: str(row["chapter"]))]


def _chapter(name: str, rows: Sequence[Mapping[str, Any]], total: float) -> ChapterTime:
    stages = tuple(StageTime(stage_in_words(row["stage"]), row["seconds"], row["cpu_seconds"]) for row in rows)
    cpu_seconds = sum(stage.cpu_seconds for stage in stages)
    share = round(100 * cpu_seconds / total) if total else 0
    seconds = sum(stage.seconds for stage in stages)
    return ChapterTime(str(NAME_BY_CHAPTER.get(name, name)), seconds, cpu_seconds, share, stages)
