"""The highest scores of each text are those of a full sort, however they are found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.ml.highest import top_labels, top_positive


@given(st.integers(1, 700), st.integers(1, 60), st.integers(0, 5), st.booleans())
@settings(max_examples=60, deadline=None)
def test_top_labels_are_those_of_a_full_sort(columns: int, limit: int, seed: int, with_ties: bool) -> None:
    scores = np.random.default_rng(seed).random((3, columns)).astype(np.float32)
    if with_ties:
        scores = np.round(scores, 1)

    best = top_labels(scores, limit)

    assert np.array_equal(best, np.argsort(-scores, axis=1, kind="stable")[:, :limit])


def test_top_labels_of_a_long_row_are_those_of_a_full_sort() -> None:
    scores = np.random.default_rng(0).random((2, 50_000)).astype(np.float32)

    assert np.array_equal(top_labels(scores, 50), np.argsort(-scores, axis=1, kind="stable")[:, :50])


@given(st.integers(1, 700), st.integers(0, 60), st.floats(0, 1), st.integers(0, 5), st.booleans())
@settings(max_examples=80, deadline=None)
def test_top_positive_scores_are_those_of_a_full_sort_without_the_others(
    columns: int, limit: int, share: float, seed: int, with_ties: bool
) -> None:
    rng = np.random.default_rng(seed)
    scores = np.where(rng.random((3, columns)) < share, rng.random((3, columns)), -0.5).astype(np.float32)
    if with_ties:
        scores = np.round(scores, 1)

    rows, labels = top_positive(scores, limit)

    whole = np.argsort(-scores, axis=1, kind="stable")[:, :limit]
    expected = [(row, label) for row, best in enumerate(whole.tolist()) for label in best if scores[row, label] > 0]
    assert list(zip(rows.tolist(), labels.tolist(), strict=True)) == expected


@pytest.mark.parametrize("n_texts", [0, 1, 2])
def test_top_positive_scores_of_long_rows(n_texts: int) -> None:
    scores = np.random.default_rng(0).standard_normal((n_texts, 50_000)).astype(np.float32)

    rows, labels = top_positive(scores, 20)

    assert rows.tolist() == np.repeat(np.arange(n_texts), 20).tolist()
    assert np.array_equal(labels.reshape(n_texts, 20), np.argsort(-scores, axis=1, kind="stable")[:, :20])
