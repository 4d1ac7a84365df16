"""Monthly totals for each tag, kept up to date with every decision."""

import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection

from feedback.models import Decision
from tagplatform.common.ids import moment_of_id

COUNTED_KINDS = (
    Decision.Kind.ACCEPTED, Decision.Kind.REJECTED, Decision.Kind.IGNORED, Decision.Kind.ADDED, Decision.Kind.REMOVED,
)  # fmt: skip
COLUMNS = ("shown", *(str(kind) for kind in COUNTED_KINDS))

Totals = Counter[tuple[uuid.UUID, date, str]]


def month_of(decision_id: uuid.UUID) -> date:
    """First day of the month in which a row of the ledger was made."""
    return moment_of_id(decision_id).date().replace(day=1)


def totals_of_change(before: Iterable[Decision], after: Iterable[Decision]) -> Totals:
    """What appending `after` in place of `before` adds to (and takes from) the totals."""
    totals: Totals = Counter()
    for decisions, sign in ((before, -1), (after, 1)):
        for decision in decisions:
            if decision.kind in COUNTED_KINDS:
                totals[(decision.tag_id, month_of(decision.pk), str(decision.kind))] += sign
    return totals


def add_totals(totals: Totals) -> None:
    """Add to the stored totals, tags in a fixed order so that two writers never wait for each other."""
    rows: dict[tuple[uuid.UUID, date], Counter[str]] = {}
    for (tag_id, month, column), change in totals.items():
        rows.setdefault((tag_id, month), Counter())[column] += change
    if not rows:
        return
    names = ", ".join(COLUMNS)
    sums = ", ".join(f"{name} = total.{name} + excluded.{name}" for name in COLUMNS)
    values = ", ".join(["(" + ", ".join(["%s"] * (2 + len(COLUMNS))) + ")"] * len(rows))
    parameters: list[Any] = [
        value
        for (tag_id, month), changes in sorted(rows.items())
        for value in (tag_id, month, *(changes[name] for name in COLUMNS))
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO feedback_tagmonthtotal AS total (tag_id, month, {names}) VALUES {values} "  # noqa: S608
            f"ON CONFLICT (tag_id, month) DO UPDATE SET {sums}",
            parameters,
        )
