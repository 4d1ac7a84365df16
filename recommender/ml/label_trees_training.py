"""Trains label trees: spherical k-means splits the labels, linear classifiers choose among the parts.

Bonsai (Khandagale, Xiao and Babbar, Machine Learning 2020): few layers, wide, parts of any size. The classifiers
are support vector machines with squared hinge (see `squared_hinge`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import norm

from recommender.ml.examples import IntArray
from recommender.ml.label_tree_nodes import Node, NodePlan, NodeTask, fitted_nodes
from recommender.ml.label_trees import ROWS_AN_ANCHOR
from recommender.ml.squared_hinge import Stopping

Arrays = dict[str, NDArray[Any]]
_LEAST_GAIN = 1e-4  # in mean cosine, for another pass of k-means
_PLANNED_SHARE = 0.3  # of a tree's time


@dataclass(frozen=True)
class LabelTreeSettings:
    """Bonsai by default. Weights of at most `smallest_weight` are left out."""

    n_trees: int = 3
    arity: int = 100
    max_depth: int = 3
    leaf_size: int = 100  # nodes of at least so many labels (and `arity`) are split, above the depth limit
    smallest_weight: float = 0.1
    stopping: Stopping = field(default_factory=Stopping)  # of each node's classifiers


def train_label_trees(
    matrix: sparse.csr_matrix,
    labels: sparse.csr_matrix,
    settings: LabelTreeSettings,
    *,
    seed: int,
    on_progress: Callable[[float], None],
) -> Arrays:
    """The arrays of a `label_trees.Forest`; equal seeds give equal arrays.

    `matrix` holds TF-IDF weights, rows of at most length one, shape (n_documents, n_features), `labels` is not zero
    where a document bears a label, shape (n_documents, n_labels). An exception raised by `on_progress` (which is given
    a fraction) comes out.
    """
    task = _Task.of(matrix, labels, settings)
    trees = []
    for number in range(settings.n_trees):
        rng = np.random.default_rng([seed, number])
        trees.append(_flat_tree(task.grown(rng, _share(on_progress, number, settings.n_trees))))
    return _joined(trees)


@dataclass(frozen=True)
class _Task:
    """What all trees learn from. Labels are numbered among those that have documents."""

    nodes: NodeTask
    vectors: sparse.csr_matrix  # (n_used_labels, n_features), unit rows: the sum of a label's documents
    used: IntArray  # (n_used_labels,): the labels' own numbers
    settings: LabelTreeSettings

    @classmethod
    def of(cls, matrix: sparse.csr_matrix, labels: sparse.csr_matrix, settings: LabelTreeSettings) -> "_Task":
        """Drops the labels without documents."""
        borne = (labels != 0).astype(np.float32).tocsc()
        used = np.flatnonzero(np.diff(borne.indptr))
        gold = borne[:, used]
        vectors = (gold.T @ matrix).tocsr()
        vectors.data /= np.repeat(np.maximum(norm(vectors, axis=1), 1e-9), np.diff(vectors.indptr))
        nodes = NodeTask(matrix.astype(np.float32), gold, settings.stopping, settings.smallest_weight)
        return cls(nodes, vectors, used, settings)

    def grown(self, rng: np.random.Generator, on_progress: Callable[[float], None]) -> list[Node]:
        """The nodes of one tree, breadth first."""
        plans = self._planned(rng, lambda done: on_progress(_PLANNED_SHARE * done))
        return fitted_nodes(plans, self.nodes, lambda done: on_progress(_PLANNED_SHARE + (1 - _PLANNED_SHARE) * done))

    def _planned(self, rng: np.random.Generator, on_progress: Callable[[float], None]) -> list[NodePlan]:
        """What is below which node, breadth first."""
        on_progress(0.0)
        plans: list[NodePlan] = []
        queue = [(np.arange(len(self.used)), 1)]
        n_done = 0
        for members, depth in queue:
            if self._is_leaf(len(members), depth):
                plans.append(NodePlan(True, members, np.arange(len(members)), self.used[members]))
                n_done += len(members)
            else:
                on_step = partial(on_progress, n_done / max(len(self.used), 1))
                part_of = _parts(self.vectors[members], self.settings.arity, rng, on_step)
                n_parts = int(part_of.max()) + 1
                plans.append(NodePlan(False, members, part_of, len(queue) + np.arange(n_parts)))
                queue += [(members[part_of == part], depth + 1) for part in range(n_parts)]
        return plans

    def _is_leaf(self, n_labels: int, depth: int) -> bool:
        return depth >= self.settings.max_depth or n_labels < max(self.settings.leaf_size, self.settings.arity)


def _share(on_progress: Callable[[float], None], number: int, n_shares: int) -> Callable[[float], None]:
    return lambda done: on_progress((number + done) / n_shares)


def _parts(vectors: sparse.csr_matrix, n_parts: int, rng: np.random.Generator, on_step: Callable[[], None]) -> IntArray:
    """Which part each unit row is in, numbered from 0 without gaps, by k-means with cosine similarity."""
    rows = _without_empty_columns(vectors)
    by_column = rows.T.tocsr()
    n_rows = rows.shape[0]
    centres = by_column[:, np.sort(rng.choice(n_rows, n_parts, replace=False))].toarray()
    before = -np.inf
    while True:
        on_step()
        similarities = rows @ centres
        nearest = similarities.argmax(axis=1)
        fit = float(similarities[np.arange(n_rows), nearest].mean())
        if fit - before < _LEAST_GAIN:
            break
        before = fit
        membership = sparse.csr_matrix((np.ones(n_rows, np.float32), nearest, np.arange(n_rows + 1)), (n_rows, n_parts))
        centres = (by_column @ membership).toarray()
        centres /= np.maximum(np.sqrt(np.einsum("ij,ij->j", centres, centres)), np.float32(1e-9))
    parts: IntArray = np.unique(nearest, return_inverse=True)[1]
    return parts


def _without_empty_columns(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """The matrix with only the columns that hold something."""
    present = np.zeros(matrix.shape[1], np.bool_)
    present[matrix.indices] = True
    places = np.cumsum(present, dtype=np.int32) - 1
    shape = (matrix.shape[0], int(present.sum()))
    return sparse.csr_matrix((matrix.data, places[matrix.indices], matrix.indptr), shape)


def _flat_tree(nodes: list[Node]) -> Arrays:
    """One tree in arrays, numbered from 0."""
    return {
        "is_leaf": np.array([node.is_leaf for node in nodes], np.bool_),
        "slot_starts": np.cumsum([0, *(len(node.targets) for node in nodes)]),
        "targets": np.concatenate([node.targets for node in nodes]),
        "row_starts": np.cumsum([0, *(len(node.features) for node in nodes)]),
        "features": np.concatenate([node.features for node in nodes]),
        "entry_starts": np.cumsum(np.concatenate([[0], *(node.n_entries for node in nodes)])),
        "slots": np.concatenate([node.slots for node in nodes]),
        "weights": np.concatenate([node.weights for node in nodes]),
    }


def _joined(trees: list[Arrays]) -> Arrays:
    """One forest of trees whose nodes, slots, rows and entries are each numbered from 0."""
    n_nodes = np.cumsum([0, *(len(tree["is_leaf"]) for tree in trees)])
    targets = [
        np.where(np.repeat(tree["is_leaf"], np.diff(tree["slot_starts"])), tree["targets"], tree["targets"] + first)
        for tree, first in zip(trees, n_nodes, strict=False)
    ]
    slots = np.concatenate([tree["slots"] for tree in trees])
    first_entries = _joined_starts([tree["entry_starts"] for tree in trees])
    anchors = first_entries[::ROWS_AN_ANCHOR]
    since_anchor = first_entries - np.repeat(anchors, ROWS_AN_ANCHOR)[: len(first_entries)]
    joined = {
        "roots": n_nodes[:-1],
        "slot_starts": _joined_starts([tree["slot_starts"] for tree in trees]),
        "targets": np.concatenate(targets),
        "row_starts": _joined_starts([tree["row_starts"] for tree in trees]),
        "features": np.concatenate([tree["features"] for tree in trees]),
        "anchors": anchors,
    }
    return {name: array.astype(np.int32) for name, array in joined.items()} | {
        "is_leaf": np.concatenate([tree["is_leaf"] for tree in trees]),
        "entry_starts": _narrow(since_anchor),
        "slots": _narrow(slots),
        "weights": np.concatenate([tree["weights"] for tree in trees]).astype(np.float16),
    }


def _narrow(numbers: IntArray) -> NDArray[np.unsignedinteger[Any]]:
    """The same numbers in the fewest bytes that hold the largest."""
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))


def _joined_starts(starts: list[IntArray]) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.concatenate([np.diff(some) for some in starts]))])
