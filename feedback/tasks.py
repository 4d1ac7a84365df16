"""Scheduled work of the ledger."""

from celery import shared_task

from feedback.partitions import ensure_months_ahead


@shared_task
def make_partitions_ahead() -> int:
    """How many partitions were made for this month and the next ones."""
    return ensure_months_ahead()
