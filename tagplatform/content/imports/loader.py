"""Writes documents and their tags, a batch of rows with a handful of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from tagplatform.content.imports.assignments import Assignments
from tagplatform.content.imports.document_rows import DocumentRow, read_document_row
from tagplatform.content.imports.tag_names import (
    TagNames,
    UnknownTags,
    create_missing,
    missing,
    propose_missing,
    tag_names,
    unknown_tags_reason,
)
from tagplatform.content.models import Document, Source, TagAssignment
from tagplatform.imports.rows import Fault, Problem, Row, RowRejected
from tagplatform.imports.services import BatchOutcome
from tagplatform.taxonomy.models import Vocabulary

WRITTEN_FIELDS = (
    "title", "body", "extra", "language", "published_at", "content_hash", "split_group", "updated_at",
)  # fmt: skip


@dataclass(frozen=True)
class DocumentTarget:
    """Where documents and their tags go."""

    source: Source
    vocabulary: Vocabulary
    unknown_tags: str = UnknownTags.REPORT
    origin: str = TagAssignment.Origin.IMPORTED


class DocumentLoader:
    """Creates and updates documents by external id; a later row about a document counts."""

    def __init__(self, target: DocumentTarget) -> None:
        self._target = target
        self._began_at = timezone.now()

    def check(self, rows: Sequence[Row]) -> list[Problem]:
        read, problems = _read(rows)
        names = tag_names(self._target.vocabulary)
        return problems + [problem for row in read for problem in self._tag_problems(row, names)]

    def load(self, rows: Sequence[Row]) -> BatchOutcome:
        read, problems = _read(rows)
        names = tag_names(self._target.vocabulary)
        if self._target.unknown_tags == UnknownTags.CREATE:
            create_missing(self._target.vocabulary, names, _all_missing(names, read))
            names = tag_names(self._target.vocabulary)
        for row in read:
            problems += self._tag_problems(row, names)
        refused = {problem.row.index for problem in problems if problem.fatal}
        kept, repeated = _latest([row for row in read if row.row.index not in refused])
        outcome = self._write(kept, names)
        outcome.problems = problems + repeated + outcome.problems
        return outcome

    def finish(self) -> None:
        """Tell the planner, and the estimates that lists show, how large the tables have become."""
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE content_document, content_tagassignment")

    def _tag_problems(self, row: DocumentRow, names: TagNames) -> list[Problem]:
        """What is wrong with the row's tags under this policy."""
        policy, wanted = self._target.unknown_tags, row.tag_names or ()
        unknown = missing(names, wanted)
        problems = []
        if unknown and policy not in (UnknownTags.IGNORE, UnknownTags.CREATE, UnknownTags.PROPOSE):
            fault = Fault("unknown_tags", unknown_tags_reason(unknown, self._target.vocabulary))
            problems.append(Problem(row.row, fault, fatal=policy == UnknownTags.REJECT))
        if self._one_only and len({names.find(name) for name in wanted} - {None}) > 1:
            detail = _("The vocabulary “%(vocabulary)s” allows one tag on a document; it was taken without tags.")
            fault = Fault("too_many_tags", detail % {"vocabulary": self._target.vocabulary.slug})
            problems.append(Problem(row.row, fault, fatal=False))
        return problems

    @property
    def _one_only(self) -> bool:
        return self._target.vocabulary.selection_mode == Vocabulary.SelectionMode.ONE

    def _write(self, rows: Sequence[DocumentRow], names: TagNames) -> BatchOutcome:
        source = self._target.source
        present = {
            document.external_id: document
            for document in Document.objects.filter(source=source, external_id__in=[row.external_id for row in rows])
        }
        before = {external_id: document.updated_at for external_id, document in present.items()}
        documents, changed = self._documents(rows, present)
        Document.objects.bulk_create(
            [documents[external_id] for external_id in sorted(changed)],
            update_conflicts=True,
            unique_fields=["source", "external_id"],
            update_fields=WRITTEN_FIELDS,
        )
        wanted = {documents[row.external_id].pk: self._tag_ids(row, names) for row in rows if row.tag_names is not None}
        new = {document.pk for external_id, document in documents.items() if external_id not in present}
        retagged = Assignments(self._target.vocabulary, self._target.origin).replace(wanted, new=new)
        touched = changed | {external_id for external_id, document in documents.items() if document.pk in retagged}
        self._propose([row for row in rows if row.external_id in touched], names)
        n_updated = len(touched & present.keys())
        outcome = BatchOutcome(len(documents) - len(present), n_updated, len(present) - n_updated)
        outcome.problems = [_repeated(row.row) for row in rows if self._written_already(row, before, touched)]
        return outcome

    def _documents(
        self, rows: Sequence[DocumentRow], present: dict[str, Document]
    ) -> tuple[dict[str, Document], set[str]]:
        """The documents by external id, and which of them must be written."""
        documents, changed = {}, set()
        for row in rows:
            document = present.get(row.external_id) or Document(source=self._target.source, external_id=row.external_id)
            documents[row.external_id] = document
            if row.apply(document):
                changed.add(row.external_id)
        return documents, changed

    def _tag_ids(self, row: DocumentRow, names: TagNames) -> set[UUID]:
        found = {tag_id for name in row.tag_names or () if (tag_id := names.find(name)) is not None}
        return set() if self._one_only and len(found) > 1 else found

    def _propose(self, rows: Sequence[DocumentRow], names: TagNames) -> None:
        """Only documents that changed propose again, so that a repeated import counts nothing twice."""
        if self._target.unknown_tags == UnknownTags.PROPOSE:
            propose_missing(self._target.vocabulary, names, _all_missing(names, rows))

    def _written_already(self, row: DocumentRow, before: dict[str, datetime], touched: set[str]) -> bool:
        written_at = before.get(row.external_id)
        return written_at is not None and written_at >= self._began_at and row.external_id in touched


def _read(rows: Sequence[Row]) -> tuple[list[DocumentRow], list[Problem]]:
    read, problems = [], []
    for row in rows:
        try:
            document = read_document_row(row)
        except RowRejected as rejected:
            problems.append(Problem(row, rejected.fault))
            continue
        read.append(document)
        problems += [Problem(row, note, fatal=False) for note in document.notes]
    return read, problems


def _all_missing(names: TagNames, rows: Sequence[DocumentRow]) -> list[str]:
    return [name for row in rows for name in missing(names, row.tag_names or ())]


def _latest(rows: Sequence[DocumentRow]) -> tuple[list[DocumentRow], list[Problem]]:
    """The last row of every external id; the others with a warning."""
    last = {row.external_id: row for row in rows}
    return list(last.values()), [_repeated(row.row) for row in rows if last[row.external_id] is not row]


def _repeated(row: Row) -> Problem:
    detail = _("The id stands in the file more than once; the last row with it counts.")
    return Problem(row, Fault("duplicate_id", detail), fatal=False)
