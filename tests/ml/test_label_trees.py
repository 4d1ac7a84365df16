"""Label trees: equal seeds train equal trees, and serving gives the probabilities of their paths."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from recommender.ml.label_trees import Forest, LabelTrees
from recommender.ml.label_trees_training import LabelTreeSettings, train_label_trees

N_DOCUMENTS, N_FEATURES, N_LABELS, N_USED = 900, 500, 150, 140
WIDE = LabelTreeSettings(n_trees=3, arity=8, max_depth=3, leaf_size=20)
NARROW = LabelTreeSettings(n_trees=2, arity=4, max_depth=12, leaf_size=8, smallest_weight=0.05)
BINARY = LabelTreeSettings(n_trees=1, arity=2, max_depth=20, leaf_size=10)


def _corpus() -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Each label has six words of its own; a document has the words of its labels and some of any; ten labels rest."""
    rng = np.random.default_rng(3)
    words = rng.integers(0, N_FEATURES, (N_USED, 6))
    chosen = [rng.choice(N_USED, rng.integers(1, 4), replace=False) for _ in range(N_DOCUMENTS)]
    features = [np.unique([*words[labels].ravel(), *rng.integers(0, N_FEATURES, 12)]) for labels in chosen]
    weights = [(values := rng.random(len(some)) + 0.5) / np.linalg.norm(values) for some in features]
    return (
        _rows(features, np.concatenate(weights).astype(np.float32), N_FEATURES),
        _rows(chosen, np.ones(sum(map(len, chosen)), np.float32), N_LABELS),
    )


def _rows(columns: list[NDArray[Any]], values: NDArray[np.float32], n_columns: int) -> sparse.csr_matrix:
    offsets = np.cumsum([0, *map(len, columns)])
    return sparse.csr_matrix((values, np.concatenate(columns), offsets), (len(columns), n_columns))


@pytest.fixture(scope="module")
def corpus() -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    return _corpus()


@pytest.fixture(scope="module")
def arrays(corpus: tuple[sparse.csr_matrix, sparse.csr_matrix]) -> dict[str, NDArray[Any]]:
    return train_label_trees(*corpus, WIDE, seed=1, on_progress=lambda _: None)


def _scores(row: sparse.csr_matrix) -> dict[int, float]:
    return dict(zip(row.indices.tolist(), row.data.tolist(), strict=True))


@pytest.mark.parametrize("shape", [WIDE, NARROW, BINARY], ids=["wide", "narrow", "binary"])
def test_with_a_beam_as_wide_as_the_trees_every_path_counts(
    corpus: tuple[sparse.csr_matrix, sparse.csr_matrix], shape: LabelTreeSettings
) -> None:
    matrix, labels = corpus
    arrays = train_label_trees(matrix, labels, shape, seed=1, on_progress=lambda _: None)

    scores = LabelTrees(arrays, N_LABELS, beam=N_LABELS).scores(matrix[:20], limit=N_LABELS)

    assert np.allclose(scores.toarray(), _every_path(arrays, matrix[:20]), atol=1e-5)


def _every_path(arrays: dict[str, NDArray[Any]], matrix: sparse.csr_matrix) -> NDArray[np.float64]:
    """Path probabilities of all labels, each node's weights as one dense matrix."""
    forest = Forest(**arrays)
    texts = np.hstack([matrix.toarray(), np.ones((matrix.shape[0], 1))])
    scores = np.zeros((matrix.shape[0], N_LABELS))
    reached = {int(root): np.ones(matrix.shape[0]) for root in forest.roots}
    for node in range(len(forest.is_leaf)):
        targets = forest.targets[forest.slot_starts[node] : forest.slot_starts[node + 1]]
        losses = np.maximum(1 - texts @ _dense_weights(forest, node, len(targets)), 0) ** 2
        for slot, target in enumerate(targets.tolist()):
            path = reached[node] * np.exp(-losses[:, slot])
            if forest.is_leaf[node]:
                scores[:, target] += path / len(forest.roots)
            else:
                reached[target] = path
    return scores


