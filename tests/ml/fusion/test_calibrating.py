"""Probabilities and thresholds from pairs of which the truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from recommender.ml import LabelSpace
from recommender.ml.calibration import sigmoid
from recommender.ml.fusion.calibrating import (
    JudgedPairs,
    calibrated_on_pairs,
    label_thresholds,
    recency_weights,
    refitted,
)

N_LABELS, N_TEXTS, PAIRS_A_TEXT = 20, 400, 10
SPACE = LabelSpace(tuple(f"tag{label}" for label in range(N_LABELS)))


def pairs_of(true_offsets: np.ndarray, *, is_new: np.ndarray | None = None, seed: int = 1) -> JudgedPairs:
    """Logits, and hits by chance with log-odds of logit + true_offsets[label]."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(N_TEXTS), PAIRS_A_TEXT)
    labels = rng.integers(0, N_LABELS, len(rows))
    logits = rng.normal(-0.5, 2.0, len(rows)).astype(np.float32)
    hits = rng.random(len(rows)) < sigmoid((logits + true_offsets[labels]).astype(np.float32))
    weights = np.ones(len(rows), np.float32)
    return JudgedPairs(rows, labels, logits, hits, weights, np.zeros(N_LABELS, bool) if is_new is None else is_new)


def precision_over(pairs: JudgedPairs, chances: np.ndarray, thresholds: np.ndarray) -> float:
    return float(pairs.hits[chances >= thresholds[pairs.labels]].mean())


def test_other_texts_keep_the_precision_that_was_asked_for() -> None:
    offsets = np.random.default_rng(0).normal(0, 1.0, N_LABELS)
    learnt, later = pairs_of(offsets), pairs_of(offsets, seed=2)

    for target in (0.7, 0.8, 0.9):
        calibration = calibrated_on_pairs(learnt, SPACE, precision_target=target)
        chances = sigmoid(later.logits * calibration.slopes[later.labels] + calibration.offsets[later.labels])

        assert precision_over(later, chances, calibration.thresholds) == pytest.approx(target, abs=0.03)


def test_a_tag_with_few_pairs_has_the_precision_of_all_and_one_with_many_its_own() -> None:
    chances = np.tile(np.linspace(0.99, 0.01, 99, dtype=np.float32), 5)
    labels = np.concatenate([np.zeros(99, np.int64), np.ones(99, np.int64), np.full(297, 2)])
    hits = np.concatenate([np.ones(99, bool), np.zeros(99, bool), np.tile(chances[:99] > 0.5, 3)])
    few = np.isin(labels, (0, 2)) | (np.arange(len(labels)) < 99 + 3)
    pairs = JudgedPairs(np.arange(len(labels)), labels, chances, hits, np.ones(len(labels), np.float32), labels[:4] < 0)

    always, never, usual, without = label_thresholds(chances, pairs, 4, 0.7)
    _, hardly_seen, _, _ = label_thresholds(chances[few], pairs.where(few), 4, 0.7)

    assert always < usual < never
    # Three wrong pairs at the top say little beside the many right ones of all tags
    assert hardly_seen == pytest.approx(0.97)
    # Between the usual tag and the common threshold lies no pair
    assert usual <= without == pytest.approx(0.4, abs=0.1)


def test_where_habits_change_the_newest_texts_decide() -> None:
    before, after = pairs_of(np.full(N_LABELS, 2.0)), pairs_of(np.full(N_LABELS, -2.0))
    older = before.rows < N_TEXTS // 2
    hits = np.where(older, before.hits, after.hits)
    ages = 1 - (np.arange(N_TEXTS) + 1) / N_TEXTS
    weights = recency_weights(ages.astype(np.float32))

    alike = calibrated_on_pairs(replace(before, hits=hits), SPACE, precision_target=0.7)
    dated = calibrated_on_pairs(replace(before, hits=hits, weights=weights[before.rows]), SPACE, precision_target=0.7)

    assert weights.mean() == pytest.approx(1.0)
    assert dated.offsets[0] < alike.offsets[0] - 0.5
    assert recency_weights(np.zeros(3, np.float32)).tolist() == [1, 1, 1]


def test_new_tags_are_no_surer_than_they_have_been() -> None:
    is_new = np.arange(N_LABELS) >= 12
    offsets = np.where(is_new, -1.0, 0.0)
    offsets[16:] = -np.inf  # never used
    pairs = pairs_of(offsets, is_new=is_new)

    calibration = calibrated_on_pairs(pairs, SPACE, precision_target=0.7)
    later = refitted(calibration, is_new, np.arange(N_LABELS) >= 14)

    assert not pairs.of_used[pairs.labels >= 16].any()
    # The used ones among the new tags, with a log-odds of -1, are a quarter of the pairs of the common offset
    assert calibration.offsets[0] == pytest.approx(-0.25, abs=0.2)
    assert calibration.offsets[12] == calibration.offsets[19] < -1
    assert later.offsets[13] == calibration.offsets[0]
    assert later.offsets[14] == calibration.offsets[14]


def test_a_few_new_tags_in_use_among_many_that_are_not_are_evidence_enough() -> None:
    is_new = np.arange(N_LABELS) >= 12
    pairs = pairs_of(np.where(is_new, -np.inf, 0.0), is_new=is_new)
    of_new = np.flatnonzero(is_new[pairs.labels])
    hits = pairs.hits.copy()
    hits[of_new[:3]] = True

    calibration = calibrated_on_pairs(replace(pairs, hits=hits), SPACE, precision_target=0.7)

    assert calibration.offsets[12] == calibration.offsets[19] < calibration.offsets[0] - 1


def test_that_no_new_tag_has_come_into_use_says_nothing_about_them() -> None:
    is_new = np.arange(N_LABELS) >= 12
    pairs = pairs_of(np.where(is_new, -np.inf, 0.0), is_new=is_new)

    calibration = calibrated_on_pairs(pairs, SPACE, precision_target=0.7)

    assert len(np.unique(calibration.offsets)) == 1


def test_judged_pairs_come_back_from_a_bundle() -> None:
    pairs = pairs_of(np.zeros(N_LABELS))

    back = JudgedPairs.from_tensors(pairs.tensors())

    assert back is not None
    for name in ("rows", "labels", "logits", "hits", "weights", "is_new"):
        assert np.array_equal(getattr(back, name), getattr(pairs, name))
    assert JudgedPairs.from_tensors({}) is None
