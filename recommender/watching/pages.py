"""The watching page of the admin: time lines of the live figures, the same as a table, the same as a file."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from recommender.audit.tables import csv_response
from recommender.models import Alert
from recommender.watching.drift import watch_policy
from recommender.watching.drift_view import CSV_HEADER as DRIFT_HEADER
from recommender.watching.drift_view import DriftView
from recommender.watching.view import CSV_HEADER, PERIODS, Choice, watched
from tagplatform.common.errors import DomainError
from tagplatform.taxonomy.models import Vocabulary

Page = Callable[[HttpRequest], HttpResponse]
TEMPLATE = "admin/watching/page.html"


def watching_page(view: Page) -> Page:
    """Only for staff who may see figures; what cannot be shown becomes a page that says what to do."""

    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except DomainError as error:
            return TemplateResponse(request, TEMPLATE, _context(request) | {"error": error}, status=error.status)

    allowed = permission_required("recommender.view_dailyfigure", raise_exception=True)(answered)
    checked: Page = admin.site.admin_view(require_GET(allowed))
    return checked


@watching_page
def page(request: HttpRequest) -> HttpResponse:
    """The figures of a vocabulary."""
    choice = Choice.of(request.GET.dict())
    subject = watched(choice)
    drift = DriftView(subject.vocabulary, subject.window.first, subject.window.last)
    context = _context(request) | {
        "subject": subject,
        "drift": drift,
        "alerts": Alert.objects.filter(rule__vocabulary=subject.vocabulary, closed_at=None).select_related(
            "rule", "acknowledged_by"
        ),
        "policy": watch_policy(subject.vocabulary),
        "policy_address": reverse("admin:taxonomy_vocabulary_change", args=[subject.vocabulary.pk]),
        "may_change": request.user.has_perm("recommender.change_watchpolicy"),
        "choice": choice,
        "query": choice.as_query(),
        "periods": PERIODS,
        "figures": subject.charts() | drift.charts(),
    }
    return TemplateResponse(request, TEMPLATE, context)


@watching_page
def figures_csv(request: HttpRequest) -> HttpResponse:
    """What the charts show, a line for each step and figure."""
    subject = watched(Choice.of(request.GET.dict()))
    return csv_response(f"{subject.vocabulary.slug}-figures", CSV_HEADER, subject.csv_rows())


@watching_page
def drift_csv(request: HttpRequest) -> HttpResponse:
    """Every distance of the period."""
    subject = watched(Choice.of(request.GET.dict()))
    drift = DriftView(subject.vocabulary, subject.window.first, subject.window.last)
    return csv_response(f"{subject.vocabulary.slug}-drift", DRIFT_HEADER, drift.csv_rows())


def _context(request: HttpRequest) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "title": _("Watching"),
        "vocabularies": Vocabulary.objects.all(),
    }
