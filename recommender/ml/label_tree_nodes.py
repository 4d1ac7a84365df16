"""The classifiers of label trees' nodes, fitted in batches of nodes with about as many slots."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.ml.examples import FloatArray, IntArray
from recommender.ml.squared_hinge import Problems, Stopping, fit_machines

_CELLS_AT_ONCE = 1_000_000  # documents times slots of a batch, which bounds memory
_FEWEST_SLOTS, _MOST_SLOTS = 32, 128  # at once
_TABLED_KEYS = 20_000_000  # up to which a table finds the columns in use faster than sorting


@dataclass(frozen=True)
class NodePlan:
    """A node before its classifiers are fitted."""

    is_leaf: bool
    members: IntArray  # (n_labels,): labels below the node
    slot_of: IntArray  # (n_labels,): the slot that each is in or below
    targets: IntArray  # (n_slots,)


@dataclass(frozen=True)
class Node:
    """A node's targets, and its weights feature by feature."""

    is_leaf: bool
    targets: IntArray  # (n_slots,)
    features: IntArray  # (n_rows,), ascending
    n_entries: IntArray  # (n_rows,)
    slots: IntArray  # (n_weights,)
    weights: NDArray[np.float32]  # (n_weights,)


@dataclass(frozen=True)
class NodeTask:
    """What all nodes learn from."""

    texts: sparse.csr_matrix  # (n_documents, n_features), float32
    gold: sparse.csc_matrix  # (n_documents, n_labels), ones
    stopping: Stopping
    smallest_weight: float


def fitted_nodes(plans: Sequence[NodePlan], task: NodeTask, on_progress: Callable[[float], None]) -> list[Node]:
    """The planned nodes with classifiers of their slots, each fitted on the documents that bear one of its labels.

    `on_progress` is given a fraction.
    """
    costs = _costs(plans, task)
    done, total = 0.0, max(float(costs.sum()), 1.0)
    nodes = {place: _without_labels(plan) for place, plan in enumerate(plans) if len(plan.members) == 0}
    for places in _batches(plans, costs):
        share = float(costs[places].sum()) / total
        fitted = _Batch.of([plans[place] for place in places], task).fitted(task, _part(on_progress, done, share))
        nodes.update(zip(places, fitted, strict=True))
        done += share
    return [nodes[place] for place in range(len(plans))]


def _part(on_progress: Callable[[float], None], start: float, share: float) -> Callable[[float], None]:
    return lambda fraction: on_progress(min(start + share * fraction, 1.0))


def _costs(plans: Sequence[NodePlan], task: NodeTask) -> NDArray[np.float64]:
    """Cells of each node, documents times slots, a document counted once for each of its labels."""
    n_documents = np.diff(task.gold.indptr)
    return np.array([float(n_documents[plan.members].sum()) * len(plan.targets) for plan in plans])


def _batches(plans: Sequence[NodePlan], costs: NDArray[np.float64]) -> Iterator[list[int]]:
    """Places of nodes that are fitted together, those with the fewest slots first."""
    batch: list[int] = []
    n_cells = 0.0
    for place in np.argsort([len(plan.targets) for plan in plans], kind="stable").tolist():
        if len(plans[place].members) == 0:
            continue
        if batch and n_cells + costs[place] > _CELLS_AT_ONCE:
            yield batch
            batch, n_cells = [], 0.0
        batch.append(place)
        n_cells += costs[place]
    if batch:
        yield batch


