"""What every import command has in common: its file argument, its progress bar, its summary."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _
from tqdm import tqdm

from tagplatform.common.errors import DomainError
from tagplatform.imports.services import ImportOptions, ImportSummary, OnProgress, Progress, silent

INTERRUPTED = 130  # what shells say of a command that Ctrl-C ended


class ImportCommand(BaseCommand):
    """A command around one import service; tells people's errors in one sentence."""

    def add_file_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help=_("JSONL or CSV (both also as .gz) or Parquet file"))
        parser.add_argument("--encoding", default="utf-8", help=_("of JSONL and CSV; for example gb18030"))
        parser.add_argument("--restart", action="store_true", help=_("begin anew instead of going on after a cut"))
        parser.add_argument("--strict", action="store_true", help=_("import nothing if any row is bad"))
        parser.add_argument("--create", action="store_true", help=_("make what the rows go into where it is missing"))

    def run_import(self, **options: Any) -> list[ImportSummary]:
        """Call the service; return what it did, file by file."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for summary in self.run_import(**options):
                self.print_summary(summary)
        except DomainError as error:
            raise CommandError(error.detail) from error
        except (DatabaseError, OSError) as error:
            detail = _("The import was cut off: %(cause)s. What is done is kept; the same command goes on from there.")
            raise CommandError(detail % {"cause": str(error).strip().rstrip(".")}) from error
        except KeyboardInterrupt as error:
            detail = _("Stopped. What is done is kept; the same command goes on from there.")
            raise CommandError(detail, returncode=INTERRUPTED) from error

    def print_summary(self, summary: ImportSummary) -> None:
        """Counts, the first problems, where the others stand."""
        run = summary.run
        if summary.resumed_at:
            self.stdout.write(_("Went on after row %(row)d, where it was cut.") % {"row": summary.resumed_at})
        counts = _(
            "%(file)s → %(target)s: %(done)d rows: %(created)d created, %(updated)d updated, "
            "%(unchanged)d unchanged, %(rejected)d rejected, %(warnings)d warnings."
        )
        self.stdout.write(
            counts
            % {
                "file": run.file_name,
                "target": run.target,
                "done": run.rows_done,
                "created": run.rows_created,
                "updated": run.rows_updated,
                "unchanged": run.rows_unchanged,
                "rejected": run.rows_rejected,
                "warnings": summary.n_warnings,
            }
        )
        for problem in summary.first_problems:
            self.stdout.write("  {file}:{line}: {severity}: {reason} [{code}]".format(**problem))
        if summary.rejects_path is not None:
            by_code = ", ".join(f"{code} {count}" for code, count in sorted(summary.counts_by_code.items()))
            self.stdout.write(_("All of them (%(codes)s): %(path)s") % {"codes": by_code, "path": summary.rejects_path})


@contextmanager
def progress_bar() -> Iterator[OnProgress]:
    """A bar on a terminal, nothing elsewhere; each stage has a bar of its own."""
    bars: dict[str, Any] = {}

    def show(progress: Progress) -> None:
        if progress.stage not in bars:
            _close(bars.values())
            bars[progress.stage] = tqdm(desc=progress.stage, unit_scale=True)
        bar = bars[progress.stage]
        bar.total = max(progress.total, progress.done)
        bar.update(progress.done - bar.n)

    try:
        yield show if sys.stderr.isatty() else silent
    finally:
        _close(bars.values())


def _close(bars: Iterable[Any]) -> None:
    for bar in bars:
        bar.close()


def options_from(arguments: dict[str, Any], on_progress: OnProgress) -> ImportOptions:
    """The import options out of a command's arguments."""
    chosen = {name: arguments[name] for name in ("encoding", "restart", "strict")}
    return ImportOptions(on_progress=on_progress, **chosen)
