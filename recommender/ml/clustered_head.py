"""Two stages for many tags: a matcher picks clusters of tags, a ranker scores the tags inside these.

The work for a text grows with the clusters and the tags that were picked instead of with all tags (Prabhu et al.,
WWW 2018; Chang et al., KDD 2020).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from scipy import sparse

from recommender.ml.examples import FloatArray, IntArray
from recommender.ml.features import Bag

Rows: TypeAlias = Any  # scipy.sparse.csr_matrix or FloatArray, which are sliced and multiplied alike
_PASSES = 12
_LEAST_CHANGE = 1e-4


@dataclass(frozen=True)
class Clusters:
    """Tags sorted by cluster: cluster c has `labels[offsets[c]:offsets[c + 1]]`."""

    offsets: IntArray  # (n_clusters + 1,)
    labels: IntArray  # (n_labels,)

    @property
    def n_clusters(self) -> int:
        return len(self.offsets) - 1

    def members(self, clusters: IntArray) -> IntArray:
        """Labels of the clusters, one cluster after the other."""
        return np.concatenate([self.labels[self.offsets[c] : self.offsets[c + 1]] for c in clusters.tolist()])


class Block(Protocol):
    """Some rows of a linear head."""

    def scores(self, bag: Bag) -> FloatArray:
        """Shape (n_rows,)."""
        ...


@dataclass(frozen=True)
class DenseBlock:
    """Rows (n_rows, n_features) for texts that are full vectors: the bag has every feature in order."""

    rows: FloatArray

    def scores(self, bag: Bag) -> FloatArray:
        """See Block."""
        products: FloatArray = self.rows @ bag.weights
        return products


class SparseBlock:
    """Rows by feature, with only the features that some row has.

    A text looks its few features up in the block, so rows are never walked through (Etter et al., WWW 2022).
    """

    def __init__(self, rows: sparse.csr_matrix) -> None:
        by_feature = rows.tocsc()
        lengths = np.diff(by_feature.indptr)
        self._features = np.flatnonzero(lengths)
        self._offsets = np.concatenate([[0], np.cumsum(lengths[self._features])])
        self._rows, self._values, self._n_rows = by_feature.indices, by_feature.data, rows.shape[0]

    def scores(self, bag: Bag) -> FloatArray:
        """See Block."""
        if len(self._features) == 0:
            return np.zeros(self._n_rows, np.float32)
        places = np.minimum(np.searchsorted(self._features, bag.features), len(self._features) - 1)
        known = self._features[places] == bag.features
        starts, ends = self._offsets[places[known]], self._offsets[places[known] + 1]
        lengths = ends - starts
        entries = np.arange(lengths.sum()) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
        products = np.repeat(bag.weights[known], lengths) * self._values[entries]
        return np.bincount(self._rows[entries], products, minlength=self._n_rows).astype(np.float32)


@dataclass(frozen=True)
class ClusteredHead:
    """A matcher that scores clusters, and a block of the linear head for the tags of each cluster."""

    clusters: Clusters
    matcher: Block
    matcher_intercepts: FloatArray  # (n_clusters,)
    blocks: Sequence[Block]  # one a cluster, rows in the order of its labels
    intercepts: FloatArray  # (n_labels,)

    def best(self, bag: Bag, n_clusters: int) -> tuple[IntArray, FloatArray]:
        """Labels in the best `n_clusters` clusters and their logits, in no order."""
        picked = _highest(self.matcher.scores(bag) + self.matcher_intercepts, n_clusters)
        labels = self.clusters.members(picked)
        scores = np.concatenate([self.blocks[cluster].scores(bag) for cluster in picked.tolist()])
        return labels, scores + self.intercepts[labels]

    def logits(self, bags: Sequence[Bag], n_clusters: int, absent: float) -> FloatArray:
        """Shape (n_texts, n_labels); `absent` where a tag's cluster was not picked."""
        logits = np.full((len(bags), len(self.intercepts)), absent, np.float32)
        for row, bag in enumerate(bags):
            labels, scores = self.best(bag, n_clusters)
            logits[row, labels] = scores
        return logits


def clustered_head(
    weights: Rows, intercepts: FloatArray, clusters: Clusters, matcher: Rows, matcher_intercepts: FloatArray
) -> ClusteredHead:
    """Cuts a linear head (n_labels, n_features) into clusters behind a matcher (n_clusters, n_features)."""
    parts = [weights[clusters.members(np.array([cluster]))] for cluster in range(clusters.n_clusters)]
    return ClusteredHead(clusters, _block(matcher), matcher_intercepts, [_block(part) for part in parts], intercepts)


