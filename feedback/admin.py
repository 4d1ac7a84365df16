"""The ledger in the admin: read by period or by id, changed by nobody."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from feedback.models import (
    Decision,
    FeedbackEvent,
    Outcome,
    Recommendation,
    StandingRejection,
    Suggestion,
    TagMonthTotal,
)
from tagplatform.common.admin import LargeTablePaginator, LedgerAdmin, PeriodFilter, ReadOnlyAdmin, link_to
from tagplatform.taxonomy.models import Tag

DECISION_COLOURS = {
    "accepted": "success", "added": "info", "rejected": "danger", "ignored": "warning", "removed": "danger",
}  # fmt: skip


class OutcomePeriodFilter(PeriodFilter):
    """An outcome has the id of its recommendation."""

    id_field = "recommendation_id"


class LedgerInline(TabularInline):
    """Rows of the ledger that belong to a recommendation."""

    extra = 0
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("tag")  # type: ignore[no-any-return]


class SuggestionInline(LedgerInline):
    """The ranked list."""

    model = Suggestion
    fields = ("rank", "tag", "probability", "raw_score", "above_threshold", "shown", "origin")


class DecisionInline(LedgerInline):
    """What was decided on it, in order."""

    model = Decision
    fields = ("tag", "kind", "rank", "probability", "actor", "created_at")
    readonly_fields = ("created_at",)
    ordering = ("id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("actor")


def document_link(document: Any) -> str:
    """A link to the document; a dash where its text was not stored or has been erased."""
    if document is None:
        return "–"
    return link_to(reverse("admin:content_document_change", args=[document.pk]), document)


@admin.register(Recommendation)
class RecommendationAdmin(LedgerAdmin):
    """One ranked list as it was given."""

    searched_prefix = Recommendation.id_prefix
    inlines = (SuggestionInline, DecisionInline)
    list_display = (
        "public_id", "created_at", "vocabulary", "source", "title", "model_version", "policy", "abstained",
        "shown_latency",
    )  # fmt: skip
    list_filter = (
        PeriodFilter, "vocabulary", "source", "policy", "abstained", "degraded",
        ("document", AutocompleteSelectFilter),
    )  # fmt: skip
    list_select_related = ("vocabulary", "source", "document")
    fields = (
        "public_id", "created_at", "vocabulary", "vocabulary_version", "source", "title", "model_version", "policy",
        "shown_latency", "truncated", "degraded", "abstained", "outcome_text", "content_hash",
    )  # fmt: skip
    readonly_fields = ("public_id", "title", "shown_latency", "outcome_text")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recommendation]:
        return super().get_queryset(request).defer("document__body", "document__extra")  # type: ignore[no-any-return]

    @display(description=_("document"))
    def title(self, recommendation: Recommendation) -> str:
        return document_link(recommendation.document)

    @display(description=_("milliseconds"))
    def shown_latency(self, recommendation: Recommendation) -> str:
        return f"{recommendation.latency_ms:.1f}"

    @display(description=_("outcome"))
    def outcome_text(self, recommendation: Recommendation) -> str:
        outcome = Outcome.objects.select_related("actor").filter(pk=recommendation.pk).first()
        if outcome is None:
            return gettext("none reported")
        link = reverse("admin:feedback_outcome_change", args=[outcome.pk])
        return link_to(link, outcome.get_status_display())


@admin.register(Suggestion)
class SuggestionAdmin(LedgerAdmin):
    """Every suggestion of every answer."""

    list_display = (
        "id", "recommendation_link", "rank", "tag", "probability", "above_threshold", "shown", "origin",
    )  # fmt: skip
    list_filter = (PeriodFilter, "origin", "above_threshold", "shown", ("tag", AutocompleteSelectFilter))
    list_select_related = ("tag",)
    ordering = ("-id",)
    fields = (
        "recommendation_link", "rank", "tag", "raw_score", "probability", "adjustment", "above_threshold", "shown",
        "origin", "propensity",
    )  # fmt: skip
    readonly_fields = ("recommendation_link",)

    @display(description=_("recommendation"))
    def recommendation_link(self, suggestion: Suggestion) -> str:
        link = reverse("admin:feedback_recommendation_change", args=[suggestion.recommendation_id])
        return link_to(link, _("open"))


@admin.register(Outcome)
class OutcomeAdmin(LedgerAdmin):
    """What became of recommendations."""

    searched_prefix = Recommendation.id_prefix
    list_display = ("recommendation_id", "status", "title", "n_tags", "revision", "actor", "updated_at")
    list_filter = (OutcomePeriodFilter, "status", ("document", AutocompleteSelectFilter))
    list_select_related = ("document", "actor")
    fields = ("recommendation_link", "status", "title", "final_tags", "revision", "actor", "created_at", "updated_at")
    readonly_fields = ("recommendation_link", "title", "final_tags")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Outcome]:
        return super().get_queryset(request).defer("document__body", "document__extra")  # type: ignore[no-any-return]

    @display(description=_("document"))
    def title(self, outcome: Outcome) -> str:
        return document_link(outcome.document)

    @display(description=_("tags"))
    def n_tags(self, outcome: Outcome) -> int:
        return len(outcome.final_tag_ids)

    @display(description=_("recommendation"))
    def recommendation_link(self, outcome: Outcome) -> str:
        link = reverse("admin:feedback_recommendation_change", args=[outcome.recommendation_id])
        return link_to(link, _("open"))

    @display(description=_("final tags"))
    def final_tags(self, outcome: Outcome) -> str:
        tags = Tag.objects.filter(pk__in=outcome.final_tag_ids)
        rows = ((reverse("admin:taxonomy_tag_change", args=[tag.pk]), tag.notation) for tag in tags)
        return format_html_join(", ", '<a class="admin-link" href="{}">{}</a>', rows) or gettext("none")


@admin.register(Decision)
class DecisionAdmin(LedgerAdmin):
    """What people decided, tag by tag."""

    searched_prefix = Decision.id_prefix
    list_display = ("public_id", "created_at", "shown_kind", "tag", "title", "rank", "shown_probability", "actor")
    list_filter = (
        PeriodFilter, "kind", "vocabulary", "source", ("tag", AutocompleteSelectFilter),
        ("actor", AutocompleteSelectFilter), ("document", AutocompleteSelectFilter),
    )  # fmt: skip
    list_select_related = ("tag", "document", "actor")
    fields = (
        "public_id", "created_at", "kind", "vocabulary", "source", "tag", "title", "rank", "probability", "actor",
        "recommendation_link",
    )  # fmt: skip
    readonly_fields = ("public_id", "title", "recommendation_link")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        return super().get_queryset(request).defer("document__body", "document__extra")  # type: ignore[no-any-return]

    @display(description=_("document"))
    def title(self, decision: Decision) -> str:
        return document_link(decision.document)

    @display(description=_("decision"), label=DECISION_COLOURS)
    def shown_kind(self, decision: Decision) -> tuple[str, str]:
        return decision.kind, decision.get_kind_display()

    @display(description=_("probability"))
    def shown_probability(self, decision: Decision) -> str:
        return "–" if decision.probability is None else f"{decision.probability:.0%}"

    @display(description=_("recommendation"))
    def recommendation_link(self, decision: Decision) -> str:
        if decision.recommendation_id is None:
            return "–"
        link = reverse("admin:feedback_recommendation_change", args=[decision.recommendation_id])
        return link_to(link, _("open"))


@admin.register(FeedbackEvent)
class FeedbackEventAdmin(ReadOnlyAdmin):
    """Ids of events that clients have sent, so that each counts once."""

    list_display = ("event_id", "source", "created_at", "decision_id")
    list_filter = ("source",)
    list_select_related = ("source",)
    search_fields = ("=event_id",)
    search_help_text = _("The whole id of the event.")
    ordering = ("-id",)
    show_full_result_count = False
    paginator = LargeTablePaginator


@admin.register(TagMonthTotal)
class TagMonthTotalAdmin(ReadOnlyAdmin):
    """How often each tag was shown and decided, month by month."""

    list_display = ("tag", "month", "shown", "accepted", "rejected", "ignored", "added", "removed")
    list_filter = ("month", "tag__vocabulary", ("tag", AutocompleteSelectFilter))
    list_select_related = ("tag",)
    search_fields = ("=tag__notation",)
    search_help_text = _("The whole code of a tag.")
    show_full_result_count = False
    paginator = LargeTablePaginator


@admin.register(StandingRejection)
class StandingRejectionAdmin(ReadOnlyAdmin):
    """Which tags stay away from which texts, because somebody rejected them there."""

    list_display = ("tag", "title", "source", "decided_at")
    list_filter = ("tag__vocabulary", "source", ("tag", AutocompleteSelectFilter))
    list_select_related = ("tag", "document", "source")
    fields = ("tag", "title", "source", "content_hash", "recommendation_link", "decided_at")
    readonly_fields = ("title", "recommendation_link")
    search_fields = ("=tag__notation",)
    search_help_text = _("The whole code of a tag.")
    show_full_result_count = False
    paginator = LargeTablePaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[StandingRejection]:
        return super().get_queryset(request).defer("document__body", "document__extra")  # type: ignore[no-any-return]

    @display(description=_("document"))
    def title(self, rejection: StandingRejection) -> str:
        return document_link(rejection.document)

    @display(description=_("recommendation"))
    def recommendation_link(self, rejection: StandingRejection) -> str:
        if rejection.recommendation_id is None:
            return "–"
        link = reverse("admin:feedback_recommendation_change", args=[rejection.recommendation_id])
        return link_to(link, _("open"))
