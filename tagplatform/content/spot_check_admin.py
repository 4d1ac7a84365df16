"""Spot checks in the admin: recorded from the list of documents, looked up in a table of their own."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from tagplatform.common.admin import LargeTablePaginator, ReadOnlyAdmin, link_to
from tagplatform.content.models import Document, SpotCheck
from tagplatform.content.spot_checks import record_spot_checks, take_spot_checks_back


class SpotCheckActions:
    """Actions of the list of documents."""

    def has_check_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("content.add_spotcheck")

    @admin.action(description=gettext_lazy("Checked: tags are right and complete"), permissions=["check"])
    def record_checks(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        chosen = list(queryset.values_list("pk", flat=True))
        n_checked = record_spot_checks(document_ids=chosen, actor=request.user)
        if n_checked:
            told = ngettext("%(n)d document is checked.", "%(n)d documents are checked.", n_checked)
            messages.success(request, told % {"n": n_checked})
        if n_checked < len(chosen):
            messages.warning(request, _("Documents without tags cannot be checked."))

    @admin.action(description=gettext_lazy("Take the check back"), permissions=["check"])
    def take_checks_back(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        n_documents = take_spot_checks_back(document_ids=list(queryset.values_list("pk", flat=True)))
        told = ngettext("%(n)d document counts as unchecked.", "%(n)d documents count as unchecked.", n_documents)
        messages.success(request, told % {"n": n_documents})


class SpotCheckedFilter(admin.SimpleListFilter):
    """Documents that somebody has checked."""

    title = gettext_lazy("spot check")
    parameter_name = "checked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("checked")), ("no", _("not checked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> QuerySet[Document]:
        checked = SpotCheck.objects.order_by().values("document")
        if self.value() == "yes":
            return queryset.filter(pk__in=checked)
        return queryset.exclude(pk__in=checked) if self.value() == "no" else queryset


@admin.register(SpotCheck)
class SpotCheckAdmin(ReadOnlyAdmin):
    """Who has checked which document, and when."""

    list_display = ("document_link", "vocabulary", "number_of_tags", "checked_by", "checked_at")
    list_display_links = None
    list_filter = ("vocabulary", "checked_by")
    list_select_related = ("document", "vocabulary", "checked_by")
    search_fields = ("=document__external_id",)
    search_help_text = gettext_lazy("The whole external id of a document.")
    show_full_result_count = False
    paginator = LargeTablePaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[SpotCheck]:
        return super().get_queryset(request).defer("document__body", "document__extra")  # type: ignore[no-any-return]

    @display(description=gettext_lazy("document"))
    def document_link(self, check: SpotCheck) -> str:
        return link_to(reverse("admin:content_document_change", args=[check.document_id]), check.document)

    @display(description=gettext_lazy("tags"))
    def number_of_tags(self, check: SpotCheck) -> int:
        return len(check.tag_ids)
