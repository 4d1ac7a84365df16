"""Tables partitioned by month on a UUIDv7 key: made in migrations, months made ahead by a scheduled task."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import connection, transaction

from tagplatform.common.ids import first_id_at


@dataclass(frozen=True)
class Month:
    """A calendar month in UTC."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.year, day.month)

    def next(self) -> "Month":
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    def start(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)


def months_between(first: Month, last: Month) -> Iterator[Month]:
    """Every month from first to last, both included."""
    month = first
    while (month.year, month.number) <= (last.year, last.number):
        yield month
        month = month.next()


def months_ahead(start: Month, count: int) -> list[Month]:
    """`start` and the `count` months after it."""
    months = [start]
    for _ in range(count):
        months.append(months[-1].next())
    return months


def partition_name(table: str, month: Month) -> str:
    return f"{table}_{month.year:04d}_{month.number:02d}"


def ensure_partition(table: str, key: str, month: Month) -> bool:
    """Make the month's partition of `table` where it is missing; rows waiting in the default partition move in.

    Returns whether one was made.
    """
    name = partition_name(table, month)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is not None:
            return False
        low, high = first_id_at(month.start()), first_id_at(month.next().start())
        cursor.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {table}_default WHERE {key} >= %s AND {key} < %s RETURNING *) "  # noqa: S608
            f"INSERT INTO {name} SELECT * FROM moved",
            [low, high],
        )
        cursor.execute(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{low}') TO ('{high}')")
    return True


def rows_without_a_month(table: str) -> bool:
    """Whether rows stand in the default partition because their month had not been made in time."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table}_default)")  # noqa: S608
        return bool(cursor.fetchone()[0])
