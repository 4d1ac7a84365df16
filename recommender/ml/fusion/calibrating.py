"""Probabilities and thresholds from pairs whose logits come from trees that did not see the document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.calibration import Calibration, sigmoid
from recommender.ml.examples import BoolArray, Example, FloatArray, IntArray, LabelSpace

_FEWEST_HITS, _FEWEST_NEW_HITS = 10, 3
_SMALLEST_SLOPE, _LARGEST_SLOPE = 0.05, 5.0
_INVERSE_PENALTY = 1e4
_SLOPES = np.geomspace(_SMALLEST_SLOPE, _LARGEST_SLOPE, 60)
_SHIFTS = np.linspace(-2.0, 2.0, 161)
_SHIFT_DEVIATION = 0.5  # of the normal prior on the shift of new labels
_SHRINKAGE = 50.0  # pairs over a threshold at which a label's own precision counts as much as that of all
_RECENCY = 3.0  # the newest text counts exp(3) times the oldest
_STORED = "judged."


@dataclass(frozen=True)
class JudgedPairs:
    """Pairs that somebody looked at, with logits from trees that did not see their text."""

    rows: IntArray  # (n_pairs,) place of the text, ascending
    labels: IntArray  # (n_pairs,)
    logits: FloatArray  # (n_pairs,)
    hits: BoolArray  # (n_pairs,)
    weights: FloatArray  # (n_pairs,) 1 on average
    is_new: BoolArray  # (n_labels,) no document that the sources learnt from bears the label

    @property
    def of_new(self) -> BoolArray:
        """Pairs of new labels, shape (n_pairs,)."""
        found: BoolArray = self.is_new[self.labels]
        return found

    @property
    def of_used(self) -> BoolArray:
        """Pairs of labels that any text bears, shape (n_pairs,): of others nobody knows when they will be used."""
        used = ~self.is_new
        used[self.labels[self.hits]] = True
        found: BoolArray = used[self.labels]
        return found

    def where(self, kept: BoolArray) -> "JudgedPairs":
        """Some of the pairs."""
        cut = {name: getattr(self, name)[kept] for name in ("rows", "labels", "logits", "hits", "weights")}
        return replace(self, **cut)

    def after(self, older: "JudgedPairs", *, most_texts: int) -> "JudgedPairs":
        """Behind the pairs of an earlier training, of which the newest texts stay, `most_texts` in all.

        All older texts count as older than these; `is_new` is that of today, and what was said of labels that were new
        then and are used now is left out.
        """
        still_new = self.is_new[: len(older.is_new)]
        kept = older.where(~(older.is_new & ~still_new)[older.labels])
        kept = kept.where(kept._of_newest(most_texts - _n_texts(self)))
        n_older, n_newer = _n_texts(kept), _n_texts(self)
        share = n_newer / max(n_older + n_newer, 1)
        weights = np.concatenate(
            [
                np.exp(-_RECENCY * share) * _since_newest(kept.weights) ** (1.0 - share),
                _since_newest(self.weights) ** share,
            ]
        )
        return JudgedPairs(
            np.concatenate([kept.rows, self.rows + int(kept.rows.max(initial=-1)) + 1]),
            np.concatenate([kept.labels, self.labels]),
            np.concatenate([kept.logits, self.logits]),
            np.concatenate([kept.hits, self.hits]),
            (weights / max(float(weights.mean()) if len(weights) else 1.0, 1e-9)).astype(np.float32),
            self.is_new,
        )

    def _of_newest(self, n_texts: int) -> BoolArray:
        """Pairs of the heaviest texts, which are the newest; of equally heavy ones the last."""
        rows, first = np.unique(self.rows, return_index=True)
        order = np.lexsort((-rows, -self.weights[first]))
        found: BoolArray = np.isin(self.rows, rows[order[: max(n_texts, 0)]])
        return found

    def tensors(self) -> dict[str, NDArray[Any]]:
        """What a bundle keeps, so that thresholds for another precision need no training."""
        small = replace(self, rows=self.rows.astype(np.int32), labels=self.labels.astype(np.int32))
        return {_STORED + part.name: getattr(small, part.name) for part in fields(self)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]]) -> "JudgedPairs | None":
        """The inverse; None where the bundle has none."""
        if f"{_STORED}rows" not in tensors:
            return None
        found = cls(**{part.name: np.asarray(tensors[_STORED + part.name]) for part in fields(cls)})
        return replace(found, rows=found.rows.astype(np.int64), labels=found.labels.astype(np.int64))


def _n_texts(pairs: JudgedPairs) -> int:
    return len(np.unique(pairs.rows))


def _since_newest(weights: FloatArray) -> NDArray[np.float64]:
    """Weights as shares of the highest one."""
    shares: NDArray[np.float64] = weights.astype(np.float64) / max(float(weights.max(initial=0.0)), 1e-9)
    return shares


def recency_weights(ages: FloatArray) -> FloatArray:
    """How much each text counts, by the share of the texts that are newer; shape (n_texts,), 1 on average.

    Habits drift: what held in the newest texts is nearer to what the next ones will show.
    """
    weights = np.exp(-_RECENCY * ages.astype(np.float64))
    counted: FloatArray = (weights / max(float(weights.mean()) if len(weights) else 1.0, 1e-9)).astype(np.float32)
    return counted


def sureness(examples: Sequence[Example], rows: IntArray, labels: IntArray, hits: BoolArray) -> FloatArray:
    """1 for a right pair, up to 1 for another: how surely somebody would have said yes; shape (n_pairs,)."""
    pairs = zip(rows.tolist(), labels.tolist(), hits.tolist(), strict=True)
    return np.array([1.0 if hit else min(examples[row].weight_of(label), 1.0) for row, label, hit in pairs], np.float32)


def calibrated_on_pairs(pairs: JudgedPairs, label_space: LabelSpace, *, precision_target: float) -> Calibration:
    """One slope and offset for all labels (Platt, 1999), or one temperature where texts have exactly one label (Guo
    et al., ICML 2017); then a threshold a label.

    The offset of new labels is another one: which of them come into use is seen only afterwards, so that those that did
    say too much and those that did not belong to the evidence. With fewer than ten hits of used labels the logits are
    taken at their word.
    """
    ones = np.ones(label_space.n_labels, np.float32)
    used = pairs.where(pairs.of_used)
    if used.hits.sum() < _FEWEST_HITS or used.hits.all():
        return Calibration(ones, 0 * ones, 0.5 * ones)
    if label_space.selection_mode == "one":
        slope, offsets = _inverse_temperature(used), 0 * ones
        judged, chances = used, _softmax_within(used.rows, used.logits * np.float32(slope))
    else:
        slope, offset = _platt(used)
        shift = _shift_of_new(pairs, slope, offset)
        offsets = np.where(pairs.is_new, offset + shift, offset).astype(np.float32)
        judged = pairs if shift else used
        chances = sigmoid((judged.logits * slope + offsets[judged.labels]).astype(np.float32))
    thresholds = label_thresholds(chances, judged, label_space.n_labels, precision_target)
    return Calibration(np.float32(slope) * ones, offsets, thresholds)


def refitted(calibration: Calibration, was_new: BoolArray, is_new: BoolArray) -> Calibration:
    """For sources that have learnt from more documents: labels that are no longer new have the offset of the others."""
    if was_new.all():
        return calibration
    common = calibration.offsets[~was_new][0]
    return replace(calibration, offsets=np.where(was_new & ~is_new, common, calibration.offsets))


def label_thresholds(chances: FloatArray, pairs: JudgedPairs, n_labels: int, target: float) -> FloatArray:
    """Per label the lowest threshold over which precision reaches the target, shape (n_labels,).

    A label's precision over a threshold is that of its own pairs, drawn to that of all pairs over the same threshold
    with the weight of `_SHRINKAGE` pairs. Labels without a pair take the common threshold.
    """
    weights = pairs.weights.astype(np.float64)
    every = _Curve.of(chances, pairs.hits, weights)
    common = every.lowest(every.n_right / every.n_over, target, at_least=target)
    thresholds = np.full(n_labels, common, np.float32)
    order = np.argsort(pairs.labels, kind="stable")
    starts = np.searchsorted(pairs.labels[order], np.arange(n_labels + 1))
    for label in np.unique(pairs.labels).tolist():
        mine = order[starts[label] : starts[label + 1]]
        own = _Curve.of(chances[mine], pairs.hits[mine], weights[mine])
        precision = (own.n_right + _SHRINKAGE * every.precision_at(own.chances)) / (own.n_over + _SHRINKAGE)
        thresholds[label] = own.lowest(precision, target, at_least=common)
    return thresholds


@dataclass(frozen=True)
class _Curve:
    """What stands at or over each of the different probabilities, highest first; all of shape (n_chances,)."""

    chances: NDArray[np.float64]
    n_over: NDArray[np.float64]
    n_right: NDArray[np.float64]

    @classmethod
    def of(cls, chances: FloatArray, hits: BoolArray, weights: NDArray[np.float64]) -> "_Curve":
        order = np.argsort(-chances, kind="stable")
        ranked = chances[order].astype(np.float64)
        ends_tie = np.append(ranked[1:] < ranked[:-1], True)
        n_right = np.cumsum(weights[order] * hits[order])
        return cls(ranked[ends_tie], np.cumsum(weights[order])[ends_tie], n_right[ends_tie])

    def precision_at(self, chances: NDArray[np.float64]) -> NDArray[np.float64]:
        """Precision over thresholds that are among the curve's own."""
        places = np.searchsorted(-self.chances, -chances, side="right") - 1
        found: NDArray[np.float64] = self.n_right[places] / self.n_over[places]
        return found

    def lowest(self, precision: NDArray[np.float64], target: float, *, at_least: float) -> float:
        """The lowest threshold that reaches the target; where none does, one over all (and `at_least`)."""
        reached = np.flatnonzero(precision >= target)
        return float(self.chances[reached[-1]]) if len(reached) else max(at_least, float(self.chances[0]) + 1e-6)


