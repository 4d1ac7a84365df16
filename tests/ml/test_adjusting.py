"""Counts of decisions move a tag as far as they say something new, and never further than the caps."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recommender.ml.adjusting import Bounds, Counts, offset, typical_missed

BOUNDS = Bounds()
USUAL = 0.3

numbers = st.integers(0, 10_000)
chances = st.floats(0.0, 1.0)


@st.composite
def people(draw: st.DrawFn) -> Counts:
    accepted, rejected, ignored, added = (draw(numbers) for _ in range(4))
    decided, left = draw(chances), draw(chances)
    return Counts(accepted, rejected, ignored, added, decided * (accepted + rejected), left * ignored)


def moved(*counts: Counts, bounds: Bounds = BOUNDS) -> float:
    return offset(counts, typical_missed=USUAL, bounds=bounds)


def decided(accepted: int, rejected: int, probability: float, *, ignored: int = 0, added: int = 0) -> Counts:
    expected, left = probability * (accepted + rejected), probability * ignored
    return Counts(accepted, rejected, ignored, added, expected, left)


def test_the_offset_is_one_newton_step_from_what_was_expected() -> None:
    expected, variance = 4 * 0.8, 4 * 0.8 * 0.2

    moves = moved(decided(0, 2, 0.8), decided(0, 2, 0.8))

    assert moves == pytest.approx(-expected / (variance + BOUNDS.prior_strength))


def test_a_tag_that_is_accepted_as_often_as_expected_stays() -> None:
    assert moved(decided(9, 1, 0.9), decided(3, 1, 0.75)) == pytest.approx(0, abs=1e-9)


def test_what_was_left_alone_neither_sinks_a_tag_nor_lets_it_rise() -> None:
    lazy = decided(3, 0, 0.6, ignored=30)
    eager = decided(6, 0, 0.6, ignored=4)

    assert moved(lazy) == moved(eager) == 0


def test_rejections_by_several_people_sink_it_further_than_those_of_one() -> None:
    one = moved(decided(0, 20, 0.9))
    three = moved(*[decided(0, 20, 0.9)] * 3)

    assert (one, three) == (-BOUNDS.actor_cap, -BOUNDS.cap)


def test_a_tag_that_has_to_be_added_by_hand_again_and_again_rises() -> None:
    missed = Counts(accepted=1, added=4, expected=0.8)
    usual = Counts(accepted=7, added=3, expected=7)

    assert 0.5 < moved(missed) <= BOUNDS.actor_cap
    assert moved(usual) == pytest.approx(0)


def test_a_program_stands_for_several_people() -> None:
    person, program = decided(0, 20, 0.9), Counts(rejected=20, expected=18, n_people=3)

    assert -BOUNDS.cap <= moved(program) < moved(person)


@given(st.lists(people(), max_size=6))
def test_no_decisions_whatever_move_a_tag_beyond_the_cap(counts: list[Counts]) -> None:
    assert abs(moved(*counts)) <= BOUNDS.cap


@given(people(), st.integers(1, 5))
def test_one_person_alone_moves_a_tag_no_further_than_the_cap_of_one(counts: Counts, n_people: int) -> None:
    alone = replace(counts, n_people=n_people)

    assert abs(moved(alone)) <= min(BOUNDS.cap, n_people * BOUNDS.actor_cap)


@given(people(), st.integers(2, 50))
def test_more_decisions_of_the_same_person_in_the_same_proportions_count_no_more(counts: Counts, times: int) -> None:
    assume(min(counts.accepted + counts.rejected, counts.accepted + counts.added) >= BOUNDS.decisions_per_actor)
    names = ("accepted", "rejected", "ignored", "added", "expected", "expected_ignored")
    more = Counts(*(times * getattr(counts, name) for name in names))

    assert moved(more) == pytest.approx(moved(counts), abs=1e-9)


@given(
    st.floats(0.02, 0.98),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=4),
)
def test_one_more_rejection_never_lifts_a_tag_and_one_more_acceptance_never_sinks_it(
    probability: float, rows: list[tuple[int, int, int]]
) -> None:
    def with_first(accepted: int, rejected: int) -> float:
        changed = [(rows[0][0] + accepted, rows[0][1] + rejected, rows[0][2]), *rows[1:]]
        return moved(*(decided(a, r, probability, ignored=i) for a, r, i in changed))

    before = with_first(0, 0)

    assert with_first(0, 1) <= before + 1e-9
    assert with_first(1, 0) >= before - 1e-9


@given(numbers, numbers)
def test_the_usual_share_of_missed_tags_is_a_share(accepted: int, added: int) -> None:
    share = typical_missed(accepted=accepted, added=added)

    assert 0.05 <= share <= 0.95
    assert share <= typical_missed(accepted=accepted, added=added + 1)


def test_nothing_decided_moves_nothing() -> None:
    assert moved() == moved(Counts()) == 0
