"""Which version answers, and every move of that, in the admin."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from recommender.models import ModelAlias, ModelAliasChange
from tagplatform.common.admin import ReadOnlyAdmin


@admin.register(ModelAlias)
class ModelAliasAdmin(ReadOnlyAdmin):
    """Champion and challenger of each vocabulary; they move by promoting a version and by putting one up."""

    list_display = ("vocabulary", "name", "version_name", "moved_at")
    list_filter = ("name", "vocabulary")
    list_select_related = ("vocabulary", "version__vocabulary")
    search_fields = ("vocabulary__slug",)

    @display(description=_("version"))
    def version_name(self, alias: ModelAlias) -> str:
        return alias.version.name


@admin.register(ModelAliasChange)
class ModelAliasChangeAdmin(ReadOnlyAdmin):
    """Who promoted or rolled back what, when and why."""

    list_display = ("created_at", "vocabulary", "name", "from_name", "to_name", "actor", "reason")
    list_filter = ("vocabulary", "name")
    list_select_related = ("vocabulary", "from_version__vocabulary", "to_version__vocabulary", "actor")
    search_fields = ("reason", "actor__username")
    date_hierarchy = "created_at"
    fields = ("created_at", "vocabulary", "name", "from_version", "to_version", "actor", "reason")

    @display(description=_("from"))
    def from_name(self, change: Any) -> str:
        return change.from_version.name if change.from_version else "–"

    @display(description=_("to"))
    def to_name(self, change: ModelAliasChange) -> str:
        return change.to_version.name if change.to_version else "–"
