"""Feedback: the ledger of what was shown and what was decided."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class FeedbackConfig(AppConfig):
    name = "feedback"
    verbose_name = _("Feedback")

    def ready(self) -> None:
        post_migrate.connect(_make_months, sender=self, dispatch_uid="feedback.make_months")


def _make_months(sender: AppConfig, **kwargs: Any) -> None:
    """A new database has this month's partitions at once; later ones are made ahead by the scheduled task."""
    from feedback.partitions import ensure_months_ahead, tables_are_partitioned

    if tables_are_partitioned():
        ensure_months_ahead()
