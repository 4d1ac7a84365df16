"""manage.py import_documents news.jsonl --source cms --vocabulary topics: documents and their tags from a file."""

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext as _

from tagplatform.content.imports import DocumentTarget, UnknownTags, import_documents, target_source
from tagplatform.content.models import TagAssignment
from tagplatform.imports.console import ImportCommand, options_from, progress_bar
from tagplatform.imports.services import ImportSummary
from tagplatform.taxonomy.imports import target_vocabulary


class Command(ImportCommand):
    help = "Imports documents and their tags from JSONL, CSV or Parquet; goes on where a former call was cut off."

    def add_arguments(self, parser: ArgumentParser) -> None:
        self.add_file_arguments(parser)
        parser.add_argument("--source", required=True, help=_("slug of the source that the documents come from"))
        parser.add_argument("--vocabulary", required=True, help=_("slug of the vocabulary that the tags belong to"))
        parser.add_argument(
            "--unknown-tags",
            choices=UnknownTags.values,
            default=UnknownTags.REPORT,
            help="; ".join(f"{value}: {label}" for value, label in UnknownTags.choices),
        )
        parser.add_argument(
            "--origin",
            choices=TagAssignment.Origin.values,
            default=TagAssignment.Origin.IMPORTED,
            help=_("where the knowledge of the tags comes from"),
        )

    def run_import(self, **options: Any) -> list[ImportSummary]:
        target = DocumentTarget(
            source=target_source(options["source"], create=options["create"]),
            vocabulary=target_vocabulary(options["vocabulary"], create=options["create"]),
            unknown_tags=options["unknown_tags"],
            origin=options["origin"],
        )
        with progress_bar() as show:
            return [import_documents(path=options["file"], target=target, options=options_from(options, show))]
