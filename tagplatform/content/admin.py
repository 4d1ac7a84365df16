"""Sources, documents and their tags in the admin."""

import uuid
from collections import defaultdict
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter
from unfold.decorators import display
from unfold.forms import PaginationInlineFormSet

from tagplatform.common.admin import LargeTablePaginator, PlatformAdmin, ReadOnlyAdmin, link_to, number_of
from tagplatform.content.models import MAX_BODY_CHARACTERS, Document, Source, TagAssignment, content_hash
from tagplatform.content.services import erase_document, set_document_tags
from tagplatform.content.spot_check_admin import SpotCheckActions, SpotCheckedFilter
from tagplatform.taxonomy.models import Tag, Vocabulary


@admin.register(Source)
class SourceAdmin(PlatformAdmin):
    """CMSs and sites."""

    list_display = ("name", "slug", "number_of_documents", "created_at")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("public_id", "created_at")
    fields = ("name", "slug", "public_id", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        sources: QuerySet[Source] = super().get_queryset(request)
        return sources.annotate(n_documents=number_of(Source, "documents"))

    @display(description=_("documents"), ordering="n_documents")
    def number_of_documents(self, source: Any) -> str:
        link = f"{reverse('admin:content_document_changelist')}?source__id__exact={source.pk}"
        return link_to(link, source.n_documents)


class AssignmentFormSet(PaginationInlineFormSet):
    """A document's tags: each once, and only one of a vocabulary that allows only one."""

    def clean(self) -> None:
        super().clean()
        seen: set[uuid.UUID] = set()
        singles: set[uuid.UUID] = set()
        for form in self.kept_forms():
            tag: Tag = form.instance.tag
            single = tag.vocabulary.selection_mode == Vocabulary.SelectionMode.ONE
            if tag.pk in seen:
                form.add_error("tag", _("The document already has this tag."))
            elif single and tag.vocabulary_id in singles:
                form.add_error("tag", _("This vocabulary allows exactly one tag on a document."))
            seen.add(tag.pk)
            singles.add(tag.vocabulary_id)

    def kept_forms(self) -> list[Any]:
        """Rows that stay or are new."""
        return [form for form in self.forms if form.instance.tag_id and not form.cleaned_data.get("DELETE")]


class AssignmentInline(TabularInline):
    """The tags that a document truly has."""

    model = TagAssignment
    formset = AssignmentFormSet
    fields = ("tag", "origin", "assigned_by", "assigned_at")
    readonly_fields = ("origin", "assigned_by", "assigned_at")
    autocomplete_fields = ("tag",)
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[TagAssignment]:
        assignments: QuerySet[TagAssignment] = super().get_queryset(request)
        return assignments.select_related("tag__vocabulary", "assigned_by").order_by("tag__notation")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A tag is put on or taken off; which one it was does not change."""
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("content.change_document")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("content.change_document")


class HasTagsFilter(admin.SimpleListFilter):
    """Documents that somebody still has to tag."""

    title = _("tags")
    parameter_name = "tagged"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("With tags")), ("no", _("Without tags"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> QuerySet[Document]:
        if self.value() == "yes":
            return queryset.filter(pk__in=TagAssignment.objects.values("document"))
        if self.value() == "no":
            return queryset.filter(tag_assignments=None)
        return queryset


class DocumentForm(forms.ModelForm):  # type: ignore[type-arg]
    """A document no longer than the platform keeps."""

    class Meta:
        model = Document
        fields = "__all__"  # noqa: DJ007  the admin's fieldsets choose

    def clean_body(self) -> str:
        body: str = self.cleaned_data["body"]
        if len(body) > MAX_BODY_CHARACTERS:
            raise forms.ValidationError(_("A document has at most %(max)d characters.") % {"max": MAX_BODY_CHARACTERS})
        return body


@admin.register(Document)
class DocumentAdmin(SpotCheckActions, PlatformAdmin):
    """A document with its tags."""

    form = DocumentForm
    inlines = (AssignmentInline,)
    actions = ("record_checks", "take_checks_back")
    list_display = ("short_title", "source", "external_id", "language", "published_at", "number_of_tags")
    list_filter = (
        "source", "language", HasTagsFilter, SpotCheckedFilter, ("tag_assignments__tag", AutocompleteSelectFilter),
        ("published_at", RangeDateFilter),
    )  # fmt: skip
    list_select_related = ("source",)
    search_fields = ("title", "external_id")
    show_full_result_count = False
    paginator = LargeTablePaginator
    readonly_fields = ("public_id", "content_hash", "created_at", "updated_at", "seen_in_the_ledger")
    fieldsets = (
        (None, {"fields": ("source", "external_id", "title", "body", "language", "published_at")}),
        (
            _("More"),
            {
                "fields": (
                    "extra", "split_group", "retain_until", "seen_in_the_ledger", "public_id", "content_hash",
                    "created_at", "updated_at",
                ),
                "classes": ("collapse",),
            },
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        documents: QuerySet[Document] = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name == "content_document_changelist":
            documents = documents.defer("body", "extra")
        return documents.annotate(n_tags=number_of(Document, "tag_assignments"))

    def get_readonly_fields(self, request: HttpRequest, obj: Document | None = None) -> tuple[str, ...]:
        """What names a document does not change."""
        return (*self.readonly_fields, "source", "external_id") if obj else self.readonly_fields

    def save_model(self, request: HttpRequest, obj: Document, form: Any, change: bool) -> None:
        obj.content_hash = content_hash(obj.title, obj.body)
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """The kept rows of each vocabulary are the document's tags of it."""
        touched = {f.instance.tag.vocabulary for f in formset.forms if f.has_changed() and f.instance.tag_id}
        wanted: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
        for kept in formset.kept_forms():
            wanted[kept.instance.tag.vocabulary_id].add(kept.instance.tag_id)
        for vocabulary in touched:
            set_document_tags(
                document=form.instance,
                vocabulary=vocabulary,
                tag_ids=wanted[vocabulary.pk],
                origin=TagAssignment.Origin.EDITOR,
                actor=request.user,
            )
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], Any]:
        """Whoever may erase a document erases its tags with it, though the list of those is for reading."""
        to_delete, counts, needed, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, {name for name in needed if name != TagAssignment._meta.verbose_name}, protected

    def delete_model(self, request: HttpRequest, obj: Document) -> None:
        erase_document(document=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        for document in queryset:
            erase_document(document=document)

    @display(description=_("title"), ordering="title")
    def short_title(self, document: Document) -> str:
        return Truncator(document.title or document.external_id).chars(70)

    @display(description=_("tags"), ordering="n_tags")
    def number_of_tags(self, document: Any) -> int:
        return int(document.n_tags)

    @display(description=_("recommendations and decisions"))
    def seen_in_the_ledger(self, document: Document) -> str:
        query = f"?document__id__exact={document.pk}&period=all"
        return format_html(
            "{} · {}",
            link_to(reverse("admin:feedback_recommendation_changelist") + query, _("recommendations")),
            link_to(reverse("admin:feedback_decision_changelist") + query, _("decisions")),
        )


@admin.register(TagAssignment)
class TagAssignmentAdmin(ReadOnlyAdmin):
    """Every tag on every document, to look something up; tags are changed on the document's page."""

    list_display = ("document_link", "tag", "origin", "assigned_by", "assigned_at")
    list_display_links = None
    list_filter = ("origin", "tag__vocabulary", ("tag", AutocompleteSelectFilter))
    list_select_related = ("document", "tag", "assigned_by")
    search_fields = ("=document__external_id", "=tag__notation")
    search_help_text = _("The whole external id of a document, or the whole code of a tag.")
    ordering = ("-id",)
    show_full_result_count = False
    paginator = LargeTablePaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[TagAssignment]:
        return super().get_queryset(request).defer("document__body", "document__extra")  # type: ignore[no-any-return]

    @display(description=_("document"))
    def document_link(self, assignment: TagAssignment) -> str:
        link = reverse("admin:content_document_change", args=[assignment.document_id])
        return link_to(link, assignment.document)
