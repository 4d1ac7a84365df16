"""The form of a training policy: the recipe with what each is for, and every setting of every recipe as a field.

Fields are made from the recipes' dataclasses; nothing here knows a setting by name. Only what differs from the
defaults is stored, so that what nobody has touched follows the recipe when it learns better.
"""

import json
import typing
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from recommender import ml
from recommender.models import TrainingPolicy, recipe_choices, recipe_label
from recommender.reports.recipes import (
    Path,
    Setting,
    explained_recipe,
    is_optional,
    nested,
    plain,
    settings_of,
    stored_value,
)

SETTINGS_A_ROW = 2
RECIPE_HELP = gettext_lazy(
    "Another recipe starts from its own defaults: what has been set for the present one is not kept."
)


class ListField(forms.CharField):
    """A tuple of one type, written with commas."""

    def __init__(self, *, item: Any, **options: Any) -> None:
        super().__init__(**options)
        self.item = item

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(item) for item in value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        parts = [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]
        if not parts:
            return None
        try:
            return tuple(self.item(part) for part in parts)
        except ValueError as error:
            kind = _("whole numbers") if self.item is int else _("numbers")
            raise ValidationError(_("Enter %(kind)s with commas between them.") % {"kind": kind}) from error


def offered_recipes() -> list[str]:
    """The recipes that the library can train."""
    return [recipe for recipe, _label in recipe_choices()]


def field_name(recipe: str, path: Path) -> str:
    """The setting's field in the form, unlike any column of the policy."""
    return f"set-{recipe}-{'-'.join(path)}"


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """The columns of a policy beside the fields of all settings; empty fields mean the default."""

    recipe = forms.ChoiceField(
        label=gettext_lazy("Recipe"), help_text=RECIPE_HELP, widget=UnfoldAdminRadioSelectWidget(radio_style=0)
    )

    class Meta:
        model = TrainingPolicy
        fields = (
            "vocabulary", "recipe", "promote_automatically", "seed",
            "full_every", "largest_gap", "taxonomy_change", "replay_share", "replay_documents",
        )  # fmt: skip

    class Media:
        css = {"all": ("reports/policy.css",)}
        js = ("reports/policy.js",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._config: dict[str, Any] = {}
        if "recipe" not in self.fields:  # shown to somebody who may only look
            return
        self.fields["recipe"].choices = explained_recipes()  # type: ignore[attr-defined]
        for recipe in offered_recipes():
            stored = self.instance.config if recipe == self.instance.recipe else {}
            for setting in settings_of(recipe):
                kept = stored_value(stored, setting.path)
                self.initial[field_name(recipe, setting.path)] = setting.default if kept is None else kept

    def clean(self) -> dict[str, Any]:
        """The settings of the chosen recipe, as the library would take them; its refusal stands at the field."""
        cleaned = super().clean() or self.cleaned_data
        recipe = cleaned.get("recipe")
        if recipe in offered_recipes():
            changed = self._changed(recipe, cleaned)
            self.refuse_what_the_library_refuses(recipe, changed)
            self._config = nested({path: plain(value) for path, value in changed.items()})
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.config = self._config
        return super().save(commit)

    def _changed(self, recipe: str, cleaned: Mapping[str, Any]) -> dict[Path, Any]:
        """What differs from the defaults; fields that are wrong already are left out."""
        changed = {}
        for setting in settings_of(recipe):
            name = field_name(recipe, setting.path)
            if name not in cleaned or _is_default(setting, cleaned[name]):
                continue
            changed[setting.path] = cleaned[name]
        return changed

    def refuse_what_the_library_refuses(self, recipe: str, changed: Mapping[Path, Any]) -> None:
        """Errors at the fields that are refused by themselves, else one for the form as a whole."""
        if (refusal := _refusal(recipe, changed)) is None:
            return
        alone = {path: _refusal(recipe, {path: value}) for path, value in changed.items()}
        blamed = {path: said for path, said in alone.items() if said is not None}
        for path, said in blamed.items():
            self.add_error(field_name(recipe, path), said)
        if not blamed:
            self.add_error(None, refusal)


def _is_default(setting: Setting, value: Any) -> bool:
    if value is None or value == "":
        return setting.default is None or not is_optional(setting.kind)
    return bool(plain(value) == plain(setting.default))


def _refusal(recipe: str, changed: Mapping[Path, Any]) -> str | None:
    """What the library says against these settings; None where it takes them."""
    try:
        ml.config_from_json(recipe, nested({path: plain(value) for path, value in changed.items()}))
    except (ml.ConfigInvalid, ValueError, TypeError) as error:
        return str(error)
    return None


def explained_recipes() -> list[tuple[str, Any]]:
    """Each recipe by its name, with the sentence that says what it is for."""
    return [
        (name, format_html("<strong>{}</strong> {}", recipe_label(name), explained_recipe(name)["text"]))
        for name in offered_recipes()
    ]


def setting_field(setting: Setting) -> forms.Field:
    """The field that fits the setting's type; a type that is not known is edited as JSON."""
    note, kind = setting.note, _bare(setting.kind)
    about: dict[str, Any] = {"label": setting.path[-1], "required": False, "help_text": _help(setting)}
    ends: dict[str, Any] = {"min_value": note.least, "max_value": note.most}
    if kind is bool:
        return forms.BooleanField(widget=UnfoldBooleanSwitchWidget(), **about)
    if kind is int:
        return forms.IntegerField(widget=UnfoldAdminIntegerFieldWidget(), **about, **ends)
    if kind is float:
        widget = UnfoldAdminIntegerFieldWidget(attrs={"step": "any"})
        return forms.FloatField(widget=widget, **about, **ends)
    if kind is str:
        return forms.CharField(widget=UnfoldAdminTextInputWidget(), **about)
    if typing.get_origin(kind) is typing.Literal:
        values = {str(value): value for value in typing.get_args(kind)}
        choices = [(text, text) for text in values]
        widget = UnfoldAdminSelectWidget()
        return forms.TypedChoiceField(
            choices=choices, coerce=values.__getitem__, empty_value=None, widget=widget, **about
        )
    if typing.get_origin(kind) is tuple and typing.get_args(kind)[0] in (int, float, str):
        return ListField(item=typing.get_args(kind)[0], widget=UnfoldAdminTextInputWidget(), **about)
    return forms.JSONField(widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}), **about)


