"""The negative pool's page in the admin: totals, bars, a table with filters, CSV."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from feedback.states import State
from recommender.audit.tables import csv_response
from recommender.models import DataSnapshot
from recommender.reports.pool import MOST_ROWS, NEGATIVE, POSITIVE, PoolChoice, PoolView, csv_header
from tagplatform.common.errors import DomainError
from tagplatform.taxonomy.models import Vocabulary

NEWEST = "admin:recommender_datasnapshot_newest_pool"


def newest_pool(request: HttpRequest) -> HttpResponse:
    """The pool of a vocabulary's newest snapshot, of the first vocabulary where none is chosen."""
    ready = DataSnapshot.objects.exclude(status=DataSnapshot.Status.DELETED).order_by("-id")
    slug = request.GET.get("vocabulary", "")
    snapshot = (ready.filter(vocabulary__slug=slug) if slug else ready).select_related("vocabulary").first()
    if snapshot is None:
        return TemplateResponse(request, "admin/recommender/pool.html", _context(request))
    return _page(request, snapshot)


def pool(request: HttpRequest, snapshot_id: Any) -> HttpResponse:
    """The pool of one snapshot."""
    return _page(request, _snapshot(snapshot_id))


def pool_csv(request: HttpRequest, snapshot_id: Any) -> HttpResponse:
    """The chosen cells as a file."""
    snapshot = _snapshot(snapshot_id)
    try:
        view = PoolView(snapshot, PoolChoice.of(request.GET))
        return csv_response(f"{snapshot.vocabulary.slug}-pool", csv_header(), view.csv_rows())
    except DomainError as error:
        context = _context(request) | {"error": error, "snapshot": snapshot}
        return TemplateResponse(request, "admin/recommender/pool.html", context, status=error.status)


def _page(request: HttpRequest, snapshot: DataSnapshot) -> HttpResponse:
    context = _context(request) | {"snapshot": snapshot}
    try:
        view = PoolView(snapshot, PoolChoice.of(request.GET))
        found, rows = view.rows(request.GET.get("page"))
        context |= {
            "view": view,
            "choice": view.choice,
            "found": found,
            "rows": rows,
            "figures": view.figures(),
            "states": [(each, State(each).label) for each in (*NEGATIVE, *POSITIVE)],
            "may_read": request.user.has_perm("content.view_document"),
            "most_rows": MOST_ROWS,
            "query": _query(request),
        }
    except DomainError as error:
        context |= {"error": error}
        return TemplateResponse(request, "admin/recommender/pool.html", context, status=error.status)
    return TemplateResponse(request, "admin/recommender/pool.html", context)


def _snapshot(snapshot_id: Any) -> DataSnapshot:
    snapshot = DataSnapshot.objects.select_related("vocabulary", "training_run").filter(pk=snapshot_id).first()
    if snapshot is None:
        raise Http404
    return snapshot


def _query(request: HttpRequest) -> str:
    kept = request.GET.copy()
    kept.pop("page", None)
    return kept.urlencode()


def _context(request: HttpRequest) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "title": _("Negative pool"),
        "opts": DataSnapshot._meta,
        "vocabularies": Vocabulary.objects.filter(data_snapshots__isnull=False).distinct().order_by("name"),
    }


def pool_address(snapshot: DataSnapshot) -> str:
    """Where the snapshot's pool is shown."""
    return reverse("admin:recommender_datasnapshot_pool", args=[snapshot.pk])


def pool_urls() -> list[URLPattern]:
    """Addresses below the admin's list of snapshots."""
    routes: list[tuple[str, Callable[..., HttpResponse], str]] = [
        ("pool/", newest_pool, "newest_pool"),
        ("<uuid:snapshot_id>/pool/", pool, "pool"),
        ("<uuid:snapshot_id>/pool.csv", pool_csv, "pool_csv"),
    ]
    allowed = permission_required("recommender.view_datasnapshot", raise_exception=True)
    return [
        path(route, admin.site.admin_view(require_GET(allowed(view))), name=f"recommender_datasnapshot_{name}")
        for route, view, name in routes
    ]
