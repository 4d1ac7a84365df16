"""Tags that exclude each other: probabilities, rankings, chosen tags, bundles."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from recommender.ml import LabelSpace, Ranker, Text, TrainedRanker, open_bundle, read_manifest, save_bundle
from recommender.ml.calibration import identity_calibration
from recommender.ml.evaluation import evaluate
from recommender.ml.examples import BoolArray, Example, FloatArray
from recommender.ml.exclusion import coupled, excluded_by, without_rivals
from recommender.ml.widening import widened

SPACE = LabelSpace(("red", "green", "blue", "round", "flat"), exclusive_groups=((0, 1, 2),))
TEXT = Text("", "a ball")


class Fixed:
    """A scorer that thinks the same of every text."""

    def __init__(self, probabilities: Sequence[float]) -> None:
        chances = np.array(probabilities)
        self._logits = np.log(chances / (1 - chances)).astype(np.float32)

    def logits(self, texts: Sequence[Text], chosen: Sequence[Iterable[int]] = ()) -> tuple[FloatArray, BoolArray]:
        return np.tile(self._logits, (len(texts), 1)), np.zeros(len(texts), np.bool_)

    def word_contributions(self, text: Text, label: int) -> Mapping[str, float]:
        return {}


def ranker_of(*probabilities: float) -> Ranker:
    n_labels = len(probabilities)
    return Ranker(
        label_space=SPACE, recipe="fixed", scorer=Fixed(probabilities), calibration=identity_calibration(n_labels)
    )


def test_probabilities_of_a_group_that_add_up_to_more_than_one_are_shared_out() -> None:
    alone = np.array([[0.9, 0.6, 0.5, 0.7, 0.7], [0.5, 0.2, 0.1, 0.7, 0.7]], np.float32)

    together = coupled(alone, SPACE)

    assert together[0] == pytest.approx([0.45, 0.3, 0.25, 0.7, 0.7])
    assert together[1] == pytest.approx(alone[1])


def test_without_groups_nothing_changes() -> None:
    alone = np.array([[0.9, 0.8]], np.float32)
    free = LabelSpace(("a", "b"))

    assert coupled(alone, free) is alone
    assert without_rivals(alone[0], free).tolist() == alone[0].tolist()
    assert excluded_by([1], free).tolist() == [False, True]


def test_a_ranking_holds_the_best_of_a_group_and_all_others() -> None:
    (ranking,) = ranker_of(0.6, 0.9, 0.5, 0.7, 0.2).rank([TEXT], limit=10)

    assert ranking.labels.tolist() == [1, 3, 4]
    assert ranking.probabilities == pytest.approx([0.45, 0.7, 0.2])
    assert ranking.above_threshold.tolist() == [False, True, False]


def test_the_best_that_is_allowed_stands_for_its_group() -> None:
    allowed = np.array([True, False, True, True, True])

    (ranking,) = ranker_of(0.6, 0.9, 0.5, 0.7, 0.2).rank([TEXT], limit=10, allowed=allowed)

    assert ranking.labels.tolist() == [3, 0, 4]


def test_a_chosen_tag_takes_the_others_of_its_group_out() -> None:
    rankings = ranker_of(0.6, 0.9, 0.5, 0.7, 0.2).rank([TEXT] * 3, limit=10, chosen=[(2,), (3,), ()])

    assert [ranking.labels.tolist() for ranking in rankings] == [[3, 4], [1, 4], [1, 3, 4]]


def test_evaluation_measures_what_is_shown() -> None:
    examples = [Example(TEXT, (0, 3), document_id=str(number)) for number in range(3)]

    figures = evaluate(ranker_of(0.9, 0.8, 0.7, 0.6, 0.2), examples, label_counts=np.array([3, 0, 0, 3, 0]), seed=1)

    assert figures.metrics["ndcg_at_5"][0] == pytest.approx(1.0)


def test_a_label_is_in_one_group_and_among_the_labels() -> None:
    for groups in (((0, 1), (1, 2)), ((0, 3),)):
        with pytest.raises(ValueError, match="once at most"):
            LabelSpace(("a", "b", "c"), exclusive_groups=groups)


def test_more_tags_leave_the_groups_as_they_are() -> None:
    wider = SPACE.extended(["square"])

    ranker = widened(ranker_of(0.6, 0.9, 0.5, 0.7, 0.2), wider)

    assert ranker.rank([TEXT], limit=10)[0].labels.tolist() == [1, 3, 4, 5]
    assert ranker.with_exclusive_groups(((3, 5),)).rank([TEXT], limit=10)[0].labels.tolist() == [1, 3, 0, 2, 4]


def test_groups_survive_the_bundle(trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path) -> None:
    trained = trained_by_recipe["tfidf-logreg"]
    ranker = trained.ranker.with_exclusive_groups(((0, 1), (2, 4)))

    save_bundle(TrainedRanker(**{**vars(trained), "label_space": ranker.label_space}), tmp_path / "bundle")

    opened = open_bundle(tmp_path / "bundle")
    assert read_manifest(tmp_path / "bundle").label_space.exclusive_groups == ((0, 1), (2, 4))
    assert opened.rank([TEXT], limit=5)[0].labels.tolist() == ranker.rank([TEXT], limit=5)[0].labels.tolist()
    assert len(opened.rank([TEXT], limit=5)[0].labels) == 3
