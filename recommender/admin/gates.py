"""Gate policies in the admin, and the table of what a run's gate found."""

from typing import Any

from django.contrib import admin
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline

from recommender.gate_words import cuts_in_words, gate_rows, note_in_words, tag_namer
from recommender.models import GatePolicy, TrainingRun
from tagplatform.common.admin import PlatformAdmin

_LOSSES = (
    ("ndcg_tolerance", "micro_f1_tolerance"),
    "when_in_doubt",
    ("tail_f1_tolerance", "calibration_tolerance"),
    "enough_documents",
)
_TAGS = (("recall_tolerance", "n_top_tags"), "fewest_documents")
_COSTS = (("latency_budget_ms", "size_budget_mb"),)


@admin.register(GatePolicy)
class GatePolicyAdmin(PlatformAdmin):
    """What a new version may lose to the champion, and what it may cost, for each vocabulary."""

    list_display = (
        "vocabulary", "ndcg_tolerance", "micro_f1_tolerance", "when_in_doubt", "recall_tolerance", "latency_budget_ms",
        "size_budget_mb",
    )  # fmt: skip
    list_filter = ("when_in_doubt",)
    list_select_related = ("vocabulary",)
    search_fields = ("vocabulary__name", "vocabulary__slug")
    autocomplete_fields = ("vocabulary",)
    fieldsets = (
        (None, {"fields": ("vocabulary",)}),
        (_("What may be lost"), {"fields": _LOSSES, "description": _("Shares of 1: 0.005 is half a point.")}),
        (_("The most used tags"), {"fields": _TAGS}),
        (_("What it may cost"), {"fields": _COSTS}),
    )

    def get_readonly_fields(self, request: Any, obj: GatePolicy | None = None) -> Any:
        """A policy stays with its vocabulary."""
        return ("vocabulary",) if obj else ()


class GatePolicyInline(StackedInline):
    """What a new version must hold before it answers."""

    model = GatePolicy
    can_delete = False
    extra = 0
    fields = (*_LOSSES, *_TAGS, *_COSTS)


def gate_table(run: TrainingRun | None) -> str:
    """The criteria of the run's gate; a dash where it has not come to one."""
    gate = (run.report if run else {}).get("gate")
    if run is None or not gate:
        return "–"
    rows = gate_rows(gate, tag_namer(run.vocabulary))
    context = {"gate": gate, "rows": rows, "cuts": cuts_in_words(gate), "note": note_in_words(gate)}
    return render_to_string("admin/recommender/gate.html", context)
