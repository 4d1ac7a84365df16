"""The report pages of a model version: the whole, the table of its tags, one tag, the map of the tags."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from recommender.audit.tables import csv_response
from recommender.ml.tag_space import nearest_tags
from recommender.models import ModelVersion
from recommender.reports.examples import KINDS, Kind, example_page, example_rows, examples
from recommender.reports.overview import overview
from recommender.reports.source import Reported
from recommender.reports.space_chart import mapped_columns, space_chart
from recommender.reports.tag_rows import (
    COLUMNS,
    TableChoice,
    csv_header,
    csv_rows,
    page_of_rows,
    tag_row,
    tag_rows,
)
from tagplatform.common.errors import DomainError

Page = Callable[..., HttpResponse]
N_NEAREST = 12
MOST_FOUND = 30


@dataclass(frozen=True)
class Neighbour:
    """A tag that is near to another."""

    path: str
    public_id: str
    similarity: float


def report_page(view: Page) -> Page:
    """Only for staff who may see versions; what cannot be shown becomes a page that says what to do."""

    @wraps(view)
    def answered(request: HttpRequest, version_id: Any, **parts: str) -> HttpResponse:
        version = ModelVersion.objects.select_related("vocabulary", "training_run").filter(pk=version_id).first()
        if version is None:
            raise Http404
        try:
            return view(request, Reported(version), **parts)
        except DomainError as error:
            context = _context(request, version) | {"error": error}
            return TemplateResponse(request, "admin/recommender/report/nothing.html", context, status=error.status)

    allowed = permission_required("recommender.view_modelversion", raise_exception=True)(answered)
    checked: Page = admin.site.admin_view(require_GET(allowed))
    return checked


@report_page
def report(request: HttpRequest, subject: Reported) -> HttpResponse:
    """Headline, calibration, precision and recall, tail and head, the worst tags, what training said."""
    context = _context(request, subject.version) | overview(subject)
    return TemplateResponse(request, "admin/recommender/report/page.html", context)


@report_page
def tags(request: HttpRequest, subject: Reported) -> HttpResponse:
    """The table of the version's tags."""
    choice = TableChoice.of(request.GET)
    context = _context(request, subject.version) | {
        "title": _("Tags of %(version)s") % {"version": subject.version.name},
        "subject": subject,
        "choice": choice,
        "columns": [_column(each, choice) for each in COLUMNS],
        "found": page_of_rows(tag_rows(subject, choice), request.GET.get("page")),
    }
    return TemplateResponse(request, "admin/recommender/report/tags.html", context)


@report_page
def tags_csv(request: HttpRequest, subject: Reported) -> HttpResponse:
    """The same table, whole."""
    rows = tag_rows(subject, TableChoice.of(request.GET))
    return csv_response(f"{subject.version.name}-tags", csv_header(), csv_rows(rows))


@report_page
def tag(request: HttpRequest, subject: Reported, tag_id: str) -> HttpResponse:
    """One tag: its figures, the tags near to it, the documents on which the version is wrong about it."""
    column = subject.column_of(tag_id)
    context = _context(request, subject.version) | {
        "title": subject.path_of(column),
        "subject": subject,
        "row": tag_row(subject, column),
        "tag": subject.tag_of(column),
        "neighbours": neighbours(subject, column),
        **_examples(request, subject, column),
    }
    return TemplateResponse(request, "admin/recommender/report/tag.html", context)


@report_page
def space(request: HttpRequest, subject: Reported) -> HttpResponse:
    """The map of the tags, and the tags nearest to a chosen one."""
    query = request.GET.get("q", "").strip()[:200]
    found = subject.found_columns(query) if query else []
    chosen = _chosen(request, subject, found)
    shown = mapped_columns(subject, chosen)
    context = _context(request, subject.version) | {
        "title": _("Map of the tags of %(version)s") % {"version": subject.version.name},
        "subject": subject,
        "query": query,
        "found": [_named(subject, column) for column in found[:MOST_FOUND]] if len(found) != 1 else [],
        "n_found": len(found),
        "chosen": None if chosen is None else _named(subject, chosen),
        "neighbours": [] if chosen is None else neighbours(subject, chosen),
        "shown": shown,
        "figures": {"space": space_chart(subject, shown.columns, chosen)},
    }
    return TemplateResponse(request, "admin/recommender/report/space.html", context)


def neighbours(subject: Reported, column: int) -> list[Neighbour]:
    """The nearest tags that still stand in the vocabulary; none where the space cannot be had."""
    try:
        vectors = subject.space.vectors
    except DomainError:
        return []
    labels, similarities = nearest_tags(vectors, column, len(vectors))
    known = set(subject.known.values())
    near = [
        (label, similarity)
        for label, similarity in zip(labels.tolist(), similarities.tolist(), strict=True)
        if label in known
    ]
    return [
        Neighbour(subject.path_of(label), subject.tag_of(label).public_id, similarity)
        for label, similarity in near[:N_NEAREST]
    ]


def _chosen(request: HttpRequest, subject: Reported, found: list[int]) -> int | None:
    if request.GET.get("tag"):
        return subject.column_of(request.GET["tag"])
    return found[0] if len(found) == 1 else None


def _named(subject: Reported, column: int) -> Neighbour:
    return Neighbour(subject.path_of(column), subject.tag_of(column).public_id, 1.0)


def _examples(request: HttpRequest, subject: Reported, column: int) -> dict[str, Any]:
    """The documents, for those who may see documents."""
    if not request.user.has_perm("content.view_document"):
        return {}
    asked = request.GET.get("kind", "")
    kind: Kind = next((each for each in KINDS if each == asked), "missed")
    names = {"missed": _("missed"), "wrong": _("wrongly suggested"), "right": _("found")}
    found = example_page(subject, column, kind, request.GET.get("page"))
    return {
        "kinds": [(each, names[each], len(example_rows(subject, column, each)), each == kind) for each in KINDS],
        "kind": kind,
        "found": found,
        "examples": examples(subject, column, np.asarray(found.object_list)),
    }


def _column(column: Any, choice: TableChoice) -> dict[str, Any]:
    """A column's head: where a click leads, and how the rows stand now."""
    is_sorted = choice.sort.removeprefix("-") == column.key
    turned = column.key if choice.sort.startswith("-") else f"-{column.key}"
    direction = "descending" if choice.sort.startswith("-") else "ascending"
    return {"column": column, "sort": turned if is_sorted else column.first, "order": direction if is_sorted else ""}


def _context(request: HttpRequest, version: ModelVersion) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "title": _("Report of %(version)s") % {"version": version.name},
        "version": version,
        "opts": ModelVersion._meta,
    }


def report_address(version: ModelVersion) -> str:
    """Where the version's report stands."""
    return reverse("admin:recommender_modelversion_report", args=[version.pk])


def report_urls() -> list[URLPattern]:
    """Addresses below the admin's list of versions."""
    routes = [
        ("report/", report, "report"),
        ("report/tags/", tags, "report_tags"),
        ("report/tags.csv", tags_csv, "report_tags_csv"),
        ("report/tags/<str:tag_id>/", tag, "report_tag"),
        ("report/map/", space, "report_map"),
    ]
    return [
        path(f"<uuid:version_id>/{route}", view, name=f"recommender_modelversion_{name}")
        for route, view, name in routes
    ]
