"""Label trees: serving agrees with omikuji, which trained them, and keeps to its own promises."""

from pathlib import Path
from typing import Any

import numpy as np
import omikuji
import pytest
from numpy.typing import NDArray
from scipy import sparse

from recommender.ml.label_trees import LabelTrees
from recommender.ml.label_trees_training import (
    LabelTreeSettings,
    TreesFailed,
    converted,
    hyper_parameters,
    train_label_trees,
    write_data,
)

N_DOCUMENTS, N_FEATURES, N_LABELS, N_USED = 900, 500, 150, 140
WIDE = LabelTreeSettings(n_trees=3, arity=8, max_depth=3, leaf_size=20)
NARROW = LabelTreeSettings(n_trees=2, arity=4, max_depth=12, leaf_size=8, smallest_weight=0.05)
PARABEL = LabelTreeSettings(n_trees=1, arity=2, max_depth=20, leaf_size=10, balanced=True)


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
    return train_label_trees(*corpus, WIDE, on_progress=lambda _: None)


def _omikuji_scores(model: omikuji.Model, row: sparse.csr_matrix, beam: int) -> dict[int, float]:
    pairs = list(zip(row.indices.tolist(), row.data.tolist(), strict=True))
    return dict(model.predict(pairs, beam, N_LABELS))


def _scores(row: sparse.csr_matrix) -> dict[int, float]:
    return dict(zip(row.indices.tolist(), row.data.tolist(), strict=True))


@pytest.mark.parametrize("shape", [WIDE, NARROW, PARABEL], ids=["wide", "narrow", "parabel"])
def test_scores_agree_with_omikuji(
    tmp_path: Path, corpus: tuple[sparse.csr_matrix, sparse.csr_matrix], shape: LabelTreeSettings
) -> None:
    matrix, labels = corpus
    write_data(tmp_path / "data.txt", matrix, labels)
    model = omikuji.Model.train_on_data(str(tmp_path / "data.txt"), hyper_parameters(shape), 1)
    model.save(str(tmp_path / "model"))
    arrays = converted(tmp_path / "model")
    widest = int(np.diff(arrays["slot_starts"]).max())

    whole, narrow = (_documents_that_differ(model, arrays, matrix[:200], beam) for beam in (N_LABELS, widest))

    assert whole == 0
    assert narrow <= 2  # rounding to half precision may decide who gets the last place in a beam


def _documents_that_differ(
    model: omikuji.Model, arrays: dict[str, NDArray[Any]], matrix: sparse.csr_matrix, beam: int
) -> int:
    scores = LabelTrees(arrays, N_LABELS, beam=beam).scores(matrix, limit=N_LABELS)
    differing = 0
    for row in range(matrix.shape[0]):
        theirs, ours = _omikuji_scores(model, matrix[row], beam), _scores(scores[row])
        labels = theirs.keys() | ours.keys()
        differing += any(abs(theirs.get(label, 0.0) - ours.get(label, 0.0)) > 1e-3 for label in labels)
    return differing


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

    arrays = train_label_trees(matrix, sparse.csr_matrix(labels.shape), WIDE, on_progress=lambda _: None)

    assert LabelTrees(arrays, N_LABELS).scores(matrix).nnz == 0


def test_one_label_alone_is_nearly_certain(corpus: tuple[sparse.csr_matrix, sparse.csr_matrix]) -> None:
    matrix, _ = corpus
    only = sparse.csr_matrix((np.ones(N_DOCUMENTS), (np.arange(N_DOCUMENTS), np.full(N_DOCUMENTS, 7))))

    arrays = train_label_trees(matrix, only, WIDE, on_progress=lambda _: None)

    scores = LabelTrees(arrays, N_LABELS).scores(matrix)
    assert set(scores.indices.tolist()) == {7}
    assert scores.data.min() > 0.99


def test_training_says_how_far_it_is_and_can_be_stopped(
    corpus: tuple[sparse.csr_matrix, sparse.csr_matrix],
) -> None:
    def stop(fraction: float) -> None:
        assert 0 <= fraction <= 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_label_trees(*corpus, WIDE, on_progress=stop)


def test_a_failing_child_is_told_with_its_last_words(corpus: tuple[sparse.csr_matrix, sparse.csr_matrix]) -> None:
    with pytest.raises(TreesFailed, match="k must be positive, but is 0"):
        train_label_trees(*corpus, LabelTreeSettings(arity=0), on_progress=lambda _: None)
