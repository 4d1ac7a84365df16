"""Figures of a model version from its held-out predictions: calibration, precision and recall, tag by tag.

A cell is one held-out document with one tag; it is true where the document bears the tag. Predictions keep the cells
that matter: what they leave out has a probability below 0.001 and counts here as 0. Where a figure is undefined
(nothing was suggested, nothing is true) it is NaN.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recommender.ml.live_figures import wilson_interval

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

N_BINS = 15
CURVE_THRESHOLDS = np.linspace(0.01, 0.99, 99)
BAND_EDGES = (1, 10, 30, 100, 300, 1000)


@dataclass(frozen=True)
class Cells:
    """The kept cells one after another, the most probable first, and how often each tag is true in all."""

    n_documents: int
    labels: IntArray  # (n_kept,)
    probabilities: FloatArray  # (n_kept,)
    is_true: BoolArray  # (n_kept,)
    true_counts: IntArray  # (n_labels,), held-out documents with the tag

    @property
    def n_labels(self) -> int:
        return len(self.true_counts)

    @property
    def n_true(self) -> int:
        return int(self.true_counts.sum())

    @property
    def n_cells(self) -> int:
        return self.n_documents * self.n_labels


def cells_of(gold: csr_matrix, probabilities: csr_matrix) -> Cells:
    """Both matrices are (n_documents, n_labels): gold 0 or 1, probabilities where they are kept."""
    if gold.shape != probabilities.shape:
        raise ValueError(f"gold is {gold.shape}, probabilities are {probabilities.shape}")
    kept, true = probabilities.tocoo(), gold.tocoo()
    n_labels = gold.shape[1]
    order = np.argsort(-kept.data, kind="stable")
    kept_keys = (kept.row.astype(np.int64) * n_labels + kept.col)[order]
    true_keys = true.row.astype(np.int64) * n_labels + true.col
    return Cells(
        n_documents=gold.shape[0],
        labels=kept.col[order].astype(np.int64),
        probabilities=kept.data[order].astype(np.float64),
        is_true=np.isin(kept_keys, true_keys),
        true_counts=np.bincount(true.col, minlength=n_labels).astype(np.int64),
    )


@dataclass(frozen=True)
class Bin:
    """Cells whose probability lies between `low` and `high`: what was promised and how often it was true."""

    low: float
    high: float
    n_cells: int
    confidence: float
    frequency: float
    frequency_low: float
    frequency_high: float


@dataclass(frozen=True)
class Reliability:
    """Equal bins of probability and what follows from them."""

    bins: Sequence[Bin]
    error: float
    """Expected calibration error over all cells (Guo et al., ICML 2017)"""
    error_of_likely: float
    """The same without the lowest bin, in which nearly all cells of a large vocabulary lie"""


def reliability(cells: Cells, n_bins: int = N_BINS) -> Reliability:
    """Confidence against frequency; cells that were not kept lie in the lowest bin."""
    places = np.minimum((cells.probabilities * n_bins).astype(np.int64), n_bins - 1)
    counts = np.bincount(places, minlength=n_bins)
    promised = np.bincount(places, cells.probabilities, n_bins)
    true = np.bincount(places, cells.is_true, n_bins)
    counts[0] += cells.n_cells - len(cells.labels)
    true[0] += cells.n_true - cells.is_true.sum()
    gaps = np.abs(promised - true)
    bins = [
        Bin(n / n_bins, (n + 1) / n_bins, int(counts[n]), *_shares(promised[n], true[n], int(counts[n])))
        for n in range(n_bins)
    ]
    return Reliability(bins, _ratio(gaps.sum(), counts.sum()), _ratio(gaps[1:].sum(), counts[1:].sum()))


def _shares(promised: float, true: float, n: int) -> tuple[float, float, float, float]:
    return (_ratio(promised, n), _ratio(true, n), *wilson_interval(true, n))


@dataclass(frozen=True)
class Suggested:
    """What comes of suggesting every cell from a threshold on."""

    threshold: float
    """NaN where every tag has its own"""
    n_suggested: int
    n_right: int
    precision: float
    precision_low: float
    precision_high: float
    recall: float
    f1: float
    per_document: float


def at_threshold(cells: Cells, threshold: float) -> Suggested:
    """One threshold for all tags."""
    return _suggested(cells, cells.probabilities >= threshold, threshold)


def at_own_thresholds(cells: Cells, thresholds: FloatArray) -> Suggested:
    """Each tag's own threshold, shape (n_labels,)."""
    return _suggested(cells, cells.probabilities >= thresholds[cells.labels], float("nan"))


