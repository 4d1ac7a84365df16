"""A ranker's answers to documents as sparse cells: what two versions are judged by, document by document."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommender.ml.evaluation import Evaluation
from recommender.ml.examples import BoolArray, FloatArray, IntArray, LabelSpace
from recommender.ml.held_out import HeldOutPredictions
from recommender.ml.metrics import N_BINS, Doubles


@dataclass(frozen=True)
class JudgedAnswers:
    """What became of each document; matrices hold ones and have the shape (n_documents, n_labels)."""

    ndcg_at_5: Doubles  # (n_documents,), nan without gold labels
    gold: sparse.csr_matrix
    found: sparse.csr_matrix  # gold and among the first k
    predicted: sparse.csr_matrix  # over its tag's threshold
    right: sparse.csr_matrix  # predicted and gold
    confidence: Doubles  # (n_documents, n_bins) sum of probabilities among the first k
    hits: Doubles  # (n_documents, n_bins) gold among the first k
    n_shown: IntArray  # (n_documents,)

    @property
    def n_documents(self) -> int:
        return len(self.ndcg_at_5)

    def at(self, rows: IntArray) -> "JudgedAnswers":
        """The same of these documents alone."""
        return JudgedAnswers(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class _Cells:
    """Kept cells, of each document the surest first."""

    rows: IntArray
    labels: IntArray
    probabilities: FloatArray

    def where(self, chosen: BoolArray) -> "_Cells":
        return _Cells(self.rows[chosen], self.labels[chosen], self.probabilities[chosen])


def judged_answers(evaluation: Evaluation, thresholds: FloatArray, *, k: int) -> JudgedAnswers:
    """The evaluated answers cell by cell; `thresholds` (n_labels,), `k` suggestions are what people see."""
    predictions = evaluation.predictions
    n_documents, n_labels = len(predictions.document_ids), predictions.label_space.n_labels
    if thresholds.shape != (n_labels,):
        raise ValueError(f"{n_labels} labels, but thresholds have shape {thresholds.shape}")
    cells = _without_rivals(_surest_first(predictions), predictions.label_space)
    gold_rows = np.repeat(np.arange(n_documents), np.diff(predictions.gold_offsets))
    is_gold = np.isin(cells.rows * n_labels + cells.labels, gold_rows * n_labels + predictions.gold_labels)
    first = _places(cells.rows) < k
    predicted = cells.probabilities >= thresholds[cells.labels]
    shape = (n_documents, n_labels)
    shown = cells.where(first)
    return JudgedAnswers(
        evaluation.ndcg_at_5,
        _ones(gold_rows, predictions.gold_labels, shape),
        _ones(cells.rows[first & is_gold], cells.labels[first & is_gold], shape),
        _ones(cells.rows[predicted], cells.labels[predicted], shape),
        _ones(cells.rows[predicted & is_gold], cells.labels[predicted & is_gold], shape),
        _binned(shown, shown.probabilities, n_documents),
        _binned(shown, is_gold[first], n_documents),
        np.bincount(shown.rows, minlength=n_documents).astype(np.int64),
    )


def best_cut(predictions: HeldOutPredictions, rows: IntArray) -> float:
    """The probability at and over which predicting gives the highest micro-F1 on these documents.

    Rankers are compared at their own best cut, because a tag's threshold answers another question: where its
    precision reaches a target, which may be nowhere. 1 where no cut finds anything.
    """
    n_labels = predictions.label_space.n_labels
    cells = _without_rivals(_surest_first(predictions), predictions.label_space)
    cells = cells.where(np.isin(cells.rows, rows))
    gold_rows = np.repeat(np.arange(len(predictions.document_ids)), np.diff(predictions.gold_offsets))
    gold_keys = (gold_rows * n_labels + predictions.gold_labels)[np.isin(gold_rows, rows)]
    order = np.argsort(-cells.probabilities, kind="stable")
    right = np.cumsum(np.isin(cells.rows * n_labels + cells.labels, gold_keys)[order])
    if len(right) == 0 or right[-1] == 0:
        return 1.0
    ranked = cells.probabilities[order]
    f1 = np.where(
        np.append(ranked[1:] < ranked[:-1], True), 2 * right / (np.arange(1, len(right) + 1) + len(gold_keys)), 0
    )
    return float(ranked[int(f1.argmax())])


def _surest_first(predictions: HeldOutPredictions) -> _Cells:
    rows = np.repeat(np.arange(len(predictions.document_ids)), np.diff(predictions.offsets))
    order = np.lexsort((predictions.labels, -predictions.probabilities, rows))
    return _Cells(rows[order], predictions.labels[order], predictions.probabilities[order])


def _without_rivals(cells: _Cells, label_space: LabelSpace) -> _Cells:
    """Of labels that exclude each other the surest of each document alone."""
    if not label_space.exclusive_groups:
        return cells
    groups = label_space.group_by_label[cells.labels]
    key = cells.rows * len(label_space.exclusive_groups) + groups
    kept = groups < 0
    _keys, surest = np.unique(key[~kept], return_index=True)
    kept[np.flatnonzero(~kept)[surest]] = True
    return cells.where(kept)


def _places(rows: IntArray) -> IntArray:
    """Place of each cell in its document, from 0; rows ascend."""
    starts = np.searchsorted(rows, rows, side="left")
    places: IntArray = np.arange(len(rows)) - starts
    return places


def _binned(cells: _Cells, weights: FloatArray | BoolArray, n_documents: int) -> Doubles:
    bins = np.minimum((cells.probabilities.astype(np.float64) * N_BINS).astype(np.int64), N_BINS - 1)
    counted = np.bincount(cells.rows * N_BINS + bins, weights, n_documents * N_BINS)
    return counted.astype(np.float64).reshape(n_documents, N_BINS)


def _ones(rows: IntArray, labels: IntArray, shape: tuple[int, int]) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(len(rows)), (rows, labels)), shape)
