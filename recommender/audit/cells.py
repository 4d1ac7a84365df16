"""The documents behind one cell of the heatmaps."""

import uuid
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
from django.core.paginator import Page, Paginator

from recommender.audit.matrices import FloatArray, IntArray
from recommender.audit.source import HeldOut
from recommender.audit.view import Audited
from tagplatform.content.models import Document
from tagplatform.taxonomy.snapshot import TagEntry

Part = Literal["without", "with", "all"]
DOCUMENTS_A_PAGE = 25
MOST_PREDICTED = 6


@dataclass(frozen=True)
class Cell:
    """Row tag i, column tag j, and which of the documents with i are wanted: with j, without j, all."""

    row: TagEntry
    column: TagEntry
    part: Part


@dataclass(frozen=True)
class NamedTag:
    """A tag beside a document: its label, the model's probability, whether the document truly has it."""

    label: str
    probability: float
    is_true: bool


@dataclass(frozen=True)
class CellDocument:
    """One held-out document; `document` is None where it has been erased since."""

    document_id: uuid.UUID
    document: Document | None
    row_probability: float
    column_probability: float
    true_tags: list[NamedTag]
    predicted_tags: list[NamedTag]


def cell_of(subject: Audited, parameters: Any) -> Cell:
    """The cell that an address names by `row`, `column` and `part`; NotFound where a tag is unknown."""
    row, column = (subject.tag_of(subject.column_of(parameters.get(name, ""))) for name in ("row", "column"))
    part = parameters.get("part", "")
    return Cell(row, column, cast(Part, part) if part in get_args(Part) else "all")


def document_rows(held_out: HeldOut, *, row: int, column: int, part: Part) -> IntArray:
    """Positions of the documents that truly have the row's tag, shape (n_found,).

    Those without the column's tag come with the highest probability of it first, those with it lowest first:
    where the model is furthest from the truth.
    """
    has_row = _dense(held_out.gold, row) > 0
    has_column = _dense(held_out.gold, column) > 0
    probability = _dense(held_out.probabilities, column)
    wanted = {"with": has_row & has_column, "without": has_row & ~has_column, "all": has_row}[part]
    found = np.flatnonzero(wanted)
    all_have_it = part == "with" or row == column
    order = probability[found] if all_have_it else -probability[found]
    return np.asarray(found[np.argsort(order, kind="stable")], np.int64)


def _dense(matrix: Any, column: int) -> FloatArray:
    return np.asarray(matrix[:, [column]].toarray(), np.float64).ravel()


def cell_page(subject: Audited, cell: Cell, number: str | None) -> Page[Any]:
    """One page of the cell's documents as positions; pages beyond the end are the last."""
    columns = subject.held_out.column_by_tag_id
    rows = document_rows(subject.held_out, row=columns[cell.row.id], column=columns[cell.column.id], part=cell.part)
    return Paginator(rows, DOCUMENTS_A_PAGE).get_page(number)


def cell_documents(subject: Audited, cell: Cell, rows: IntArray | None = None) -> list[CellDocument]:
    """The documents at these positions, or all of the cell, with their true and predicted tags."""
    held_out = subject.held_out
    columns = held_out.column_by_tag_id
    row, column = columns[cell.row.id], columns[cell.column.id]
    if rows is None:
        rows = document_rows(held_out, row=row, column=column, part=cell.part)
    ids = [held_out.document_ids[position] for position in rows]
    stored = Document.objects.select_related("source").defer("body", "extra").in_bulk(ids)
    gold, probabilities = held_out.gold[rows].toarray(), held_out.probabilities[rows].toarray()
    return [
        CellDocument(
            document_id=document_id,
            document=stored.get(document_id),
            row_probability=float(probabilities[n, row]),
            column_probability=float(probabilities[n, column]),
            true_tags=_named(subject, np.flatnonzero(gold[n]), gold[n], probabilities[n]),
            predicted_tags=_named(subject, np.argsort(-probabilities[n])[:MOST_PREDICTED], gold[n], probabilities[n]),
        )
        for n, document_id in enumerate(ids)
    ]


def _named(subject: Audited, columns: IntArray, gold: FloatArray, probabilities: FloatArray) -> list[NamedTag]:
    """Tags that still stand in the vocabulary, most probable first."""
    kept = [column for column in columns.tolist() if subject.held_out.tag_ids[column] in subject.snapshot.tags]
    kept.sort(key=lambda column: -probabilities[column])
    return [NamedTag(subject.label(subject.held_out.tag_ids[c]), float(probabilities[c]), bool(gold[c])) for c in kept]
