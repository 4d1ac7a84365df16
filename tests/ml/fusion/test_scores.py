"""Scores of a source: which labels of a text become candidates."""

import numpy as np

from recommender.ml.fusion.scores import Scores

SCORES = np.array([[0.0, 0.2, 0.9, 0.2, -1.0], [0.0, 0.0, 0.0, 0.0, 0.3]], np.float32)


def _pairs(scores: Scores, limit: int) -> set[tuple[int, int]]:
    rows, labels = scores.candidates(limit)
    return set(zip(rows.tolist(), labels.tolist(), strict=True))


def test_the_highest_positive_scores_bring_candidates_and_ties_go_to_the_lower_label() -> None:
    found = _pairs(Scores(SCORES), 2)

    assert found == {(0, 2), (0, 1), (1, 4)}


def test_where_scores_of_zero_say_something_each_text_has_as_many_candidates_as_asked() -> None:
    found = _pairs(Scores(SCORES, positive_only=False), 2)

    assert found == {(0, 2), (0, 1), (1, 4), (1, 0)}


def test_candidates_are_labels_and_not_columns() -> None:
    found = _pairs(Scores(SCORES, columns=np.array([3, 5, 7, 9, 11])), 1)

    assert found == {(0, 7), (1, 11)}


def test_a_source_without_columns_or_texts_brings_none() -> None:
    assert _pairs(Scores(np.empty((2, 0), np.float32)), 3) == set()
    assert _pairs(Scores(np.empty((0, 5), np.float32)), 3) == set()
