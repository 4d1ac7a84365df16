"""Tags in the admin: labels beside them, their status changed only by operations that can be reverted."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from tagplatform.common.admin import Button, PlatformAdmin, link_to, number_of, reported_errors
from tagplatform.taxonomy.admin.tag_forms import LabelFormSet, TagForm
from tagplatform.taxonomy.models import Tag, TagLabel
from tagplatform.taxonomy.services import OPERATION_BY_STATUS, set_tag_status

STATUS_COLOURS = {"active": "success", "candidate": "info", "deprecated": "warning", "retired": "danger"}


class StatusForm(forms.Form):
    """What the tag's status shall be."""

    status = forms.ChoiceField(
        label=_("New status"),
        choices=[(status.value, status.label) for status in OPERATION_BY_STATUS],
        widget=UnfoldAdminSelectWidget(),
    )


class LabelInline(TabularInline):
    """The names of a tag."""

    model = TagLabel
    formset = LabelFormSet
    fields = ("text", "language", "kind")
    extra = 0
    min_num = 1
    hide_title = True


@admin.register(Tag)
class TagAdmin(PlatformAdmin):
    """A tag with its labels."""

    form = TagForm
    inlines = (LabelInline,)
    list_display = (
        "preferred_label", "notation", "vocabulary", "parent_label", "shown_status", "recommendable", "documents",
    )  # fmt: skip
    list_display_links = ("preferred_label", "notation")
    list_filter = (
        "vocabulary", "status", "recommendable", ("parent", AutocompleteSelectFilter),
    )  # fmt: skip
    list_select_related = ("vocabulary",)
    search_fields = ("notation", "labels__text")
    autocomplete_fields = ("parent", "replaced_by")
    ordering = ("vocabulary", "notation")
    actions = ("activate", "deprecate", "retire")
    actions_detail = ("change_status",)
    readonly_fields = ("status", "public_id", "created_at", "updated_at")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "vocabulary",
                    "notation",
                    "parent",
                    "status",
                    "replaced_by",
                    "recommendable",
                    "at_most_one_below",
                )
            },
        ),
        (_("Meaning"), {"fields": ("definition", "scope_note")}),
        (_("Ids"), {"fields": ("public_id", "created_at", "updated_at"), "classes": ("collapse",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        tags: QuerySet[Tag] = super().get_queryset(request)
        return tags.annotate(
            label_text=_preferred_label(OuterRef("pk")),
            parent_text=_preferred_label(OuterRef("parent")),
            n_documents=number_of(Tag, "assignments"),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Tag | None = None) -> tuple[str, ...]:
        """A tag stays in its vocabulary."""
        return (*self.readonly_fields, "vocabulary") if obj else self.readonly_fields

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Names give way before names take their place, so that two may change roles in one go."""
        changed: list[TagLabel] = formset.save(commit=False)
        for label in formset.deleted_objects:
            label.delete()
        for label in sorted(changed, key=lambda label: label.kind == TagLabel.Kind.PREFERRED):
            label.derive()
            label.save()

    @display(description=_("label"), ordering="label_text")
    def preferred_label(self, tag: Any) -> str:
        return str(tag.label_text or tag.notation)

    @display(description=_("parent"), ordering="parent_text")
    def parent_label(self, tag: Any) -> str:
        return tag.parent_text or ""

    @display(description=_("status"), ordering="status", label=STATUS_COLOURS)
    def shown_status(self, tag: Tag) -> tuple[str, str]:
        return tag.status, tag.get_status_display()

    @display(description=_("documents"), ordering="n_documents")
    def documents(self, tag: Any) -> str:
        link = f"{reverse('admin:content_document_changelist')}?tag_assignments__tag__id__exact={tag.pk}"
        return link_to(link, tag.n_documents)

    @Button(
        _("Change status"),
        permission="taxonomy.change_tag",
        icon="sync_alt",
        question=_(
            "A deprecated tag is no longer assigned, a retired one is gone from every answer. It can be reverted."
        ),
        form_class=StatusForm,
    )
    def change_status(self, request: HttpRequest, tag: Tag, answers: dict[str, Any]) -> None:
        self._set_status(request, Tag.objects.filter(pk=tag.pk), Tag.Status(answers["status"]))

    @admin.action(description=_("Put into use"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        self._set_status(request, queryset, Tag.Status.ACTIVE)

    @admin.action(description=_("Deprecate (no longer assigned)"), permissions=["change"])
    def deprecate(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        self._set_status(request, queryset, Tag.Status.DEPRECATED)

    @admin.action(description=_("Retire (gone from every answer)"), permissions=["change"])
    def retire(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        self._set_status(request, queryset, Tag.Status.RETIRED)

    def _set_status(self, request: HttpRequest, queryset: QuerySet[Tag], status: Tag.Status) -> None:
        with reported_errors(request):
            operation = set_tag_status(tags=list(queryset), status=status, actor=request.user)
            n_tags = operation.impact["tags"]
            done = ngettext("%(n)d tag is now %(status)s.", "%(n)d tags are now %(status)s.", n_tags)
            revert = reverse("admin:taxonomy_tagoperation_change", args=[operation.pk])
            words = done % {"n": n_tags, "status": status.label}
            messages.success(request, format_html("{} {}", words, link_to(revert, _("See or revert it"))))


def _preferred_label(tag: OuterRef) -> Subquery:
    """The tag's preferred label in the vocabulary's language, else in any other."""
    preferred = TagLabel.objects.filter(tag=tag, kind=TagLabel.Kind.PREFERRED)
    own_language_first = preferred.annotate(foreign=~Q(language=F("vocabulary__language")))
    return Subquery(own_language_first.order_by("foreign", "language").values("text")[:1])
