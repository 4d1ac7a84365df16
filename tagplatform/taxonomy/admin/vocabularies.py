"""Vocabularies in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from tagplatform.common.admin import PlatformAdmin, link_to, number_of
from tagplatform.taxonomy.models import Vocabulary


@admin.register(Vocabulary)
class VocabularyAdmin(PlatformAdmin):
    """A vocabulary with the policy of its suggestions."""

    list_display: Any = ("name", "slug", "language", "selection_mode", "number_of_tags", "suggestion_limit")
    list_filter = ("selection_mode", "language")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("public_id", "version", "created_at")
    fieldsets = (
        (None, {"fields": ("name", "slug", "language", "selection_mode")}),
        (_("Policy of suggestions"), {"fields": ("suggestion_limit", "precision_target")}),
        (_("Ids"), {"fields": ("public_id", "version", "created_at"), "classes": ("collapse",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Vocabulary]:
        vocabularies: QuerySet[Vocabulary] = super().get_queryset(request)
        return vocabularies.annotate(n_tags=number_of(Vocabulary, "tags"))

    def get_readonly_fields(self, request: HttpRequest, obj: Vocabulary | None = None) -> tuple[str, ...]:
        """A mode that tags and models rely on does not change under them."""
        return (*self.readonly_fields, "selection_mode") if obj else self.readonly_fields

    def get_prepopulated_fields(self, request: HttpRequest, obj: Vocabulary | None = None) -> Any:
        return {} if obj else self.prepopulated_fields

    @display(description=_("tags"), ordering="n_tags")
    def number_of_tags(self, vocabulary: Any) -> str:
        link = f"{reverse('admin:taxonomy_tag_changelist')}?vocabulary__id__exact={vocabulary.pk}"
        return link_to(link, vocabulary.n_tags)
