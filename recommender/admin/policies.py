"""Training policies in the admin: recipe and settings as a form, and how they stand in short elsewhere."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from recommender.admin.policy_form import RECIPE_HELP, TrainingPolicyForm, setting_fieldsets
from recommender.models import TrainingPolicy
from recommender.reports.recipes import explained_recipe, settings_that_differ
from tagplatform.common.admin import Button, PlatformAdmin, object_page

_KINDS = ("full_every", ("largest_gap", "taxonomy_change"), ("replay_share", "replay_documents"))
_KINDS_NOTE = _("An incremental run updates the champion in a fraction of the time. Shares of 1: 0.01 is one point.")


@admin.register(TrainingPolicy)
class TrainingPolicyAdmin(PlatformAdmin):
    """All training policies in one list, each with every setting of its recipe."""

    form = TrainingPolicyForm
    list_display = ("vocabulary", "recipe", "number_of_settings", "promote_automatically", "seed")
    list_filter = ("recipe", "promote_automatically")
    list_select_related = ("vocabulary",)
    search_fields = ("vocabulary__name", "vocabulary__slug")
    autocomplete_fields = ("vocabulary",)
    actions_detail = ("reset_settings",)

    def get_fieldsets(self, request: HttpRequest, obj: TrainingPolicy | None = None) -> Any:
        """The settings as fields for those who may change them, in short for those who may look."""
        may_change = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        policy = [
            (_("Going live"), {"fields": ("promote_automatically", "seed")}),
            (_("Full or incremental"), {"fields": _KINDS, "description": _KINDS_NOTE}),
        ]
        if may_change:
            return [(None, {"fields": ("vocabulary", "recipe")}), *policy, *setting_fieldsets()]
        return [(None, {"fields": ("vocabulary", "recipe", "settings")}), *policy]

    def get_readonly_fields(self, request: HttpRequest, obj: TrainingPolicy | None = None) -> Any:
        """A policy stays with its vocabulary."""
        return ("settings", "vocabulary") if obj else ("settings",)

    @display(description=_("settings"))
    def settings(self, policy: TrainingPolicy) -> str:
        return settings_in_short(policy)

    @display(description=_("changed settings"))
    def number_of_settings(self, policy: TrainingPolicy) -> int:
        return len(settings_that_differ(policy.recipe, policy.config))

    @Button(
        _("Reset to defaults"),
        permission="recommender.change_trainingpolicy",
        icon="restart_alt",
        question=_("Every setting of the recipe takes its default again. The recipe itself stays."),
    )
    def reset_settings(self, request: HttpRequest, policy: TrainingPolicy, answers: dict[str, Any]) -> None:
        TrainingPolicy.objects.filter(pk=policy.pk).update(config={})
        messages.success(request, _("All settings stand at their defaults."))


class ShortPolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """A policy without its settings: another recipe starts from its defaults."""

    class Meta:
        model = TrainingPolicy
        fields = ("recipe", "promote_automatically", "seed")
        help_texts = {"recipe": RECIPE_HELP}

    def save(self, commit: bool = True) -> Any:
        if "recipe" in self.changed_data:
            self.instance.config = {}
        return super().save(commit)


def settings_in_short(policy: TrainingPolicy) -> str:
    """What differs from the recipe's defaults, and where it is changed."""
    context = {
        "settings": settings_that_differ(policy.recipe, policy.config),
        "recipe": explained_recipe(policy.recipe),
        "policy_url": object_page(policy) if policy.pk else reverse("admin:recommender_trainingpolicy_changelist"),
        "policy": policy,
    }
    return render_to_string("admin/recommender/settings_in_short.html", context)
