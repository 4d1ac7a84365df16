"""The table of tags: every tag of a version with its figures, searched, sorted, paged, as CSV."""

import math
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recommender.audit.tables import Value
from recommender.reports.source import Reported

TAGS_A_PAGE = 50
WORST_FIRST = "-loss"


@dataclass(frozen=True)
class TagRow:
    """One tag at its own threshold; NaN where a figure is undefined."""

    column: int
    tag_id: uuid.UUID
    public_id: str
    path: str
    n_train: int
    n_true: int
    n_suggested: int
    n_right: int
    precision: float
    recall: float
    f1: float
    threshold: float
    loss: float

    @property
    def n_missed(self) -> int:
        return self.n_true - self.n_right

    @property
    def n_wrong(self) -> int:
        return self.n_suggested - self.n_right


@dataclass(frozen=True)
class Column:
    """One column of the table: how it is called, and how a click sorts it first."""

    key: str
    name: Any
    first: str
    help_text: Any = ""


COLUMNS = (
    Column("path", gettext_lazy("tag"), "path"),
    Column("n_train", gettext_lazy("learnt from"), "-n_train", gettext_lazy("documents in the training part")),
    Column("n_true", gettext_lazy("held out"), "-n_true", gettext_lazy("held-out documents with the tag")),
    Column("precision", gettext_lazy("precision"), "precision", gettext_lazy("share of its suggestions that is right")),
    Column("recall", gettext_lazy("recall"), "recall", gettext_lazy("share of its documents that is found")),
    Column("f1", "F1", "f1", gettext_lazy("harmonic mean of both")),
    Column(
        "threshold", gettext_lazy("threshold"), "-threshold", gettext_lazy("probability from which it is suggested")
    ),
    Column("loss", gettext_lazy("lost"), "-loss", gettext_lazy("(1 − F1) × held-out documents: what the tag costs")),
)
SORTS = {sort for column in COLUMNS for sort in (column.key, f"-{column.key}")}


@dataclass(frozen=True)
class TableChoice:
    """What the address asks for; an unknown order counts as not chosen."""

    query: str = ""
    sort: str = WORST_FIRST

    @classmethod
    def of(cls, parameters: Any) -> "TableChoice":
        sort = parameters.get("sort", WORST_FIRST)
        return cls(parameters.get("q", "").strip()[:200], sort if sort in SORTS else WORST_FIRST)


def tag_rows(subject: Reported, choice: TableChoice) -> list[TagRow]:
    """Rows of the tags that were asked for, in the order that was asked for; undefined figures stand last."""
    rows = [tag_row(subject, column) for column in subject.found_columns(choice.query)]
    key, descending = choice.sort.removeprefix("-"), choice.sort.startswith("-")
    if key == "path":
        return sorted(rows, key=lambda row: row.path.casefold(), reverse=descending)
    sign = -1 if descending else 1
    return sorted(rows, key=lambda row: (*_last_if_undefined(sign * getattr(row, key)), row.path.casefold()))


def _last_if_undefined(value: float) -> tuple[bool, float]:
    return (True, 0.0) if math.isnan(value) else (False, value)


def tag_row(subject: Reported, column: int) -> TagRow:
    """One tag's row."""
    figures = subject.figures
    return TagRow(
        column=column,
        tag_id=subject.tag_ids[column],
        public_id=subject.tag_of(column).public_id,
        path=subject.path_of(column),
        n_train=int(figures.n_train[column]),
        n_true=int(figures.n_true[column]),
        n_suggested=int(figures.n_suggested[column]),
        n_right=int(figures.n_right[column]),
        precision=float(figures.precision[column]),
        recall=float(figures.recall[column]),
        f1=float(figures.f1[column]),
        threshold=float(figures.thresholds[column]),
        loss=float(subject.losses[column]),
    )


def worst_rows(subject: Reported, limit: int) -> list[TagRow]:
    """The tags that cost the most, worst first, without building the whole table."""
    known = np.array(sorted(subject.known.values()), np.int64)
    order = known[np.argsort(-subject.losses[known], kind="stable")][:limit]
    return [tag_row(subject, column) for column in order.tolist() if subject.losses[column] > 0]


def page_of_rows(rows: Sequence[TagRow], number: str | None) -> Page[Any]:
    """Pages beyond the end are the last."""
    return Paginator(rows, TAGS_A_PAGE).get_page(number)


def csv_header() -> list[Value]:
    return [
        _("tag"), "id", _("learnt from"), _("held out"), _("suggested"), _("right"), _("precision"), _("recall"), "F1",
        _("threshold"), _("lost"),
    ]  # fmt: skip


def csv_rows(rows: Iterable[TagRow]) -> Iterable[Sequence[Value]]:
    for row in rows:
        yield [
            row.path, row.public_id, row.n_train, row.n_true, row.n_suggested, row.n_right, row.precision, row.recall,
            row.f1, row.threshold, row.loss,
        ]  # fmt: skip
