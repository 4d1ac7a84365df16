"""Trains label trees: spherical k-means splits the labels, linear classifiers choose among the parts.

Bonsai (Khandagale, Xiao and Babbar, Machine Learning 2020): few layers, wide, parts of any size. The classifiers
are support vector machines with squared hinge, fitted by dual coordinate descent (Hsieh et al., ICML 2008).
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from recommender.ml.examples import FloatArray, IntArray
from recommender.ml.label_trees import ROWS_AN_ANCHOR, with_bias

Arrays = dict[str, NDArray[Any]]
_LEAST_GAIN = 1e-4  # in mean cosine, for another pass of k-means
_LARGEST_SEED = 2**31 - 1
_SLOTS_AT_ONCE = 100  # which bounds the memory for their weights before the small ones are dropped


@dataclass(frozen=True)
class LabelTreeSettings:
    """Bonsai by default. Weights of at most `smallest_weight` are left out."""

    n_trees: int = 3
    arity: int = 100
    max_depth: int = 3
    leaf_size: int = 100  # nodes of at least so many labels (and `arity`) are split, above the depth limit
    smallest_weight: float = 0.1
    max_passes: int = 20  # of coordinate descent over a node's documents


@dataclass(frozen=True)
class _Plan:
    """A node before its classifiers are fitted."""

    is_leaf: bool
    members: IntArray  # (n_labels,): labels below the node
    slot_of: IntArray  # (n_labels,): the slot that each is in or below
    targets: IntArray  # (n_slots,)


@dataclass(frozen=True)
class _Node:
    """A node's targets, and its weights feature by feature."""

    is_leaf: bool
    targets: IntArray  # (n_slots,)
    features: IntArray  # (n_rows,), ascending
    n_entries: IntArray  # (n_rows,)
    slots: IntArray  # (n_weights,)
    weights: NDArray[np.float32]  # (n_weights,)


def train_label_trees(
    matrix: sparse.csr_matrix,
    labels: sparse.csr_matrix,
    settings: LabelTreeSettings,
    *,
    seed: int,
    on_progress: Callable[[float], None],
) -> Arrays:
    """The arrays of a `label_trees.Forest`; equal seeds give equal arrays.

    `matrix` holds L2-normalised TF-IDF weights, shape (n_documents, n_features), `labels` is not zero where a
    document bears a label, shape (n_documents, n_labels). An exception raised by `on_progress` (which is given a
    fraction) comes out. liblinear has one random generator for the whole process: nothing else may fit with it
    meanwhile.
    """
    trees = []
    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the passes are limited on purpose
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)  # small leaves
        task = _Task.of(matrix, labels, settings)
        for number in range(settings.n_trees):
            rng = np.random.default_rng([seed, number])
            trees.append(_flat_tree(task.grown(rng, _share(on_progress, number, settings.n_trees))))
    return _joined(trees)


@dataclass(frozen=True)
class _Task:
    """What all trees learn from. Labels are numbered among those that have documents."""

    texts: sparse.csr_matrix  # (n_documents, n_features + 1), float64 as liblinear wants it
    gold: sparse.csc_matrix  # (n_documents, n_used_labels), ones
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
        return cls(with_bias(matrix).astype(np.float64), gold, vectors, used, settings)

    def grown(self, rng: np.random.Generator, on_progress: Callable[[float], None]) -> list[_Node]:
        """The nodes of one tree, breadth first."""
        nodes: list[_Node] = []
        queue = [(np.arange(len(self.used)), 1)]
        n_done = 0
        for members, depth in queue:
            on_step = partial(on_progress, n_done / max(len(self.used), 1))
            if self._is_leaf(len(members), depth):
                plan = _Plan(True, members, np.arange(len(members)), self.used[members])
                n_done += len(members)
            else:
                part_of = _parts(self.vectors[members], self.settings.arity, rng, on_step)
                plan = _Plan(False, members, part_of, len(queue) + np.arange(part_of.max() + 1))
                queue += [(members[part_of == part], depth + 1) for part in range(part_of.max() + 1)]
            nodes.append(self._node(plan, int(rng.integers(_LARGEST_SEED)), on_step))
        return nodes

    def _is_leaf(self, n_labels: int, depth: int) -> bool:
        return depth >= self.settings.max_depth or n_labels < max(self.settings.leaf_size, self.settings.arity)

    def _node(self, plan: _Plan, seed: int, on_step: Callable[[], None]) -> _Node:
        """The node with classifiers of its slots, fitted on the documents that bear one of its labels."""
        mine = self.gold[:, plan.members]
        documents, rows = np.unique(mine.indices, return_inverse=True)
        cells = (rows, np.repeat(plan.slot_of, np.diff(mine.indptr)))
        borne = sparse.csc_matrix((np.ones(len(rows)), cells), (len(documents), len(plan.targets)))
        texts, features = _without_empty_columns(self.texts[documents])
        found = list(_classifiers(texts, borne, self.settings, seed, on_step))
        columns, slots, weights = (np.concatenate(part) for part in zip(_NO_WEIGHTS, *found, strict=True))
        order = np.lexsort((slots, columns))
        rows_used, n_entries = np.unique(columns, return_counts=True)
        return _Node(plan.is_leaf, plan.targets, features[rows_used], n_entries, slots[order], weights[order])


