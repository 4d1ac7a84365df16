"""Imports in the admin: how far each came and what it refused."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from tagplatform.common.admin import ReadOnlyAdmin
from tagplatform.imports.models import ImportRun

STATE_COLOURS = {"running": "info", "succeeded": "success", "failed": "danger"}


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    """One import of one file."""

    list_display = (
        "file_name", "kind", "target", "shown_state", "share_done", "rows_created", "rows_updated", "rows_rejected",
        "created_at",
    )  # fmt: skip
    list_filter = ("kind", "state")
    search_fields = ("file_name", "target")
    date_hierarchy = "created_at"
    readonly_fields = ("public_id", "share_done")

    def get_fields(self, request: HttpRequest, obj: ImportRun | None = None) -> list[str]:
        stored = [field.name for field in ImportRun._meta.fields if field.name != "id"]
        return ["public_id", "share_done", *stored]

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def shown_state(self, run: ImportRun) -> tuple[str, str]:
        return run.state, run.get_state_display()

    @display(description=_("done"))
    def share_done(self, run: ImportRun) -> str:
        return f"{run.rows_done:,}" if run.fraction is None else f"{run.fraction:.0%}"
