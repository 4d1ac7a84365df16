"""Two stages for many tags: a matcher picks clusters of tags, a ranker scores the tags inside these.

The work for a text grows with the clusters and the tags that were picked instead of with all tags (Prabhu et al.,
WWW 2018; Chang et al., KDD 2020).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from recommender.ml.examples import FloatArray, IntArray

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


@dataclass(frozen=True)
class ClusteredHead:
    """A linear head whose rows lie cluster by cluster, with a matcher over the clusters.

    `weights` (n_labels, n_features) and `intercepts` (n_labels,) are in the order of `clusters.labels`; `matcher`
    (n_clusters, n_features) and `matcher_intercepts` (n_clusters,) score clusters. Both are dense or sparse.
    """

    clusters: Clusters
    matcher: Rows
    matcher_intercepts: FloatArray
    weights: Rows
    intercepts: FloatArray

    def best(self, text: FloatArray, n_clusters: int) -> tuple[IntArray, FloatArray]:
        """Labels in the best `n_clusters` clusters of a text (n_features,) and their logits, in no order."""
        scores = self.matcher @ text + self.matcher_intercepts
        picked = _highest(scores, n_clusters)
        offsets = self.clusters.offsets
        found = [self.weights[offsets[c] : offsets[c + 1]] @ text for c in picked.tolist()]
        places = np.concatenate([np.arange(offsets[c], offsets[c + 1]) for c in picked.tolist()])
        return self.clusters.labels[places], np.concatenate(found) + self.intercepts[places]

    def logits(self, texts: Rows, n_clusters: int, absent: float) -> FloatArray:
        """Shape (n_texts, n_labels); `absent` where a tag's cluster was not picked."""
        logits = np.full((texts.shape[0], len(self.intercepts)), absent, np.float32)
        for row in range(texts.shape[0]):
            labels, scores = self.best(_dense_row(texts, row), n_clusters)
            logits[row, labels] = scores
        return logits


def clustered_head(
    weights: Rows, intercepts: FloatArray, clusters: Clusters, matcher: Rows, matcher_intercepts: FloatArray
) -> ClusteredHead:
    """Lays the rows of a linear head (n_labels, n_features) cluster by cluster behind a matcher."""
    return ClusteredHead(clusters, matcher, matcher_intercepts, weights[clusters.labels], intercepts[clusters.labels])


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