def _dense_weights(forest: Forest, node: int, n_slots: int) -> NDArray[np.float64]:
    dense = np.zeros((N_FEATURES + 1, n_slots))
    for row in range(forest.row_starts[node], forest.row_starts[node + 1]):
        first, last = forest.first_entries(np.array([row, row + 1]))
        dense[forest.features[row], forest.slots[first:last]] = forest.weights[first:last]
    return dense


def test_equal_seeds_give_equal_trees_and_others_others(
    corpus: tuple[sparse.csr_matrix, sparse.csr_matrix], arrays: dict[str, NDArray[Any]]
) -> None:
    again, other = (train_label_trees(*corpus, WIDE, seed=seed, on_progress=lambda _: None) for seed in (1, 2))

    assert all(np.array_equal(arrays[name], again[name]) for name in arrays)
    assert not np.array_equal(arrays["targets"], other["targets"])


def test_the_trees_of_a_forest_differ(arrays: dict[str, NDArray[Any]]) -> None:
    first, second, third = (
        arrays["targets"][arrays["slot_starts"][root] : arrays["slot_starts"][end]].tolist()
        for root, end in pairwise([*arrays["roots"], len(arrays["is_leaf"])])
    )

    assert first != second != third


def test_classifiers_come_near_the_least_squared_hinge_loss(
    corpus: tuple[sparse.csr_matrix, sparse.csr_matrix],
) -> None:
    matrix, labels = corpus
    flat = LabelTreeSettings(n_trees=1, max_depth=1, smallest_weight=0.0)
    texts = np.hstack([matrix.toarray(), np.ones((N_DOCUMENTS, 1))])

    forest = Forest(**train_label_trees(matrix, labels, flat, seed=1, on_progress=lambda _: None))

    weights = _dense_weights(forest, 0, N_USED)
    for slot in range(3):
        signs = np.where(labels[:, forest.targets[slot]].toarray().ravel() > 0, 1.0, -1.0)
        least = minimize(_loss, np.zeros(N_FEATURES + 1), (texts, signs), jac=True).fun
        assert least <= _loss(weights[:, slot], texts, signs)[0] < 1.01 * least


def _loss(weights: NDArray[np.float64], texts: NDArray[Any], signs: NDArray[Any]) -> tuple[float, NDArray[np.float64]]:
    """½|w|² + Σ max(0, 1 - y w·x)², and its gradient."""
    lacking = np.maximum(1 - signs * (texts @ weights), 0)
    return float(weights @ weights / 2 + lacking @ lacking), weights - 2 * texts.T @ (signs * lacking)


def test_the_trees_find_the_labels_of_their_documents(
    corpus: tuple[sparse.csr_matrix, sparse.csr_matrix], arrays: dict[str, NDArray[Any]]
) -> None:
    matrix, labels = corpus

    best = LabelTrees(arrays, N_LABELS).scores(matrix, limit=1)

    assert best.nnz == N_DOCUMENTS
    assert labels.multiply(best > 0).sum() / N_DOCUMENTS > 0.95
    assert 0 < best.data.min() < best.data.max() <= 1


def test_a_batch_gives_what_its_texts_give_alone(
    corpus: tuple[sparse.csr_matrix, sparse.csr_matrix], arrays: dict[str, NDArray[Any]]
) -> None:
    matrix, _ = corpus
    trees = LabelTrees(arrays, N_LABELS)

    together = trees.scores(matrix[:60])

    alone = sparse.vstack([trees.scores(matrix[row]) for row in range(60)]).tocsr()
    assert (together != alone).nnz == 0


def test_the_best_labels_remain_when_few_are_asked_for(
    corpus: tuple[sparse.csr_matrix, sparse.csr_matrix], arrays: dict[str, NDArray[Any]]
) -> None:
    matrix, _ = corpus
    trees = LabelTrees(arrays, N_LABELS)

    few, many = trees.scores(matrix[:40], limit=5), trees.scores(matrix[:40], limit=N_LABELS)

    for row in range(40):
        assert sorted(few[row].data) == sorted(many[row].data)[-5:]
        assert _scores(few[row]).items() <= _scores(many[row]).items()


