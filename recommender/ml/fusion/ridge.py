"""Regularised least squares for all tags at once: one factorisation, whatever the number of tags.

Rifkin and Klautau ("In Defense of One-Vs-All Classification", JMLR 2004) show that it ranks as well as support vector
machines; here one Cholesky factorisation serves every tag, where a machine a tag would be trained thousands of times.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import linalg, sparse

from recommender.ml.examples import FloatArray, IntArray
from recommender.ml.fusion.config import RidgeConfig
from recommender.ml.fusion.corpus import Corpus
from recommender.ml.fusion.sparse_rows import Csr, above, entries_a_column

_CELLS_AT_ONCE = 16_000_000
_IMPUTATIONS = 2
_TARGET_BEYOND = 0.5  # how far a cell with loss weight 2 lies beyond the target of one with weight 1, 0 or 1


@dataclass(frozen=True)
class RidgeWeights:
    """Score of label `labels[j]` = features @ weights[:, j] + intercepts[j], an estimate of P(label | document)."""

    labels: IntArray  # (n_linear,) ascending: the most used labels
    weights: Csr  # (n_features, n_linear)
    intercepts: FloatArray  # (n_linear,)


def fit_ridge(corpus: Corpus, config: RidgeConfig, on_progress: Callable[[float], None]) -> RidgeWeights:
    """Least squares with penalty on the targets 0 and 1 minus each label's mean, for the most used labels.

    Up to `max_documents` the dual is solved, otherwise the primal over the most frequent features.
    A cell without a tag and of loss weight w < 1 takes 1 - w of the model's own prediction as its target, which is what
    is left of a tag's chance where a right one is missing with the chance 1 - w (expectation maximisation, Dempster,
    Laird and Rubin, 1977; labels missing at random, Bekker and Davis, Machine Learning 2020; exact for rare tags). A
    rejected cell lies below zero, one that was confirmed above one.
    """
    labels = most_used(corpus, config)
    means = label_means(corpus, labels)
    if len(labels) == 0 or corpus.features.nnz == 0:
        empty = sparse.csr_matrix((corpus.features.shape[1], len(labels)), dtype=np.float32)
        return RidgeWeights(labels, empty, means)
    dual = corpus.n_documents <= config.max_documents
    solver = (_Dual if dual else _Primal)(corpus.features, config)
    blocks = solved(solver, corpus, labels, corpus.features.shape[1], on_progress)
    by_label = sparse.csr_matrix(sparse.vstack([above(block.T, config.smallest_weight) for block in blocks]))
    return RidgeWeights(labels, _bounded(by_label.T.tocsr(), config.max_entries), means)


class Solver(Protocol):
    """Least squares on one matrix of documents for any targets."""

    def weights(self, targets: FloatArray) -> FloatArray:
        """Shape (n_documents, k) to (n_features, k)."""
        ...

    def predictions(self, weights: FloatArray) -> FloatArray:
        """Shape (n_features, k) to (n_documents, k)."""
        ...


def solved(
    solver: Solver, corpus: Corpus, labels: IntArray, n_features: int, on_progress: Callable[[float], None]
) -> Iterator[FloatArray]:
    """Weights of some labels at a time, each of shape (n_features, k); the targets are those of `fit_ridge`."""
    targets = _Targets(corpus, labels, label_means(corpus, labels))
    step = max(16, _CELLS_AT_ONCE // n_features)
    for start in range(0, len(labels), step):
        on_progress(start / len(labels))
        yield _solved(solver, targets, np.arange(start, min(start + step, len(labels))))


def label_means(corpus: Corpus, labels: IntArray) -> FloatArray:
    """Share of the documents that bear each label, shape (len(labels),)."""
    return (corpus.counts[labels] / max(corpus.n_documents, 1)).astype(np.float32)


class _Dual:
    """(K + penalty I) a = y over documents, K = X Xᵀ; weights are Xᵀ a."""

    def __init__(self, features: Csr, config: RidgeConfig) -> None:
        self._features = features
        self._transposed = features.T.tocsr()
        gram = _dense_product(features, self._transposed)
        self._factor = _factorised(gram, config.penalty)

    def weights(self, targets: FloatArray) -> FloatArray:
        """Shape (n_documents, k) to (n_features, k)."""
        result: FloatArray = self._transposed @ linalg.cho_solve(self._factor, targets, check_finite=False)
        return result

    def predictions(self, weights: FloatArray) -> FloatArray:
        result: FloatArray = self._features @ weights
        return result


class _Primal:
    """(XᵀX + penalty I) w = Xᵀ y over the most frequent features; the others get no weight."""

    def __init__(self, features: Csr, config: RidgeConfig) -> None:
        frequency = entries_a_column(features)
        kept = np.sort(np.argsort(-frequency, kind="stable")[: config.max_features])
        self._n_features, self._kept = features.shape[1], kept[frequency[kept] > 0]
        self._features = features[:, self._kept].tocsr()
        self._transposed = self._features.T.tocsr()
        self._factor = _factorised(_dense_product(self._transposed, self._features), config.penalty)

    def weights(self, targets: FloatArray) -> FloatArray:
        """Shape (n_documents, k) to (n_features, k)."""
        solved = linalg.cho_solve(self._factor, self._transposed @ targets, overwrite_b=True, check_finite=False)
        weights = np.zeros((self._n_features, targets.shape[1]), np.float32)
        weights[self._kept] = solved
        return weights

    def predictions(self, weights: FloatArray) -> FloatArray:
        result: FloatArray = self._features @ weights[self._kept]
        return result


class _Targets:
    """Centred targets of a block of labels, and how much of each is a guess."""

    def __init__(self, corpus: Corpus, labels: IntArray, means: FloatArray) -> None:
        self._gold = corpus.gold[:, labels].tocsc()
        self._rejected = corpus.rejected[:, labels].tocsc()
        self._confirmed = corpus.confirmed[:, labels].tocsc()
        self.open_rows = np.flatnonzero(corpus.completeness < 1.0)
        self._completeness = corpus.completeness[self.open_rows, None]
        self._means = means

    def block(self, columns: IntArray) -> FloatArray:
        targets = self._gold[:, columns].toarray() - self._means[columns]
        rejected, confirmed = self._rejected[:, columns].tocoo(), self._confirmed[:, columns].tocoo()
        targets[rejected.row, rejected.col] -= _TARGET_BEYOND * np.maximum(rejected.data - 1.0, 0.0)
        targets[confirmed.row, confirmed.col] += _TARGET_BEYOND * confirmed.data
        return np.asarray(targets, np.float32)

    def openness(self, columns: IntArray) -> FloatArray:
        """Share of the target that is a guess, of the rows that are open; shape (n_open_rows, k)."""
        known = (self._gold[:, columns][self.open_rows] + self._rejected[:, columns][self.open_rows]).toarray()
        shares = 1.0 - np.where(known > 0, np.minimum(known, 1.0), self._completeness)
        return np.asarray(shares, np.float32)


def _solved(solver: Solver, targets: _Targets, columns: IntArray) -> FloatArray:
    block = targets.block(columns)
    if len(targets.open_rows) == 0:
        return solver.weights(block)
    openness = targets.openness(columns)
    known = (1.0 - openness) * block[targets.open_rows]
    block[targets.open_rows] = known
    for _ in range(_IMPUTATIONS):
        guess = np.clip(solver.predictions(solver.weights(block))[targets.open_rows], -1.0, 1.0)
        block[targets.open_rows] = openness * guess + known
    return solver.weights(block)


def most_used(corpus: Corpus, config: RidgeConfig) -> IntArray:
    """The labels that have a regression, ascending; none where too many are in use."""
    limit = config.max_labels if int((corpus.counts > 0).sum()) <= config.most_labels else 0
    order = np.argsort(-corpus.counts, kind="stable")[:limit]
    return np.sort(order[corpus.counts[order] > 0]).astype(np.int64)


def _dense_product(left: Csr, right: Csr) -> FloatArray:
    """left @ right as float32, some rows at a time: the sparse product alone would take twice the memory."""
    product = np.empty((left.shape[0], right.shape[1]), np.float32)
    for rows in _row_blocks(left.shape[0]):
        product[rows] = (left[rows] @ right).toarray()
    return product


def _row_blocks(n_rows: int) -> Iterator[slice]:
    for start in range(0, n_rows, 1024):
        yield slice(start, min(start + 1024, n_rows))


def _factorised(gram: FloatArray, penalty: float) -> tuple[Any, bool]:
    gram[np.diag_indices_from(gram)] += np.float32(penalty)
    # A symmetric matrix in C order is its own transpose in the order that LAPACK works on in place
    factor, lower = linalg.cho_factor(gram.T, lower=True, overwrite_a=True, check_finite=False)
    return factor, lower


def _bounded(weights: Csr, max_entries: int) -> Csr:
    """The largest weights only, by raising the smallest that is kept."""
    if weights.nnz <= max_entries:
        return weights
    smallest = np.partition(np.abs(weights.data), weights.nnz - max_entries)[weights.nnz - max_entries]
    weights.data[np.abs(weights.data) < smallest] = 0.0
    weights.eliminate_zeros()
    return weights
