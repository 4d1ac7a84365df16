"""Bring a file of rows into the database: in batches, each all or nothing, resumable, with a rejects file."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tagplatform.common.errors import Conflict, InvalidInput
from tagplatform.imports.models import ImportRun
from tagplatform.imports.readers import Table
from tagplatform.imports.rejects import RejectsFile
from tagplatform.imports.rows import Fault, Problem, Row
from tagplatform.imports.selectors import unfinished_run

logger = logging.getLogger(__name__)

ROWS_A_BATCH = 500


@dataclass(frozen=True)
class Progress:
    """How far an import is; `total` is an estimate until the end."""

    stage: str
    done: int
    total: int


OnProgress = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class ImportOptions:
    """How to go about a file; `strict` refuses the whole file for one bad row."""

    encoding: str = "utf-8"
    restart: bool = False
    strict: bool = False
    on_progress: OnProgress = silent


DEFAULT_OPTIONS = ImportOptions()


@dataclass
class BatchOutcome:
    """What became of the rows of a batch."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, other: "BatchOutcome") -> "BatchOutcome":
        """The sum of both."""
        return BatchOutcome(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.problems + other.problems,
        )


class Loader(Protocol):
    """What one kind of row means; keeps nothing between batches that a roll-back would make untrue."""

    def check(self, rows: Sequence[Row]) -> list[Problem]:
        """Everything that is wrong with readable rows, without writing."""

    def load(self, rows: Sequence[Row]) -> BatchOutcome:
        """Write readable rows, inside a transaction."""

    def finish(self) -> None:
        """Write what needed all rows; may be called again after a cut."""


@dataclass(frozen=True)
class ImportSummary:
    """What an import did, for people."""

    run: ImportRun
    resumed_at: int
    n_warnings: int
    counts_by_code: dict[str, int]
    first_problems: list[dict[str, Any]]

    @property
    def rejects_path(self) -> Path | None:
        return Path(self.run.rejects_path) if self.run.rejects_path else None


def import_table(*, table: Table, kind: str, target: str, loader: Loader, options: ImportOptions) -> ImportSummary:
    """Import a table, or go on where a former import of the same file into the same target was cut off."""
    with _only_import_into(kind, target):
        begun = None if options.restart else unfinished_run(kind=kind, target=target, file_digest=table.digest)
        if options.strict:
            _refuse_bad_rows(table, _new_run(table, kind, target), loader, options)
        _close_cut_off_runs(kind, target)
        run = begun or _new_run(table, kind, target)
        resumed_at = run.rows_done
        rejects = _load_all(table, run, loader, options.on_progress)
    return ImportSummary(run, resumed_at, rejects.n_warnings, dict(rejects.counts), rejects.first)


@contextmanager
def _only_import_into(kind: str, target: str) -> Iterator[None]:
    """Hold the target for this process; the database lets go of it when the process dies."""
    key = int.from_bytes(hashlib.sha256(f"import {kind} {target}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        if not cursor.fetchone()[0]:
            detail = _("Another import into “%(target)s” is running. Wait for its end.")
            raise Conflict(detail % {"target": target}, code="import_running")
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:  # a lost connection has let go already
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _new_run(table: Table, kind: str, target: str) -> ImportRun:
    return ImportRun(
        kind=kind,
        target=target,
        file_name=table.path.name[-500:],
        file_digest=table.digest,
        rows_total=table.rows_total,
    )


def _close_cut_off_runs(kind: str, target: str) -> None:
    """Whoever holds the target knows that no other run of it is alive."""
    ImportRun.objects.filter(kind=kind, target=target, state=ImportRun.State.RUNNING).update(
        state=ImportRun.State.FAILED, message=_("The process was cut off."), finished_at=timezone.now()
    )


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, ROWS_A_BATCH)):
        yield batch


def _readable(batch: Sequence[Row]) -> list[Row]:
    return [row for row in batch if row.fault is None]


def _unreadable(batch: Sequence[Row]) -> list[Problem]:
    return [Problem(row, row.fault) for row in batch if row.fault is not None]


def _refuse_bad_rows(table: Table, run: ImportRun, loader: Loader, options: ImportOptions) -> None:
    rejects, bad_rows, done = RejectsFile(run), set[int](), 0
    for batch in _batches(table.rows()):
        problems = _unreadable(batch) + loader.check(_readable(batch))
        rejects.add(problems)
        bad_rows.update(problem.row.index for problem in problems)
        done += len(batch)
        options.on_progress(Progress(_("checking"), done, table.rows_total))
    if not bad_rows:
        return
    detail = ngettext(
        "%(bad)d row is bad; nothing was imported. It is listed in %(path)s, beginning with line %(line)d: %(reason)s",
        "%(bad)d rows are bad; nothing was imported. They are listed in %(path)s, beginning with line %(line)d: "
        "%(reason)s",
        len(bad_rows),
    ) % {"bad": len(bad_rows), "path": rejects.path, **rejects.first[0]}
    run.state, run.message, run.finished_at = ImportRun.State.FAILED, detail, timezone.now()
    run.rows_rejected, run.rejects_path = len(bad_rows), str(rejects.path)
    run.save()
    raise InvalidInput(detail, code="bad_rows")


def _load_all(table: Table, run: ImportRun, loader: Loader, on_progress: OnProgress) -> RejectsFile:
    rejects = RejectsFile(run)
    run.state, run.message, run.finished_at = ImportRun.State.RUNNING, "", None
    run.save()
    try:
        for batch in _batches(table.rows(skip=run.rows_done)):
            _commit_batch(batch, run, loader, rejects)
            on_progress(Progress(run.get_kind_display(), run.rows_done, run.rows_total or run.rows_done))
        loader.finish()
    except Exception as error:
        _mark_failed(run, error)
        raise
    run.state, run.finished_at, run.rows_total = ImportRun.State.SUCCEEDED, timezone.now(), run.rows_done
    run.save()
    return rejects


def _mark_failed(run: ImportRun, error: Exception) -> None:
    try:
        ImportRun.objects.filter(pk=run.pk).update(
            state=ImportRun.State.FAILED, message=str(error)[:2000], finished_at=timezone.now()
        )
    except Exception:  # the database itself may be what is gone; the row still says how far the run came
        logger.warning("The failure of %s could not be recorded", run.public_id, exc_info=True)


def _commit_batch(batch: Sequence[Row], run: ImportRun, loader: Loader, rejects: RejectsFile) -> None:
    with transaction.atomic():
        outcome = _load_rows(loader, _readable(batch))
        problems = sorted(_unreadable(batch) + outcome.problems, key=lambda problem: problem.row.index)
        rejects.add(problems)
        run.rows_done += len(batch)
        run.rows_created += outcome.created
        run.rows_updated += outcome.updated
        run.rows_unchanged += outcome.unchanged
        run.rows_rejected += sum(problem.fatal for problem in problems)
        run.rejects_path = str(rejects.path) if rejects.counts else ""
        run.save()


def _load_rows(loader: Loader, rows: Sequence[Row]) -> BatchOutcome:
    """Load the rows; where the database refuses them, halve until the row that it refuses is found."""
    if not rows:
        return BatchOutcome()
    try:
        with transaction.atomic():
            return loader.load(rows)
    except (DataError, IntegrityError) as error:
        if len(rows) == 1:
            detail = _("The database refuses the row: %(cause)s") % {"cause": str(error).splitlines()[0][:300]}
            return BatchOutcome(problems=[Problem(rows[0], Fault("refused", detail))])
    middle = len(rows) // 2
    return _load_rows(loader, rows[:middle]).add(_load_rows(loader, rows[middle:]))
