"""Evidence policies in the admin: what a decision weighs, and when it is not believed."""

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline

from recommender.models import EvidencePolicy, TrainingRun
from recommender.reports.evidence import dropped_rows, state_rows
from tagplatform.common.admin import PlatformAdmin

FIELDSETS = (
    (
        _("Weights"),
        {
            "fields": (
                ("accepted_weight", "added_weight"),
                ("kept_weight", "kept_after_days"),
                ("rejected_weight", "removed_weight"),
                ("removed_later_weight", "ignored_weight"),
                ("completeness", "examination_exponent"),
                "half_life_days",
            )
        },
    ),
    (_("Caps"), {"fields": (("tag_cap", "actor_cap"),)}),
    (
        _("Cleaning"),
        {
            "fields": (
                ("documents_a_second", "rejected_documents"),
                ("refusals_of_a_tag", "decisions_on_a_tag"),
                ("share_of_a_tag", "programs_are_actors"),
            )
        },
    ),
    (_("Experiments"), {"fields": ("never_shown_is_negative",), "classes": ("collapse",)}),
)


@admin.register(EvidencePolicy)
class EvidencePolicyAdmin(PlatformAdmin):
    """All evidence policies in one list."""

    list_display = ("vocabulary", "half_life_days", "examination_exponent", "tag_cap", "actor_cap")
    list_select_related = ("vocabulary",)
    search_fields = ("vocabulary__name", "vocabulary__slug")
    autocomplete_fields = ("vocabulary",)
    fieldsets = ((None, {"fields": ("vocabulary",)}), *FIELDSETS)

    def get_readonly_fields(self, request: HttpRequest, obj: EvidencePolicy | None = None) -> tuple[str, ...]:
        """A policy stays with its vocabulary."""
        return ("vocabulary",) if obj else ()


class EvidencePolicyInline(StackedInline):
    """The same on the vocabulary's page."""

    model = EvidencePolicy
    can_delete = False
    extra = 0
    fieldsets = FIELDSETS


def learnt_decisions(run: TrainingRun) -> str:
    """What the run made of the decisions, as its page shows it."""
    tables = [
        (_("Set aside before training"), dropped_rows(run.report)),
        (_("Documents and tags by state"), state_rows(run.report)),
    ]
    context = {
        "dropped": tables[0][1],
        "tables": tables,
        "n_decisions": run.report.get("evidence", {}).get("decisions", 0),
    }
    return render_to_string("admin/recommender/evidence.html", context)
