"""Partitioned label trees: thousands of labels scored by looking at a few clusters of them.

Parabel (Prabhu et al., WWW 2018) and Bonsai (Khandagale, Xiao and Babbar, Machine Learning 2020). Labels are
clustered into trees; every node has a linear classifier for each of its slots, which are child nodes or, in
a leaf, labels. Weights lie node by node, feature by feature, so that a node's rows for a text's
features are found by bisection (Etter et al., WWW 2022, "Accelerating inference for sparse extreme multi-label
ranking trees").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.ml.examples import BoolArray, FloatArray, IntArray

BEAM = 10
ROWS_AN_ANCHOR = 256


@dataclass(frozen=True)
class Forest:
    """All trees in flat arrays; the nodes of a tree are numbered breadth first.

    The feature after the last one is the bias; every text has it with weight 1.
    """

    roots: NDArray[np.int32]  # (n_trees,)
    is_leaf: BoolArray  # (n_nodes,)
    slot_starts: NDArray[np.int32]  # (n_nodes + 1,)
    targets: NDArray[np.int32]  # (n_slots,): a node, or in leaves a label
    row_starts: NDArray[np.int32]  # (n_nodes + 1,)
    features: NDArray[np.int32]  # (n_rows,), ascending within a node
    anchors: NDArray[np.int32]  # (n_rows // ROWS_AN_ANCHOR + 1,): first entry of every 256th row
    entry_starts: NDArray[np.unsignedinteger[Any]]  # (n_rows + 1,), counted from the row's anchor
    slots: NDArray[np.unsignedinteger[Any]]  # (n_entries,): slot within the node
    weights: NDArray[np.floating[Any]]  # (n_entries,)

    def first_entries(self, rows: IntArray) -> IntArray:
        """Where the rows' entries begin."""
        return self.anchors[rows // ROWS_AN_ANCHOR].astype(np.int64) + self.entry_starts[rows]


@dataclass(frozen=True)
class _Visits:
    """Nodes still in the beams: `group` is text · n_trees + tree, `log_scores` the log-probability of the path."""

    groups: IntArray
    nodes: IntArray
    log_scores: NDArray[np.float64]

    def __getitem__(self, picked: IntArray | BoolArray) -> "_Visits":
        return _Visits(self.groups[picked], self.nodes[picked], self.log_scores[picked])

    @staticmethod
    def joined(*parts: "_Visits") -> "_Visits":
        return _Visits(*(np.concatenate(columns) for columns in zip(*map(_columns, parts), strict=True)))


def _columns(visits: _Visits) -> tuple[NDArray[Any], ...]:
    return visits.groups, visits.nodes, visits.log_scores


class LabelTrees:
    """Ensemble-averaged path probabilities by beam search; safe to call from several threads.

    As in omikuji's own prediction the best `beam` nodes of each tree go on; unlike there, all slots of these
    compete and not the best `beam` of each alone, so that long lists of labels stay complete.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], n_labels: int, *, beam: int = BEAM) -> None:
        self._beam = beam
        self._forest = Forest(**{name: np.asarray(arrays[name]) for name in Forest.__dataclass_fields__})
        self._n_labels = n_labels

    def scores(self, matrix: sparse.csr_matrix, *, limit: int = 50) -> sparse.csr_matrix:
        """Scores in 0…1 of each text's best `limit` labels, shape (n_texts, n_labels); the rest is not stored.

        `matrix` holds L2-normalised TF-IDF weights, shape (n_texts, n_features).
        """
        texts = with_bias(matrix)
        n_trees = len(self._forest.roots)
        groups = np.arange(matrix.shape[0] * n_trees)
        visits = _Visits(groups, self._forest.roots[groups % n_trees].astype(np.int64), np.zeros(len(groups)))
        while not (leaf := self._forest.is_leaf[visits.nodes]).all():
            visits = _best(_Visits.joined(visits[leaf], self._slots(texts, visits[~leaf])), len(groups), self._beam)
        return self._averaged(self._slots(texts, visits), matrix.shape[0], limit)

    def _slots(self, texts: sparse.csr_matrix, visits: _Visits) -> _Visits:
        """The visits' slots (child nodes or labels) with the log-probabilities of their paths.

        The probability of a squared-hinge classifier with margin z is exp(-max(0, 1 - z)²).
        """
        visits = visits[np.argsort(visits.nodes, kind="stable")]
        starts = self._forest.slot_starts[visits.nodes].astype(np.int64)
        n_slots = self._forest.slot_starts[visits.nodes + 1] - starts
        margins = self._margins(texts, visits, n_slots)
        log_scores = np.repeat(visits.log_scores, n_slots) - np.maximum(1.0 - margins, 0.0) ** 2
        targets = self._forest.targets[_ranges(starts, n_slots)].astype(np.int64)
        return _Visits(np.repeat(visits.groups, n_slots), targets, log_scores)

    def _margins(self, texts: sparse.csr_matrix, visits: _Visits, n_slots: IntArray) -> NDArray[np.float64]:
        """Dot products of texts and slot weights, flat: the visits' slots one after the other."""
        forest = self._forest
        rows_of_text = visits.groups // len(forest.roots)
        text_starts = texts.indptr[rows_of_text].astype(np.int64)
        lengths = texts.indptr[rows_of_text + 1] - text_starts
        places = _ranges(text_starts, lengths)
        rows, found = self._rows(visits.nodes, lengths, texts.indices[places])
        first_entries = forest.first_entries(rows)
        n_entries = forest.first_entries(rows + 1) - first_entries
        entries = _ranges(first_entries, n_entries)
        first_slots = np.repeat(np.cumsum(n_slots) - n_slots, lengths)[found]
        cells = np.repeat(first_slots, n_entries) + forest.slots[entries]
        products = np.repeat(texts.data[places[found]], n_entries) * forest.weights[entries]
        return np.bincount(cells, weights=products, minlength=int(n_slots.sum())).astype(np.float64, copy=False)

    def _rows(self, nodes: IntArray, lengths: IntArray, features: NDArray[np.int32]) -> tuple[IntArray, IntArray]:
        """Rows of the features in their visit's node, and which of the features have one.

        `nodes` is ascending, so one bisection serves all texts that visit a node.
        """
        forest = self._forest
        ends = np.cumsum(lengths)
        last = np.flatnonzero(np.diff(nodes, append=-1))
        rows = np.empty(len(features), np.int64)
        row_starts = forest.row_starts[nodes[last]].tolist()
        row_ends = forest.row_starts[nodes[last] + 1].tolist()
        begin = 0
        for end, low, high in zip(ends[last].tolist(), row_starts, row_ends, strict=True):
            rows[begin:end] = forest.features[low:high].searchsorted(features[begin:end]) + low
            begin = end
        limits = np.repeat(forest.row_starts[nodes + 1], lengths)
        found = np.flatnonzero(rows < limits)
        found = found[forest.features[rows[found]] == features[found]]
        return rows[found], found

    def _averaged(self, visits: _Visits, n_texts: int, limit: int) -> sparse.csr_matrix:
        n_trees = len(self._forest.roots)
        keys, inverse = np.unique(visits.groups // n_trees * self._n_labels + visits.nodes, return_inverse=True)
        scores = np.bincount(inverse, weights=np.exp(visits.log_scores)) / n_trees
        texts, labels = np.divmod(keys, self._n_labels)
        best = np.sort(_largest(texts, scores, n_texts, limit))
        offsets = np.concatenate([[0], np.cumsum(np.bincount(texts[best], minlength=n_texts))])
        values: FloatArray = scores[best].astype(np.float32)
        return sparse.csr_matrix((values, labels[best], offsets), (n_texts, self._n_labels))


def _best(visits: _Visits, n_groups: int, beam: int) -> _Visits:
    visits = visits[np.argsort(visits.groups, kind="stable")]
    return visits[_largest(visits.groups, visits.log_scores, n_groups, beam)]


def _largest(groups: IntArray, values: NDArray[np.float64], n_groups: int, count: int) -> IntArray:
    """Places of each group's largest values, at most `count`; `groups` is ascending."""
    sizes = np.bincount(groups, minlength=n_groups)
    width = int(sizes.max(initial=0))
    if width <= count:
        return np.arange(len(groups))
    starts = np.cumsum(sizes) - sizes
    table = np.full((n_groups, width), -np.inf)
    table[groups, np.arange(len(groups)) - starts[groups]] = values
    columns = np.argpartition(-table, count - 1, axis=1)[:, :count]
    places = (columns + starts[:, None])[columns < sizes[:, None]]
    return places.astype(np.int64)


def _ranges(starts: IntArray, lengths: IntArray) -> IntArray:
    """start, start + 1, …, start + length - 1 of each, one after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - lengths), lengths) + np.arange(total)


def with_bias(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """The matrix with a last column of ones: the bias, with which classifiers are trained and asked."""
    n_texts, n_features = matrix.shape
    ends = matrix.indptr[1:]
    features = np.insert(matrix.indices.astype(np.int32, copy=False), ends, n_features)
    weights = np.insert(matrix.data.astype(np.float32, copy=False), ends, 1.0)
    return sparse.csr_matrix((weights, features, matrix.indptr + np.arange(n_texts + 1)), (n_texts, n_features + 1))
