"""The audit's numbers as CSV files that a spreadsheet can open without running anything in them."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

import numpy as np
from django.http import HttpResponse
from django.utils.translation import gettext as _

from recommender.audit.cells import CellDocument
from recommender.audit.differences import Difference
from recommender.audit.matrices import FloatArray
from recommender.audit.view import AuditView

Value = str | int | float | None
STARTS_A_FORMULA = re.compile(r"^\s*[=+\-@\t\r]")


def csv_response(name: str, header: Sequence[Value], rows: Iterable[Sequence[Value]]) -> HttpResponse:
    """A file to download; texts that a spreadsheet would take for a formula get an apostrophe in front."""
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow([_cell(value) for value in header])
    writer.writerows([_cell(value) for value in row] for row in rows)
    response = HttpResponse(lines.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _cell(value: Value) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, str):
        return f"'{value}" if STARTS_A_FORMULA.match(value) else value
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def matrix_rows(view: AuditView, matrix: FloatArray) -> Iterable[Sequence[Value]]:
    """One row a tag: its path, in how many held-out documents it is true, its numbers."""
    for path, count, numbers in zip(view.paths, view.sums.tag_counts.tolist(), matrix.tolist(), strict=True):
        yield [path, count, *numbers]


def matrix_header(view: AuditView) -> list[Value]:
    return [_("tag"), "n", *view.paths]


def difference_header() -> list[Value]:
    return [
        _("tag"), _("other tag"), "n", _("with both"),
        _("true tags"), _("low"), _("high"), _("model"), _("low"), _("high"), _("difference"), _("low"), _("high"),
    ]  # fmt: skip


def difference_rows(view: AuditView, differences: Iterable[Difference]) -> Iterable[Sequence[Value]]:
    """Pairs with their numbers and the ends of the intervals."""
    paths = view.paths
    for pair in differences:
        estimates = (pair.truth, pair.model, pair.difference)
        numbers = [number for estimate in estimates for number in (estimate.value, estimate.low, estimate.high)]
        yield [paths[pair.row], paths[pair.column], pair.n_row, pair.n_both, *numbers]


def document_header(row_label: str, column_label: str) -> list[Value]:
    return [
        _("document"), _("external id"), _("title"), f"p({row_label})", f"p({column_label})", _("true tags"),
        _("predicted tags"),
    ]  # fmt: skip


def document_rows(documents: Iterable[CellDocument]) -> Iterable[Sequence[Value]]:
    """Documents with their true and predicted tags; an erased one keeps only its id."""
    for found in documents:
        stored = found.document
        yield [
            str(found.document_id),
            stored.external_id if stored else "",
            stored.title if stored else "",
            found.row_probability,
            found.column_probability,
            " | ".join(tag.label for tag in found.true_tags),
            " | ".join(f"{tag.label} {tag.probability:.2f}" for tag in found.predicted_tags),
        ]
