"""The challenger in the admin: what it would have answered, put up and withdrawn by buttons; its policy."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET
from unfold.decorators import display

from recommender.admin.vocabulary_pages import address_of, vocabulary_page
from recommender.challengers import withdraw_challenger
from recommender.comparing import start_interleaving, stop_interleaving
from recommender.models import ChallengePolicy, Interleaving, ModelVersion, ShadowAnswer
from recommender.reports.challenger import agreement_rows, compared_rows
from recommender.reports.interleaving import ComparisonView
from recommender.selectors import challenger, champion, model_versions
from recommender.shadows import shadow_report
from tagplatform.common.admin import Button, LargeTablePaginator, PlatformAdmin, ReadOnlyAdmin, ReasonForm, link_to
from tagplatform.taxonomy.models import Vocabulary

PAGE = "admin:recommender_challengepolicy_page"
MOST_CANDIDATES = 10
MOST_COMPARISONS = 5


@admin.register(ChallengePolicy)
class ChallengePolicyAdmin(PlatformAdmin):
    """How challengers are tried, and the page that shows what came of it."""

    list_display = ("vocabulary", "shadow_share", "shadow_days", "put_up_by_itself", "page_link")
    list_filter = ("put_up_by_itself",)
    list_select_related = ("vocabulary",)
    search_fields = ("vocabulary__name", "vocabulary__slug")
    autocomplete_fields = ("vocabulary",)
    readonly_fields = ("page_link",)
    fieldsets = (
        (None, {"fields": ("vocabulary", "page_link", ("shadow_share", "shadow_days"), "put_up_by_itself")}),
        (
            gettext_lazy("Interleaving"),
            {"fields": ("compare_by_itself", "interleaving_share", "alpha", "most_documents", "promote_winner")},
        ),
    )
    actions_detail = ("start", "stop", "withdraw")

    def get_readonly_fields(self, request: HttpRequest, obj: ChallengePolicy | None = None) -> Any:
        """A policy stays with its vocabulary."""
        return (*self.readonly_fields, "vocabulary") if obj else self.readonly_fields

    def get_urls(self) -> list[URLPattern]:
        own = path("page/", admin.site.admin_view(challenger_page), name="recommender_challengepolicy_page")
        return [own, *super().get_urls()]

    @display(description=gettext_lazy("challenger"))
    def page_link(self, policy: ChallengePolicy) -> str:
        return link_to(address_of(PAGE, policy.vocabulary), _("the challenger's figures")) if policy.pk else "–"

    @Button(
        gettext_lazy("Start interleaving"),
        permission="recommender.change_modelalias",
        icon="alt_route",
        question=gettext_lazy(
            "From now on champion and challenger fill a share of the answers in turns, and editors see both. It ends "
            "by itself when one of them is surely better, or when no difference has been found."
        ),
    )
    def start(self, request: HttpRequest, policy: ChallengePolicy, answers: dict[str, Any]) -> HttpResponse:
        start_interleaving(vocabulary=policy.vocabulary, actor=request.user)
        messages.success(request, _("Champion and challenger fill answers in turns."))
        return HttpResponseRedirect(address_of(PAGE, policy.vocabulary))

    @Button(
        gettext_lazy("Stop interleaving"),
        permission="recommender.change_modelalias",
        icon="stop_circle",
        question=gettext_lazy("All answers come from the champion alone again. What was counted stays."),
        form_class=ReasonForm,
    )
    def stop(self, request: HttpRequest, policy: ChallengePolicy, answers: dict[str, Any]) -> HttpResponse:
        stop_interleaving(vocabulary=policy.vocabulary, actor=request.user, reason=answers["reason"])
        messages.success(request, _("All answers come from the champion alone."))
        return HttpResponseRedirect(address_of(PAGE, policy.vocabulary))

    @Button(
        gettext_lazy("Withdraw the challenger"),
        permission="recommender.change_modelalias",
        icon="undo",
        question=gettext_lazy("Nothing is tried beside the champion any more. What was measured stays."),
        form_class=ReasonForm,
    )
    def withdraw(self, request: HttpRequest, policy: ChallengePolicy, answers: dict[str, Any]) -> HttpResponse:
        version = withdraw_challenger(vocabulary=policy.vocabulary, actor=request.user, reason=answers["reason"])
        messages.success(request, _("%(version)s is withdrawn.") % {"version": version.name})
        return HttpResponseRedirect(address_of(PAGE, policy.vocabulary))


@require_GET
@permission_required("recommender.view_modelversion", raise_exception=True)
def challenger_page(request: HttpRequest) -> HttpResponse:
    """The challenger of a vocabulary beside its champion, or who could be put up."""
    vocabulary, context = vocabulary_page(request, _("Challenger"))
    context |= {
        "may_move": request.user.has_perm("recommender.change_modelalias"),
        "may_set": request.user.has_perm("recommender.change_challengepolicy"),
        **(_context(vocabulary) if vocabulary else {}),
    }
    return TemplateResponse(request, "admin/recommender/challenger.html", context)


def _context(vocabulary: Vocabulary) -> dict[str, Any]:
    present, tried = champion(vocabulary), challenger(vocabulary)
    context: dict[str, Any] = {
        "champion": present,
        "challenger": tried,
        "policy": ChallengePolicy.objects.filter(vocabulary=vocabulary).first(),
        "candidates": _candidates(vocabulary, [each for each in (present, tried) if each is not None]),
    }
    report = shadow_report(tried) if tried is not None else None
    comparisons = [ComparisonView.of(each) for each in _comparisons(vocabulary)]
    if comparisons:
        context |= {
            "newest": comparisons[0],
            "earlier": comparisons[1:],
            "running": comparisons[0].comparison.state == Interleaving.State.RUNNING,
        }
        if comparisons[0].path:
            context["figures"] = {"interleaving": comparisons[0].chart()}
    if report is not None:
        context |= {
            "report": report,
            "agreement": agreement_rows(report.figures),
            "compared": compared_rows(report.figures),
        }
    return context


def _comparisons(vocabulary: Vocabulary) -> list[Interleaving]:
    """The newest ones, the one that runs first."""
    found = Interleaving.objects.filter(vocabulary=vocabulary)
    return list(found.select_related("champion__vocabulary", "challenger__vocabulary")[:MOST_COMPARISONS])


def _candidates(vocabulary: Vocabulary, taken: list[ModelVersion]) -> list[ModelVersion]:
    """The newest versions that could be put up."""
    ready = model_versions(vocabulary).filter(status=ModelVersion.Status.READY)
    return list(ready.exclude(pk__in=[version.pk for version in taken])[:MOST_CANDIDATES])


@admin.register(ShadowAnswer)
class ShadowAnswerAdmin(ReadOnlyAdmin):
    """What challengers would have answered, one by one."""

    list_display = ("created_at", "version", "recommendation_id", "number_of_tags", "seconds")
    list_filter = ("version__vocabulary",)
    list_select_related = ("version__vocabulary",)
    search_fields = ("=version__number",)
    search_help_text = gettext_lazy("The number of a version.")
    show_full_result_count = False
    paginator = LargeTablePaginator

    @display(description=gettext_lazy("tags"))
    def number_of_tags(self, answer: ShadowAnswer) -> int:
        return len(answer.tag_ids)


@admin.register(Interleaving)
class InterleavingAdmin(ReadOnlyAdmin):
    """Comparisons by interleaving with how they ended."""

    list_display = ("created_at", "vocabulary", "challenger_name", "champion_name", "state", "n_documents", "ended_at")
    list_filter = ("state", "vocabulary")
    list_select_related = ("vocabulary", "champion__vocabulary", "challenger__vocabulary")
    search_fields = ("reason", "vocabulary__slug")
    date_hierarchy = "created_at"

    @display(description=gettext_lazy("challenger"))
    def challenger_name(self, comparison: Interleaving) -> str:
        return comparison.challenger.name

    @display(description=gettext_lazy("champion"))
    def champion_name(self, comparison: Interleaving) -> str:
        return comparison.champion.name

    @display(description=gettext_lazy("documents"))
    def n_documents(self, comparison: Interleaving) -> int:
        return comparison.n_champion + comparison.n_challenger + comparison.n_draws
