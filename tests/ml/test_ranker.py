"""Rankings, explanations, evaluation and comparison of a trained ranker."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from recommender.ml import HeldOutPredictions, Text, TrainedRanker, confidence, evaluate, label_counts
from recommender.ml.calibration_fit import fit_calibration
from recommender.ml.examples import Example, LabelSpace
from tests.ml.conftest import RECIPES, eight_examples

TEXT = Text("Baking sourdough bread", "Flour, water and salt rest overnight.")


@pytest.mark.parametrize("recipe", RECIPES)
def test_chosen_and_forbidden_labels_are_left_out(recipe: str, trained_by_recipe: dict[str, TrainedRanker]) -> None:
    ranker = trained_by_recipe[recipe].ranker
    allowed = np.array([True, True, True, False, True])

    (ranking,) = ranker.rank([TEXT], limit=10, allowed=allowed, chosen=[(1,)])

    assert sorted(ranking.labels.tolist()) == [0, 2, 4]


@pytest.mark.parametrize("recipe", RECIPES)
def test_rankings_come_surest_first(recipe: str, trained_by_recipe: dict[str, TrainedRanker]) -> None:
    ranker = trained_by_recipe[recipe].ranker

    (ranking,) = ranker.rank([TEXT], limit=3)

    assert ranking.labels[0] == 1
    assert (np.diff(ranking.probabilities) <= 0).all()
    assert len(ranking.labels) == len(ranking.logits) == len(ranking.above_threshold) == 3


@pytest.mark.parametrize("recipe", RECIPES)
def test_an_explanation_points_at_words_of_the_text(recipe: str, trained_by_recipe: dict[str, TrainedRanker]) -> None:
    ranker = trained_by_recipe[recipe].ranker

    evidence = ranker.explain(TEXT, 1)

    assert evidence
    for found in evidence:
        raw = TEXT.title if found.field == "title" else TEXT.body
        assert raw[found.start : found.end] == found.text
        assert found.contribution > 0


@pytest.mark.parametrize("recipe", RECIPES)
def test_threads_get_the_answers_that_one_gets(recipe: str, trained_by_recipe: dict[str, TrainedRanker]) -> None:
    ranker = trained_by_recipe[recipe].ranker
    texts = [example.text for example in eight_examples()] * 4

    with ThreadPoolExecutor(4) as pool:
        parallel = list(pool.map(lambda text: ranker.logits([text])[0], texts))

    assert np.allclose(parallel, [ranker.logits([text])[0] for text in texts], atol=1e-5)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_batch_scores_as_its_texts_do_alone(recipe: str, trained_by_recipe: dict[str, TrainedRanker]) -> None:
    ranker = trained_by_recipe[recipe].ranker
    texts = [*(example.text for example in eight_examples()), Text("", "")]

    together = ranker.logits(texts)

    alone = np.concatenate([ranker.logits([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-4)


def test_evaluation_counts_a_perfect_ranking_as_one(trained_by_recipe: dict[str, TrainedRanker]) -> None:
    ranker, examples = trained_by_recipe["tfidf-logreg"].ranker, eight_examples()

    evaluation = evaluate(ranker, examples, label_counts=label_counts(examples, 5), seed=1)

    assert evaluation.metrics["ndcg_at_5"] == (1.0, 1.0, 1.0)
    assert evaluation.n_documents == 8


def test_held_out_predictions_survive_the_disk(trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path) -> None:
    ranker, examples = trained_by_recipe["tfidf-logreg"].ranker, eight_examples()
    evaluation = evaluate(ranker, examples, label_counts=label_counts(examples, 5), seed=1)

    evaluation.predictions.save(tmp_path / "held_out")
    again = HeldOutPredictions.load(tmp_path / "held_out")

    assert again.document_ids == tuple(example.document_id for example in examples)
    assert np.array_equal(again.gold_matrix(), evaluation.predictions.gold_matrix())
    assert np.allclose(again.probability_matrix(), ranker.probabilities([e.text for e in examples]))


def test_calibration_keeps_the_order_and_meets_the_precision_target() -> None:
    rng = np.random.default_rng(0)
    space = LabelSpace(("a", "b"))
    truth = rng.random((2000, 2))
    logits = (np.log(truth / (1 - truth)) * 3).astype(np.float32)
    gold = rng.random((2000, 2)) < truth
    dev = [Example(Text("", ""), tuple(np.flatnonzero(row).tolist())) for row in gold]

    calibration = fit_calibration(logits, dev, space, precision_target=0.8)

    chances = calibration.probabilities(logits, "many")
    assert calibration.slopes[0] == pytest.approx(1 / 3, abs=0.05)
    assert gold[chances >= calibration.thresholds].mean() == pytest.approx(0.8, abs=0.03)


def test_confidence_has_three_words() -> None:
    chances = (0.9, 0.5, 0.1)

    words = [confidence(chance) for chance in chances]

    assert words == ["high", "medium", "low"]
