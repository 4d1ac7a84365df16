"""Fits calibration and thresholds on dev with scikit-learn; what comes out are plain numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from recommender.ml.calibration import Calibration, identity_calibration
from recommender.ml.examples import (
    BoolArray,
    Example,
    FloatArray,
    LabelSpace,
    label_matrix,
    weight_matrix,
)

_FEWEST_GOLD_CELLS = 10
_INVERSE_PENALTY = 1e4
_SMALLEST_SLOPE, _LARGEST_SLOPE = 0.05, 5.0
_TEMPERATURES = np.geomspace(0.05, 10.0, 80)
_SHRINKAGE = 10.0  # gold dev documents at which a tag's own threshold counts as much as the common one
_MAX_CELLS = 2_000_000


@dataclass(frozen=True)
class _KnownCells:
    """Dev cells that somebody looked at."""

    gold: BoolArray  # (n_dev, n_labels)
    known: BoolArray  # (n_dev, n_labels)


def fit_calibration(
    logits: FloatArray, dev: Sequence[Example], label_space: LabelSpace, *, precision_target: float
) -> Calibration:
    """One slope and offset for all labels (Platt, 1999) or one temperature, then thresholds per label.

    `logits` are those of dev, shape (n_dev, n_labels). With fewer than ten gold cells the logits are taken
    at their word.
    """
    weights = weight_matrix(dev, label_space.n_labels)
    cells = _KnownCells(label_matrix(dev, label_space.n_labels) > 0, weights > 0)
    if cells.gold.sum() < _FEWEST_GOLD_CELLS:
        return identity_calibration(label_space.n_labels)
    one = label_space.selection_mode == "one"
    slope, offset = (_inverse_temperature(logits, cells), 0.0) if one else _platt(logits, cells)
    ones = np.ones(label_space.n_labels, np.float32)
    calibration = Calibration(slope * ones, offset * ones, 0.5 * ones)
    probabilities = calibration.probabilities(logits, label_space.selection_mode)
    return replace(calibration, thresholds=_thresholds(probabilities, cells, precision_target))


def _platt(logits: FloatArray, cells: _KnownCells) -> tuple[float, float]:
    scores, gold = logits[cells.known], cells.gold[cells.known]
    stride = -(-len(scores) // _MAX_CELLS)
    scores, gold = scores[::stride], gold[::stride]
    if gold.all() or not gold.any():
        return 1.0, 0.0
    model = LogisticRegression(C=_INVERSE_PENALTY).fit(scores[:, None], gold)
    slope = float(np.clip(model.coef_[0, 0], _SMALLEST_SLOPE, _LARGEST_SLOPE))
    return slope, float(model.intercept_[0])


def _inverse_temperature(logits: FloatArray, cells: _KnownCells) -> float:
    rows = cells.gold.any(axis=1)
    scores, gold = logits[rows].astype(np.float64), cells.gold[rows].argmax(axis=1)
    losses = []
    for temperature in _TEMPERATURES:
        scaled = scores / temperature
        peak = scaled.max(axis=1)
        total = np.log(np.exp(scaled - peak[:, None]).sum(axis=1)) + peak
        losses.append((total - scaled[np.arange(len(gold)), gold]).mean())
    return float(1.0 / _TEMPERATURES[int(np.argmin(losses))])


def _thresholds(probabilities: FloatArray, cells: _KnownCells, target: float) -> FloatArray:
    """Per label the smallest threshold that reaches the precision, drawn to the common one where gold is rare."""
    known, gold = cells.known, cells.gold
    common = _smallest_threshold(probabilities[known], gold[known], target, fallback=target)
    own = np.array(
        [
            _smallest_threshold(probabilities[known[:, j], j], gold[known[:, j], j], target, fallback=common)
            for j in range(probabilities.shape[1])
        ]
    )
    n_gold = (gold & known).sum(axis=0)
    shrunk: FloatArray = ((n_gold * own + _SHRINKAGE * common) / (n_gold + _SHRINKAGE)).astype(np.float32)
    return shrunk


def _smallest_threshold(probabilities: FloatArray, gold: BoolArray, target: float, *, fallback: float) -> float:
    """Among the thresholds at a document's probability, the lowest whose precision reaches the target."""
    if not gold.any():
        return fallback
    order = np.argsort(-probabilities, kind="stable")
    sorted_chances = probabilities[order]
    precision = np.cumsum(gold[order]) / np.arange(1, len(order) + 1)
    ends_tie = np.append(sorted_chances[1:] < sorted_chances[:-1], True)
    reached = np.flatnonzero((precision >= target) & ends_tie)
    return float(sorted_chances[reached[-1]]) if len(reached) else fallback
