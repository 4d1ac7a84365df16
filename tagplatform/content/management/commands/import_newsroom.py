"""manage.py import_newsroom: the bilingual sample that comes with the platform."""

from typing import Any

from django.core.management.base import BaseCommand

from tagplatform.content.newsroom import load_newsroom
from tagplatform.imports.console import progress_bar


class Command(BaseCommand):
    help = "Loads the newsroom sample: 48 tags and 220 short documents in English and Chinese."

    def handle(self, *args: Any, **options: Any) -> None:
        with progress_bar() as show:
            self.stdout.write(str(load_newsroom(show)))
