"""The search over penalties: another one than the usual is taken only where dev can tell."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from recommender.ml import Example, Text
from recommender.ml.fusion.config import RidgeConfig
from recommender.ml.fusion.corpus import Corpus, corpus_of
from recommender.ml.fusion.searching import Trial, search_penalty

N_LABELS, N_WORDS = 6, 60
USUAL = RidgeConfig(penalty=0.3)


def noisy(n: int, seed: int) -> Corpus:
    """Texts of one word of their tag and many that say nothing."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, N_LABELS, n)
    features = (rng.random((n, N_WORDS)) < 0.3).astype(np.float32)
    features[np.arange(n), labels] += 2.0 * (rng.random(n) < 0.7)
    rows = sparse.csr_matrix(features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9))
    examples = [Example(Text("", ""), (int(label),), f"{seed}-{place}") for place, label in enumerate(labels)]
    return corpus_of(examples, rows, N_LABELS)


def test_a_clearly_better_penalty_is_taken_and_a_barely_better_one_is_not() -> None:
    train, dev = noisy(60, 1), noisy(400, 2)
    far_off = replace(USUAL, penalty=0.001)

    search = search_penalty(train, dev, far_off)
    few = search_penalty(train, dev.rows(np.arange(3)), far_off)

    assert search is not None
    assert few is not None
    gain, error = search.taken.gain_over(search.usual)
    assert search.taken.penalty > far_off.penalty
    assert gain > error > 0
    best = max(few.trials, key=lambda trial: float(trial.ndcg.mean()))
    gain, error = best.gain_over(few.usual)
    assert few.taken is (best if gain > error else few.usual)


@pytest.mark.parametrize("gains", [[0.3, -0.1, 0.2, -0.2], [0.0, 0.0, 0.0, 0.0], [-0.2, -0.2, -0.1, -0.2]])
def test_what_is_within_a_standard_error_is_no_gain(gains: list[float]) -> None:
    usual = Trial(0.3, np.full(4, 0.5))

    gain, error = Trial(1.0, usual.ndcg + gains).gain_over(usual)

    assert gain == pytest.approx(np.mean(gains))
    assert gain <= error


def test_the_standard_error_is_that_of_the_paired_differences() -> None:
    rng = np.random.default_rng(3)
    usual = Trial(0.3, rng.random(200))
    steady = Trial(1.0, usual.ndcg + 0.01)

    gain, error = steady.gain_over(usual)

    assert gain == pytest.approx(0.01)
    assert error < 1e-9


def test_one_document_has_no_standard_error() -> None:
    gain, error = Trial(1.0, np.array([0.4])).gain_over(Trial(0.3, np.array([0.5])))

    assert gain == pytest.approx(-0.1)
    assert error == 0.0


def test_the_report_says_what_was_tried_and_what_was_taken() -> None:
    search = search_penalty(noisy(60, 1), noisy(50, 2), USUAL)

    assert search is not None
    assert [row["config"]["penalty"] for row in search.rows] == [0.1, 0.3, 1.0]
    assert [row["taken"] for row in search.rows].count(True) == 1
    assert search.rows[1]["gain"] == search.rows[1]["standard_error"] == 0.0


def test_without_a_tagged_document_in_dev_there_is_nothing_to_search() -> None:
    train = noisy(30, 1)
    bare = corpus_of([Example(Text("", ""), (), "bare")], train.features[:1], N_LABELS)

    assert search_penalty(train, bare, USUAL) is None
