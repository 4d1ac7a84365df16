"""How good a ranking is: the measures of the literature, one value a document where that makes sense.

Rankings are label matrices of shape (n_documents, n_ranked), best first; gold is a boolean matrix of shape
(n_documents, n_labels). A document without a gold label has no value (nan): average with `np.nanmean`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.ml.examples import BoolArray, FloatArray, IntArray

Doubles = NDArray[np.float64]
TAIL_BELOW_DOCUMENTS = 10
_PROPENSITY_A, _PROPENSITY_B = 0.55, 1.5
N_BINS = 15


class Interval(NamedTuple):
    """A value with the ends of its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class MacroF1(NamedTuple):
    """Mean F1 over labels: of all, of head labels, and of tail labels (nan where there are none)."""

    all: float
    head: float
    tail: float


def precision_at_k(gold: BoolArray, ranked: IntArray, k: int) -> Doubles:
    """Share of the first k that is gold."""
    return _of_labelled(gold, np.asarray(_hits(gold, ranked, k).sum(axis=1) / k, np.float64))


def recall_at_k(gold: BoolArray, ranked: IntArray, k: int) -> Doubles:
    """Share of the gold labels that stands among the first k."""
    shares = _hits(gold, ranked, k).sum(axis=1) / np.maximum(gold.sum(axis=1), 1)
    return _of_labelled(gold, np.asarray(shares, np.float64))


def hit_rate_at_k(gold: BoolArray, ranked: IntArray, k: int) -> Doubles:
    """1 where any of the first k is gold."""
    return _of_labelled(gold, np.asarray(_hits(gold, ranked, k).any(axis=1), np.float64))


def ndcg_at_k(gold: BoolArray, ranked: IntArray, k: int) -> Doubles:
    """Normalised discounted cumulative gain, gain 1 and discount log2(rank + 1) (Järvelin, Kekäläinen, 2002)."""
    discounts = 1.0 / np.log2(np.arange(k) + 2.0)
    hits = _hits(gold, ranked, k)
    gained = (hits * discounts[: hits.shape[1]]).sum(axis=1)
    n_gold = np.minimum(gold.sum(axis=1), k)
    return _of_labelled(gold, gained / np.cumsum(discounts)[np.maximum(n_gold, 1) - 1])


def mean_reciprocal_rank(gold: BoolArray, ranked: IntArray) -> Doubles:
    """1 / rank of the first gold label, 0 where none is ranked; the mean over documents is the MRR."""
    hits = _hits(gold, ranked, ranked.shape[1])
    first = hits.argmax(axis=1) if hits.shape[1] else np.zeros(len(hits))
    return _of_labelled(gold, np.asarray(hits.any(axis=1) / (first + 1.0), np.float64))


def inverse_propensities(label_counts: IntArray, n_train: int) -> Doubles:
    """1 + C (n + B)^-A with A 0.55 and B 1.5 (Jain et al., KDD 2016), shape (n_labels,)."""
    c = (np.log(max(n_train, 2)) - 1.0) * (_PROPENSITY_B + 1.0) ** _PROPENSITY_A
    weights: Doubles = 1.0 + c * (label_counts + _PROPENSITY_B) ** -_PROPENSITY_A
    return weights


def psp_at_k(gold: BoolArray, ranked: IntArray, weights: Doubles, k: int) -> float:
    """Propensity-scored precision over all documents, against the best possible (Jain et al., KDD 2016)."""
    gained, best = (part.sum() for part in psp_parts(gold, ranked, weights, k))
    return float(gained / best) if best else float("nan")


def psp_parts(gold: BoolArray, ranked: IntArray, weights: Doubles, k: int) -> tuple[Doubles, Doubles]:
    """Propensity-scored gain of each document and the best possible one, both (n_documents,)."""
    gained = (_hits(gold, ranked, k) * weights[ranked[:, :k]]).sum(axis=1)
    best = _largest(gold * weights, k)
    return gained, best.sum(axis=1)


def micro_f1(gold: BoolArray, predicted: BoolArray) -> float:
    """F1 over all cells together."""
    wrong_or_right = predicted.sum() + gold.sum()
    return float(2.0 * (gold & predicted).sum() / wrong_or_right) if wrong_or_right else float("nan")


def macro_f1(gold: BoolArray, predicted: BoolArray, label_counts: IntArray) -> MacroF1:
    """Mean F1 over the labels that have gold documents; tail labels have fewer than 10 training documents."""
    n_right = (gold & predicted).sum(axis=0)
    return macro_f1_of_counts(gold.sum(axis=0), n_right, predicted.sum(axis=0), label_counts)


def macro_f1_of_counts(
    n_gold: NDArray[Any], n_right: NDArray[Any], n_predicted: NDArray[Any], label_counts: IntArray
) -> MacroF1:
    """The same from each label's numbers of documents, all (n_labels,)."""
    f1 = 2.0 * n_right / np.maximum(n_gold + n_predicted, 1)
    tail = label_counts < TAIL_BELOW_DOCUMENTS
    present = n_gold > 0
    return MacroF1(_mean(f1[present]), _mean(f1[present & ~tail]), _mean(f1[present & tail]))


def best_f1_threshold(gold: BoolArray, scores: FloatArray) -> float:
    """The single threshold with the highest micro-F1 on these very documents (an oracle; for comparing only)."""
    order = np.argsort(-scores, axis=None, kind="stable")
    hits = np.cumsum(gold.ravel()[order])
    f1 = 2.0 * hits / (np.arange(1, len(order) + 1) + gold.sum())
    return float(scores.ravel()[order[int(f1.argmax())]])


def expected_calibration_error(gold: BoolArray, probabilities: FloatArray, n_bins: int = N_BINS) -> float:
    """Mean distance of confidence and frequency over equal bins, weighted by cells (Guo et al., ICML 2017)."""
    chances, hits = probabilities.ravel().astype(np.float64), gold.ravel()
    if len(chances) == 0:
        return float("nan")
    bins = np.minimum((chances * n_bins).astype(np.int64), n_bins - 1)
    confidence = np.bincount(bins, chances, n_bins)
    frequency = np.bincount(bins, hits, n_bins)
    return float(np.abs(confidence - frequency).sum() / len(chances))


def _hits(gold: BoolArray, ranked: IntArray, k: int) -> BoolArray:
    hits: BoolArray = np.take_along_axis(gold, ranked[:, :k], axis=1)
    return hits


def _of_labelled(gold: BoolArray, values: Doubles) -> Doubles:
    return np.where(gold.any(axis=1), values, np.nan)


def _mean(values: Doubles) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _largest(values: Doubles, k: int) -> Doubles:
    k = min(k, values.shape[1])
    return np.partition(values, values.shape[1] - k, axis=1)[:, values.shape[1] - k :]
