"""Training runs in the admin: watched while they go on, cancelled by a button."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from recommender import tasks
from recommender.admin.evidence import learnt_decisions
from recommender.admin.gates import gate_table
from recommender.models import DataSnapshot, ModelVersion, TrainingRun
from recommender.repeating import request_repetition
from recommender.reports.measures import figures_context, headline, short
from recommender.reports.pages import report_address
from recommender.reports.time_spent import chapter_times
from recommender.runs import cancel_training
from recommender.stage_names import stage_in_words
from tagplatform.common.admin import Button, ReadOnlyAdmin, link_to, object_page

STATE_COLOURS = {
    "queued": "info", "running": "primary", "succeeded": "success", "failed": "danger", "skipped": "warning",
    "cancelled": "warning",
}  # fmt: skip


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    """One attempt to make a model version."""

    list_display = (
        "created_at", "vocabulary", "recipe_name", "kind", "trigger", "shown_state", "progress_bar", "ndcg", "made",
    )  # fmt: skip
    list_filter = ("state", "vocabulary", "recipe", "kind", "trigger")
    list_select_related = ("vocabulary", "requested_by", "parent__vocabulary")
    search_fields = ("vocabulary__slug", "reason", "worker")
    date_hierarchy = "created_at"
    readonly_fields = (
        "public_id", "present_state", "gate", "figures", "made", "report_link", "decisions", "snapshot", "time_spent",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("present_state",)}),
        (_("Result"), {"fields": ("made", "report_link", "gate", "figures")}),
        (_("Decisions"), {"fields": ("decisions", "snapshot")}),
        (_("Time"), {"fields": ("time_spent",)}),
        (
            _("Run"),
            {
                "fields": (
                    "public_id", "vocabulary", "recipe", "kind", "kind_reason", "parent", "asked_kind", "trigger",
                    "repeats", "requested_by", "created_at", "started_at", "finished_at", "attempts", "worker",
                )
            },
        ),
    )  # fmt: skip
    actions_detail = ("cancel", "repeat")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrainingRun]:
        return super().get_queryset(request).prefetch_related("model_versions__vocabulary")  # type: ignore[no-any-return]

    def get_urls(self) -> list[URLPattern]:
        state = self.admin_site.admin_view(self.state_view)
        return [path("<uuid:run_id>/state/", state, name="recommender_trainingrun_state"), *super().get_urls()]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        """A run that has ended cannot be cancelled, and only one with a data snapshot can be repeated."""
        possible = {
            "cancel": TrainingRun.objects.filter(pk=object_id, state__in=TrainingRun.ACTIVE_STATES).exists(),
            "repeat": DataSnapshot.objects.filter(training_run=object_id, status=DataSnapshot.Status.READY).exists(),
        }
        return [each for each in super().get_actions_detail(request, object_id) if possible[each.method.__name__]]

    def state_view(self, request: HttpRequest, run_id: Any) -> HttpResponse:
        """The part of the page that changes; when the run ends, the whole page is asked for anew."""
        run = TrainingRun.objects.filter(pk=run_id).first()
        if run is None:
            raise Http404
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        response = HttpResponse(self.present_state(run))
        if run.state not in TrainingRun.ACTIVE_STATES:
            response["HX-Refresh"] = "true"
        return response

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def shown_state(self, run: TrainingRun) -> tuple[str, str]:
        return run.state, run.get_state_display()

    @display(description=_("recipe"), ordering="recipe")
    def recipe_name(self, run: TrainingRun) -> str:
        return run.recipe

    @display(description=_("progress"))
    def progress_bar(self, run: TrainingRun) -> str:
        return render_to_string("admin/recommender/progress.html", {"run": run, "percent": percent(run)})

    @display(description="")
    def present_state(self, run: TrainingRun) -> str:
        context = {
            "run": run,
            "percent": percent(run),
            "stage": stage_in_words(run.stage),
            "colours": STATE_COLOURS,
            "active": run.state in TrainingRun.ACTIVE_STATES,
            "state_url": reverse("admin:recommender_trainingrun_state", args=[run.pk]),
        }
        return render_to_string("admin/recommender/run_state.html", context)

    @display(description="nDCG@5")
    def ndcg(self, run: TrainingRun) -> str:
        return short(headline(run.report.get("metrics") or {}))

    @display(description=_("version"))
    def made(self, run: TrainingRun) -> str:
        version = version_of(run)
        return link_to(object_page(version), version.name) if version else "–"

    @display(description=_("report"))
    def report_link(self, run: TrainingRun) -> str:
        version = version_of(run)
        words = _("calibration, figures of every tag, map of the tags")
        return link_to(report_address(version), words) if version else "–"

    @display(description=_("gate"))
    def gate(self, run: TrainingRun) -> str:
        return gate_table(run)

    @display(description=_("figures"))
    def figures(self, run: TrainingRun) -> str:
        context = figures_context(run.report.get("metrics") or {}, run.report)
        return render_to_string("admin/recommender/figures.html", context)

    @display(description=_("where it went"))
    def time_spent(self, run: TrainingRun) -> str:
        return render_to_string("admin/recommender/time_spent.html", {"chapters": chapter_times(run.report)})

    @display(description=_("what it learnt from them"))
    def decisions(self, run: TrainingRun) -> str:
        return learnt_decisions(run)

    @display(description=_("data snapshot"))
    def snapshot(self, run: TrainingRun) -> str:
        found = DataSnapshot.objects.filter(training_run=run.repeats or run).first()
        return link_to(object_page(found), f"{found.public_id} ({found.get_status_display()})") if found else "–"

    @Button(
        _("Cancel"),
        permission="recommender.change_trainingrun",
        icon="stop_circle",
        question=_("A queued run ends at once, a running one at its next step. The champion stays as it is."),
        danger=True,
    )
    def cancel(self, request: HttpRequest, run: TrainingRun, answers: dict[str, Any]) -> None:
        cancel_training(run=run)
        messages.success(request, _("The run is being cancelled."))

    @Button(
        _("Repeat this run"),
        permission="recommender.add_trainingrun",
        icon="replay",
        question=_(
            "A worker trains again from the run's data snapshot, with the same recipe and seed, and says whether the "
            "same bundle comes out. The new version is never promoted by itself."
        ),
    )
    def repeat(self, request: HttpRequest, run: TrainingRun, answers: dict[str, Any]) -> HttpResponse:
        with transaction.atomic():
            repetition = request_repetition(run=run, requested_by=request.user)
            transaction.on_commit(lambda: tasks.train.delay(str(repetition.pk)))
        messages.success(request, _("The training run is in the queue."))
        return HttpResponseRedirect(object_page(repetition))


def version_of(run: TrainingRun) -> ModelVersion | None:
    """What the run has made, if anything."""
    return next(iter(run.model_versions.all()), None)


def percent(run: TrainingRun) -> int:
    """Progress in whole per cent."""
    return round(100 * run.progress)
