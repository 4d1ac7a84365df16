"""manage.py import_tags tags.jsonl --vocabulary topics: tags from a file."""

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext as _

from tagplatform.imports.console import ImportCommand, options_from, progress_bar
from tagplatform.imports.services import ImportSummary
from tagplatform.taxonomy.imports import import_tags, target_vocabulary


class Command(ImportCommand):
    help = "Imports tags, their names and parents into a vocabulary from JSONL, CSV or Parquet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        self.add_file_arguments(parser)
        parser.add_argument("--vocabulary", required=True, help=_("slug of the vocabulary"))
        parser.add_argument("--language", default="en", help=_("of the preferred labels, for --create"))

    def run_import(self, **options: Any) -> list[ImportSummary]:
        vocabulary = target_vocabulary(options["vocabulary"], create=options["create"], language=options["language"])
        with progress_bar() as show:
            return [import_tags(path=options["file"], vocabulary=vocabulary, options=options_from(options, show))]
