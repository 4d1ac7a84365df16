"""Compare what comes in and goes out with what the champions were trained on, here and now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from recommender.watching.drift import check_drift
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.selectors import find_vocabulary


class Command(BaseCommand):
    help = "Looks for drift in every vocabulary, or in one, and prints what was found."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--vocabulary", help="its slug; default: all")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["vocabulary"]
        for vocabulary in [find_vocabulary(slug)] if slug else Vocabulary.objects.all():
            for value in check_drift(vocabulary):
                found = value.reason or f"{value.value:.3f} (by chance {value.expected:.3f})"
                self.stdout.write(f"{vocabulary.slug} {value.measure}: {found}{' DRIFT' if value.is_drift else ''}")
