"""What is watched, as it stands in the database, and the policy of each vocabulary."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.decorators import display

from recommender.models import DailyFigure, DailyTagCount, DriftValue, WatchPolicy
from tagplatform.common.admin import LargeTablePaginator, PlatformAdmin, ReadOnlyAdmin

_DRIFT = (("window_days", "fewest"), ("psi_limit", "js_limit"), ("drift_starts_training", "days_between_runs"))


@admin.register(WatchPolicy)
class WatchPolicyAdmin(PlatformAdmin):
    """When drift counts as one, and what follows, for each vocabulary."""

    list_display = ("vocabulary", "window_days", "psi_limit", "js_limit", "drift_starts_training")
    list_select_related = ("vocabulary",)
    search_fields = ("vocabulary__name", "vocabulary__slug")
    autocomplete_fields = ("vocabulary",)
    fields = ("vocabulary", *_DRIFT)

    def get_readonly_fields(self, request: Any, obj: WatchPolicy | None = None) -> Any:
        """A policy stays with its vocabulary."""
        return ("vocabulary",) if obj else ()


class WatchPolicyInline(StackedInline):
    """The same on the vocabulary's page."""

    model = WatchPolicy
    can_delete = False
    extra = 0
    fields = _DRIFT


class WatchedAdmin(ReadOnlyAdmin):
    """Rows of a day; there are many."""

    list_select_related: Any = ("vocabulary", "source")
    paginator = LargeTablePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    date_hierarchy = "day"


@admin.register(DailyFigure)
class DailyFigureAdmin(WatchedAdmin):
    """Sums of one figure on one day."""

    list_display = ("day", "vocabulary", "source", "model_version", "is_blind", "figure", "n", "share")
    list_filter = ("vocabulary", "figure", "is_blind")
    search_fields = ("model_version", "figure")

    @display(description=_("sum / out of"))
    def share(self, row: DailyFigure) -> str:
        return f"{row.y / row.x:.4f}" if row.x else "–"


@admin.register(DailyTagCount)
class DailyTagCountAdmin(WatchedAdmin):
    """How often a tag was shown and chosen on one day."""

    list_display = (
        "day", "vocabulary", "source", "model_version", "is_blind", "tag", "shown", "accepted", "added", "tried"
    )  # fmt: skip
    list_filter = ("vocabulary", "is_blind")
    list_select_related = ("vocabulary", "source", "tag")
    search_fields = ("model_version", "tag__notation")


@admin.register(DriftValue)
class DriftValueAdmin(ReadOnlyAdmin):
    """Distances between now and the champion's training, day by day."""

    list_display = ("day", "vocabulary", "model_version", "measure", "value", "expected", "limit", "is_drift", "reason")
    list_filter = ("vocabulary", "measure", "is_drift")
    list_select_related = ("vocabulary",)
    search_fields = ("model_version", "measure")
    date_hierarchy = "day"