def _bare(kind: Any) -> Any:
    """The type without its None."""
    if not is_optional(kind):
        return kind
    return next(each for each in typing.get_args(kind) if each is not type(None))


def _help(setting: Setting) -> Any:
    default = format_lazy("{words} {value}", words=gettext_lazy("Default:"), value=_written(setting.default))
    return format_lazy("{note} {default}", note=setting.note.text, default=default) if setting.note.text else default


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return gettext_lazy("on") if value else gettext_lazy("off")
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    if value is None:
        return gettext_lazy("none")
    return f"{value:g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)


def setting_fields() -> dict[str, forms.Field]:
    """The fields of every setting of every recipe by their names in the form."""
    return {
        field_name(recipe, setting.path): setting_field(setting)
        for recipe in offered_recipes()
        for setting in settings_of(recipe)
    }


def setting_fieldsets() -> list[tuple[Any, dict[str, Any]]]:
    """One group of fields for each recipe and each nested group of its settings."""
    sets: list[tuple[Any, dict[str, Any]]] = []
    for recipe in offered_recipes():
        groups: dict[Path, list[str]] = {}
        for setting in settings_of(recipe):
            groups.setdefault(setting.group, []).append(field_name(recipe, setting.path))
        for group, names in groups.items():
            title = format_lazy("{recipe}: {group}", recipe=recipe_label(recipe), group=".".join(group) or _SETTINGS)
            rows = [tuple(names[start : start + SETTINGS_A_ROW]) for start in range(0, len(names), SETTINGS_A_ROW)]
            classes = ("recipe-settings", f"recipe-settings-{recipe}")
            sets.append((title, {"fields": rows, "classes": classes, "description": _EMPTY_MEANS_DEFAULT}))
    return sets


_SETTINGS = gettext_lazy("settings")
_EMPTY_MEANS_DEFAULT = gettext_lazy("An empty field takes the default. Only what differs from it is stored.")

# The admin wants to see all fields in the class, so they are put into it as if they had been written there
TrainingPolicyForm: Any = type("TrainingPolicyForm", (PolicyForm,), setting_fields() | {"__module__": __name__})
