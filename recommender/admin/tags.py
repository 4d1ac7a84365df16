"""The tag's page with what the live model makes of it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from recommender.selectors import champion
from tagplatform.common.admin import link_to
from tagplatform.taxonomy.admin.tags import TagAdmin
from tagplatform.taxonomy.models import Tag

admin.site.unregister(Tag)


@admin.register(Tag)
class RecommendedTagAdmin(TagAdmin):
    """A tag, and where the champion's report tells of it."""

    readonly_fields: Any = (*TagAdmin.readonly_fields, "in_the_model")

    def get_fieldsets(self, request: HttpRequest, obj: Tag | None = None) -> Any:
        """For those who may see models, once there is a tag."""
        fieldsets = list(super().get_fieldsets(request, obj))
        if obj is None or not request.user.has_perm("recommender.view_modelversion"):
            return fieldsets
        return [*fieldsets[:-1], (_("Model"), {"fields": ("in_the_model",)}), fieldsets[-1]]

    @display(description=_("champion"))
    def in_the_model(self, tag: Tag) -> str:
        version = champion(tag.vocabulary)
        if version is None:
            return "–"
        page = reverse("admin:recommender_modelversion_report_tag", args=[version.pk, tag.public_id])
        on_map = f"{reverse('admin:recommender_modelversion_report_map', args=[version.pk])}?tag={tag.public_id}"
        figures = link_to(page, _("figures, mistakes and nearest tags"))
        return format_html("{}: {} · {}", version.name, figures, link_to(on_map, _("on the map")))