def threshold_curve(cells: Cells, thresholds: FloatArray = CURVE_THRESHOLDS) -> list[Suggested]:
    """Precision and recall against one threshold for all tags."""
    return [at_threshold(cells, float(threshold)) for threshold in thresholds]


def lowest_threshold(cells: Cells, precision: float) -> Suggested | None:
    """The lowest threshold for all tags from which that share of the suggestions is right; None where none is.

    It is chosen on these very documents: it says what could be had, not what a threshold chosen beforehand gives.
    """
    reached = np.cumsum(cells.is_true) / np.arange(1, len(cells.labels) + 1)
    ends_tie = np.append(cells.probabilities[1:] < cells.probabilities[:-1], True)[: len(cells.labels)]
    places = np.flatnonzero((reached >= precision) & ends_tie)
    return at_threshold(cells, float(cells.probabilities[places[-1]])) if len(places) else None


def _suggested(cells: Cells, suggested: BoolArray, threshold: float) -> Suggested:
    n_suggested, n_right = int(suggested.sum()), int((suggested & cells.is_true).sum())
    return Suggested(
        threshold,
        n_suggested,
        n_right,
        _ratio(n_right, n_suggested),
        *wilson_interval(n_right, n_suggested),
        recall=_ratio(n_right, cells.n_true),
        f1=_ratio(2 * n_right, n_suggested + cells.n_true),
        per_document=_ratio(n_suggested, cells.n_documents),
    )


@dataclass(frozen=True)
class TagFigures:
    """One row a tag at its own threshold; every array is (n_labels,)."""

    n_train: IntArray  # documents learnt from, -1 where that is not known
    n_true: IntArray  # held-out documents with the tag
    n_suggested: IntArray
    n_right: IntArray
    precision: FloatArray
    recall: FloatArray
    f1: FloatArray
    thresholds: FloatArray

    @property
    def loss(self) -> FloatArray:
        """What the tag costs: its distance to a perfect F1, times the held-out documents that bear it."""
        return np.where(self.n_true > 0, (1 - np.nan_to_num(self.f1)) * self.n_true, 0.0)


def tag_figures(cells: Cells, thresholds: FloatArray, n_train: IntArray) -> TagFigures:
    """Each tag's precision, recall and F1; `thresholds` and `n_train` are (n_labels,)."""
    suggested = cells.probabilities >= thresholds[cells.labels]
    n_suggested = np.bincount(cells.labels[suggested], minlength=cells.n_labels)
    n_right = np.bincount(cells.labels[suggested & cells.is_true], minlength=cells.n_labels)
    return TagFigures(
        n_train=n_train,
        n_true=cells.true_counts,
        n_suggested=n_suggested,
        n_right=n_right,
        precision=_ratios(n_right, n_suggested),
        recall=_ratios(n_right, cells.true_counts),
        f1=_ratios(2 * n_right, n_suggested + cells.true_counts),
        thresholds=thresholds,
    )


@dataclass(frozen=True)
class Band:
    """Tags that learnt from at least `low` and fewer than `high` documents (None: no end)."""

    low: int
    high: int | None
    n_tags: int
    n_true: int
    macro_f1: float
    """Mean over those of them that are true on a held-out document"""
    micro_f1: float


def bands(figures: TagFigures, edges: Sequence[int] = BAND_EDGES) -> list[Band]:
    """From the tail to the head, by documents learnt from; bands without a tag are left out."""
    lows = [0, *edges]
    highs: list[int | None] = [*edges, None]
    found = [_band(figures, low, high) for low, high in zip(lows, highs, strict=True)]
    return [band for band in found if band.n_tags]


def _band(figures: TagFigures, low: int, high: int | None) -> Band:
    inside = (figures.n_train >= low) & (figures.n_train < (np.inf if high is None else high))
    measured = inside & (figures.n_true > 0)
    n_right, n_true = int(figures.n_right[inside].sum()), int(figures.n_true[inside].sum())
    return Band(
        low=low,
        high=high,
        n_tags=int(inside.sum()),
        n_true=n_true,
        macro_f1=float(figures.f1[measured].mean()) if measured.any() else float("nan"),
        micro_f1=_ratio(2 * n_right, int(figures.n_suggested[inside].sum()) + n_true),
    )


def _ratio(numerator: float, denominator: float) -> float:
    return float(numerator / denominator) if denominator else float("nan")


def _ratios(numerators: IntArray, denominators: IntArray) -> FloatArray:
    nowhere = np.full(len(numerators), np.nan)
    return np.asarray(np.divide(numerators, denominators, out=nowhere, where=denominators > 0), np.float64)
