"""People, their roles, and API keys in the admin."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from tagplatform.access.models import ApiKey, IdempotencyRecord, User
from tagplatform.access.permissions import scopes_of
from tagplatform.access.services import create_api_key, revoke_api_key, rotate_api_key
from tagplatform.common.admin import Button, LargeTablePaginator, PlatformAdmin, ReadOnlyAdmin, object_page
from tagplatform.common.scopes import Scope

admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(UserAdmin, ModelAdmin):  # type: ignore[type-arg]
    """A person who signs in; roles are groups."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "roles", "is_staff", "is_active", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @display(description=_("roles"))
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all())


@admin.register(Group)
class RoleAdmin(GroupAdmin, ModelAdmin):
    """A role: what its people may do."""


def state_of(key: ApiKey) -> tuple[str, str]:
    """Whether the key opens anything, as a word of the code and a word for people."""
    if key.usable:
        return "usable", gettext("usable")
    return ("revoked", gettext("revoked")) if key.revoked_at else ("expired", gettext("expired"))


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a key may do is chosen from what the person who makes it may do."""

    offered_scopes: ClassVar[set[str]] = set()
    scopes = forms.MultipleChoiceField(
        label=_("scopes"), choices=Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget()
    )

    class Meta:
        model = ApiKey
        fields = ("name", "source", "scopes", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "scopes" in self.fields:
            offered = [(scope.value, scope.label) for scope in Scope if scope in self.offered_scopes]
            self.fields["scopes"].choices = offered  # type: ignore[attr-defined]


@admin.register(ApiKey)
class ApiKeyAdmin(PlatformAdmin):
    """A key's row; its secret is shown once and not kept."""

    form = ApiKeyForm
    list_display = ("name", "source", "start_of_key", "shown_state", "scope_list", "last_used_at", "expires_at")
    list_filter = ("source", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("source",)
    search_fields = ("name", "prefix")
    autocomplete_fields = ("source",)
    readonly_fields = (
        "start_of_key", "state", "last_used_at", "revoked_at", "created_by", "rotated_from", "created_at",
    )  # fmt: skip
    fields = ("name", "source", "scopes", "expires_at")
    actions_detail = ("rotate", "revoke")

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return (*self.fields, *self.readonly_fields) if obj else self.fields

    def get_form(self, request: HttpRequest, obj: ApiKey | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"offered_scopes": scopes_of(request.user)})

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """A key that may do more than this person is for others to change; revoking it is a button."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or scopes_of(request.user).issuperset(obj.scopes))

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        """A key that is in use keeps its source and its rights; for others, make another key."""
        return (*self.readonly_fields, "source", "scopes") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Keys are revoked; their rows say who had access and when."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        created, text = create_api_key(created_by=request.user, **form.cleaned_data)  # type: ignore[arg-type]
        obj.pk, obj.prefix = created.pk, created.prefix
        obj._state.adding = False
        request.new_api_key = text  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None) -> HttpResponse:
        return self._show_once(request, obj, request.new_api_key)  # type: ignore[attr-defined]

    @display(description=_("key"))
    def start_of_key(self, key: ApiKey) -> str:
        return f"tp_{key.prefix}_…"

    @display(description=_("state"), label={"usable": "success", "revoked": "danger", "expired": "warning"})
    def shown_state(self, key: ApiKey) -> tuple[str, str]:
        return state_of(key)

    @display(description=_("state"))
    def state(self, key: ApiKey) -> str:
        return state_of(key)[1]

    @display(description=_("scopes"))
    def scope_list(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @Button(
        _("Rotate"),
        permission="access.change_apikey",
        icon="autorenew",
        question=_("A new key with the same rights is made and shown once. The old one works for another 24 hours."),
    )
    def rotate(self, request: HttpRequest, key: ApiKey, answers: dict[str, Any]) -> HttpResponse:
        successor, text = rotate_api_key(key=key, actor=request.user)  # type: ignore[arg-type]
        return self._show_once(request, successor, text)

    @Button(
        _("Revoke"),
        permission="access.change_apikey",
        icon="block",
        question=_("The key is refused from now on. This cannot be undone."),
        danger=True,
    )
    def revoke(self, request: HttpRequest, key: ApiKey, answers: dict[str, Any]) -> None:
        revoke_api_key(key=key)
        messages.success(request, _("The key is refused from now on."))

    def _show_once(self, request: HttpRequest, key: ApiKey, text: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("The new API key"),
            "opts": self.opts,
            "key": key,
            "text": text,
            "back": object_page(key),
        }
        return TemplateResponse(request, "admin/access/apikey/show_once.html", context)


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ReadOnlyAdmin):
    """Answers that are kept for repeated requests; they are forgotten after a day."""

    list_display = ("owner", "key", "response_status", "created_at")
    list_filter = ("response_status",)
    search_fields = ("=owner", "=key")
    ordering = ("-id",)
    show_full_result_count = False
    paginator = LargeTablePaginator
    fields = ("owner", "key", "response_status", "created_at")
