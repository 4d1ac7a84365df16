"""What all decisions on a tag of a document come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.evidence import Evidence
from feedback.states import NEGATIVE_STATES, POSITIVE_STATES, State, standing_of, state_of
from tests.feedback.evidence import DAY, ledgers, numbered, said, unhurried


def state(*history: Evidence, borne: bool, days: float = 0.0) -> State:
    return state_of(numbered(history), is_borne=borne, as_of=days * DAY, kept_after_days=30)


@pytest.mark.parametrize(
    ("kinds", "borne", "expected"),
    [
        ([], False, State.NEVER_SHOWN),
        ([], True, State.ASSIGNED),
        (["accepted"], True, State.ACCEPTED),
        (["added"], True, State.ADDED),
        (["accepted", "removed"], False, State.REMOVED_LATER),
        (["added", "removed"], False, State.REMOVED_LATER),
        (["accepted"], False, State.REMOVED_LATER),
        (["removed"], False, State.REMOVED),
        (["rejected"], False, State.REJECTED),
        (["ignored"], False, State.IGNORED),
        (["accepted", "rejected"], False, State.REJECTED),
        (["rejected", "accepted"], True, State.ACCEPTED),
        (["rejected", "ignored"], False, State.REJECTED),
        (["accepted", "ignored"], True, State.ACCEPTED),
        (["rejected"], True, State.ASSIGNED),
    ],
)
def test_each_state_is_kept_apart(kinds: list[str], borne: bool, expected: State) -> None:
    assert state(*(said(kind, recommendation=n) for n, kind in enumerate(kinds)), borne=borne) == expected


@pytest.mark.parametrize(("days", "expected"), [(29.9, State.ACCEPTED), (30.0, State.KEPT), (400.0, State.KEPT)])
def test_an_accepted_tag_that_is_still_there_after_thirty_days_is_kept(days: float, expected: State) -> None:
    assert state(said("accepted"), borne=True, days=days) == expected


def test_being_accepted_again_does_not_start_the_thirty_days_anew_but_a_rejection_between_does() -> None:
    again = [said("accepted"), said("accepted", moment=29 * DAY)]
    anew = [said("accepted"), said("rejected", moment=10 * DAY), said("accepted", moment=29 * DAY)]

    assert state(*again, borne=True, days=31) == State.KEPT
    assert state(*anew, borne=True, days=31) == State.ACCEPTED


def test_a_suggestion_left_on_a_document_that_was_not_submitted_was_perhaps_never_seen() -> None:
    assert state(said("ignored", submitted=False), borne=False) == State.NEVER_SHOWN


def test_what_was_taken_back_says_nothing_and_what_was_said_afterwards_does() -> None:
    history = [said("rejected", recommendation=1), said("undone", recommendation=1)]

    assert state(*history, borne=False) == State.NEVER_SHOWN
    assert state(*history, said("rejected", recommendation=1), borne=False) == State.REJECTED
    assert state(said("rejected", recommendation=2), *history, borne=False) == State.REJECTED


def test_a_report_that_leaves_out_its_own_rejection_takes_it_back() -> None:
    same = [said("rejected", recommendation=1), said("ignored", recommendation=1)]
    other = [said("rejected", recommendation=1), said("ignored", recommendation=2)]

    assert state(*same, borne=False) == State.IGNORED
    assert state(*other, borne=False) == State.REJECTED


@unhurried
@given(ledgers(), st.booleans())
def test_the_document_decides_between_yes_and_no(history: list[Evidence], borne: bool) -> None:
    found = state_of(history, is_borne=borne, as_of=10.0, kept_after_days=1.0)

    assert found in (POSITIVE_STATES if borne else NEGATIVE_STATES | {State.NEVER_SHOWN})


@unhurried
@given(ledgers())
def test_what_stands_is_part_of_the_history_in_its_order_and_stands_on_its_own(history: list[Evidence]) -> None:
    standing = standing_of(history)

    assert [each for each in history if each in standing] == standing
    assert standing_of(standing) == standing
    assert not any(each.kind == "undone" for each in standing)


@unhurried
@given(ledgers(), st.floats(0, 100), st.floats(0, 100))
def test_time_alone_turns_accepted_into_kept_and_nothing_else(
    history: list[Evidence], early: float, late: float
) -> None:
    early, late = sorted((early, late))

    before, after = (
        state_of(history, is_borne=True, as_of=moment * DAY, kept_after_days=30) for moment in (early, late)
    )

    assert before == after or (before, after) == (State.ACCEPTED, State.KEPT)


@unhurried
@given(ledgers())
def test_leaving_a_suggestion_takes_nothing_back_that_another_recommendation_said(history: list[Evidence]) -> None:
    explicit = [each for each in history if each.is_explicit]
    left = said("ignored", recommendation=99, moment=6.0, number=99)

    for borne in (True, False):
        before, after = (
            state_of(some, is_borne=borne, as_of=10.0, kept_after_days=1.0) for some in (explicit, [*explicit, left])
        )
        assert before == after or before == State.NEVER_SHOWN