_NO_WEIGHTS = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))


def _share(on_progress: Callable[[float], None], number: int, n_shares: int) -> Callable[[float], None]:
    return lambda done: on_progress((number + done) / n_shares)


def _without_empty_columns(matrix: sparse.csr_matrix) -> tuple[sparse.csr_matrix, IntArray]:
    """The matrix with only the columns that hold something, and which these are."""
    present = np.zeros(matrix.shape[1], np.bool_)
    present[matrix.indices] = True
    columns = np.flatnonzero(present)
    place = np.cumsum(present, dtype=np.int32) - 1
    shape = (matrix.shape[0], len(columns))
    return sparse.csr_matrix((matrix.data, place[matrix.indices], matrix.indptr), shape), columns


def _parts(vectors: sparse.csr_matrix, n_parts: int, rng: np.random.Generator, on_step: Callable[[], None]) -> IntArray:
    """Which part each unit row is in, numbered from 0 without gaps, by k-means with cosine similarity."""
    rows, _ = _without_empty_columns(vectors)
    n_rows = rows.shape[0]
    centres = rows[np.sort(rng.choice(n_rows, n_parts, replace=False))].T.toarray()
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
        sums = (rows.T @ membership).toarray()
        centres = sums / np.maximum(np.linalg.norm(sums, axis=0), np.float32(1e-9))
    parts: IntArray = np.unique(nearest, return_inverse=True)[1]
    return parts


def _classifiers(
    texts: sparse.csr_matrix,
    borne: sparse.csc_matrix,
    settings: LabelTreeSettings,
    seed: int,
    on_step: Callable[[], None],
) -> Iterator[tuple[IntArray, IntArray, NDArray[np.float32]]]:
    """Columns of `texts`, slots and weights of the slots' classifiers, some slots at a time.

    Minimises ½|w|² + Σ max(0, 1 - y w·x)² for each slot.
    """
    machine = LinearSVC(C=1.0, fit_intercept=False, tol=0.1, max_iter=settings.max_passes, random_state=seed)
    of_all = np.diff(borne.indptr) == borne.shape[0]
    everywhere = np.flatnonzero(of_all)
    yield np.full(len(everywhere), texts.shape[1] - 1), everywhere, np.full(len(everywhere), _sure(borne.shape[0]))
    for slots in _apart(borne, np.flatnonzero(~of_all)):
        on_step()
        yield _kept(_one_against_rest(machine, texts, borne[:, slots]), slots, settings.smallest_weight)


def _kept(
    weights: FloatArray, slots: IntArray, smallest_weight: float
) -> tuple[IntArray, IntArray, NDArray[np.float32]]:
    rows, columns = np.nonzero(np.abs(weights) > smallest_weight)
    return columns, slots[rows], weights[rows, columns].astype(np.float32)


def _sure(n_documents: int) -> np.float32:
    """The bias of a slot that all documents of its node have: the least ½b² + Σ (1 - b)²; no word is needed."""
    return np.float32(2 * n_documents / (2 * n_documents + 1))


def _one_against_rest(machine: LinearSVC, texts: sparse.csr_matrix, borne: sparse.csc_matrix) -> FloatArray:
    """Weights (n_slots, n_columns) of slots of which a document has one at most: the classes of one machine."""
    classes = np.full(texts.shape[0], -1)
    classes[borne.indices] = np.repeat(np.arange(borne.shape[1]), np.diff(borne.indptr))
    machine.fit(texts, classes)
    weights = machine.coef_ if len(machine.classes_) > 2 else np.vstack([-machine.coef_, machine.coef_])
    chosen: FloatArray = weights[machine.classes_ >= 0]
    return chosen


def _apart(borne: sparse.csc_matrix, slots: IntArray) -> list[IntArray]:
    """The slots in groups of at most 100, none of which shares a document with another of its group.

    Greedy colouring (Welsh and Powell, 1967): one call of liblinear serves a whole group.
    """
    shared = (borne.T @ borne).tocsr()
    groups: list[list[int]] = []
    group_of = np.full(borne.shape[1], -1)
    for slot in slots[np.argsort(-np.diff(shared.indptr)[slots], kind="stable")].tolist():
        taken = set(group_of[shared.indices[shared.indptr[slot] : shared.indptr[slot + 1]]].tolist())
        free = (number for number, group in enumerate(groups) if number not in taken and len(group) < _SLOTS_AT_ONCE)
        group_of[slot] = number = next(free, len(groups))
        if number == len(groups):
            groups.append([])
        groups[number].append(slot)
    return [np.array(group) for group in groups]


def _flat_tree(nodes: list[_Node]) -> Arrays:
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
