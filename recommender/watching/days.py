"""Days of the ledger are added up into the tables that the pages read; the same days again give the same rows."""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from recommender.models import DailyFigure, DailyTagCount
from recommender.watching.ledger import ADD_UP_FIGURES, ADD_UP_TAGS
from tagplatform.common.ids import first_id_at

RECENT_DAYS = 2
"""Added up every hour: today and yesterday, whose answers are still being submitted."""

KEPT_AFTER = timedelta(days=30)
"""An accepted tag that is still there after that long has been kept."""

_MADE_WITH_THE_ANSWER = timedelta(hours=1)
_LOCK = "watching: days"


@dataclass(frozen=True)
class AddedUp:
    """What was written, and how long it took."""

    first: date
    last: date
    n_figures: int
    n_tags: int
    seconds: float


@transaction.atomic
def add_up_days(*, first: date, last: date) -> AddedUp:
    """Replace the aggregates of all answers that were given from `first` to `last` (UTC days, both included).

    Two callers wait for each other. ValueError where `last` lies before `first`.
    """
    if last < first:
        raise ValueError(f"from {first} to {last} is no period")
    started = time.monotonic()
    low, high = _midnight(first), _midnight(last + timedelta(days=1))
    bounds = {
        "low": first_id_at(low),
        "high": first_id_at(high),
        "later": first_id_at(high + _MADE_WITH_THE_ANSWER),
        "kept": first_id_at(timezone.now() - KEPT_AFTER),
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [_LOCK])
        for model in (DailyFigure, DailyTagCount):
            model.objects.filter(day__range=(first, last)).delete()
        cursor.execute(ADD_UP_FIGURES, bounds)
        n_figures = cursor.rowcount
        cursor.execute(ADD_UP_TAGS, bounds)
        n_tags = cursor.rowcount
    return AddedUp(first, last, n_figures, n_tags, time.monotonic() - started)


def add_up_last_days(n_days: int) -> AddedUp:
    """Today and the days before it, `n_days` in all."""
    today = timezone.now().astimezone(UTC).date()
    return add_up_days(first=today - timedelta(days=n_days - 1), last=today)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
