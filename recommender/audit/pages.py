"""The audit pages of the admin: three heatmaps, the largest differences, the documents behind a cell."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from recommender.audit.cells import Cell, cell_documents, cell_of, cell_page
from recommender.audit.differences import Difference, over_links, under_links
from recommender.audit.figures import audit_figures
from recommender.audit.matrices import SMALL_COUNT
from recommender.audit.tables import (
    csv_response,
    difference_header,
    difference_rows,
    document_header,
    document_rows,
    matrix_header,
    matrix_rows,
)
from recommender.audit.view import MOST_TAGS, Audited, AuditView, Choice, audit_view, audited
from recommender.models import ModelAlias
from tagplatform.common.errors import DomainError, NotFound
from tagplatform.taxonomy.models import Vocabulary

MEASURES = {
    "conditional": gettext_lazy("Share, P(j | i)"),
    "jaccard": gettext_lazy("Jaccard"),
    "lift": gettext_lazy("Lift"),
    "npmi": gettext_lazy("NPMI"),
}
Page = Callable[..., HttpResponse]


def audit_page(*permissions: str) -> Callable[[Page], Page]:
    """Only for staff with these permissions; what cannot be shown becomes a page that says what to do."""

    def decorate(view: Page) -> Page:
        @wraps(view)
        def answered(request: HttpRequest, **parts: str) -> HttpResponse:
            try:
                return view(request, **parts)
            except DomainError as error:
                return _nothing_to_show(request, error)

        allowed = permission_required(permissions, raise_exception=True)(answered)
        checked: Page = admin.site.admin_view(require_GET(allowed))
        return checked

    return decorate


@audit_page("recommender.view_modelversion")
def page(request: HttpRequest) -> HttpResponse:
    """The heatmaps and the largest differences."""
    choice = Choice.of(request.GET.dict())
    subject = audited(choice)
    view = audit_view(subject, choice)
    context = _context(request, subject, choice) | {
        "view": view,
        "figures": audit_figures(view),
        "over": [_described(view, pair, "without") for pair in over_links(view.sums)],
        "under": [_described(view, pair, "with") for pair in under_links(view.sums)],
        "n_small": int(view.sums.small.sum()),
    }
    return TemplateResponse(request, "admin/audit/page.html", context)


@audit_page("recommender.view_modelversion", "content.view_document")
def cell(request: HttpRequest) -> HttpResponse:
    """The documents behind one cell; as a part of the page where the script asks for it."""
    choice = Choice.of(request.GET.dict())
    subject = audited(choice)
    shown = cell_of(subject, request.GET)
    found = cell_page(subject, shown, request.GET.get("page"))
    context = _context(request, subject, choice) | {
        "title": _("Documents behind a cell"),
        "cell": shown,
        "row_label": subject.label(shown.row.id),
        "column_label": subject.label(shown.column.id),
        "found": found,
        "documents": cell_documents(subject, shown, np.asarray(found.object_list)),
        "parts": _parts(choice, shown),
        "part_query": _cell_query(choice, shown),
    }
    template = "admin/audit/cell_documents.html" if "fragment" in request.GET else "admin/audit/cell.html"
    return TemplateResponse(request, template, context)


@audit_page("recommender.view_modelversion", "content.view_document")
def cell_csv(request: HttpRequest) -> HttpResponse:
    """All documents behind one cell."""
    subject = audited(Choice.of(request.GET.dict()))
    shown = cell_of(subject, request.GET)
    header = document_header(subject.label(shown.row.id), subject.label(shown.column.id))
    return csv_response("documents", header, document_rows(cell_documents(subject, shown)))


@audit_page("recommender.view_modelversion")
def matrix_csv(request: HttpRequest, matrix: str) -> HttpResponse:
    """One of the three matrices."""
    view = _view(request)
    numbers = {"truth": view.matrices.truth, "model": view.matrices.model, "difference": view.matrices.difference}
    if matrix not in numbers:
        raise NotFound(_("There is no such matrix."), code="unknown_matrix")
    name = f"{view.audited.version.name}-{view.choice.measure}-{matrix}"
    return csv_response(name, matrix_header(view), matrix_rows(view, numbers[matrix]))


@audit_page("recommender.view_modelversion")
def differences_csv(request: HttpRequest, kind: str) -> HttpResponse:
    """Every pair that the model over-links, or under-links."""
    view = _view(request)
    if kind not in ("over", "under"):
        raise NotFound(_("There is no such list."), code="unknown_list")
    pairs = (over_links if kind == "over" else under_links)(view.sums, limit=None)
    name = f"{view.audited.version.name}-{kind}-links"
    return csv_response(name, difference_header(), difference_rows(view, pairs))


def _view(request: HttpRequest) -> AuditView:
    choice = Choice.of(request.GET.dict())
    return audit_view(audited(choice), choice)


def _described(view: AuditView, pair: Difference, part: str) -> dict[str, Any]:
    """A pair for the table of differences, with the address of the documents that explain it."""
    tags, paths = view.tags, view.paths
    query = view.choice.as_query(row=tags[pair.row].public_id, column=tags[pair.column].public_id, part=part)
    return {
        "pair": pair,
        "row": paths[pair.row],
        "column": paths[pair.column],
        "documents": f"{reverse('audit:cell')}?{query}",
    }


def _cell_query(choice: Choice, shown: Cell) -> str:
    return choice.as_query(row=shown.row.public_id, column=shown.column.public_id, part=shown.part)


def _parts(choice: Choice, shown: Cell) -> list[dict[str, Any]]:
    names = {"without": _("without the second tag"), "with": _("with both tags"), "all": _("all with the first tag")}
    ids = {"row": shown.row.public_id, "column": shown.column.public_id}
    return [
        {"name": name, "query": choice.as_query(part=part, **ids), "current": part == shown.part}
        for part, name in names.items()
    ]


def _context(request: HttpRequest, subject: Audited, choice: Choice) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "title": _("Co-occurrence and model"),
        "choice": choice,
        "choice_query": choice.as_query(),
        "subject": subject,
        "vocabularies": _vocabularies(),
        "facets": subject.facets(),
        "measures": MEASURES,
        "most_tags": MOST_TAGS,
        "small_count": SMALL_COUNT,
    }


def _vocabularies() -> list[Vocabulary]:
    """Those with a champion; the others have nothing to audit yet."""
    live = ModelAlias.objects.filter(name=ModelAlias.Name.CHAMPION).values("vocabulary")
    return list(Vocabulary.objects.filter(pk__in=live))


def _nothing_to_show(request: HttpRequest, error: DomainError) -> HttpResponse:
    choice = Choice.of(request.GET.dict())
    context = {
        **admin.site.each_context(request),
        "title": _("Co-occurrence and model"),
        "error": error,
        "vocabularies": _vocabularies(),
        "vocabulary": Vocabulary.objects.filter(slug=choice.vocabulary).first(),
    }
    return TemplateResponse(request, "admin/audit/nothing.html", context, status=error.status)
