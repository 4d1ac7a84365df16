"""The form of a training policy: every setting of every recipe as a field, only the differences stored."""

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from django import forms
from django.test import Client
from django.urls import reverse

from recommender import ml
from recommender.admin.policy_form import (
    ListField,
    TrainingPolicyForm,
    field_name,
    offered_recipes,
    setting_field,
    setting_fields,
)
from recommender.models import TrainingPolicy
from recommender.reports.recipes import Setting, nested, settings_in, settings_of, settings_that_differ, stored_value
from tests.admin.addresses import page_of
from tests.factories import VocabularyFactory

NETWORK, LOGISTIC = "fasttext-cnn-mlp", "tfidf-logreg"


@dataclass(frozen=True)
class Parts:
    """A group of switches, as a recipe that combines parts has it."""

    use_network: bool = True
    use_neighbours: bool = False


@dataclass(frozen=True)
class Combined:
    """Settings of every type that a recipe may have."""

    parts: Parts = field(default_factory=Parts)
    time_budget_seconds: float = 60.0
    trees: int = 140
    mode: Literal["fast", "thorough"] = "fast"
    levels: Literal[1, 2] = 1
    widths: tuple[float, ...] = (0.5, 1.0)
    encoder: str = "none"
    limit: int | None = None
    weights: dict[str, float] = field(default_factory=dict)


def setting_of(name: str) -> Setting:
    return next(setting for setting in settings_in(Combined()) if setting.name == name)


def posted(policy: TrainingPolicy, recipe: str = "", **settings: Any) -> dict[str, Any]:
    """The form as a browser sends it: every field of every recipe, with these changes (`skipgram__dim=64`)."""
    chosen = recipe or policy.recipe
    form: dict[str, Any] = {"recipe": chosen, "promote_automatically": "on"}
    columns = ("seed", "full_every", "largest_gap", "taxonomy_change", "replay_share", "replay_documents")
    form |= {name: getattr(policy, name) for name in columns}
    for name in offered_recipes():
        for setting in settings_of(name):
            kept = stored_value(policy.config, setting.path) if name == policy.recipe else None
            form[field_name(name, setting.path)] = setting.default if kept is None else kept
    for path, value in settings.items():
        form[field_name(chosen, tuple(path.split("__")))] = value
    return {name: _as_text(value) for name, value in form.items() if value is not False}


