"""Which tables of the ledger are partitioned, and the months that are made ahead."""

from datetime import UTC, datetime

from django.db import connection

from tagplatform.common.partitions import Month, ensure_partition, months_ahead, rows_without_a_month

KEY_BY_TABLE = {
    "feedback_recommendation": "id",
    "feedback_suggestion": "id",
    "feedback_outcome": "recommendation_id",
    "feedback_decision": "id",
}
MONTHS_AHEAD = 3


def ensure_months(months: list[Month]) -> int:
    """Make the partitions that are missing; returns how many tables were made."""
    return sum(ensure_partition(table, key, month) for month in months for table, key in KEY_BY_TABLE.items())


def ensure_months_ahead(now: datetime | None = None) -> int:
    """The month of `now` and the three after it."""
    return ensure_months(months_ahead(Month.of((now or datetime.now(UTC)).date()), MONTHS_AHEAD))


def tables_are_partitioned() -> bool:
    """Whether the migration that partitions the ledger has been applied."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_partitioned_table JOIN pg_class ON oid = partrelid WHERE relname = ANY(%s)",
            [list(KEY_BY_TABLE)],
        )
        return bool(cursor.fetchone()[0] == len(KEY_BY_TABLE))


def tables_without_a_month() -> list[str]:
    """Ledger tables with rows in the default partition: their month was not made in time."""
    return [table for table in KEY_BY_TABLE if rows_without_a_month(table)]
