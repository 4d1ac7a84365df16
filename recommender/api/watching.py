"""What is watched, over HTTP: live figures over time, drift, alerts. All of it is read from the aggregates."""

import math
import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from recommender.api import watching_examples as examples
from recommender.api import watching_shapes as shapes
from recommender.api.presenters import present_interval
from recommender.models import Alert, DriftValue
from recommender.models.figures import FIGURES
from recommender.watching.drift import MEASURES_OF_TAGS
from recommender.watching.selectors import Figures, Window, counted_until, figures_by_step
from tagplatform.common.api import ApiView, PagedView, query_of
from tagplatform.common.errors import InvalidInput, NotFound
from tagplatform.common.ids import format_public_id
from tagplatform.common.scopes import Scope
from tagplatform.common.text import clean_text
from tagplatform.content.api.callers import chosen_source
from tagplatform.taxonomy.models import Tag, Vocabulary
from tagplatform.taxonomy.selectors import TagEntry, find_vocabulary, vocabulary_snapshot

WATCHING = ["Watching"]


def vocabulary_in_path(text: str) -> Vocabulary:
    """By slug or public id; what is neither is not found."""
    try:
        return find_vocabulary(clean_text(text) or "-")
    except InvalidInput as error:
        detail = _("There is nothing with the id “%(id)s”.") % {"id": text[:80]}
        raise NotFound(detail, code="unknown_vocabulary") from error


class VocabularyFigures(ApiView):
    """Live figures."""

    read_scope = Scope.MODELS_READ

    @extend_schema(
        operation_id="list_figures",
        tags=WATCHING,
        summary="Read what live decisions say of the answers",
        parameters=[shapes.FiguresQuery],
        responses=shapes.FiguresShape,
        examples=[examples.FIGURES],
    )
    def get(self, request: Request, vocabulary: str) -> Response:
        """Figures by day, week or month, each with its 95 % interval, oldest first, in one answer without pages.

        A day's figures stand some minutes after each hour, and move for weeks while outcomes come in.
        """
        query = query_of(request, shapes.FiguresQuery)
        found = vocabulary_in_path(vocabulary)
        by_day = query["step"] == "day"
        first, last = shapes.period_of(query, most_days=shapes.MOST_DAYS_BY_DAY if by_day else shapes.MOST_DAYS)
        window = Window(
            found,
            first,
            last,
            chosen_source(request, query["source"]).pk if "source" in query else None,
            query.get("model_version", ""),
            query["documents"] == "blind",
        )
        wanted = [query["figure"]] if "figure" in query else list(FIGURES)
        steps = figures_by_step(window, query["step"])
        results = [{"start": start, "figures": _present_figures(steps[start], wanted)} for start in steps]
        return Response(
            {
                "from": first,
                "to": last,
                "vocabulary": found.slug,
                "step": query["step"],
                "counted_until": counted_until(found),
                "results": [step for step in results if step["figures"]],
            }
        )


class VocabularyDrift(ApiView):
    """Drift."""

    read_scope = Scope.MODELS_READ

    @extend_schema(
        operation_id="list_drift",
        tags=WATCHING,
        summary="Read how far live texts, suggestions and tags are from the champion's training",
        parameters=[shapes.PeriodQuery],
        responses=shapes.DriftAnswer,
        examples=[examples.DRIFT],
    )
    def get(self, request: Request, vocabulary: str) -> Response:
        """Every measure of every night in the period, 92 days at most, oldest first, in one answer without pages."""
        query = query_of(request, shapes.PeriodQuery)
        found = vocabulary_in_path(vocabulary)
        first, last = shapes.period_of(query, most_days=shapes.MOST_DAYS_BY_DAY)
        values = DriftValue.objects.filter(vocabulary=found, day__range=(first, last)).order_by("day", "measure")
        tags = vocabulary_snapshot(found.pk).tags
        results = [_present_drift(value, tags) for value in values]
        return Response({"from": first, "to": last, "vocabulary": found.slug, "results": results})


class VocabularyAlerts(PagedView):
    """Alerts."""

    read_scope = Scope.MODELS_READ

    @extend_schema(
        operation_id="list_alerts",
        tags=WATCHING,
        summary="List alerts",
        parameters=[shapes.AlertsQuery],
        responses=shapes.AlertShape(many=True),
        examples=[examples.ALERT],
    )
    def get(self, request: Request, vocabulary: str) -> Response:
        """Alerts of the vocabulary's rules, newest first; `state=open` for those that stand now."""
        query = self.filters(shapes.AlertsQuery)
        found = vocabulary_in_path(vocabulary)
        alerts = Alert.objects.filter(rule__vocabulary=found).select_related("rule")
        if "state" in query:
            alerts = alerts.filter(closed_at__isnull=query["state"] == "open")
        return self.answer([_present_alert(alert, found) for alert in self.page(alerts)])


def _present_figures(figures: Figures, wanted: list[str]) -> list[dict[str, Any]]:
    """In the order of the charts; what has no value is left out."""
    return [
        {"figure": name, **present_interval(figures[name].interval), "n": figures[name].n}
        for name in wanted
        if name in figures and not math.isnan(figures[name].interval.value)
    ]


def _present_drift(value: DriftValue, tags: Mapping[uuid.UUID, TagEntry]) -> dict[str, Any]:
    of_tags = value.measure in MEASURES_OF_TAGS
    return {
        "day": value.day,
        "model_version": value.model_version,
        "measure": value.measure,
        "distance": value.value,
        "expected": value.expected,
        "critical": value.critical,
        "limit": value.limit,
        "is_drift": value.is_drift,
        "n_reference": value.n_reference,
        "n_current": value.n_current,
        "reason": value.reason or None,
        "changes": [_present_change(change, tags if of_tags else None) for change in value.changes],
    }


def _present_change(change: list[Any], tags: Mapping[uuid.UUID, TagEntry] | None) -> dict[str, Any]:
    """From name, share before, share now, part of the distance; the name of a tag is its key."""
    name, before, now, _part = change
    shares = {"before": before, "now": now}
    if tags is None:
        return {"name": name, "tag": None, **shares}
    tag = tags.get(uuid.UUID(name))
    if tag is None:
        return {"name": "–", "tag": None, **shares}
    return {"name": tag.label(get_language() or ""), "tag": format_public_id(Tag.id_prefix, tag.id), **shares}


def _present_alert(alert: Alert, vocabulary: Vocabulary) -> dict[str, Any]:
    rule = alert.rule
    return {
        "id": alert.public_id,
        "vocabulary": vocabulary.slug,
        "rule": {
            "id": rule.public_id,
            "measure": rule.measure,
            "comparison": rule.comparison,
            "limit": rule.limit,
            "window_days": rule.window_days,
        },
        "state": "open" if alert.closed_at is None else "closed",
        "value": alert.value,
        "last_value": alert.last_value,
        "n_documents": alert.n_documents,
        "opened_at": alert.opened_at,
        "closed_at": alert.closed_at,
        "acknowledged_at": alert.acknowledged_at,
    }
