"""The measures, against numbers worked by hand and against the project's yardstick."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.ml import metrics
from recommender.ml.__main__ import main
from recommender.ml.bootstrap import bootstrap_interval
from recommender.ml.highest import top_labels
from recommender.ml.json_lines import write_rows

SHARED = Path(__file__).resolve().parents[3] / "shared"
GOLD = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]], np.bool_)
RANKED = np.array([[0, 1, 2], [0, 2, 1], [0, 1, 2]])


def test_ranking_measures_equal_hand_worked_numbers() -> None:
    gold, ranked = GOLD, RANKED

    precision = metrics.precision_at_k(gold, ranked, 3)
    recall = metrics.recall_at_k(gold, ranked, 2)
    ndcg = metrics.ndcg_at_k(gold, ranked, 3)
    hit_rate = metrics.hit_rate_at_k(gold, ranked, 2)
    reciprocal = metrics.mean_reciprocal_rank(gold, ranked)

    assert precision[:2].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert recall[:2].tolist() == pytest.approx([0.5, 0.0])
    ideal = 1 + 1 / math.log2(3)
    assert ndcg[:2].tolist() == pytest.approx([(1 + 0.5) / ideal, 0.5])
    assert hit_rate[:2].tolist() == [1.0, 0.0]
    assert reciprocal[:2].tolist() == pytest.approx([1.0, 1 / 3])


def test_a_document_without_gold_labels_has_no_value() -> None:
    gold, ranked = GOLD, RANKED

    values = metrics.ndcg_at_k(gold, ranked, 3)

    assert math.isnan(values[2])


def test_propensity_scored_precision_rewards_the_rare_label() -> None:
    gold = np.array([[1, 1]], np.bool_)
    weights = np.array([1.0, 3.0])

    common = metrics.psp_at_k(gold, np.array([[0]]), weights, 1)
    rare = metrics.psp_at_k(gold, np.array([[1]]), weights, 1)

    assert (common, rare) == pytest.approx((1 / 3, 1.0))


def test_inverse_propensities_follow_the_formula() -> None:
    counts, n_train = np.array([0, 10]), 100

    weights = metrics.inverse_propensities(counts, n_train)

    c = (math.log(100) - 1) * 2.5**0.55
    assert weights.tolist() == pytest.approx([1 + c * 1.5**-0.55, 1 + c * 11.5**-0.55])


def test_f1_is_split_into_head_and_tail() -> None:
    gold = np.array([[1, 0, 1], [1, 0, 0]], np.bool_)
    predicted = np.array([[1, 1, 0], [1, 0, 0]], np.bool_)

    micro = metrics.micro_f1(gold, predicted)
    macro = metrics.macro_f1(gold, predicted, np.array([10, 50, 9]))

    assert micro == pytest.approx(2 * 2 / (3 + 3))
    assert macro == pytest.approx((0.5, 1.0, 0.0))


def test_calibration_error_is_the_distance_of_confidence_and_frequency() -> None:
    gold = np.array([[1, 0], [0, 0]], np.bool_)
    probabilities = np.array([[0.9, 0.9], [0.1, 0.1]], np.float32)

    error = metrics.expected_calibration_error(gold, probabilities, n_bins=10)

    assert error == pytest.approx(0.5 * 0.4 + 0.5 * 0.1, abs=1e-6)


def test_the_best_threshold_is_the_one_with_the_highest_f1() -> None:
    gold = np.array([[1, 0], [1, 0]], np.bool_)
    scores = np.array([[0.9, 0.2], [0.6, 0.1]], np.float32)

    threshold = metrics.best_f1_threshold(gold, scores)

    assert threshold == pytest.approx(0.6)


def test_bootstrap_intervals_hold_the_mean_and_repeat_with_their_generator() -> None:
    values = np.array([0.0, 1.0, 1.0, np.nan, 0.5])

    first = bootstrap_interval(values, np.random.default_rng(5))
    second = bootstrap_interval(values, np.random.default_rng(5))

    assert first == second
    assert first.value == pytest.approx(0.625)
    assert first.low <= first.value <= first.high


@given(st.integers(1, 6), st.integers(0, 2**31))
def test_ndcg_stays_between_zero_and_one(k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    gold = rng.random((4, 8)) < 0.3
    ranked = np.stack([rng.permutation(8) for _ in range(4)])

    values = metrics.ndcg_at_k(gold, ranked, k)

    known = values[~np.isnan(values)]
    assert ((known >= 0) & (known <= 1 + 1e-12)).all()


@given(st.integers(0, 2**31))
def test_ranking_gold_labels_first_is_perfect(seed: int) -> None:
    gold = np.random.default_rng(seed).random((4, 8)) < 0.4

    values = metrics.ndcg_at_k(gold, top_labels(gold.astype(np.float32), 5), 5)

    assert values[~np.isnan(values)] == pytest.approx(1.0)


@pytest.mark.skipif(not (SHARED / "tools" / "score.py").is_file(), reason="the yardstick is not beside the repo")
def test_measures_equal_the_yardstick(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold, predictions = tmp_path / "gold.jsonl", tmp_path / "predictions.jsonl"
    rng = np.random.default_rng(1)
    names = [f"t{i}" for i in range(12)]
    tags = [[str(tag) for tag in rng.choice(names, rng.integers(0, 5), replace=False)] for _ in range(30)]
    ranked = [[(str(tag), 1 - place / 20) for place, tag in enumerate(rng.permutation(names))] for _ in range(29)]
    write_rows(gold, ({"id": str(i), "tags": some} for i, some in enumerate(tags)))
    write_rows(predictions, ({"id": str(i), "tags": some} for i, some in enumerate(ranked)))

    arguments = [str(gold), str(predictions), "--train", str(gold)]
    yardstick = subprocess.run(
        [sys.executable, str(SHARED / "tools" / "score.py"), *arguments], capture_output=True, check=True
    )
    main(["evaluate", "--gold", str(gold), "--predictions", str(predictions), "--train", str(gold)])

    expected, ours = json.loads(yardstick.stdout), json.loads(capsys.readouterr().out)
    assert ours == pytest.approx({name: expected[name] for name in ours}, abs=1.1e-4)
