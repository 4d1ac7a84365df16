"""Data snapshots in the admin: what a run learnt from, and what became of it."""

from typing import Any

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from recommender.admin.pool import pool_address, pool_urls
from recommender.models import DataSnapshot
from tagplatform.common.admin import ReadOnlyAdmin, link_to, object_page

STATUS_COLOURS = {"ready": "success", "erased": "warning", "deleted": "info"}


@admin.register(DataSnapshot)
class DataSnapshotAdmin(ReadOnlyAdmin):
    """The exact examples of one run, as Parquet beside the bundles."""

    list_display = ("created_at", "vocabulary", "run", "shown_status", "n_examples", "n_cells", "size")
    list_filter = ("status", "vocabulary")
    list_select_related = ("vocabulary", "training_run")
    search_fields = ("digest", "bundle_digest")
    fields = (
        "public_id", "vocabulary", "run", "status", "n_examples", "n_cells", "pool", "size", "path", "digest",
        "bundle_digest", "refitted", "created_at",
    )  # fmt: skip
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        return [*pool_urls(), *super().get_urls()]

    @display(description=_("negative pool"))
    def pool(self, snapshot: DataSnapshot) -> str:
        return link_to(pool_address(snapshot), _("what is in it, and why"))

    @display(description=_("training run"))
    def run(self, snapshot: DataSnapshot) -> str:
        return link_to(object_page(snapshot.training_run), snapshot.training_run.public_id)

    @display(description=_("status"), ordering="status", label=STATUS_COLOURS)
    def shown_status(self, snapshot: DataSnapshot) -> tuple[str, Any]:
        return snapshot.status, snapshot.get_status_display()

    @display(description=_("size"), ordering="n_bytes")
    def size(self, snapshot: DataSnapshot) -> str:
        return filesizeformat(snapshot.n_bytes)
