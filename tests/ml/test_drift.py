"""Distances by hand, their silence where nothing drifts, their alarm where something does."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.ml.drift import jensen_shannon, population_stability

pairs = st.integers(2, 8).flatmap(
    lambda n: st.tuples(*(st.lists(st.integers(0, 60), min_size=n, max_size=n) for _ in range(2)))
)


def test_stability_of_two_bins_by_hand() -> None:
    found = population_stability(np.array([600_000, 400_000]), np.array([500_000, 500_000]))

    by_hand = -0.1 * math.log(0.5 / 0.6) + 0.1 * math.log(0.5 / 0.4)
    assert found.value == pytest.approx(by_hand, abs=1e-5)
    assert found.parts.sum() == pytest.approx(found.value)


def test_divergence_is_nought_for_equal_and_one_for_strangers() -> None:
    rng = np.random.default_rng(0)

    equal = jensen_shannon(np.array([30, 70]), np.array([300, 700]), rng)
    strangers = jensen_shannon(np.array([50, 0]), np.array([0, 50]), rng)

    assert equal.value == pytest.approx(0)
    assert strangers.value == pytest.approx(1)


@given(pairs)
def test_both_distances_are_symmetric_and_never_negative(counts: tuple[list[int], list[int]]) -> None:
    one, other = np.array(counts[0]), np.array(counts[1])
    if not one.sum() or not other.sum():
        assert math.isnan(population_stability(one, other).value)
        return

    there, back = population_stability(one, other), population_stability(other, one)
    divergence = jensen_shannon(one, other, np.random.default_rng(1))

    assert there.value == pytest.approx(back.value)
    assert there.value >= -1e-12
    assert -1e-12 <= divergence.value <= 1 + 1e-12


@pytest.mark.parametrize("n_now", [50, 200, 1000])
def test_without_drift_the_expected_stability_is_the_mean_and_the_critical_one_is_rarely_passed(n_now: int) -> None:
    rng = np.random.default_rng(2)
    shares = rng.dirichlet(np.full(10, 3.0))
    found = [population_stability(rng.multinomial(2000, shares), rng.multinomial(n_now, shares)) for _ in range(600)]

    mean = np.mean([each.value for each in found])
    assert mean == pytest.approx(np.mean([each.expected for each in found]), rel=0.15)
    assert np.mean([each.value > each.critical for each in found]) < 0.09


def test_few_documents_with_many_tags_do_not_alarm_and_a_real_change_does() -> None:
    rng = np.random.default_rng(3)
    shares = rng.dirichlet(np.full(400, 0.5))
    reference = rng.multinomial(20_000, shares)

    same = jensen_shannon(reference, rng.multinomial(150, shares), rng)
    turned = jensen_shannon(reference, rng.multinomial(150, shares[::-1]), rng)

    assert same.value > 0.1  # by itself it would look like drift
    assert not same.is_drift(0.1)
    assert turned.is_drift(0.1)


def test_large_samples_with_a_tiny_change_are_beyond_chance_but_below_the_limit() -> None:
    found = population_stability(np.array([500_000, 500_000]), np.array([495_000, 505_000]))

    assert found.value > found.critical
    assert not found.is_drift(0.2)


def test_other_bins_are_refused() -> None:
    with pytest.raises(ValueError, match="not the same bins"):
        population_stability(np.array([1, 2]), np.array([1, 2, 3]))