@dataclass(frozen=True)
class _Batch:
    """Some nodes' documents, one node after the other."""

    plans: Sequence[NodePlan]
    documents: IntArray  # (n_rows,)
    node_of: IntArray  # (n_rows,): place of the node in the batch
    starts: IntArray  # (n_nodes,): each node's first row
    signs: FloatArray  # (n_rows, n_slots): 1 and -1, 0 for slots that need no fitting
    sure: NDArray[np.bool_]  # (n_nodes, n_slots): slots that all documents of their node have

    @classmethod
    def of(cls, plans: Sequence[NodePlan], task: NodeTask) -> "_Batch":
        """The documents that bear a label of the nodes."""
        gold, n_documents = task.gold, task.gold.shape[0]
        members = np.concatenate([plan.members for plan in plans])
        mine = gold[:, members]
        n_uses = np.diff(mine.indptr)
        nodes = np.repeat(np.arange(len(plans)), [len(plan.members) for plan in plans])
        keys, rows = np.unique(np.repeat(nodes, n_uses) * n_documents + mine.indices, return_inverse=True)
        node_of, documents = np.divmod(keys, n_documents)
        sizes = np.bincount(node_of, minlength=len(plans))
        n_slots = np.array([len(plan.targets) for plan in plans])
        borne = np.zeros((len(keys), int(n_slots.max())), np.bool_)
        borne[rows, np.repeat(np.concatenate([plan.slot_of for plan in plans]), n_uses)] = True
        starts = np.cumsum(sizes) - sizes
        sure = np.add.reduceat(borne, starts, axis=0, dtype=np.int64) == sizes[:, None]
        there = np.arange(borne.shape[1]) < n_slots[:, None]
        signs = np.where(borne, np.float32(1), np.float32(-1)) * (there & ~sure)[node_of]
        return cls(plans, documents, node_of, starts, signs.astype(np.float32), sure & there)

    def fitted(self, task: NodeTask, on_progress: Callable[[float], None]) -> list[Node]:
        """The batch's nodes."""
        texts, key_of = self._texts(task.texts)
        biases = np.where(self.sure, _sure(self._sizes()), np.float32(0))
        width = max(_FEWEST_SLOTS, min(_CELLS_AT_ONCE // len(self.documents), _MOST_SLOTS))
        firsts = range(0, self.signs.shape[1], width)
        found = []
        for number, first in enumerate(firsts):
            some = slice(first, first + width)
            on_step = _part(on_progress, number / len(firsts), 1 / len(firsts))
            problems = Problems(texts, np.ascontiguousarray(self.signs[:, some]), self.starts)
            machines = fit_machines(problems, task.stopping, smallest_weight=task.smallest_weight, on_step=on_step)
            biases[:, some] += machines.biases
            found.append((key_of[machines.columns], machines.slots + first, machines.weights))
        nodes, slots = np.nonzero(np.abs(biases) > task.smallest_weight)
        n_features = task.texts.shape[1]
        found.append((nodes * (n_features + 1) + n_features, slots, biases[nodes, slots]))
        keys, slots, weights = (np.concatenate(part) for part in zip(*found, strict=True))
        return self._split(keys, slots, weights, n_features + 1)

    def _sizes(self) -> IntArray:
        return np.bincount(self.node_of, minlength=len(self.plans))[:, None]

    def _texts(self, texts: sparse.csr_matrix) -> tuple[sparse.csr_matrix, IntArray]:
        """The documents, each node's with columns of its own, and the columns' keys: node * (n_features + 1) + feature.

        Keys ascend.
        """
        mine = texts[self.documents]
        stride = texts.shape[1] + 1
        keys = np.repeat(self.node_of * stride, np.diff(mine.indptr)) + mine.indices
        columns, places = _numbered(keys, len(self.plans) * stride)
        shape = (len(self.documents), len(columns))
        return sparse.csr_matrix((mine.data, places.astype(np.int32), mine.indptr), shape), columns

    def _split(self, keys: IntArray, slots: IntArray, weights: FloatArray, stride: int) -> list[Node]:
        """Nodes of weights in any order."""
        order = np.lexsort((slots, keys))
        slots, weights = slots[order], weights[order]
        rows, n_entries = np.unique(keys, return_counts=True)
        row_bounds = np.searchsorted(rows, np.arange(len(self.plans) + 1) * stride)
        bounds = np.append(0, np.cumsum(n_entries))[row_bounds]
        features = rows % stride
        return [
            Node(plan.is_leaf, plan.targets, features[a:b], n_entries[a:b], slots[c:d], weights[c:d])
            for plan, (a, b), (c, d) in zip(self.plans, pairwise(row_bounds), pairwise(bounds), strict=True)
        ]


def _numbered(keys: IntArray, n_keys: int) -> tuple[IntArray, IntArray]:
    """The keys that occur, ascending, and the place of each key among them; keys are below `n_keys`."""
    if n_keys > _TABLED_KEYS:
        columns, places = np.unique(keys, return_inverse=True)
        return columns, places
    present = np.zeros(n_keys, np.bool_)
    present[keys] = True
    return np.flatnonzero(present), (np.cumsum(present) - 1)[keys]


def _sure(n_documents: IntArray) -> FloatArray:
    """The bias of a slot that all documents of its node have: the least ½b² + Σ (1 - b)²; no word is needed."""
    return (2 * n_documents / (2 * n_documents + 1)).astype(np.float32)


def _without_labels(plan: NodePlan) -> Node:
    none = np.zeros(0, np.int64)
    return Node(plan.is_leaf, plan.targets, none, none, none, np.zeros(0, np.float32))
