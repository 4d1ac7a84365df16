"""Sums that add up, intervals that cover, entropies by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.ml.live_figures import (
    Sums,
    added_up,
    entropy_ratio,
    ideal_gains,
    ratio_interval,
    shannon_entropy,
    share_of,
)

documents = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)).map(lambda p: (min(p), p[1])), max_size=30)


def sums_of(pairs: list[tuple[int, int]]) -> Sums:
    total = Sums()
    for y, x in pairs:
        total = total + Sums(1, y, x, y * y, x * y, x * x)
    return total


@given(documents, documents)
def test_the_sums_of_two_days_are_the_sums_of_both(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    together = added_up({"f": sums_of(first)}, {"f": sums_of(second)})

    assert together["f"] == sums_of(first + second)


@given(documents.filter(bool))
def test_a_ratio_lies_within_its_interval_and_both_within_nought_and_one(pairs: list[tuple[int, int]]) -> None:
    found = ratio_interval(sums_of(pairs))

    assert 0 <= found.value <= 1
    assert math.isnan(found.low) or 0 <= found.low <= found.value + 1e-12
    assert math.isnan(found.high) or found.value - 1e-12 <= found.high <= 1


def test_a_share_of_documents_has_wilsons_interval() -> None:
    found = ratio_interval(Sums(10, 8, 10, 8, 8, 10))

    assert found == pytest.approx((0.8, 0.4902, 0.9433), abs=1e-4)


def test_the_interval_of_a_ratio_covers_the_truth_as_often_as_it_promises() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(2000):
        shown = rng.integers(1, 4, 300)
        likes = rng.beta(1, 2, 300)  # documents differ: their suggestions are accepted together
        accepted = rng.binomial(shown, likes)
        found = ratio_interval(
            Sums(300, accepted.sum(), shown.sum(), (accepted**2).sum(), (accepted * shown).sum(), (shown**2).sum())
        )
        covered += found.low <= 1 / 3 <= found.high

    assert 0.935 <= covered / 2000 <= 0.965


def test_nothing_counted_is_unknown_and_one_document_has_no_interval() -> None:
    nothing, one = ratio_interval(Sums()), ratio_interval(Sums(1, 1, 3, 1, 3, 9))

    assert math.isnan(nothing.value)
    assert one.value == pytest.approx(1 / 3)
    assert math.isnan(one.low)
    assert math.isnan(share_of(0, 0).value)


def test_entropy_of_equal_tags_is_the_logarithm_of_their_number() -> None:
    found = shannon_entropy(np.array([1000, 1000, 1000, 1000, 0]))

    assert found.value == pytest.approx(2, abs=1e-3)
    assert found.low == pytest.approx(found.high)  # equal shares: no first-order variance


def test_the_corrected_entropy_of_a_small_sample_is_nearer_to_the_truth() -> None:
    rng = np.random.default_rng(3)
    truth = math.log2(30)
    samples = [rng.multinomial(60, np.full(30, 1 / 30)) for _ in range(200)]

    corrected = np.mean([shannon_entropy(sample).value for sample in samples])
    plain = np.mean([-sum(c / 60 * math.log2(c / 60) for c in sample if c) for sample in samples])

    assert abs(corrected - truth) < abs(plain - truth) / 2


@given(st.lists(st.integers(0, 50), min_size=2, max_size=12).filter(lambda counts: sum(c > 0 for c in counts) >= 2))
def test_a_distribution_is_as_diverse_as_itself(counts: list[int]) -> None:
    found = entropy_ratio(np.array(counts), np.array(counts))

    assert found.value == pytest.approx(1)
    assert found.low <= 1 <= found.high


def test_a_ratio_to_a_single_tag_is_unknown() -> None:
    found = entropy_ratio(np.array([3, 4]), np.array([0, 0]))

    assert math.isnan(found.value)


def test_ideal_gains_add_up_the_discounts() -> None:
    assert ideal_gains(3).tolist() == pytest.approx([1, 1 + 1 / math.log2(3), 1.5 + 1 / math.log2(3)])
