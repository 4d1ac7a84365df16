"""Linear support vector machines with squared hinge, many at once, by conjugate gradients.

Each minimises ½|w|² + ½b² + Σ max(0, 1 - y (w·x + b))², as liblinear does (Hsieh et al., ICML 2008) with C = 1 and a
constant feature for the bias. The loss is piecewise quadratic, so that a search along a line costs some sums (Keerthi
and DeCoste, JMLR 2005, "A modified finite Newton method"). Weights and gradients are sums of texts, w = Σ dual x, so
that all steps are taken in the duals: two sparse products with dense blocks a step, for all machines together.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommender.ml.examples import BoolArray, FloatArray, IntArray

_LINE_STEPS = 2
_BIAS_CURVES = 0.1  # share of its documents by which the curvature of a bias is estimated; more is slow in flat valleys
_TINY = np.float32(1e-12)


@dataclass(frozen=True)
class Stopping:
    """The end of the descent: when the squared gradients have fallen to `tolerance` of the first ones, on average over
    the machines, or after `most_steps`.
    """

    tolerance: float = 1e-4
    most_steps: int = 20


@dataclass(frozen=True)
class Machines:
    """What was fitted: weights that are not near zero, in any order, and all biases; float32."""

    columns: IntArray  # (n_weights,)
    slots: IntArray  # (n_weights,)
    weights: FloatArray  # (n_weights,)
    biases: FloatArray  # (n_nodes, n_slots)


@dataclass(frozen=True)
class Problems:
    """What machines of several nodes learn from.

    `texts` has the nodes' documents one node after the other, shape (n_rows, n_columns), float32; no column may be
    used by two nodes. `signs` is 1 where a document is one of the slot's, -1 where it is not, and 0 throughout a node
    for a slot that is not to be fitted (its machine stays 0), shape (n_rows, n_slots), float32. `starts` holds each
    node's first row, shape (n_nodes,).
    """

    texts: sparse.csr_matrix
    signs: FloatArray
    starts: IntArray


def fit_machines(
    problems: Problems, stopping: Stopping, *, smallest_weight: float, on_step: Callable[[float], None]
) -> Machines:
    """Machines of all slots by conjugate gradients (Polak and Ribière, 1969).

    Weights of at most `smallest_weight` are left out. `on_step` is given the fraction of `most_steps` that is done;
    what it raises comes out.
    """
    rows = _Rows.of(problems.starts, len(problems.signs))
    gram = _Gram.of(problems.texts)
    at = _descended(_Loss(problems.signs, rows, gram), stopping, on_step)
    return Machines(*gram.weights(at.duals, smallest_weight), at.biases)


def _descended(loss: "_Loss", stopping: Stopping, on_step: Callable[[float], None]) -> "_Vector":
    """From the best without words downhill."""
    at = loss.without_words()
    before: _Vector | None = None
    way = at
    first = square = np.zeros_like(at.biases)
    for number in range(stopping.most_steps):
        on_step(number / stopping.most_steps)
        downhill = loss.downhill(at)
        last, square = square, loss.product(downhill, downhill)
        if before is None:
            first, way = square, downhill
        else:
            gained = np.maximum(square - loss.product(downhill, before), 0)
            way = downhill.plus(way, gained / np.maximum(last, _TINY), loss.rows)
        if square.sum() <= stopping.tolerance * first.sum():
            break
        at = at.plus(way, loss.distance(at, way), loss.rows)
        before = downhill
    return at


@dataclass(frozen=True)
class _Rows:
    """Which rows are whose."""

    members: sparse.csr_matrix  # (n_nodes, n_rows), ones
    spreading: sparse.csr_matrix  # its transpose
    sizes: FloatArray  # (n_nodes, 1)

    @classmethod
    def of(cls, starts: IntArray, n_rows: int) -> "_Rows":
        offsets = np.append(starts, n_rows)
        ones = np.ones(n_rows, np.float32)
        members = sparse.csr_matrix((ones, np.arange(n_rows), offsets), (len(starts), n_rows))
        return cls(members, members.T.tocsr(), np.diff(offsets).astype(np.float32)[:, None])

    def total(self, values: FloatArray) -> FloatArray:
        """Sums over each node's rows, shape (n_nodes, n_slots)."""
        totals: FloatArray = self.members @ values
        return totals

    def spread(self, of_nodes: FloatArray) -> FloatArray:
        """A node's values for each of its rows, shape (n_rows, n_slots), or (1, n_slots) where there is one node."""
        if len(of_nodes) == 1:
            return of_nodes
        values: FloatArray = self.spreading @ of_nodes
        return values


