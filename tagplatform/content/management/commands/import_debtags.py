"""manage.py import_debtags: Debian's package descriptions and their tags, fetched with apt."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from tagplatform.common.errors import DomainError
from tagplatform.content.debtags import load_debtags
from tagplatform.imports.console import progress_bar


class Command(BaseCommand):
    help = "Loads Debian's package descriptions and their tags with apt; needs no root and installs nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--language", choices=["en", "zh_CN"], default="en", help=_("of the descriptions"))
        parser.add_argument("--limit", type=int, help=_("load only so many packages"))
        parser.add_argument("--var-dir", type=Path, help=_("where apt's private folder is made"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with progress_bar() as show:
                summary = load_debtags(options["language"], options["limit"], show, options["var_dir"])
        except DomainError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(str(summary))