def test_arrays_mapped_from_disk_give_the_same_scores(
    tmp_path: Path, corpus: tuple[sparse.csr_matrix, sparse.csr_matrix], arrays: dict[str, NDArray[Any]]
) -> None:
    matrix, _ = corpus
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)

    mapped = {name: np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in arrays}

    difference = LabelTrees(mapped, N_LABELS).scores(matrix) != LabelTrees(arrays, N_LABELS).scores(matrix)
    assert difference.nnz == 0


def test_a_text_of_unknown_words_and_an_empty_batch_are_answered(arrays: dict[str, NDArray[Any]]) -> None:
    trees = LabelTrees(arrays, N_LABELS)

    unknown = trees.scores(sparse.csr_matrix((1, N_FEATURES), dtype=np.float32), limit=3)
    none = trees.scores(sparse.csr_matrix((0, N_FEATURES), dtype=np.float32))

    assert unknown.nnz == 3
    assert np.isfinite(unknown.data).all()
    assert none.shape == (0, N_LABELS)


def test_a_label_without_documents_is_never_scored(
    corpus: tuple[sparse.csr_matrix, sparse.csr_matrix], arrays: dict[str, NDArray[Any]]
) -> None:
    scores = LabelTrees(arrays, N_LABELS).scores(corpus[0], limit=N_LABELS)

    assert scores.indices.max() < N_USED


def test_no_label_at_all_gives_no_score(corpus: tuple[sparse.csr_matrix, sparse.csr_matrix]) -> None:
    matrix, labels = corpus

    arrays = train_label_trees(matrix, sparse.csr_matrix(labels.shape), WIDE, seed=1, on_progress=lambda _: None)

    assert LabelTrees(arrays, N_LABELS).scores(matrix).nnz == 0


def test_one_label_alone_is_nearly_certain(corpus: tuple[sparse.csr_matrix, sparse.csr_matrix]) -> None:
    matrix, _ = corpus
    only = sparse.csr_matrix((np.ones(N_DOCUMENTS), (np.arange(N_DOCUMENTS), np.full(N_DOCUMENTS, 7))))

    arrays = train_label_trees(matrix, only, WIDE, seed=1, on_progress=lambda _: None)

    scores = LabelTrees(arrays, N_LABELS).scores(matrix)
    assert set(scores.indices.tolist()) == {7}
    assert scores.data.min() > 0.99


def test_a_label_of_all_documents_is_equally_likely_whatever_the_text() -> None:
    matrix = sparse.csr_matrix(np.eye(2, 4, dtype=np.float32))
    labels = sparse.csr_matrix(np.array([[1.0, 0.0], [1.0, 1.0]], np.float32))

    arrays = train_label_trees(matrix, labels, WIDE, seed=1, on_progress=lambda _: None)

    familiar, foreign = LabelTrees(arrays, 2).scores(sparse.csr_matrix(np.eye(4, dtype=np.float32)[[0, 3]])).toarray()
    assert familiar[0] == foreign[0] == pytest.approx(np.exp(-((1 - 4 / 5) ** 2)), abs=1e-3)


def test_training_says_how_far_it_is(corpus: tuple[sparse.csr_matrix, sparse.csr_matrix]) -> None:
    heard: list[float] = []

    train_label_trees(*corpus, WIDE, seed=1, on_progress=heard.append)

    assert heard == sorted(heard)
    assert heard[0] == 0
    assert len(set(heard)) > WIDE.n_trees * WIDE.arity / 2
    assert 0.9 < heard[-1] <= 1


def test_training_can_be_stopped(corpus: tuple[sparse.csr_matrix, sparse.csr_matrix]) -> None:
    def stop(fraction: float) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_label_trees(*corpus, WIDE, seed=1, on_progress=stop)
