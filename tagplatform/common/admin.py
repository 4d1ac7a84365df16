"""What every admin page builds on: read-only tables, tables without end, buttons that ask before they act."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminTextareaWidget

from tagplatform.common.errors import DomainError, InvalidInput
from tagplatform.common.ids import first_id_at, parse_public_id

Rows = QuerySet[Any]

COUNTED_EXACTLY = 100_000


class LargeTablePaginator(Paginator):  # type: ignore[type-arg]
    """Counts to 100,000; beyond that the planner's estimate stands, and nobody pages further than that."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        assert isinstance(rows, QuerySet)
        counted = rows.order_by()[: COUNTED_EXACTLY + 1].count()
        return counted if counted <= COUNTED_EXACTLY else max(counted, _estimated_rows(rows))

    @cached_property
    def num_pages(self) -> int:
        pages = -(-min(self.count, COUNTED_EXACTLY) // self.per_page)
        return max(1, pages)


def _estimated_rows(rows: Rows) -> int:
    """What PostgreSQL expects the query to find, from its statistics."""
    plan = json.loads(rows.order_by().explain(format="json"))
    return int(plan[0]["Plan"]["Plan Rows"])


def number_of(model: type[Model], relation: str) -> Subquery:
    """Counts related rows for each row of a list, only for the rows that the page shows."""
    counted = model._default_manager.filter(pk=OuterRef("pk")).order_by().annotate(n_related=Count(relation))
    return Subquery(counted.values("n_related"))


def row_id(text: str, prefix: str = "") -> uuid.UUID | None:
    """The key inside a public id (`rec_…`) or a UUID as it stands in an address; None where it is neither."""
    wanted = text.strip()
    try:
        return parse_public_id(prefix, wanted) if wanted.startswith(f"{prefix}_") else uuid.UUID(wanted)
    except (InvalidInput, ValueError):
        return None


class PlatformChangeList(ChangeList):
    """A list whose rows are not counted twice does not offer to show them all."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if self.full_result_count is None:  # type: ignore[has-type]
            self.full_result_count = self.result_count


class PlatformAdmin(ModelAdmin):
    """What all tables have in common; the search box also finds a row by its public id."""

    list_per_page = 50
    list_max_show_all = 200
    list_filter_submit = True
    warn_unsaved_form = True
    search_help_text = _("Words, or a public id.")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PlatformChangeList

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        key = row_id(search_term, getattr(self.model, "id_prefix", ""))
        if key is not None:
            return queryset.filter(pk=key), False
        rows, repeated = super().get_search_results(request, queryset, search_term)
        return rows, repeated

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only the buttons that this person may press.

        Unfold's own permissions of actions would ask the database in a system check, before its first migration.
        """
        actions = super().get_actions_detail(request, object_id)
        return [action for action in actions if request.user.has_perm(action.method.button.permission)]


class ReadOnlyAdmin(PlatformAdmin):
    """Rows that people look at; the platform writes them."""

    actions: Any = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LedgerAdmin(ReadOnlyAdmin):
    """Tables that grow without end: newest first, a period at a time, never counted whole."""

    paginator = LargeTablePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_fields = ("pk",)
    search_help_text = _("A public id; it is found whatever the period.")
    searched_prefix = ""
    sortable_by = ()

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        if not search_term:
            return queryset, False
        return queryset.filter(pk=row_id(search_term, self.searched_prefix)), False


class PeriodFilter(admin.SimpleListFilter):
    """Rows of the last days by their time-ordered id, so that only the months in question are read."""

    title = _("period")
    parameter_name = "period"
    id_field = "id"
    usual = "30"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("1", _("Last 24 hours")),
            ("7", _("Last 7 days")),
            ("30", _("Last 30 days")),
            ("90", _("Last 90 days")),
            ("365", _("Last 365 days")),
            ("all", _("All time")),
        ]

    def value(self) -> str:
        given = super().value()
        return given if given in {key for key, _name in self.lookup_choices} else self.usual

    def choices(self, changelist: Any) -> Any:
        for key, name in self.lookup_choices:
            link = changelist.get_query_string({self.parameter_name: key})
            yield {"selected": self.value() == key, "query_string": link, "display": name}

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        if self.value() == "all" or request.GET.get("q"):
            return queryset
        start = timezone.now() - timedelta(days=int(self.value()))
        return queryset.filter(**{f"{self.id_field}__gte": first_id_at(start)})


class PlainForm(forms.Form):
    """A button that asks for nothing but confirmation."""


class ReasonForm(forms.Form):
    """A button whose press is remembered with a reason."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("It is kept in the history for those who come after you."),
    )


ButtonBody = Callable[[Any, HttpRequest, Any, dict[str, Any]], HttpResponse | None]


@dataclass(frozen=True)
class Button:
    """A button on the page of one object, as a decorator: GET shows the question, only POST acts.

    The decorated method gets the request, the object and the form's clean data. It returns a response, or None to go
    back to the object's page; a DomainError that it raises is shown as a message there.
    """

    label: Any
    permission: str
    question: Any
    icon: str
    form_class: type[forms.Form] = PlainForm
    danger: bool = False
    do_not_call_in_templates: ClassVar[bool] = True

    def __call__(self, body: ButtonBody) -> Any:
        variant = ActionVariant.DANGER if self.danger else ActionVariant.DEFAULT

        @action(description=self.label, icon=self.icon, variant=variant)
        @wraps(body)
        def view(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
            return self._answer(body, model_admin, request, object_id)

        view.button = self
        return view

    def _answer(self, body: ButtonBody, model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        target = model_admin.get_object(request, unquote(object_id))
        if target is None:
            raise Http404
        if not (request.user.has_perm(self.permission) and model_admin.has_view_permission(request, target)):
            raise PermissionDenied
        form = self.form_class(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return self._ask(model_admin, request, target, form)
        answer = None
        with reported_errors(request):
            answer = body(model_admin, request, target, form.cleaned_data)
            model_admin.log_change(request, target, str(self.label))
        return answer or HttpResponseRedirect(object_page(target))

    def _ask(self, model_admin: Any, request: HttpRequest, target: Any, form: forms.Form) -> HttpResponse:
        context = {
            **model_admin.admin_site.each_context(request),
            "title": self.label,
            "button": self,
            "opts": model_admin.opts,
            "target": target,
            "form": form,
            "back": object_page(target),
        }
        return TemplateResponse(request, "admin/ask_first.html", context)


def link_to(address: str, text: Any) -> str:
    """A link as lists and read-only fields show it."""
    return format_html('<a class="admin-link" href="{}">{}</a>', address, text)


def object_page(target: Any) -> str:
    """Address of the object's page in the admin."""
    return reverse(f"admin:{target._meta.app_label}_{target._meta.model_name}_change", args=[target.pk])


@contextmanager
def reported_errors(request: HttpRequest) -> Iterator[None]:
    """What a service refuses becomes a message on the next page."""
    try:
        yield
    except DomainError as error:
        messages.error(request, error.detail)
