"""Measures a ranker on held-out examples, and compares two rankers on the same ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recommender.ml.bootstrap import bootstrap_interval, paired_bootstrap
from recommender.ml.examples import BoolArray, Example, FloatArray, IntArray, label_matrix
from recommender.ml.held_out import HeldOutPredictions, kept_predictions
from recommender.ml.metrics import (
    Doubles,
    Interval,
    expected_calibration_error,
    hit_rate_at_k,
    inverse_propensities,
    macro_f1,
    mean_reciprocal_rank,
    micro_f1,
    ndcg_at_k,
    precision_at_k,
    psp_at_k,
    recall_at_k,
    top_labels,
)
from recommender.ml.ranker import Ranker

Verdict = Literal["better", "not worse", "worse"]
_N_RANKED = 10
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
class Comparison:
    """What changes from the one to the other: mean difference of nDCG@5 with its interval."""

    verdict: Verdict
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class _Measured:
    """All that the figures are made of; rows are documents."""

    gold: BoolArray
    probabilities: FloatArray
    predicted: BoolArray
    ranked: IntArray
    label_counts: IntArray
    weights: Doubles

    def rows(self, rows: IntArray) -> "_Measured":
        return _Measured(
            self.gold[rows],
            self.probabilities[rows],
            self.predicted[rows],
            self.ranked[rows],
            self.label_counts,
            self.weights,
        )


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
    logits = ranker.logits([example.text for example in examples])
    probabilities = ranker.calibration.probabilities(logits, ranker.label_space.selection_mode)
    gold = label_matrix(examples, ranker.n_labels) > 0
    ranked = top_labels(ranker.calibration.calibrated_logits(logits), _N_RANKED)
    n_documents = n_train if n_train is not None else int(label_counts.max(initial=0))
    measured = _Measured(
        gold,
        probabilities,
        probabilities >= ranker.calibration.thresholds,
        ranked,
        label_counts,
        inverse_propensities(label_counts, n_documents),
    )
    rng = np.random.default_rng(seed)
    labelled = measured.rows(np.flatnonzero(gold.any(axis=1)))
    metrics = _document_metrics(labelled, rng) | _corpus_metrics(labelled, rng)
    return Evaluation(
        metrics,
        tuple(example.document_id for example in examples),
        ndcg_at_k(gold, ranked, 5),
        kept_predictions(ranker.label_space, examples, probabilities),
    )


def compare(
    a: Evaluation, b: Evaluation, *, seed: int, tolerance: float = 0.005, rows: IntArray | None = None
) -> Comparison:
    """Is `a` better than `b` on the same documents (or on these rows of them), by nDCG@5?

    Better: the whole interval of a - b is above 0. Worse: the difference is below -tolerance, or the whole
    interval is below 0 and the difference beyond half the tolerance. Not worse: all else.
    """
    if a.document_ids != b.document_ids:
        raise ValueError(f"{a.n_documents} and {b.n_documents} documents, not the same in the same order")
    chosen = np.arange(a.n_documents) if rows is None else rows
    paired = paired_bootstrap(a.ndcg_at_5[chosen], b.ndcg_at_5[chosen], np.random.default_rng(seed))
    return Comparison(_verdict(paired, tolerance), paired.value, paired.low, paired.high)


def _verdict(paired: Interval, tolerance: float) -> Verdict:
    if paired.low > 0:
        return "better"
    surely_below = paired.high < 0 and paired.value < -tolerance / 2
    return "worse" if surely_below or paired.value < -tolerance else "not worse"


def _document_metrics(measured: _Measured, rng: np.random.Generator) -> dict[str, Interval]:
    gold, ranked = measured.gold, measured.ranked
    values = {f"ndcg_at_{k}": ndcg_at_k(gold, ranked, k) for k in (1, 3, 5, 10)}
    values |= {f"precision_at_{k}": precision_at_k(gold, ranked, k) for k in (1, 3, 5)}
    values |= {f"recall_at_{k}": recall_at_k(gold, ranked, k) for k in (5, 10)}
    values |= {f"hit_rate_at_{k}": hit_rate_at_k(gold, ranked, k) for k in (1, 3, 5, 10)}
    values["mean_reciprocal_rank"] = mean_reciprocal_rank(gold, ranked)
    return {name: bootstrap_interval(each, rng) for name, each in values.items()}


def _corpus_metrics(measured: _Measured, rng: np.random.Generator) -> dict[str, Interval]:
    n_documents = len(measured.gold)
    value = _corpus_values(measured)
    resampled = [
        list(_corpus_values(measured.rows(rng.integers(0, n_documents, n_documents))).values())
        for _ in range(_N_CORPUS_RESAMPLES if n_documents else 0)
    ]
    table = np.array(resampled or [[np.nan] * len(value)], np.float64)
    return {name: Interval(value[name], *_ends(table[:, column])) for column, name in enumerate(value)}


def _corpus_values(measured: _Measured) -> dict[str, float]:
    macro = macro_f1(measured.gold, measured.predicted, measured.label_counts)
    return {
        "psp_at_5": psp_at_k(measured.gold, measured.ranked, measured.weights, 5),
        "micro_f1": micro_f1(measured.gold, measured.predicted),
        "macro_f1": macro.all,
        "macro_f1_head": macro.head,
        "macro_f1_tail": macro.tail,
        "expected_calibration_error": expected_calibration_error(measured.gold, measured.probabilities),
    }


def _ends(values: Doubles) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)
