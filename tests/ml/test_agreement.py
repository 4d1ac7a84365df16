"""Two rankings beside each other: worked examples, and what holds for any two."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.ml.agreement import agreement_at_k, rank_biased_overlap
from recommender.ml.shadow_figures import AnswerPair, shadow_figures
from recommender.ml.shares import falls_into_share

rankings = st.lists(st.integers(0, 12), unique=True, max_size=10)
persistence = st.floats(0.05, 0.98)


def rbo_of_equal_lengths(a: list[int], b: list[int], p: float) -> float:
    """Equation 30 of Webber, Moffat and Zobel, written out."""
    k = len(a)
    overlap = [len(set(a[:d]) & set(b[:d])) for d in range(1, k + 1)]
    return overlap[-1] / k * p**k + (1 - p) / p * sum(overlap[d - 1] / d * p**d for d in range(1, k + 1))


def test_a_worked_example() -> None:
    assert rank_biased_overlap("abcd", "bacd", 0.9) == pytest.approx(1 - 0.1)  # only the first rank disagrees
    assert rank_biased_overlap("ab", "cd") == 0
    assert rank_biased_overlap("a", "ab", 0.5) == pytest.approx(1.0)
    assert agreement_at_k("abcde", "abfgh", 3) == pytest.approx(2 / 3)
    assert agreement_at_k("ab", "ab", 5) == 1
    assert math.isnan(agreement_at_k("", "", 5)) and math.isnan(rank_biased_overlap("", ""))


@given(st.permutations(range(7)), st.permutations(range(9)), persistence)
def test_of_equal_lengths_it_is_the_simpler_equation(a: list[int], b: list[int], p: float) -> None:
    assert rank_biased_overlap(a, b[:7], p) == pytest.approx(rbo_of_equal_lengths(a, b[:7], p))


@given(rankings, rankings, st.floats(0.3, 0.98))  # with less, a difference at rank ten is lost among the digits
def test_it_is_symmetric_within_bounds_and_one_only_for_equal_beginnings(a: list[int], b: list[int], p: float) -> None:
    overlap = rank_biased_overlap(a, b, p)

    if not a and not b:
        assert math.isnan(overlap)
        return
    assert overlap == pytest.approx(rank_biased_overlap(b, a, p))
    assert -1e-9 <= overlap <= 1 + 1e-9
    same = min(len(a), len(b))
    assert (overlap > 1 - 1e-9) == (same > 0 and a[:same] == b[:same])


@given(st.permutations(range(8)), st.integers(0, 6))
def test_a_swap_counts_less_the_further_down_it_is(a: list[int], place: int) -> None:
    def swapped(at: int) -> list[int]:
        return [*a[:at], a[at + 1], a[at], *a[at + 2 :]]

    overlaps = [rank_biased_overlap(a, swapped(at)) for at in range(7)]

    assert overlaps == sorted(overlaps)
    assert overlaps[place] < 1


def test_figures_compare_both_sides_on_blind_documents_alone() -> None:
    blind = AnswerPair("abc", "xab", 0.01, 0.02, gold={"a", "b"})
    other = AnswerPair("abc", "abc", 0.01, 0.02)

    figures = shadow_figures([blind, *[other] * 3], seed=1)

    assert (figures.n, figures.n_blind) == (4, 1)
    assert figures.agreement[1].value == pytest.approx(0.75)
    assert figures.seconds.difference.value == pytest.approx(0.01)
    assert figures.ndcg is not None and figures.acceptance is not None
    assert figures.ndcg.champion.value == pytest.approx(1.0)
    ideal = 1 + 1 / math.log2(3)
    assert figures.ndcg.challenger.value == pytest.approx((1 / math.log2(3) + 1 / math.log2(4)) / ideal)
    assert figures.acceptance.champion.value == figures.acceptance.challenger.value == pytest.approx(2 / 5)
    assert shadow_figures([other], seed=1).ndcg is None


@given(st.floats(0, 1), st.floats(0, 1))
def test_shares_contain_smaller_ones_and_purposes_are_independent(one: float, other: float) -> None:
    keys = [np.int64(number).tobytes() for number in range(400)]
    small, great = sorted((one, other))
    inside = [[falls_into_share(key, share, purpose="shadow") for key in keys] for share in (small, great)]

    assert all(b or not a for a, b in zip(*inside, strict=True))
    assert abs(np.mean(inside[0]) - small) < 0.12
    both = [a and falls_into_share(key, small, purpose="other") for a, key in zip(inside[0], keys, strict=True)]
    assert abs(np.mean(both) - small**2) < 0.12
