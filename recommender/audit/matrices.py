"""The numbers behind the audit page's heatmaps: pairs of true tags, the model's probabilities, their difference.

Everything is counted over held-out documents, which the model has not been trained on. Rows are the tag that a
document truly has (i), columns the other tag (j). Where a number is undefined (no document) it is NaN.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.sparse import csr_matrix
from scipy.spatial.distance import squareform

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Measure = Literal["conditional", "jaccard", "lift", "npmi"]
Interval = tuple[FloatArray, FloatArray]

SMALL_COUNT = 10
Z_95 = 1.959964


@dataclass(frozen=True)
class PairSums:
    """Sums over held-out documents for every pair of tags; g is 1 where a tag is true, p its probability.

    Matrices have the shape (n_tags, n_tags), vectors (n_tags,).
    """

    n_documents: int
    tag_counts: IntArray
    """Σ g_i"""
    probability_totals: FloatArray
    """Σ p_j"""
    both: IntArray
    """Σ g_i g_j"""
    probability: FloatArray
    """Σ g_i p_j"""
    probability_squared: FloatArray
    """Σ g_i p_j²"""
    probability_of_both: FloatArray
    """Σ g_i g_j p_j"""

    @property
    def n_tags(self) -> int:
        return len(self.tag_counts)

    @property
    def small(self) -> NDArray[np.bool_]:
        """Rows with too few documents to read anything from them, shape (n_tags,)."""
        return np.asarray(self.tag_counts < SMALL_COUNT)


def pair_sums(gold: csr_matrix, probabilities: csr_matrix) -> PairSums:
    """Count all pairs; both matrices are (n_documents, n_tags), gold 0 or 1, probabilities 0 to 1."""
    if gold.shape != probabilities.shape:
        raise ValueError(f"gold is {gold.shape}, probabilities are {probabilities.shape}")
    gold = gold.astype(np.float64)
    probabilities = probabilities.astype(np.float64)
    return PairSums(
        n_documents=gold.shape[0],
        tag_counts=_vector(gold).astype(np.int64),
        probability_totals=_vector(probabilities),
        both=_product(gold, gold).astype(np.int64),
        probability=_product(gold, probabilities),
        probability_squared=_product(gold, probabilities.multiply(probabilities)),
        probability_of_both=_product(gold, gold.multiply(probabilities)),
    )


def _vector(matrix: csr_matrix) -> FloatArray:
    return np.asarray(matrix.sum(axis=0), np.float64).ravel()


def _product(left: csr_matrix, right: csr_matrix) -> FloatArray:
    return np.asarray((left.T @ right).toarray(), np.float64)


@dataclass(frozen=True)
class Matrices:
    """One measure over all pairs: among the true tags, by the model, and model minus truth."""

    measure: Measure
    truth: FloatArray
    model: FloatArray

    @property
    def difference(self) -> FloatArray:
        return self.model - self.truth


def audit_matrices(sums: PairSums, measure: Measure = "conditional") -> Matrices:
    """The same formula over the counted pairs and over the pairs that the model expects.

    For `conditional` that is C[i,j] = P(j|i) = n_ij / n_i beside M[i,j], the mean probability of j over the
    documents that truly have i.
    """
    formula = _FORMULAS[measure]
    counts = sums.tag_counts.astype(np.float64)
    truth = formula(sums.both.astype(np.float64), counts[:, None], counts[None, :], sums.n_documents)
    model = formula(sums.probability, counts[:, None], sums.probability_totals[None, :], sums.n_documents)
    return Matrices(measure, truth, model)


def _conditional(joint: FloatArray, rows: FloatArray, columns: FloatArray, n_documents: int) -> FloatArray:
    return _ratio(joint, np.broadcast_to(rows, joint.shape))


def _jaccard(joint: FloatArray, rows: FloatArray, columns: FloatArray, n_documents: int) -> FloatArray:
    return _ratio(joint, rows + columns - joint)


def _lift(joint: FloatArray, rows: FloatArray, columns: FloatArray, n_documents: int) -> FloatArray:
    return _ratio(joint * n_documents, rows * columns)


def _npmi(joint: FloatArray, rows: FloatArray, columns: FloatArray, n_documents: int) -> FloatArray:
    """Normalised pointwise mutual information (Bouma 2009): −1 never together, 0 independent, 1 always."""
    lift = _lift(joint, rows, columns, n_documents)
    with np.errstate(divide="ignore", invalid="ignore"):
        npmi = np.log(lift) / -np.log(joint / n_documents)
    npmi = np.where(joint >= n_documents, 1.0, npmi)
    npmi = np.where(joint <= 0, -1.0, npmi)
    return np.asarray(np.where(np.isnan(lift), np.nan, npmi), np.float64)


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    nowhere = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=nowhere, where=denominator > 0)
    return nowhere


_FORMULAS: dict[Measure, Callable[[FloatArray, FloatArray, FloatArray, int], FloatArray]] = {
    "conditional": _conditional,
    "jaccard": _jaccard,
    "lift": _lift,
    "npmi": _npmi,
}


def truth_interval(sums: PairSums) -> Interval:
    """95 % interval of P(j|i) among the true tags (Wilson 1927)."""
    n = np.broadcast_to(sums.tag_counts[:, None].astype(np.float64), sums.both.shape)
    share = _ratio(sums.both.astype(np.float64), n)
    inverse = _ratio(np.ones_like(share), n)
    middle = share + Z_95**2 / 2 * inverse
    reach = Z_95 * np.sqrt(share * (1 - share) * inverse + (Z_95 / 2 * inverse) ** 2)
    scale = 1 + Z_95**2 * inverse
    return np.clip((middle - reach) / scale, 0, 1), np.clip((middle + reach) / scale, 0, 1)


def model_interval(sums: PairSums) -> Interval:
    """95 % interval of the model's mean probability (normal); NaN below two documents."""
    low, high = _mean_interval(sums.probability, sums.probability_squared, sums.tag_counts)
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def difference_interval(sums: PairSums) -> Interval:
    """95 % interval of M − C (normal), paired: both were measured on the same documents."""
    total = sums.probability - sums.both
    squares = sums.probability_squared - 2 * sums.probability_of_both + sums.both
    low, high = _mean_interval(total, squares, sums.tag_counts)
    return np.clip(low, -1, 1), np.clip(high, -1, 1)


def _mean_interval(total: FloatArray, squares: FloatArray, counts: IntArray) -> Interval:
    n = np.broadcast_to(counts[:, None].astype(np.float64), total.shape)
    mean = _ratio(total, n)
    variance = np.clip(_ratio(squares - n * np.square(mean), n - 1), 0, None)
    reach = Z_95 * np.sqrt(_ratio(variance, n))
    return mean - reach, mean + reach


def clustered_order(similarity: FloatArray) -> IntArray:
    """Positions in an order that puts tags that go together side by side (average linkage, optimal leaves)."""
    n_tags = len(similarity)
    if n_tags < 3:
        return np.arange(n_tags)
    closeness = np.nan_to_num(similarity, nan=0.0)
    distance = 1 - np.clip((closeness + closeness.T) / 2, 0, 1)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), method="average", optimal_ordering=True)
    return np.asarray(leaves_list(tree), np.int64)
