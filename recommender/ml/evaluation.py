"""Measures a ranker on held-out examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommender.ml.bootstrap import bootstrap_interval
from recommender.ml.examples import BoolArray, Example, FloatArray, IntArray, label_matrix
from recommender.ml.exclusion import without_rivals
from recommender.ml.held_out import HeldOutPredictions, assembled, kept_rows
from recommender.ml.highest import top_labels
from recommender.ml.metrics import (
    N_BINS,
    Doubles,
    Interval,
    hit_rate_at_k,
    inverse_propensities,
    macro_f1_of_counts,
    mean_reciprocal_rank,
    ndcg_at_k,
    precision_at_k,
    psp_parts,
    recall_at_k,
)
from recommender.ml.ranker import Ranker

_N_RANKED = 10
_BATCH = 256
_N_CORPUS_RESAMPLES = 100  # for figures that are no mean over documents


@dataclass(frozen=True)
class Evaluation:
    """Figures by name with their intervals, nDCG@5 document by document, and the predictions themselves."""

    metrics: Mapping[str, Interval]
    document_ids: tuple[str, ...]
    ndcg_at_5: Doubles  # (n_documents,), nan without gold labels
    predictions: HeldOutPredictions

    @property
    def n_documents(self) -> int:
        return len(self.document_ids)


@dataclass(frozen=True)
class _Measured:
    """All that the figures are made of, one row a document; nothing here is as wide as the vocabulary and dense."""

    by_document: Mapping[str, Doubles]  # measure → (n_documents,), nan without gold labels
    gained: Doubles  # (n_documents, 2) propensity-scored gain and the best possible
    confidence: Doubles  # (n_documents, n_bins) sum of probabilities
    hits: Doubles  # (n_documents, n_bins) gold cells
    n_cells: int  # of one document
    gold: sparse.csr_matrix  # (n_documents, n_labels)
    right: sparse.csr_matrix  # (n_documents, n_labels) predicted and gold
    predicted: sparse.csr_matrix  # (n_documents, n_labels)
    label_counts: IntArray


def evaluate(
    ranker: Ranker,
    examples: Sequence[Example],
    *,
    label_counts: IntArray,
    seed: int,
    n_train: int | None = None,
) -> Evaluation:
    """Figures over the examples that bear a label, with 95 % bootstrap intervals over documents.

    `label_counts` (n_labels,) are training documents a label; `n_train` (their number) is for the
    propensities and is taken as the largest count when it is not given.
    """
    n_documents = n_train if n_train is not None else int(label_counts.max(initial=0))
    weights = inverse_propensities(label_counts, n_documents)
    batches, kept = [], []
    for start in range(0, len(examples), _BATCH):
        some = examples[start : start + _BATCH]
        logits = ranker.logits([example.text for example in some])
        probabilities = ranker.calibrated(logits)
        kept += kept_rows(probabilities)
        scores = ranker.calibration.calibrated_logits(logits)
        scores = np.stack([without_rivals(row, ranker.label_space) for row in scores])
        ranked = top_labels(scores, _N_RANKED)
        predicted = np.isfinite(scores) & (probabilities >= ranker.calibration.thresholds)
        batches.append(_measured(some, probabilities, predicted, ranked, weights))
    if not batches:
        nothing = np.empty((0, ranker.n_labels), np.float32)
        batches = [_measured([], nothing, nothing > 0, np.empty((0, _N_RANKED), np.int64), weights)]
    measured = _joined(batches, label_counts)
    labelled = np.flatnonzero(np.diff(measured.gold.indptr) > 0)
    rng = np.random.default_rng(seed)
    metrics = {name: bootstrap_interval(values[labelled], rng) for name, values in measured.by_document.items()}
    return Evaluation(
        metrics | _corpus_metrics(measured, labelled, rng),
        tuple(example.document_id for example in examples),
        measured.by_document["ndcg_at_5"],
        assembled(ranker.label_space, examples, kept),
    )


def _measured(
    examples: Sequence[Example], probabilities: FloatArray, predicted: BoolArray, ranked: IntArray, weights: Doubles
) -> _Measured:
    """One batch; only here are arrays dense."""
    n_labels = probabilities.shape[1]
    gold = label_matrix(examples, n_labels) > 0
    bins = np.minimum((probabilities.astype(np.float64) * N_BINS).astype(np.int64), N_BINS - 1)
    bins += N_BINS * np.arange(len(examples))[:, None]
    n_counted = N_BINS * len(examples)
    return _Measured(
        _document_values(gold, ranked),
        np.stack(psp_parts(gold, ranked, weights, 5), axis=1),
        np.bincount(bins.ravel(), probabilities.ravel(), n_counted).astype(np.float64).reshape(-1, N_BINS),
        np.bincount(bins.ravel(), gold.ravel(), n_counted).astype(np.float64).reshape(-1, N_BINS),
        n_labels,
        sparse.csr_matrix(gold, dtype=np.float64),
        sparse.csr_matrix(gold & predicted, dtype=np.float64),
        sparse.csr_matrix(predicted, dtype=np.float64),
        np.empty(0, np.int64),
    )


def _document_values(gold: BoolArray, ranked: IntArray) -> dict[str, Doubles]:
    values = {f"ndcg_at_{k}": ndcg_at_k(gold, ranked, k) for k in (1, 3, 5, 10)}
    values |= {f"precision_at_{k}": precision_at_k(gold, ranked, k) for k in (1, 3, 5)}
    values |= {f"recall_at_{k}": recall_at_k(gold, ranked, k) for k in (5, 10)}
    values |= {f"hit_rate_at_{k}": hit_rate_at_k(gold, ranked, k) for k in (1, 3, 5, 10)}
    values["mean_reciprocal_rank"] = mean_reciprocal_rank(gold, ranked)
    return values


def _joined(batches: Sequence[_Measured], label_counts: IntArray) -> _Measured:
    names = batches[0].by_document
    return _Measured(
        {name: np.concatenate([batch.by_document[name] for batch in batches]) for name in names},
        np.concatenate([batch.gained for batch in batches]),
        np.concatenate([batch.confidence for batch in batches]),
        np.concatenate([batch.hits for batch in batches]),
        batches[0].n_cells,
        sparse.csr_matrix(sparse.vstack([batch.gold for batch in batches])),
        sparse.csr_matrix(sparse.vstack([batch.right for batch in batches])),
        sparse.csr_matrix(sparse.vstack([batch.predicted for batch in batches])),
        label_counts,
    )


def _corpus_metrics(measured: _Measured, rows: IntArray, rng: np.random.Generator) -> dict[str, Interval]:
    """Figures that are no mean over documents; a resample counts each document as often as it was drawn."""
    value = _corpus_values(measured, np.bincount(rows, minlength=len(measured.gained)))
    resampled = [
        list(
            _corpus_values(measured, np.bincount(rng.choice(rows, len(rows)), minlength=len(measured.gained))).values()
        )
        for _ in range(_N_CORPUS_RESAMPLES if len(rows) else 0)
    ]
    table = np.array(resampled or [[np.nan] * len(value)], np.float64)
    return {name: Interval(value[name], *_ends(table[:, column])) for column, name in enumerate(value)}


def _corpus_values(measured: _Measured, times: IntArray) -> dict[str, float]:
    gained, best = times @ measured.gained
    n_gold, n_right, n_predicted = (
        np.asarray(matrix.T @ times) for matrix in (measured.gold, measured.right, measured.predicted)
    )
    macro = macro_f1_of_counts(n_gold, n_right, n_predicted, measured.label_counts)
    n_claimed = n_gold.sum() + n_predicted.sum()
    gaps = np.abs(times @ measured.confidence - times @ measured.hits).sum()
    n_cells = times.sum() * measured.n_cells
    return {
        "psp_at_5": float(gained / best) if best else float("nan"),
        "micro_f1": float(2.0 * n_right.sum() / n_claimed) if n_claimed else float("nan"),
        "macro_f1": macro.all,
        "macro_f1_head": macro.head,
        "macro_f1_tail": macro.tail,
        "expected_calibration_error": float(gaps / n_cells) if n_cells else float("nan"),
    }


def _ends(values: Doubles) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)