def full_bag(vector: FloatArray) -> Bag:
    """A dense text vector (n_features,) as a bag of all its features."""
    return Bag(np.arange(len(vector), dtype=np.int64), vector)


def _block(rows: Rows) -> Block:
    return SparseBlock(rows) if sparse.issparse(rows) else DenseBlock(rows)


def balanced_clusters(
    vectors: Rows, n_clusters: int, *, seed: int, on_progress: Callable[[float], None] = lambda done: None
) -> Clusters:
    """Spherical k-means by halves: every cluster has nearly as many tags as any other (Prabhu et al., WWW 2018).

    `vectors` (n_labels, dim) need no particular length; the number of clusters is a power of two, at most the one
    asked for, with at least one tag in each.
    """
    unit = _unit_rows(vectors)
    rng = np.random.default_rng(seed)
    groups = [np.arange(unit.shape[0], dtype=np.int64)]
    while 2 * len(groups) <= min(n_clusters, unit.shape[0]):
        on_progress(len(groups) / n_clusters)
        groups = [half for group in groups for half in _halves(unit, group, rng)]
    return Clusters(np.cumsum([0, *map(len, groups)]).astype(np.int64), np.concatenate(groups))


def mean_matcher(weights: Rows, intercepts: FloatArray, clusters: Clusters) -> tuple[Rows, FloatArray]:
    """A matcher without training: the mean of each cluster's rows and the highest of its intercepts."""
    averaging = _membership(clusters)
    sizes = np.diff(clusters.offsets).astype(np.float32)
    highest = np.maximum.reduceat(intercepts[clusters.labels], clusters.offsets[:-1])
    return sparse.diags(1.0 / sizes).astype(np.float32) @ (averaging @ weights), highest.astype(np.float32)


def cluster_targets(gold: sparse.csr_matrix, clusters: Clusters) -> sparse.csr_matrix:
    """Which clusters hold a right tag of each document, (n_documents, n_clusters), for training a matcher."""
    touched = sparse.csr_matrix(gold @ _membership(clusters).T)
    touched.data[:] = 1.0
    return touched


def _membership(clusters: Clusters) -> sparse.csr_matrix:
    shape = (clusters.n_clusters, len(clusters.labels))
    return sparse.csr_matrix((np.ones(len(clusters.labels), np.float32), clusters.labels, clusters.offsets), shape)


def _halves(unit: Rows, group: IntArray, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Two-means on the sphere in which each half must take half of the rows."""
    rows = unit[group]
    first, second = (_dense_row(rows, row) for row in rng.choice(len(group), 2, replace=False).tolist())
    size, before = len(group) // 2, -np.inf
    for _ in range(_PASSES):
        leaning = np.asarray(rows @ (first - second)).ravel()
        order = np.argsort(-leaning, kind="stable")
        left, right = order[:size], order[size:]
        first, second = _centre(rows[left]), _centre(rows[right])
        fit = float(np.asarray(rows[left] @ first).sum() + np.asarray(rows[right] @ second).sum()) / len(group)
        if fit - before < _LEAST_CHANGE:
            break
        before = fit
    return group[np.sort(left)], group[np.sort(right)]


def _centre(rows: Rows) -> FloatArray:
    total = np.asarray(rows.sum(axis=0), np.float32).ravel()
    centre: FloatArray = total / max(float(np.linalg.norm(total)), 1e-9)
    return centre


def _unit_rows(vectors: Rows) -> Rows:
    if sparse.issparse(vectors):
        lengths = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
        return (sparse.diags(1.0 / np.maximum(lengths, 1e-9)) @ vectors).astype(np.float32).tocsr()
    dense = np.asarray(vectors, np.float32)
    return dense / np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), np.float32(1e-9))


def _dense_row(rows: Rows, row: int) -> FloatArray:
    dense: FloatArray = rows[row].toarray().ravel() if sparse.issparse(rows) else rows[row]
    return dense


def _highest(scores: FloatArray, n: int) -> IntArray:
    if n >= len(scores):
        return np.arange(len(scores), dtype=np.int64)
    return np.argpartition(-scores, n)[:n].astype(np.int64)
