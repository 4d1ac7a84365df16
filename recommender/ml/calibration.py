"""Calibrated probabilities and per-tag thresholds as plain numbers, applied with numpy alone."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from recommender.ml.examples import FloatArray, IntArray, SelectionMode

Confidence = Literal["high", "medium", "low"]
_HIGH, _MEDIUM = 0.75, 0.4


@dataclass(frozen=True)
class Calibration:
    """Per label: calibrated logit = slope * logit + offset (slope > 0, so order within a label stays).

    Mode "many" puts a sigmoid on it (Platt, 1999), mode "one" a softmax over all labels, where the slope is
    one inverse temperature (Guo et al., ICML 2017). `thresholds` are probabilities. All shapes (n_labels,).
    """

    slopes: FloatArray
    offsets: FloatArray
    thresholds: FloatArray

    def calibrated_logits(self, logits: FloatArray) -> FloatArray:
        """Shape (n_texts, n_labels) in and out."""
        return logits * self.slopes + self.offsets

    def probabilities(self, logits: FloatArray, selection_mode: SelectionMode) -> FloatArray:
        """Calibrated probabilities of raw logits, shape (n_texts, n_labels) in and out."""
        shifted = self.calibrated_logits(logits)
        return softmax(shifted) if selection_mode == "one" else sigmoid(shifted)

    def of_labels(self, logits: FloatArray, labels: IntArray, selection_mode: SelectionMode) -> FloatArray:
        """Calibrated probabilities of some labels of one text, from its logits (n_labels,)."""
        if selection_mode == "one":
            every: FloatArray = self.probabilities(logits[None, :], selection_mode)
            return np.asarray(every[0, labels], np.float32)
        chances: FloatArray = sigmoid(logits[labels] * self.slopes[labels] + self.offsets[labels])
        return chances


def identity_calibration(n_labels: int) -> Calibration:
    """Takes logits at their word; thresholds at one half."""
    ones = np.ones(n_labels, np.float32)
    return Calibration(ones, 0 * ones, 0.5 * ones)


def confidence(probability: float) -> Confidence:
    """The word that editors see for a calibrated probability."""
    if probability >= _HIGH:
        return "high"
    return "medium" if probability >= _MEDIUM else "low"


def sigmoid(logits: FloatArray) -> FloatArray:
    """Elementwise logistic function without overflow."""
    small = np.exp(-np.abs(logits))
    chances: FloatArray = (np.where(logits >= 0, 1.0, small) / (1.0 + small)).astype(np.float32)
    return chances


def softmax(logits: FloatArray) -> FloatArray:
    """Row-wise softmax, shape (n_texts, n_labels) in and out."""
    if logits.size == 0:
        return logits
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    normalised: FloatArray = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised
