"""Adjustments between retrainings in the admin: what moves and why, forgotten by a button, switched off by a policy."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from unfold.admin import StackedInline
from unfold.decorators import display

from feedback.models import LearningCut, TagDecisionCount
from recommender.adjustments import MovedTag, adjustment_policy, moved_tags, reset_adjustments
from recommender.admin.vocabulary_pages import address_of, vocabulary_page
from recommender.models import AdjustmentPolicy
from recommender.selectors import champion
from tagplatform.common.admin import Button, LargeTablePaginator, PlatformAdmin, ReadOnlyAdmin, link_to
from tagplatform.content.models import Source
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import vocabulary_snapshot

TAGS_A_PAGE = 100
PAGE = "admin:recommender_adjustmentpolicy_moved"
LIMITS = ("cap", "actor_cap", "decisions_per_actor", "people_behind_key", "prior_strength")
EXPLORATION = ("exploration_share", "under_trained_examples")


class AdjustmentPolicyInline(StackedInline):
    """The switch on the vocabulary's page."""

    model = AdjustmentPolicy
    can_delete = False
    extra = 0
    fields = ("is_on", "new_tags_from_examples", *LIMITS, *EXPLORATION)


@dataclass(frozen=True)
class Row:
    """A line of the page."""

    moved: MovedTag
    path: str
    source: Source | None

    @property
    def example(self) -> str:
        """What becomes of an even chance."""
        return f"{self.moved.chance_of_even:.0%}"


@admin.register(AdjustmentPolicy)
class AdjustmentPolicyAdmin(PlatformAdmin):
    """Switch and limits of every vocabulary, and the page that lists what moves."""

    list_display = ("vocabulary", "is_on", "cap", "actor_cap", "moved_link")
    list_filter = ("is_on",)
    list_select_related = ("vocabulary",)
    search_fields = ("vocabulary__name", "vocabulary__slug")
    autocomplete_fields = ("vocabulary",)
    readonly_fields = ("moved_link",)
    fieldsets = (
        (None, {"fields": ("vocabulary", "is_on", "moved_link", "new_tags_from_examples")}),
        (gettext_lazy("Limits"), {"fields": LIMITS}),
        (gettext_lazy("Trying out"), {"fields": EXPLORATION}),
    )
    actions_detail = ("reset_all",)

    def get_readonly_fields(self, request: HttpRequest, obj: AdjustmentPolicy | None = None) -> Any:
        """A policy stays with its vocabulary."""
        return (*self.readonly_fields, "vocabulary") if obj else self.readonly_fields

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("moved/", admin.site.admin_view(moved_page), name="recommender_adjustmentpolicy_moved"),
            path("moved/reset/", admin.site.admin_view(reset_one), name="recommender_adjustmentpolicy_reset"),
        ]
        return [*own, *super().get_urls()]

    @display(description=gettext_lazy("moved tags"))
    def moved_link(self, policy: AdjustmentPolicy) -> str:
        return link_to(address_of(PAGE, policy.vocabulary), _("which tags move, and why")) if policy.pk else "–"

    @Button(
        gettext_lazy("Reset all adjustments"),
        permission="recommender.change_adjustmentpolicy",
        icon="restart_alt",
        question=gettext_lazy(
            "Every tag of the vocabulary goes back to where the model puts it, in all sources, and counting begins "
            "anew. The decisions stay in the ledger, and the next training run learns from them."
        ),
        danger=True,
    )
    def reset_all(self, request: HttpRequest, policy: AdjustmentPolicy, answers: dict[str, Any]) -> HttpResponse:
        reset_adjustments(vocabulary=policy.vocabulary)
        messages.success(request, _("All adjustments of the vocabulary are reset."))
        return HttpResponseRedirect(address_of(PAGE, policy.vocabulary))


@require_GET
@permission_required("recommender.view_adjustmentpolicy", raise_exception=True)
def moved_page(request: HttpRequest) -> HttpResponse:
    """What moves in a vocabulary, the furthest first, with the decisions behind it."""
    vocabulary, context = vocabulary_page(request, _("Adjustments between retrainings"))
    context |= {
        "may_reset": request.user.has_perm("recommender.change_adjustmentpolicy"),
        **(_moved(vocabulary, request) if vocabulary else {}),
    }
    return TemplateResponse(request, "admin/recommender/adjustments.html", context)


def _moved(vocabulary: Vocabulary, request: HttpRequest) -> dict[str, Any]:
    policy = adjustment_policy(vocabulary.pk)
    version = champion(vocabulary)
    found = moved_tags(vocabulary, version)
    page = Paginator(found, TAGS_A_PAGE).get_page(request.GET.get("page"))
    tags = vocabulary_snapshot(vocabulary.pk, version=vocabulary.version).tags
    sources = Source.objects.in_bulk([moved.source_id for moved in page if moved.source_id])
    language = get_language() or ""
    rows = [
        Row(moved, " › ".join(tags[moved.tag_id].path(language)), sources.get(moved.source_id))
        for moved in page
        if moved.tag_id in tags
    ]
    return {"policy": policy, "version": version, "rows": rows, "page": page}


@require_POST
@permission_required("recommender.change_adjustmentpolicy", raise_exception=True)
def reset_one(request: HttpRequest) -> HttpResponse:
    """Forget what was counted of one tag in one source."""
    vocabulary = get_object_or_404(Vocabulary, slug=request.POST.get("vocabulary"))
    tag = get_object_or_404(vocabulary.tags, pk=_key(request.POST.get("tag")))
    source = _key(request.POST.get("source"))
    n_rows = reset_adjustments(vocabulary=vocabulary, tag_id=tag.pk, source_id=source)
    admin.site._registry[AdjustmentPolicy].log_change(request, tag, _("Adjustment reset"))
    words = ngettext(
        "The adjustment of “%(tag)s” is reset: %(n)d count is forgotten.",
        "The adjustment of “%(tag)s” is reset: %(n)d counts are forgotten.",
        n_rows,
    )
    messages.success(request, words % {"tag": tag.notation, "n": n_rows})
    return HttpResponseRedirect(address_of(PAGE, vocabulary))


def _key(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None


@admin.register(TagDecisionCount)
class TagDecisionCountAdmin(ReadOnlyAdmin):
    """The counts that adjustments come from, person by person."""

    list_display = ("tag", "source", "actor", "since", "accepted", "rejected", "ignored", "added")
    list_filter = ("vocabulary", "source")
    list_select_related = ("tag", "source", "actor")
    search_fields = ("=tag__notation",)
    search_help_text = gettext_lazy("The whole code of a tag.")
    show_full_result_count = False
    paginator = LargeTablePaginator


@admin.register(LearningCut)
class LearningCutAdmin(ReadOnlyAdmin):
    """When training runs began to read the decisions."""

    list_display = ("vocabulary", "since")
    list_filter = ("vocabulary",)
    list_select_related = ("vocabulary",)
    search_fields = ("vocabulary__name", "vocabulary__slug")
