"""Add up days of the ledger for the watching page, here and now: after an import, or for days long past."""

from datetime import UTC, date, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from recommender.watching.days import add_up_days


class Command(BaseCommand):
    help = "Adds up what was suggested and decided, day by day; days that were added up before are counted anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--first", type=date.fromisoformat, help="YYYY-MM-DD; default: WATCHING_LATE_DAYS ago")
        parser.add_argument("--last", type=date.fromisoformat, help="YYYY-MM-DD; default: today (UTC)")

    def handle(self, *args: Any, **options: Any) -> None:
        last = options["last"] or timezone.now().astimezone(UTC).date()
        first = options["first"] or last - timedelta(days=settings.WATCHING_LATE_DAYS - 1)
        try:
            done = add_up_days(first=first, last=last)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{done.first} to {done.last}: {done.n_figures} figures, {done.n_tags} tags, {done.seconds:.1f} s"
        )
