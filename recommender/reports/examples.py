"""Held-out documents on which a version is wrong about a tag: those that it misses, those that it tags wrongly."""

import uuid
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from django.core.paginator import Page, Paginator

from recommender.audit.cells import NamedTag
from recommender.audit.matrices import FloatArray, IntArray
from recommender.reports.source import Reported
from tagplatform.content.models import Document

Kind = Literal["missed", "wrong", "right"]
KINDS: tuple[Kind, ...] = ("missed", "wrong", "right")
EXAMPLES_A_PAGE = 20


@dataclass(frozen=True)
class Example:
    """One held-out document; `document` is None where it has been erased since."""

    document: Document | None
    probability: float
    true_tags: list[NamedTag]


def example_rows(subject: Reported, column: int, kind: Kind) -> IntArray:
    """Positions of the documents, those first on which the model is furthest off (or, where it is right, surest)."""
    probability, is_true = _dense(subject.held_out.probabilities, column), _dense(subject.held_out.gold, column) > 0
    suggested = probability >= subject.figures.thresholds[column]
    wanted = {"missed": is_true & ~suggested, "wrong": ~is_true & suggested, "right": is_true & suggested}[kind]
    found = np.flatnonzero(wanted)
    order = probability[found] if kind == "missed" else -probability[found]
    return np.asarray(found[np.argsort(order, kind="stable")], np.int64)


def example_page(subject: Reported, column: int, kind: Kind, number: str | None) -> Page[Any]:
    """One page of them as positions; pages beyond the end are the last."""
    return Paginator(example_rows(subject, column, kind), EXAMPLES_A_PAGE).get_page(number)


def examples(subject: Reported, column: int, rows: IntArray) -> list[Example]:
    """The documents at these positions with what they truly bear."""
    held_out = subject.held_out
    ids = [held_out.document_ids[row] for row in rows]
    stored = Document.objects.select_related("source").defer("body", "extra").in_bulk(ids)
    probability = _dense(held_out.probabilities, column)
    return [
        Example(stored.get(document_id), float(probability[row]), _true_tags(subject, int(row)))
        for row, document_id in zip(rows, ids, strict=True)
    ]


def _true_tags(subject: Reported, row: int) -> list[NamedTag]:
    probabilities = subject.held_out.probabilities[[row]].toarray().ravel()
    columns = subject.held_out.gold[[row]].indices.tolist()
    kept = [(column, tag) for column in columns if (tag := _present(subject, subject.tag_ids[column])) is not None]
    named = [NamedTag(tag.label(subject.language), float(probabilities[column]), True) for column, tag in kept]
    return sorted(named, key=lambda tag: -tag.probability)


def _present(subject: Reported, tag_id: uuid.UUID) -> Any:
    return subject.snapshot.tags.get(tag_id)


def _dense(matrix: Any, column: int) -> FloatArray:
    return np.asarray(matrix[:, [column]].toarray(), np.float64).ravel()
