"""Both recipes on tiny corpora: they learn, repeat, obey weights and survive odd input."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recommender.ml import (
    ConfigInvalid,
    Example,
    LabelSpace,
    NotEnoughExamples,
    RecipeUnknown,
    Text,
    TrainedRanker,
    open_bundle,
    save_bundle,
    train_ranker,
)
from recommender.ml.examples import SelectionMode
from recommender.ml.recipes import config_from_json, default_config
from recommender.ml.settings_json import config_as_json
from tests.ml.conftest import RECIPES, eight_examples, quick_config, silent, train_quickly


@pytest.mark.parametrize("recipe", RECIPES)
def test_eight_examples_are_learnt_by_heart(recipe: str, trained_by_recipe: dict[str, TrainedRanker]) -> None:
    examples = eight_examples()

    rankings = trained_by_recipe[recipe].ranker.rank([example.text for example in examples], limit=1)

    assert [ranking.labels[0] for ranking in rankings] == [example.labels[0] for example in examples]


@pytest.mark.parametrize("recipe", RECIPES)
def test_exactly_one_tag_gives_probabilities_that_sum_to_one(recipe: str, label_space: LabelSpace) -> None:
    examples = eight_examples()
    choice = LabelSpace(label_space.tag_ids, "one")

    ranker = train_quickly(recipe, examples, choice).ranker

    probabilities = ranker.probabilities([example.text for example in examples])
    assert probabilities.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert probabilities.argmax(axis=1).tolist() == [example.labels[0] for example in examples]


@pytest.mark.parametrize("mode", ["many", "one"])
@pytest.mark.parametrize(
    "changes", [{"loss": "squared-hinge"}, {"weighting": "sif"}, {"weighting": "textrank"}], ids=str
)
def test_every_loss_and_weighting_of_the_regression_learns_repeats_and_is_kept(
    changes: dict[str, str], mode: SelectionMode, label_space: LabelSpace, tmp_path: Path
) -> None:
    examples, space = eight_examples(), LabelSpace(label_space.tag_ids, mode)
    config = config_from_json("tfidf-logreg", changes | {"threads": 1})
    texts = [example.text for example in examples]

    first, again = (
        train_ranker(
            "tfidf-logreg",
            train=examples,
            dev=examples,
            label_space=space,
            config=config,
            seed=seed,
            on_progress=silent,
        )
        for seed in (1, 1)
    )
    save_bundle(first, tmp_path / "bundle")

    logits = first.ranker.logits(texts)
    assert logits.argmax(axis=1).tolist() == [example.labels[0] for example in examples]
    assert np.array_equal(logits, again.ranker.logits(texts))
    assert np.allclose(open_bundle(tmp_path / "bundle").logits(texts), logits, atol=1e-5)


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_same_seed_gives_the_same_model(
    recipe: str, trained_by_recipe: dict[str, TrainedRanker], label_space: LabelSpace
) -> None:
    texts = [example.text for example in eight_examples()]

    again = train_quickly(recipe, eight_examples(), label_space)

    first = trained_by_recipe[recipe].ranker.logits(texts)
    assert np.array_equal(first, again.ranker.logits(texts))


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_tag_without_examples_stays_improbable(recipe: str, trained_by_recipe: dict[str, TrainedRanker]) -> None:
    texts = [example.text for example in eight_examples()]

    probabilities = trained_by_recipe[recipe].ranker.probabilities(texts)

    assert probabilities[:, 4].max() < 0.2


@pytest.mark.parametrize("mode", ["many", "one"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_an_explicit_rejection_makes_the_tag_less_probable(recipe: str, mode: str) -> None:
    space = LabelSpace(("code", "cooking", "ai", "sport", "unused"), "one" if mode == "one" else "many")
    text = Text("Debugging C++ templates", "Flour and water for the compiler.")
    undecided = [*eight_examples(), Example(text, (), "x", unlabelled_weight=0.0)]
    rejected = [*eight_examples(), Example(text, (), "x", label_weights={0: 5.0}, unlabelled_weight=0.0)]

    before = train_quickly(recipe, undecided, space).ranker.logits([text])[0]
    after = train_quickly(recipe, rejected, space).ranker.logits([text])[0]

    assert after[0] - after[1:4].max() < before[0] - before[1:4].max()


@pytest.mark.parametrize("recipe", RECIPES)
def test_unlabelled_cells_of_weight_zero_are_no_evidence_against_a_tag(recipe: str) -> None:
    space = LabelSpace(("code", "cooking", "ai", "sport", "unused"))
    twins = [Example(Text("Debugging C++ templates", "compiler"), (3,), f"t{i}") for i in range(4)]
    unseen = [replace(example, unlabelled_weight=0.0) for example in twins]
    text = Text("Debugging C++ templates", "compiler")

    negative = train_quickly(recipe, [*eight_examples(), *twins], space).ranker.logits([text])[0, 0]
    unknown = train_quickly(recipe, [*eight_examples(), *unseen], space).ranker.logits([text])[0, 0]

    assert unknown > negative


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize(
    "examples",
    [
        [Example(Text("one", "document"), (0,))],
        [Example(Text("", ""), (0,)), Example(Text("", ""), (1,))],
        [Example(Text("same", f"label {i}"), (1,), str(i)) for i in range(4)],
    ],
    ids=["one example", "empty texts", "all the same label"],
)
def test_odd_corpora_train_without_a_crash(recipe: str, examples: list[Example]) -> None:
    space = LabelSpace(("a", "b", "c"))

    trained = train_ranker(
        recipe,
        train=examples,
        dev=[],
        label_space=space,
        config=quick_config(recipe),
        seed=1,
        on_progress=silent,
    )

    (ranking,) = trained.ranker.rank([Text("", "")], limit=10)
    assert len(ranking.labels) == 3
    assert np.isfinite(ranking.probabilities).all()


@pytest.mark.parametrize("recipe", RECIPES)
def test_an_exception_from_progress_ends_the_training(recipe: str, label_space: LabelSpace) -> None:
    class Cancelled(Exception):
        pass

    def cancel(stage: str, fraction: float) -> None:
        if stage != "reading texts":
            raise Cancelled

    with pytest.raises(Cancelled):
        train_quickly(recipe, eight_examples(), label_space, on_progress=cancel)


def test_training_without_tags_says_what_is_missing(label_space: LabelSpace) -> None:
    examples = [Example(Text("a", "b"), ())]

    with pytest.raises(NotEnoughExamples, match="tag some first"):
        train_quickly("tfidf-logreg", examples, label_space)


def test_an_unknown_recipe_lists_the_known_ones(label_space: LabelSpace) -> None:
    name = "oracle"

    with pytest.raises(RecipeUnknown, match="tfidf-logreg"):
        default_config(name)


@pytest.mark.parametrize("recipe", RECIPES)
def test_settings_survive_json(recipe: str) -> None:
    config = quick_config(recipe)

    again = config_from_json(recipe, config_as_json(config))

    assert again == config


@pytest.mark.parametrize(
    "wrong",
    [{"epoch": 3}, {"epochs": "3"}, {"skipgram": 3}, {"hidden_sizes": [1.5]}, {"loss": "hinge"}, {"weighting": None}],
)
def test_a_wrong_setting_is_named(wrong: dict[str, object]) -> None:
    recipe = "fasttext-cnn-mlp"

    with pytest.raises(ConfigInvalid, match=next(iter(wrong))):
        config_from_json(recipe, wrong)