def _as_text(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@pytest.fixture
def policy(db: None) -> TrainingPolicy:
    return TrainingPolicy.objects.create(
        vocabulary=VocabularyFactory(), recipe=NETWORK, config={"epochs": 3, "skipgram": {"dim": 64}}
    )


def save(client: Client, policy: TrainingPolicy, form: dict[str, Any]) -> Any:
    answer = client.post(page_of(policy, "change"), form)
    policy.refresh_from_db()
    return answer


def errors_of(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 200
    return {name: list(said) for name, said in answer.context["adminform"].form.errors.items()}


def test_every_setting_is_a_field_with_its_default(admin_client: Client, policy: TrainingPolicy) -> None:
    page = admin_client.get(page_of(policy, "change"))

    form = page.context["adminform"].form
    names = [field_name(recipe, setting.path) for recipe in offered_recipes() for setting in settings_of(recipe)]
    assert len(names) > 30
    assert set(names) <= set(form.fields)
    assert form.get_initial_for_field(form.fields[f"set-{NETWORK}-epochs"], f"set-{NETWORK}-epochs") == 3
    assert f'name="set-{NETWORK}-skipgram-dim" value="64"' in page.content.decode()
    assert f'name="set-{NETWORK}-filter_widths" value="1, 3, 5"' in page.content.decode()
    assert "Default: 128" in page.content.decode()


def test_every_recipe_stands_there_with_a_sentence(admin_client: Client, policy: TrainingPolicy) -> None:
    page = admin_client.get(page_of(policy, "change")).content.decode()

    assert "the baseline of every report" in page
    assert "a convolution and a multi-layer perceptron" in page
    assert "starts from its own defaults" in page


def test_saving_untouched_keeps_what_is_stored(admin_client: Client, policy: TrainingPolicy) -> None:
    answer = save(admin_client, policy, posted(policy))

    assert answer.status_code == 302
    assert policy.config == {"epochs": 3, "skipgram": {"dim": 64}}


def test_only_what_differs_from_the_defaults_is_stored(admin_client: Client, policy: TrainingPolicy) -> None:
    changes: dict[str, Any] = {
        "epochs": 6,
        "skipgram__dim": "",
        "dropout": "0.25",
        "filter_widths": "1, 3",
    }

    save(admin_client, policy, posted(policy, **changes))

    assert policy.config == {"dropout": 0.25, "filter_widths": [1, 3]}
    assert ml.config_from_json(NETWORK, policy.config).filter_widths == (1, 3)


def test_a_switch_is_turned_off_and_on(admin_client: Client, policy: TrainingPolicy) -> None:
    off = posted(policy)
    del off[f"set-{NETWORK}-output_sees_bag"]

    save(admin_client, policy, off)
    stored_off = policy.config.get("output_sees_bag")
    save(admin_client, policy, posted(policy, output_sees_bag="on"))

    assert stored_off is False
    assert "output_sees_bag" not in policy.config


def test_a_choice_is_a_list_of_its_values(admin_client: Client, policy: TrainingPolicy) -> None:
    page = admin_client.get(page_of(policy, "change")).content.decode()
    save(admin_client, policy, posted(policy, loss="focal"))
    refused = errors_of(save(admin_client, policy, posted(policy, loss="hinge")))

    assert '<option value="asymmetric">asymmetric</option>' in page
    assert policy.config["loss"] == "focal"
    assert "hinge" in refused[f"set-{NETWORK}-loss"][0]


def test_a_vocabulary_of_exactly_one_tag_has_its_softmax_set(admin_client: Client, policy: TrainingPolicy) -> None:
    type(policy.vocabulary).objects.update(selection_mode="one")

    save(admin_client, policy, posted(policy, temperature="0.5", label_smoothing="0.2"))

    assert (policy.config["temperature"], policy.config["label_smoothing"]) == (0.5, 0.2)


def test_another_recipe_starts_from_its_defaults(admin_client: Client, policy: TrainingPolicy) -> None:
    save(admin_client, policy, posted(policy, LOGISTIC, passes=7))

    assert (policy.recipe, policy.config) == (LOGISTIC, {"passes": 7})


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("epochs", "many", "whole number"),
        ("epochs", "0", "greater than or equal to 1"),
        ("dropout", "1.5", "less than or equal to 0.95"),
        ("filter_widths", "1, wide", "whole numbers with commas"),
    ],
)
def test_a_wrong_value_is_told_at_its_field(
    admin_client: Client, policy: TrainingPolicy, setting: str, value: str, words: str
) -> None:
    answer = save(admin_client, policy, posted(policy, **{setting: value}))

    errors = errors_of(answer)
    assert set(errors) == {f"set-{NETWORK}-{setting}"}
    assert words in errors[f"set-{NETWORK}-{setting}"][0]
    assert policy.config == {"epochs": 3, "skipgram": {"dim": 64}}


def test_a_wrong_value_of_a_recipe_that_is_not_chosen_is_told_too(admin_client: Client, policy: TrainingPolicy) -> None:
    form = posted(policy) | {f"set-{LOGISTIC}-passes": "never"}

    assert set(errors_of(save(admin_client, policy, form))) == {f"set-{LOGISTIC}-passes"}


def test_what_the_library_refuses_is_told_at_the_field_that_it_is_about(policy: TrainingPolicy) -> None:
    form = TrainingPolicyForm(posted(policy) | {"vocabulary": str(policy.vocabulary_id)}, instance=policy)
    form.full_clean()

    form.refuse_what_the_library_refuses(NETWORK, {("skipgram", "dim"): 3.5, ("dropout",): 0.2})

    assert set(form.errors) == {f"set-{NETWORK}-skipgram-dim"}
    assert "dim is int, not 3.5" in form.errors[f"set-{NETWORK}-skipgram-dim"][0]


def test_settings_that_no_recipe_knows_any_more_are_left_behind(admin_client: Client, policy: TrainingPolicy) -> None:
    TrainingPolicy.objects.filter(pk=policy.pk).update(config={"epochs": 3, "gone": 1, "skipgram": "odd"})
    policy.refresh_from_db()

    answer = save(admin_client, policy, posted(policy))

    assert answer.status_code == 302
    assert policy.config == {"epochs": 3}


def test_all_settings_are_reset_by_a_button(admin_client: Client, policy: TrainingPolicy) -> None:
    asked = admin_client.get(page_of(policy, "reset_settings"))
    admin_client.post(page_of(policy, "reset_settings"))

    policy.refresh_from_db()
    assert asked.status_code == 200
    assert (policy.recipe, policy.config) == (NETWORK, {})


