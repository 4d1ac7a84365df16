"""Whether probabilities can be believed, and whether thresholds keep the precision that was asked for."""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.abilities.lessons import Opened
from recommender.ml import HeldOutPredictions, Ranker, held_out_predictions
from recommender.ml.bundles import TENSORS
from recommender.ml.calibration import Calibration
from recommender.ml.examples import BoolArray, FloatArray, IntArray
from recommender.ml.fusion.calibrating import JudgedPairs, calibrated_on_pairs
from recommender.ml.json_lines import as_examples
from recommender.ml.metrics import expected_calibration_error
from recommender.ml.parts import TrainingTask
from recommender.ml.tensors import mapped_tensors

TARGETS = (0.7, 0.8, 0.9)
_SMALLEST = 0.001
_N_SUGGESTED = 5
_N_DRAWS = 100


def figures(opened: Opened) -> dict[str, float]:
    """Expected calibration error and what the thresholds of each target let through, over tagged test documents."""
    documents = opened.documents("test")
    n_gold = sum(len(set(document.tags)) for document in documents)
    found = held_out_predictions(opened.ranker, as_examples(documents, opened.label_space))
    result = {"test_tag_uses": float(n_gold), "test_documents": float(len(documents))} | calibration_errors(found)
    for target, calibration in calibrations(opened, TARGETS).items():
        result |= thresholded(found, calibration.thresholds, n_gold, f"_at_target_{round(100 * target)}")
    return result


def calibration_errors(found: HeldOutPredictions) -> dict[str, float]:
    """Over the five surest suggestions of each document, and over all cells with a probability of 0.001 or more."""
    hits, chances = _hits(found), found.probabilities
    top = _ranks(found) < _N_SUGGESTED
    cells = chances >= _SMALLEST
    return {
        "ece_top_5": expected_calibration_error(hits[top], chances[top]),
        "ece_cells": expected_calibration_error(hits[cells], chances[cells]),
        "ece_top_5_by_chance": error_by_chance(chances[top]),
        "ece_cells_by_chance": error_by_chance(chances[cells]),
        "mean_probability_top_5": float(chances[top].mean()),
        "precision_top_5": float(hits[top].mean()),
    }


def error_by_chance(chances: FloatArray) -> float:
    """The mean error of as many cells when every probability is exactly true; few cells never have none."""
    rng = np.random.default_rng(0)
    draws = (rng.random(len(chances)) < chances for _ in range(_N_DRAWS))
    return float(np.mean([expected_calibration_error(hits, chances) for hits in draws]))


def thresholded(found: HeldOutPredictions, thresholds: FloatArray, n_gold: int, name: str) -> dict[str, float]:
    """Precision (nan without a suggestion), recall and number of the suggestions over their tags' thresholds."""
    above = found.probabilities >= thresholds[found.labels]
    n_right = int(_hits(found)[above].sum())
    return {
        f"precision{name}": n_right / above.sum() if above.any() else float("nan"),
        f"recall{name}": n_right / n_gold,
        f"suggestions{name}": float(above.sum()),
    }


def calibrations(opened: Opened, targets: Sequence[float]) -> Mapping[float, Calibration]:
    """By precision target, from the logits of dev that the training calibrates on.

    Raises ValueError where the first target's is not the one in the bundle, which was trained with it.
    """
    judged = JudgedPairs.from_tensors(mapped_tensors(opened.bundle / TENSORS))
    if judged is None:
        by_target = _of_dev(opened.ranker, opened.task(targets[0]), targets)
    else:
        by_target = {t: calibrated_on_pairs(judged, opened.label_space, precision_target=t) for t in targets}
    own, again = opened.ranker.calibration, by_target[targets[0]]
    if not (np.allclose(own.thresholds, again.thresholds) and np.allclose(own.offsets, again.offsets)):
        raise ValueError(f"the thresholds for {targets[0]} are not those of the bundle")
    return by_target


def _of_dev(ranker: Ranker, task: TrainingTask, targets: Sequence[float]) -> dict[float, Calibration]:
    from recommender.ml.calibration_fit import fit_calibration

    logits = ranker.logits([example.text for example in task.dev])
    return {t: fit_calibration(logits, task.dev, task.label_space, precision_target=t) for t in targets}


def _hits(found: HeldOutPredictions) -> BoolArray:
    """Whether each kept cell is gold, shape (n_kept,)."""
    n_labels = found.label_space.n_labels
    gold = _rows(found.gold_offsets) * n_labels + found.gold_labels
    hits: BoolArray = np.isin(_rows(found.offsets) * n_labels + found.labels, gold)
    return hits


def _ranks(found: HeldOutPredictions) -> IntArray:
    """Place of each kept cell among those of its document, 0 for the surest, ties to the lower label."""
    rows = _rows(found.offsets)
    order = np.lexsort((found.labels, -found.probabilities, rows))
    ranks = np.empty(len(rows), np.int64)
    ranks[order] = np.arange(len(rows)) - found.offsets[rows[order]]
    return ranks


def _rows(offsets: IntArray) -> IntArray:
    rows: IntArray = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return rows
