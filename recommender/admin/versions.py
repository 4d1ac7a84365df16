"""Model versions in the admin: how good each is, and which one answers."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.urls import URLPattern, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from recommender.admin.challengers import PAGE as CHALLENGER_PAGE
from recommender.admin.gates import gate_table
from recommender.admin.vocabulary_pages import address_of
from recommender.challengers import put_up_challenger
from recommender.models import ModelAlias, ModelVersion
from recommender.promotion import gate_failed, promote_version, roll_back
from recommender.reports.measures import figures_context, headline, short
from recommender.reports.pages import report_address, report_urls
from tagplatform.common.admin import Button, ReadOnlyAdmin, ReasonForm, link_to, object_page


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    """A trained version with its figures, promoted and rolled back by buttons."""

    list_display = (
        "name", "vocabulary", "recipe", "shown_role", "ndcg", "n_documents", "n_labels", "size", "created_at",
    )  # fmt: skip
    list_filter = ("vocabulary", "recipe", "status", "aliases__name")
    list_select_related = ("vocabulary",)
    search_fields = ("vocabulary__slug", "=number", "code_revision")
    readonly_fields = ("public_id", "name", "gate", "figures", "role", "size", "report_link", "audit_link")
    fieldsets = (
        (None, {"fields": ("name", "role", "vocabulary", "recipe", "report_link", "audit_link", "gate", "figures")}),
        (_("Data"), {"fields": ("n_documents", "n_labels", "data_from", "data_until", "training_run", "parent")}),
        (
            _("Bundle"),
            {"fields": ("status", "size", "bundle_path", "bundle_digest", "code_revision", "public_id", "created_at")},
        ),
    )
    actions_detail = ("promote", "put_up", "roll_back")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        return super().get_queryset(request).prefetch_related("aliases")  # type: ignore[no-any-return]

    def get_urls(self) -> list[URLPattern]:
        return [*report_urls(), *super().get_urls()]

    @display(description=_("version"), ordering="number")
    def name(self, version: ModelVersion) -> str:
        return version.name

    @display(description=_("role"), label={"champion": "success", "challenger": "info", "corrupt": "danger"})
    def shown_role(self, version: ModelVersion) -> tuple[str, str]:
        return role_of(version)

    @display(description=_("role"))
    def role(self, version: ModelVersion) -> str:
        return role_of(version)[1]

    @display(description="nDCG@5")
    def ndcg(self, version: ModelVersion) -> str:
        return short(headline(version.metrics))

    @display(description=_("size"), ordering="bundle_bytes")
    def size(self, version: ModelVersion) -> str:
        return filesizeformat(version.bundle_bytes)

    @display(description=_("gate"))
    def gate(self, version: ModelVersion) -> str:
        return gate_table(version.training_run)

    @display(description=_("figures"))
    def figures(self, version: ModelVersion) -> str:
        report = version.training_run.report if version.training_run else {}
        return render_to_string("admin/recommender/figures.html", figures_context(version.metrics, report))

    @display(description=_("report"))
    def report_link(self, version: ModelVersion) -> str:
        return link_to(report_address(version), _("calibration, figures of every tag, map of the tags"))

    @display(description=_("audit"))
    def audit_link(self, version: ModelVersion) -> str:
        link = f"{reverse('audit:page')}?vocabulary={version.vocabulary.slug}"
        return link_to(link, _("co-occurrence beside the champion's probabilities"))

    @Button(
        _("Promote"),
        permission="recommender.change_modelalias",
        icon="rocket_launch",
        question=_(
            "This version becomes champion, whatever the gate has found: all answers come from it within seconds."
        ),
        form_class=ReasonForm,
    )
    def promote(self, request: HttpRequest, version: ModelVersion, answers: dict[str, Any]) -> None:
        moved = promote_version(version=version, actor=request.user, reason=answers["reason"])
        if moved is None:
            messages.info(request, _("%(version)s is champion already.") % {"version": version.name})
            return
        messages.success(request, _("%(version)s is champion now.") % {"version": version.name})
        if gate_failed(version):
            messages.warning(request, _("It did not pass the gate; your reason is kept in the history."))

    @Button(
        _("Put up as challenger"),
        permission="recommender.change_modelalias",
        icon="swords",
        question=_(
            "This version is tried beside the champion, in the place of whichever is tried now: it answers a share of "
            "the requests in the background, and nobody sees these answers."
        ),
        form_class=ReasonForm,
    )
    def put_up(self, request: HttpRequest, version: ModelVersion, answers: dict[str, Any]) -> HttpResponse:
        put_up_challenger(version=version, actor=request.user, reason=answers["reason"])
        messages.success(request, _("%(version)s is challenger now.") % {"version": version.name})
        return HttpResponseRedirect(address_of(CHALLENGER_PAGE, version.vocabulary))

    @Button(
        _("Roll back"),
        permission="recommender.change_modelalias",
        icon="history",
        question=_("The champion of this vocabulary gives way to the last former champion that can be opened."),
        form_class=ReasonForm,
        danger=True,
    )
    def roll_back(self, request: HttpRequest, version: ModelVersion, answers: dict[str, Any]) -> HttpResponse:
        restored = roll_back(vocabulary=version.vocabulary, actor=request.user, reason=answers["reason"])
        messages.success(request, _("%(version)s is champion again.") % {"version": restored.name})
        return HttpResponseRedirect(object_page(restored))


def role_of(version: ModelVersion) -> tuple[str, str]:
    """Champion, challenger, or why it can be neither; a word of the code and a word for people."""
    if version.status != ModelVersion.Status.READY:
        return version.status, version.get_status_display()
    names = {alias.name for alias in version.aliases.all()}
    role = next((name for name in ModelAlias.Name if name in names), None)
    return (role.value, str(role.label)) if role else ("none", "–")
