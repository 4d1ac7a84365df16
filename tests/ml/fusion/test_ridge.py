"""The regression against plain linear algebra, and cells that nobody looked at."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from recommender.ml import Example, Text
from recommender.ml.fusion.config import RidgeConfig
from recommender.ml.fusion.corpus import Corpus, corpus_of
from recommender.ml.fusion.ridge import RidgeWeights, fit_ridge

EXACT = RidgeConfig(penalty=0.5, smallest_weight=0.0)


def corpus(n: int = 30, n_features: int = 12, n_labels: int = 4, seed: int = 0) -> Corpus:
    rng = np.random.default_rng(seed)
    features = sparse.random(n, n_features, 0.5, format="csr", dtype=np.float32, random_state=seed)
    documents = [
        Example(Text("", ""), tuple(np.flatnonzero(rng.random(n_labels) < 0.3).tolist()), f"d{row}") for row in range(n)
    ]
    return corpus_of(documents, features, n_labels)


def scores(ridge: RidgeWeights, features: sparse.csr_matrix) -> np.ndarray:
    return np.asarray((features @ ridge.weights).toarray() + ridge.intercepts)


def fitted(documents: Corpus, config: RidgeConfig = EXACT) -> RidgeWeights:
    return fit_ridge(documents, config, lambda _done: None)


def test_weights_solve_the_normal_equations() -> None:
    documents = corpus()
    dense = documents.features.toarray().astype(np.float64)
    targets = documents.gold.toarray() - documents.gold.toarray().mean(axis=0)
    expected = np.linalg.solve(dense.T @ dense + 0.5 * np.eye(dense.shape[1]), dense.T @ targets)

    assert fitted(documents).weights.toarray() == pytest.approx(expected, abs=1e-4)


def test_primal_and_dual_are_the_same_regression() -> None:
    documents = corpus()

    primal = fitted(documents, replace(EXACT, max_documents=5))

    assert primal.weights.toarray() == pytest.approx(fitted(documents).weights.toarray(), abs=1e-4)


def test_only_the_most_used_labels_have_a_regression() -> None:
    documents = corpus()

    ridge = fitted(documents, replace(EXACT, max_labels=2))

    assert ridge.labels.tolist() == sorted(np.argsort(-documents.counts, kind="stable")[:2].tolist())
    assert ridge.weights.shape == (12, 2)


def test_the_number_of_weights_is_bounded_and_the_largest_stay() -> None:
    documents = corpus()
    whole = np.abs(fitted(documents).weights.toarray())

    kept = fitted(documents, replace(EXACT, max_entries=10)).weights

    assert kept.nnz == 10
    assert np.abs(kept.data).min() >= np.sort(whole, axis=None)[-10] - 1e-6


def test_a_document_that_nobody_looked_at_is_no_evidence_against_a_tag() -> None:
    shared = np.array([[1.0, 0.0]] * 4 + [[0.0, 1.0]] * 4, np.float32)
    looked_at = [Example(Text("", ""), (0,) if row < 2 else ()) for row in range(8)]
    unseen = [replace(e, unlabelled_weight=0.0) if row in (2, 3) else e for row, e in enumerate(looked_at)]
    texts = sparse.csr_matrix(np.array([[1.0, 0.0]], np.float32))

    strict = scores(fitted(corpus_of(looked_at, sparse.csr_matrix(shared), 1)), texts)[0, 0]
    lenient = scores(fitted(corpus_of(unseen, sparse.csr_matrix(shared), 1)), texts)[0, 0]

    assert lenient > strict + 0.05


def test_a_rejected_cell_lowers_the_score() -> None:
    shared = sparse.csr_matrix(np.eye(4, dtype=np.float32))
    plain = [Example(Text("", ""), (0,) if row == 0 else ()) for row in range(4)]
    rejected = [replace(e, label_weights={0: 3.0}) if row == 2 else e for row, e in enumerate(plain)]

    before = scores(fitted(corpus_of(plain, shared, 1)), shared)[2, 0]
    after = scores(fitted(corpus_of(rejected, shared, 1)), shared)[2, 0]

    assert after < before - 0.1


def test_a_confirmed_cell_raises_the_score() -> None:
    shared = sparse.csr_matrix(np.eye(4, dtype=np.float32))
    plain = [Example(Text("", ""), (0,) if row == 0 else ()) for row in range(4)]
    confirmed = [replace(e, label_weights={0: 1.5}) if row == 0 else e for row, e in enumerate(plain)]

    before = scores(fitted(corpus_of(plain, shared, 1)), shared)[0, 0]
    after = scores(fitted(corpus_of(confirmed, shared, 1)), shared)[0, 0]

    assert after > before + 0.1


@pytest.mark.parametrize("unlabelled_weight", [0.0, 1.0])
def test_what_was_shown_and_left_lowers_the_score_the_more_the_surer_it_was_seen(unlabelled_weight: float) -> None:
    alike = sparse.csr_matrix(np.array([[1.0, 0.0]] * 4 + [[0.0, 1.0]] * 4, np.float32))
    plain = [Example(Text("", ""), (0,) if row < 2 else (), unlabelled_weight=unlabelled_weight) for row in range(8)]

    def score(weight: float) -> float:
        weights = {0: weight} if weight else {}
        left = [replace(e, label_weights=weights) if row in (2, 3) else e for row, e in enumerate(plain)]
        return float(scores(fitted(corpus_of(left, alike, 1)), alike)[0, 0])

    never, hardly, surely, rejected = (score(weight) for weight in (0.0, 0.3, 1.0, 2.0))

    assert rejected < surely <= hardly <= never
    assert (hardly < never) == (unlabelled_weight == 0.0)
