"""Neighbours, statistics and folds on corpora small enough to work out by hand."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import sparse

from recommender.ml import Example, Text
from recommender.ml.configs import FusionConfig
from recommender.ml.fusion.corpus import Corpus, corpus_of, siblings
from recommender.ml.fusion.crossfitting import crossfit_folds
from recommender.ml.fusion.neighbours import fit_index
from recommender.ml.fusion.statistics import fit_statistics


def corpus(
    labels: Sequence[tuple[int, ...]], dates: list[float] | None = None, groups: list[str] | None = None
) -> Corpus:
    """Each document has one feature of its own, and the first of all in common."""
    rows = np.eye(len(labels), len(labels) + 1, 1, dtype=np.float32) * np.float32(np.sqrt(0.8))
    rows[:, 0] = np.sqrt(0.2)
    documents = [
        Example(
            Text("", ""),
            each,
            f"d{row}",
            group=groups[row] if groups else "",
            published_at=dates[row] if dates else None,
        )
        for row, each in enumerate(labels)
    ]
    return corpus_of(documents, sparse.csr_matrix(rows), 1 + max(label for each in labels for label in each))


def test_votes_are_shares_of_the_squared_cosines() -> None:
    documents = corpus([(0,), (1,), (0, 1)])
    index = fit_index(documents, features_a_document=5)
    text = sparse.csr_matrix(np.array([[0.0, 0.6, 0.8, 0.0]], np.float32))

    neighbours = index.neighbours(text)
    votes = index.votes(neighbours, 2, local=False)

    first, second = 0.8 * 0.8**2, 0.8 * 0.6**2  # the third shares nothing with the text
    assert neighbours.documents[0].tolist() == [1, 0, 2]
    assert votes.weighted[0] == pytest.approx([second / (first + second), first / (first + second)], abs=1e-5)


def test_local_regression_gives_a_repeated_neighbour_no_double_vote() -> None:
    rows = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    examples = [Example(Text("", ""), (label,)) for label in (0, 0, 1)]
    index = fit_index(corpus_of(examples, sparse.csr_matrix(rows), 2), features_a_document=2)
    text = sparse.csr_matrix(np.array([[0.6, 0.8]], np.float32))

    votes = index.votes(index.neighbours(text), 2, local=True)

    assert votes.local is not None
    gram = rows @ rows.T + 0.3 * np.eye(3)
    weights = np.linalg.solve(gram, rows @ np.array([0.6, 0.8]))
    assert votes.local[0] == pytest.approx([weights[0] + weights[1], weights[2]], abs=1e-5)


def test_companions_are_conditional_shares() -> None:
    statistics = fit_statistics(corpus([(0, 1), (0,), (1, 2), (1,)]))

    assert statistics.companions.toarray() == pytest.approx(
        np.array([[0, 0.5, 0], [1 / 3, 0, 1 / 3], [0, 1, 0]]), abs=1e-6
    )


def test_use_of_late_is_told_from_use_of_old() -> None:
    labels: list[tuple[int, ...]] = [*[(0,)] * 5, *[(1,)] * 5]

    statistics = fit_statistics(corpus(labels, dates=[float(day) for day in range(10)]))

    assert statistics.newest_share.tolist() == pytest.approx([0.0, 1.0])
    assert statistics.unused_for == pytest.approx([0.5, 0.0])
    assert statistics.log_counts == pytest.approx([np.log(6)] * 2)


def test_without_dates_every_document_is_as_new_as_any() -> None:
    statistics = fit_statistics(corpus([(0,), (0,), (1,), (1,)]))

    assert statistics.newest_share == pytest.approx(statistics.newer_share)
    assert statistics.unused_for.tolist() == [0.0, 0.0]


def test_dated_folds_never_learn_from_the_future() -> None:
    dates = [float(day) for day in np.random.default_rng(0).permutation(100)]
    documents = corpus([(day % 3,) for day in range(100)], dates=dates)

    folds = crossfit_folds(documents, FusionConfig(), seed=1)

    assert len(folds) == 4
    for seen, unseen in folds:
        assert documents.published[seen].max() < documents.published[unseen].min()


def test_undated_folds_keep_siblings_together_and_predict_each_document_once() -> None:
    groups = [f"g{row // 4}" for row in range(100)]
    documents = corpus([(row % 3,) for row in range(100)], groups=groups)

    folds = crossfit_folds(documents, FusionConfig(), seed=1)

    assert sorted(row for _, unseen in folds for row in unseen.tolist()) == list(range(100))
    for seen, unseen in folds:
        assert not {groups[row] for row in seen} & {groups[row] for row in unseen}


def test_documents_with_nearly_the_same_text_are_siblings_also_without_a_group() -> None:
    rows = np.array([[1, 0, 0], [0.9, 0.1, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    examples = [Example(Text("", ""), (0,), f"d{row}", group="pair" if row > 1 else "") for row in range(4)]

    numbers = siblings(corpus_of(examples, sparse.csr_matrix(rows), 1))

    assert numbers[0] == numbers[1] != numbers[2]
    assert numbers[2] == numbers[3]


def test_a_large_corpus_is_not_cross_fitted_whole() -> None:
    documents = corpus([(row % 3,) for row in range(200)])

    folds = crossfit_folds(documents, FusionConfig(crossfit_documents=60), seed=1)

    assert sum(len(unseen) for _, unseen in folds) <= 60
    assert folds
