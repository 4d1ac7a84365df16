"""Alerts in the admin: rules, what they found, messages, webhooks whose secrets are shown once."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from recommender.models import Alert, AlertDelivery, AlertRule, WebhookEndpoint
from recommender.models.alerts import new_encrypted_secret
from recommender.watching.alerts import acknowledge
from recommender.watching.deliveries import messages_of, send_again, unreadable_secret
from tagplatform.common.admin import Button, PlatformAdmin, ReadOnlyAdmin, object_page
from tagplatform.common.encryption import Undecryptable

MESSAGES_SHOWN = 20


@admin.register(AlertRule)
class AlertRuleAdmin(PlatformAdmin):
    """When a figure is told to somebody."""

    list_display = ("vocabulary", "measure", "comparison", "limit", "window_days", "recipients", "webhook", "is_on")
    list_filter = ("vocabulary", "is_on")
    list_select_related = ("vocabulary", "webhook")
    search_fields = ("vocabulary__name", "measure", "recipients")
    autocomplete_fields = ("vocabulary", "webhook")
    fieldsets = (
        (None, {"fields": ("is_on", "vocabulary", "measure", ("comparison", "limit"))}),
        (_("When"), {"fields": (("window_days", "fewest"), ("margin", "silence_hours"))}),
        (_("Whom"), {"fields": ("recipients", "webhook")}),
    )


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """What rules have found; open ones first to be acknowledged."""

    list_display = ("opened_at", "rule", "shown_value", "shown_last_value", "closed_at", "acknowledged_by")
    ordering = (F("closed_at").desc(nulls_first=True), "-id")
    list_filter = ("rule__vocabulary", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("rule__vocabulary", "acknowledged_by")
    search_fields = ("rule__measure", "rule__vocabulary__name")
    fields = (
        "rule", "shown_value", "shown_last_value", "n_documents", "opened_at", "closed_at", "acknowledged_at",
        "acknowledged_by", "sent_messages",
    )  # fmt: skip
    readonly_fields = ("shown_value", "shown_last_value", "sent_messages")
    actions_detail = ("acknowledge_alert",)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        """Only what is open and has nobody yet can be acknowledged."""
        waits = Alert.objects.filter(pk=object_id, closed_at=None, acknowledged_at=None).exists()
        return super().get_actions_detail(request, object_id) if waits else []

    @display(description=_("value when opened"), ordering="value")
    def shown_value(self, alert: Alert) -> str:
        return f"{alert.value:.3f}"

    @display(description=_("last value"), ordering="last_value")
    def shown_last_value(self, alert: Alert) -> str:
        return f"{alert.last_value:.3f}"

    @display(description=_("messages"))
    def sent_messages(self, alert: Alert) -> str:
        return _message_table(AlertDelivery.objects.filter(alert=alert))

    @Button(
        _("Acknowledge"),
        permission="recommender.change_alert",
        icon="task_alt",
        question=_("Others see that you look after it. It closes by itself when the value is back."),
    )
    def acknowledge_alert(self, request: HttpRequest, alert: Alert, answers: dict[str, Any]) -> None:
        acknowledge(alert=alert, actor=request.user)
        messages.success(request, _("The alert is yours."))


@admin.register(AlertDelivery)
class AlertDeliveryAdmin(ReadOnlyAdmin):
    """Messages about alerts, and what became of them."""

    list_display = ("created_at", "event", "channel", "target", "shown_state", "attempts", "sent_at", "last_error")
    list_filter = ("state", "channel", "event")
    search_fields = ("target",)
    actions_detail = ("try_again",)

    @display(description=_("state"), label={"sent": "success", "failed": "danger", "waiting": "warning"})
    def shown_state(self, delivery: AlertDelivery) -> tuple[str, str]:
        return delivery.state, delivery.get_state_display()

    @Button(
        _("Send again"),
        permission="recommender.change_alertdelivery",
        icon="send",
        question=_("The message is sent anew within a minute."),
    )
    def try_again(self, request: HttpRequest, delivery: AlertDelivery, answers: dict[str, Any]) -> None:
        send_again(delivery)
        messages.success(request, _("The message will be sent within a minute."))


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(PlatformAdmin):
    """Where alerts are posted to."""

    list_display = ("name", "url", "is_active", "shown_secret")
    search_fields = ("name", "url")
    fields = ("name", "url", "is_active", "sent_messages")
    readonly_fields = ("sent_messages",)
    actions_detail = ("renew_secret",)

    def get_fields(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> Any:
        """A webhook that is being made has no messages yet."""
        return self.fields if obj else self.fields[:-1]

    @display(description=_("last messages"))
    def sent_messages(self, endpoint: WebhookEndpoint) -> str:
        return _message_table(messages_of(endpoint))

    @display(description=_("secret"), label={"readable": "success", "unreadable": "danger"})
    def shown_secret(self, endpoint: WebhookEndpoint) -> tuple[str, Any]:
        readable = _is_readable(endpoint)
        return ("readable", _("readable")) if readable else ("unreadable", _("cannot be read"))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        endpoint = context.get("original")
        if endpoint is not None and not _is_readable(endpoint):
            messages.error(request, unreadable_secret(endpoint))
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(self, request: HttpRequest, obj: WebhookEndpoint, post_url_continue: Any = None) -> HttpResponse:
        return self._show_once(request, obj)

    @Button(
        _("New secret"),
        permission="recommender.change_webhookendpoint",
        icon="autorenew",
        question=_("A new secret is made and shown once. What is sent from now on is signed with it."),
        danger=True,
    )
    def renew_secret(self, request: HttpRequest, endpoint: WebhookEndpoint, answers: dict[str, Any]) -> HttpResponse:
        endpoint.encrypted_secret = new_encrypted_secret()
        endpoint.save(update_fields=["encrypted_secret"])
        return self._show_once(request, endpoint)

    def _show_once(self, request: HttpRequest, endpoint: WebhookEndpoint) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("The secret of the webhook"),
            "opts": self.opts,
            "endpoint": endpoint,
            "back": object_page(endpoint),
        }
        return TemplateResponse(request, "admin/watching/secret.html", context)


def _message_table(found: QuerySet[AlertDelivery]) -> str:
    """The newest messages with what became of them; a dash where there are none."""
    newest = found.order_by("-id")[:MESSAGES_SHOWN]
    return render_to_string("admin/watching/messages.html", {"deliveries": newest})


def _is_readable(endpoint: WebhookEndpoint) -> bool:
    try:
        return bool(endpoint.secret)
    except Undecryptable:
        return False