def test_a_policy_is_added_with_its_settings(admin_client: Client, db: None) -> None:
    vocabulary = VocabularyFactory()
    form = posted(TrainingPolicy(recipe=NETWORK), epochs=9) | {"vocabulary": str(vocabulary.pk)}

    answer = admin_client.post(reverse("admin:recommender_trainingpolicy_add"), form)

    assert answer.status_code == 302
    assert TrainingPolicy.objects.get(vocabulary=vocabulary).config == {"epochs": 9}


def test_readers_see_the_settings_in_short(reader_client: Client, policy: TrainingPolicy) -> None:
    page = reader_client.get(page_of(policy, "change"))

    assert page.status_code == 200
    assert "skipgram.dim = 64" in page.content.decode()
    assert f"set-{NETWORK}-epochs" not in page.content.decode()
    assert reader_client.post(page_of(policy, "change"), posted(policy)).status_code == 403


def other_inlines(shown: Any) -> dict[str, Any]:
    """What a browser sends of the page's further inlines while they are empty."""
    prefixes = [inline.formset.prefix for inline in shown.context["inline_admin_formsets"]]
    return {f"{prefix}-{count}": 0 for prefix in prefixes for count in ("TOTAL_FORMS", "INITIAL_FORMS")}


def inline(policy: TrainingPolicy, recipe: str) -> dict[str, Any]:
    vocabulary = policy.vocabulary
    return {
        "name": vocabulary.name, "slug": vocabulary.slug, "language": "en", "suggestion_limit": 10,
        "precision_target": 0.7, "training_policy-TOTAL_FORMS": 1, "training_policy-INITIAL_FORMS": 1,
        "training_policy-0-id": policy.pk, "training_policy-0-vocabulary": vocabulary.pk,
        "training_policy-0-recipe": recipe, "training_policy-0-seed": 2,
    }  # fmt: skip


@pytest.mark.parametrize(("recipe", "kept"), [(NETWORK, {"epochs": 3, "skipgram": {"dim": 64}}), (LOGISTIC, {})])
def test_the_vocabularys_page_keeps_settings_unless_the_recipe_changes(
    admin_client: Client, policy: TrainingPolicy, recipe: str, kept: dict[str, Any]
) -> None:
    shown = admin_client.get(page_of(policy.vocabulary, "change"))
    page = shown.content.decode()
    answer = admin_client.post(page_of(policy.vocabulary, "change"), other_inlines(shown) | inline(policy, recipe))

    policy.refresh_from_db()
    assert "skipgram.dim = 64" in page
    assert page_of(policy, "change") in page
    assert answer.status_code == 302
    assert (policy.recipe, policy.seed, policy.config) == (recipe, 2, kept)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("parts.use_network", forms.BooleanField),
        ("time_budget_seconds", forms.FloatField),
        ("trees", forms.IntegerField),
        ("mode", forms.TypedChoiceField),
        ("widths", ListField),
        ("encoder", forms.CharField),
        ("limit", forms.IntegerField),
        ("weights", forms.JSONField),
    ],
)
def test_a_setting_that_nobody_has_heard_of_gets_a_field_of_its_type(name: str, kind: type[forms.Field]) -> None:
    assert type(setting_field(setting_of(name))) is kind


@pytest.mark.parametrize(
    ("name", "typed", "meant"),
    [
        ("parts.use_neighbours", True, True),
        ("mode", "thorough", "thorough"),
        ("levels", "2", 2),
        ("widths", "0.5， 2", (0.5, 2.0)),
        ("limit", "", None),
        ("limit", "5", 5),
        ("weights", '{"a": 1}', {"a": 1}),
    ],
)
def test_fields_of_any_type_give_what_the_setting_takes(name: str, typed: Any, meant: Any) -> None:
    assert setting_field(setting_of(name)).clean(typed) == meant


def test_no_field_of_a_setting_is_mistaken_for_a_column() -> None:
    columns = {column.name for column in TrainingPolicy._meta.get_fields()}

    assert not columns & set(setting_fields())


def test_what_differs_is_told_by_dotted_names() -> None:
    config = ml.config_as_json(ml.default_config(NETWORK)) | {"epochs": 2, "new": 1}

    assert settings_that_differ(NETWORK, config) == {"epochs": 2, "new": 1}
    assert settings_that_differ(NETWORK, nested({("skipgram", "dim"): 64})) == {"skipgram.dim": 64}
    assert settings_that_differ("unheard of", {"a": 1}) == {"a": 1}
