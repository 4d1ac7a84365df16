"""The vocabulary's page with what belongs to its models: the training policy and “train now”."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from recommender import tasks
from recommender.models import ModelAlias, Recipe, TrainingPolicy, TrainingRun
from recommender.runs import request_training
from tagplatform.common.admin import Button, PlatformAdmin, object_page
from tagplatform.taxonomy.admin.vocabularies import VocabularyAdmin
from tagplatform.taxonomy.models import Vocabulary

admin.site.unregister(Vocabulary)


class TrainingPolicyInline(StackedInline):
    """How models of the vocabulary are trained, and when a new one goes live."""

    model = TrainingPolicy
    can_delete = False
    extra = 0
    fields = ("recipe", "tolerance", "promote_automatically", "seed", "config")


class TrainForm(forms.Form):
    """Which recipe to train."""

    recipe = forms.ChoiceField(
        label=_("Recipe"),
        required=False,
        choices=[("", _("as the training policy says")), *Recipe.choices],
        widget=UnfoldAdminSelectWidget(),
    )


@admin.register(Vocabulary)
class TrainedVocabularyAdmin(VocabularyAdmin):
    """A vocabulary with its policies, its champion, and a button that trains a new version."""

    inlines = (TrainingPolicyInline,)
    list_display = (*VocabularyAdmin.list_display, "champion_name")
    actions_detail = ("train_now",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("model_aliases__version")

    @display(description=_("champion"))
    def champion_name(self, vocabulary: Vocabulary) -> str:
        aliases = [alias for alias in vocabulary.model_aliases.all() if alias.name == ModelAlias.Name.CHAMPION]
        return f"{vocabulary.slug}-{aliases[0].version.number}" if aliases else "–"

    @Button(
        _("Train now"),
        permission="recommender.add_trainingrun",
        icon="model_training",
        question=_(
            "A worker trains a new version from the documents' present tags and the decisions. "
            "It goes live if it is not worse than the champion and the policy allows it."
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
            )
            transaction.on_commit(lambda: tasks.train.delay(str(run.pk)))
        messages.success(request, _("The training run is in the queue."))
        return HttpResponseRedirect(object_page(run))


@admin.register(TrainingPolicy)
class TrainingPolicyAdmin(PlatformAdmin):
    """All training policies in one list."""

    list_display = ("vocabulary", "recipe", "tolerance", "promote_automatically", "seed")
    list_filter = ("recipe", "promote_automatically")
    list_select_related = ("vocabulary",)
    search_fields = ("vocabulary__name", "vocabulary__slug")
    autocomplete_fields = ("vocabulary",)