def _platt(pairs: JudgedPairs) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=_INVERSE_PENALTY).fit(pairs.logits[:, None], pairs.hits, pairs.weights)
    return float(np.clip(model.coef_[0, 0], _SMALLEST_SLOPE, _LARGEST_SLOPE)), float(model.intercept_[0])


def _shift_of_new(pairs: JudgedPairs, slope: float, offset: float) -> float:
    """What new labels have more or less than others (maximum a posteriori); 0 where hardly one has come into use.

    Where none has, they may be younger than the texts. Few hits are enough: how many others stayed unused is known from
    all their pairs, and the prior holds the shift back where these are few.
    """
    new = pairs.where(pairs.of_new)
    if new.hits.sum() < _FEWEST_NEW_HITS:
        return 0.0
    signed = np.where(new.hits, 1.0, -1.0)
    shifted = (new.logits * slope + offset).astype(np.float64)[:, None] + _SHIFTS
    losses = (new.weights[:, None] * np.logaddexp(0.0, -signed[:, None] * shifted)).sum(axis=0)
    return float(_SHIFTS[int(np.argmin(losses + (_SHIFTS / _SHIFT_DEVIATION) ** 2 / 2))])


def _inverse_temperature(pairs: JudgedPairs) -> float:
    """The slope with the lowest mean negative log likelihood of the right labels."""
    losses = []
    for slope in _SLOPES:
        chances = _softmax_within(pairs.rows, pairs.logits * np.float32(slope))
        losses.append((-np.log(np.maximum(chances[pairs.hits], 1e-9)) * pairs.weights[pairs.hits]).sum())
    return float(_SLOPES[int(np.argmin(losses))])


def _softmax_within(rows: IntArray, logits: FloatArray) -> FloatArray:
    """Softmax over the pairs of each text."""
    n_rows = int(rows.max(initial=-1)) + 1
    peaks = np.full(n_rows, -np.inf)
    np.maximum.at(peaks, rows, logits)
    powers = np.exp(logits - peaks[rows])
    shares: FloatArray = (powers / np.bincount(rows, powers, n_rows)[rows]).astype(np.float32)
    return shares