@dataclass(frozen=True)
class _Gram:
    """The texts' inner products, never written out.

    A column of one row alone adds to that row's square and to nothing else; most columns of a small node are such.
    """

    shared: sparse.csr_matrix  # (n_rows, n_shared)
    by_column: sparse.csr_matrix  # its transpose
    columns: IntArray  # (n_shared,): their numbers in the texts
    own: sparse.csr_matrix  # (n_rows, n_columns): columns of one row
    squares: FloatArray  # (n_rows, 1): of these

    @classmethod
    def of(cls, texts: sparse.csr_matrix) -> "_Gram":
        is_shared = np.bincount(texts.indices, minlength=texts.shape[1]) > 1
        columns = np.flatnonzero(is_shared)
        among_shared = is_shared[texts.indices]
        places = np.cumsum(is_shared, dtype=np.int32) - 1
        shared = _kept(texts, among_shared, places[texts.indices], len(columns))
        own = _kept(texts, ~among_shared, texts.indices, texts.shape[1])
        squares = np.asarray(own.multiply(own).sum(axis=1), np.float32).reshape(-1, 1)
        return cls(shared, shared.T.tocsr(), columns, own, squares)

    def times(self, values: FloatArray) -> FloatArray:
        """The Gram matrix @ values, shape (n_rows, n_slots)."""
        product: FloatArray = self.shared @ (self.by_column @ values)
        product += self.squares * values
        return product

    def weights(self, duals: FloatArray, smallest: float) -> tuple[IntArray, IntArray, FloatArray]:
        """Columns, slots and values of the texts' transpose @ duals that are further from zero than `smallest`."""
        dense = self.by_column @ duals
        places, slots = np.nonzero(np.abs(dense) > smallest)
        largest = self.own.max(axis=1).toarray()
        rows, own_slots = np.nonzero(np.abs(duals) * largest > smallest)
        lengths = np.diff(self.own.indptr)[rows]
        entries = np.repeat(self.own.indptr[rows] + lengths - np.cumsum(lengths), lengths) + np.arange(lengths.sum())
        values = self.own.data[entries] * np.repeat(duals[rows, own_slots], lengths)
        large = np.abs(values) > smallest
        return (
            np.concatenate([self.columns[places], self.own.indices[entries[large]]]),
            np.concatenate([slots, np.repeat(own_slots, lengths)[large]]),
            np.concatenate([dense[places, slots], values[large]]),
        )


def _kept(matrix: sparse.csr_matrix, kept: BoolArray, columns: IntArray, n_columns: int) -> sparse.csr_matrix:
    """Some of the entries, in columns of other numbers."""
    offsets = np.append(0, np.cumsum(kept))[matrix.indptr]
    return sparse.csr_matrix((matrix.data[kept], columns[kept], offsets), (matrix.shape[0], n_columns))


@dataclass(frozen=True)
class _Vector:
    """Weights as duals, with the Gram matrix @ duals, and biases: a point, or a direction."""

    duals: FloatArray  # (n_rows, n_slots)
    products: FloatArray  # (n_rows, n_slots)
    biases: FloatArray  # (n_nodes, n_slots)

    def plus(self, other: "_Vector", factors: FloatArray, rows: _Rows) -> "_Vector":
        """With the other one times a factor a machine, `factors` (n_nodes, n_slots)."""
        each = rows.spread(factors)
        return _Vector(
            self.duals + each * other.duals,
            self.products + each * other.products,
            self.biases + factors * other.biases,
        )


@dataclass(frozen=True)
class _Loss:
    """½|w|² + ½b² + Σ max(0, 1 - y (w·x + b))² of every machine."""

    signs: FloatArray
    rows: _Rows
    gram: _Gram

    def margins(self, at: _Vector) -> FloatArray:
        """y (w·x + b)"""
        margins: FloatArray = self.signs * (at.products + self.rows.spread(at.biases))
        return margins

    def without_words(self) -> _Vector:
        """The best biases where all weights are zero."""
        none = np.zeros_like(self.signs)
        return _Vector(none, none, 2 * self.rows.total(self.signs) / (2 * self.rows.sizes + 1))

    def downhill(self, at: _Vector) -> _Vector:
        """The negative gradient, that of the bias divided by an estimate of its curvature."""
        pulls = 2 * self.signs * np.maximum(1 - self.margins(at), 0)
        duals = pulls - at.duals
        biases = (self.rows.total(pulls) - at.biases) / self._curvatures
        return _Vector(duals, self.gram.times(duals), biases)

    def product(self, downhill: _Vector, other: _Vector) -> FloatArray:
        """Inner products of gradients, shape (n_nodes, n_slots), each the usual one by their estimated curvature."""
        of_weights = self.rows.total(downhill.duals * other.products)
        return of_weights + self._curvatures * downhill.biases * other.biases

    @property
    def _curvatures(self) -> FloatArray:
        return _BIAS_CURVES * (1 + self.rows.sizes)

    def distance(self, at: _Vector, way: _Vector) -> FloatArray:
        """How far to go for the least loss, by Newton's steps on its derivative; shape (n_nodes, n_slots)."""
        total = self.rows.total
        slope = total(at.duals * way.products) + at.biases * way.biases
        bend = total(way.duals * way.products) + way.biases**2
        left, along = 1 - self.margins(at), self.margins(way)
        distance = np.zeros_like(slope)
        for _ in range(_LINE_STEPS):
            lacking = left - self.rows.spread(distance) * along
            pulled = along * (lacking > 0)
            first = slope + distance * bend - 2 * total(pulled * lacking)
            distance = distance - first / np.maximum(bend + 2 * total(pulled * along), _TINY)
        return distance
