"""The vocabulary's page with what belongs to its models: the training policy and “train now”."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from recommender import tasks
from recommender.admin.adjustments import AdjustmentPolicyInline
from recommender.admin.evidence import EvidencePolicyInline
from recommender.admin.gates import GatePolicyInline
from recommender.admin.policies import ShortPolicyForm, settings_in_short
from recommender.admin.watching import WatchPolicyInline
from recommender.models import ModelAlias, TrainingPolicy, TrainingRun, recipe_choices
from recommender.reports.pages import report_address
from recommender.runs import request_training
from recommender.selectors import champion
from tagplatform.common.admin import Button, link_to, object_page
from tagplatform.taxonomy.admin.vocabularies import VocabularyAdmin
from tagplatform.taxonomy.models import Vocabulary

admin.site.unregister(Vocabulary)


class TrainingPolicyInline(StackedInline):
    """How models of the vocabulary are trained, and when a new one goes live; the settings have a page of their own."""

    model = TrainingPolicy
    form = ShortPolicyForm
    can_delete = False
    extra = 0
    fields = ("recipe", "settings", "promote_automatically", "seed")
    readonly_fields = ("settings",)

    @display(description=_("settings"))
    def settings(self, policy: TrainingPolicy) -> str:
        return settings_in_short(policy)


class TrainForm(forms.Form):
    """Which recipe to train, and how."""

    recipe = forms.ChoiceField(
        label=_("Recipe"),
        required=False,
        choices=[("", _("as the training policy says")), *recipe_choices()],
        widget=UnfoldAdminSelectWidget(),
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[
            ("", _("as the training policy says")),
            (TrainingRun.Kind.FULL, _("full: learns everything anew")),
            (TrainingRun.Kind.INCREMENTAL, _("incremental: updates the champion with what is new")),
        ],
        widget=UnfoldAdminSelectWidget(),
    )


@admin.register(Vocabulary)
class TrainedVocabularyAdmin(VocabularyAdmin):
    """A vocabulary with its policies, its champion, and a button that trains a new version."""

    inlines = (TrainingPolicyInline, GatePolicyInline, AdjustmentPolicyInline, EvidencePolicyInline, WatchPolicyInline)
    list_display = (*VocabularyAdmin.list_display, "champion_name")
    readonly_fields: Any = (*VocabularyAdmin.readonly_fields, "champion_report")
    actions_detail = ("train_now",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("model_aliases__version")

    @display(description=_("champion"))
    def champion_name(self, vocabulary: Vocabulary) -> str:
        aliases = [alias for alias in vocabulary.model_aliases.all() if alias.name == ModelAlias.Name.CHAMPION]
        return f"{vocabulary.slug}-{aliases[0].version.number}" if aliases else "–"

    def get_fieldsets(self, request: HttpRequest, obj: Vocabulary | None = None) -> Any:
        """The champion for those who may see models, once there is a vocabulary."""
        fieldsets = list(super().get_fieldsets(request, obj))
        if obj is None or not request.user.has_perm("recommender.view_modelversion"):
            return fieldsets
        return [*fieldsets[:-1], (_("Model"), {"fields": ("champion_report",)}), fieldsets[-1]]

    @display(description=_("champion"))
    def champion_report(self, vocabulary: Vocabulary) -> str:
        version = champion(vocabulary)
        if version is None:
            return "–"
        words = _("calibration, figures of every tag, map of the tags")
        link = link_to(object_page(version), version.name)
        live = link_to(f"{reverse('watching:page')}?vocabulary={vocabulary.slug}", _("live figures"))
        return format_html("{}: {}, {}", link, link_to(report_address(version), words), live)

    @Button(
        _("Train now"),
        permission="recommender.add_trainingrun",
        icon="model_training",
        question=_(
            "A worker trains a new version from the documents' present tags and the decisions. "
            "It goes live if it passes the gate and the policy allows it."
        ),
        form_class=TrainForm,
    )
    def train_now(self, request: HttpRequest, vocabulary: Vocabulary, answers: dict[str, Any]) -> HttpResponse:
        with transaction.atomic():
            run = request_training(
                vocabulary=vocabulary,
                trigger=TrainingRun.Trigger.MANUAL,
                requested_by=request.user,
                recipe=answers["recipe"] or None,
                kind=answers["kind"],
            )
            transaction.on_commit(lambda: tasks.train.delay(str(run.pk)))
        messages.success(request, _("The training run is in the queue."))
        return HttpResponseRedirect(object_page(run))
