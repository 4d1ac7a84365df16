"""Probabilities and thresholds from pairs whose logits come from trees that did not see the document."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.ml.calibration import Calibration, sigmoid
from recommender.ml.examples import BoolArray, FloatArray, IntArray, LabelSpace

_FEWEST_HITS = 10
_SMALLEST_SLOPE, _LARGEST_SLOPE = 0.05, 5.0
_INVERSE_PENALTY = 1e4
_SLOPES = np.geomspace(_SMALLEST_SLOPE, _LARGEST_SLOPE, 60)
_SHRINKAGE = 20.0  # pairs over the threshold at which a tag's own evidence counts as much as the common one


@dataclass(frozen=True)
class JudgedPairs:
    """Pairs that somebody looked at, with logits from trees that did not see their text; all of shape (n_pairs,)."""

    rows: IntArray  # place of the text, ascending
    labels: IntArray
    logits: FloatArray
    hits: BoolArray


def calibrated_on_pairs(pairs: JudgedPairs, label_space: LabelSpace, *, precision_target: float) -> Calibration:
    """One slope and offset for all labels (Platt, 1999), or one temperature where texts have exactly one label (Guo
    et al., ICML 2017); then a threshold a label.

    With fewer than ten hits the logits are taken at their word.
    """
    ones = np.ones(label_space.n_labels, np.float32)
    if pairs.hits.sum() < _FEWEST_HITS or pairs.hits.all():
        return Calibration(ones, 0 * ones, 0.5 * ones)
    if label_space.selection_mode == "one":
        slope, offset = _inverse_temperature(pairs), 0.0
        chances = _softmax_within(pairs.rows, pairs.logits * np.float32(slope))
    else:
        slope, offset = _platt(pairs.logits, pairs.hits)
        chances = sigmoid((pairs.logits * slope + offset).astype(np.float32))
    thresholds = label_thresholds(chances, pairs.hits, pairs.labels, label_space.n_labels, precision_target)
    return Calibration(np.float32(slope) * ones, np.float32(offset) * ones, thresholds)


def label_thresholds(
    chances: FloatArray, hits: BoolArray, labels: IntArray, n_labels: int, target: float
) -> FloatArray:
    """Per label the lowest threshold over which precision reaches the target, shape (n_labels,).

    A label's precision over a threshold is its hits there, plus as many as its probabilities promise among
    `_SHRINKAGE` more pairs: with few pairs the (calibrated) probabilities decide, with many what was seen. Labels
    without a pair take the common threshold.
    """
    common = _lowest(chances, hits, target, shrinkage=0.0)
    thresholds = np.full(n_labels, common, np.float32)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(n_labels + 1))
    for label in np.unique(labels).tolist():
        mine = order[starts[label] : starts[label + 1]]
        thresholds[label] = _lowest(chances[mine], hits[mine], target, shrinkage=_SHRINKAGE, otherwise=common)
    return thresholds


def _lowest(
    chances: FloatArray, hits: BoolArray, target: float, *, shrinkage: float, otherwise: float | None = None
) -> float:
    order = np.argsort(-chances, kind="stable")
    ranked = chances[order].astype(np.float64)
    n_over = np.arange(1, len(order) + 1)
    promised = np.cumsum(ranked) / n_over
    precision = (np.cumsum(hits[order]) + shrinkage * promised) / (n_over + shrinkage)
    ends_tie = np.append(ranked[1:] < ranked[:-1], True)
    reached = np.flatnonzero((precision >= target) & ends_tie)
    if len(reached):
        return float(ranked[reached[-1]])
    return max(target, float(ranked[0]) + 1e-6) if otherwise is None else max(otherwise, float(ranked[0]) + 1e-6)


def _platt(logits: FloatArray, hits: NDArray[np.bool_]) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=_INVERSE_PENALTY).fit(logits[:, None], hits)
    return float(np.clip(model.coef_[0, 0], _SMALLEST_SLOPE, _LARGEST_SLOPE)), float(model.intercept_[0])


def _inverse_temperature(pairs: JudgedPairs) -> float:
    """The slope with the lowest mean negative log likelihood of the right labels."""
    losses = []
    for slope in _SLOPES:
        chances = _softmax_within(pairs.rows, pairs.logits * np.float32(slope))
        losses.append(-np.log(np.maximum(chances[pairs.hits], 1e-9)).mean())
    return float(_SLOPES[int(np.argmin(losses))])


def _softmax_within(rows: IntArray, logits: FloatArray) -> FloatArray:
    """Softmax over the pairs of each text."""
    n_rows = int(rows.max(initial=-1)) + 1
    peaks = np.full(n_rows, -np.inf)
    np.maximum.at(peaks, rows, logits)
    powers = np.exp(logits - peaks[rows])
    shares: FloatArray = (powers / np.bincount(rows, powers, n_rows)[rows]).astype(np.float32)
    return shares
