"""What is set aside before training: each rule by itself, and all of them together."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.evidence import Evidence
from recommender.cleaning import (
    RULES,
    CleaningLimits,
    all_rejected,
    clean,
    one_tag_refused,
    overruled,
    overwhelming,
    repeated,
    too_fast,
)
from tests.feedback.evidence import key, ledgers, numbered, said, unhurried

LIMITS = CleaningLimits(
    documents_a_second=2, rejected_documents=3, refusals_of_a_tag=4, decisions_on_a_tag=5, share_of_a_tag=0.5
)


def numbers(dropped: object) -> list[int]:
    return sorted(each.id.int for each in dropped)  # type: ignore[attr-defined]


def test_the_same_said_again_by_the_same_actor_counts_once() -> None:
    evidence = numbered([said("rejected", actor=1), said("rejected", actor=1), said("rejected", actor=2)])

    assert numbers(repeated(evidence)) == [2]


def test_what_is_said_again_after_something_else_is_no_repetition() -> None:
    evidence = numbered([said("accepted", actor=1), said("rejected", actor=2), said("accepted", actor=1)])

    assert numbers(repeated(evidence)) == []


def test_more_documents_within_a_second_than_can_be_read_are_not_believed() -> None:
    fast = [said("accepted", document=n, actor=1, moment=0.1 * n) for n in range(1, 4)]
    slow = [said("accepted", document=9, actor=1, moment=5.0), said("accepted", document=8, actor=2, moment=0.2)]

    assert numbers(too_fast(numbered([*fast, *slow]), LIMITS)) == [1, 2, 3]


def test_one_document_with_many_tags_within_a_second_is_believed_and_so_is_a_fast_program() -> None:
    submitted = [said("ignored", tag=n, actor=1, moment=0.001 * n) for n in range(30)]
    program = [said("accepted", document=n, source=1, moment=0.0) for n in range(30)]

    assert numbers(too_fast(numbered([*submitted, *program]), LIMITS)) == []


def rejecting_everything(actor: int, n_documents: int) -> list[Evidence]:
    return [
        said("rejected", document=d, tag=t, actor=actor, moment=10.0 * d) for d in range(n_documents) for t in range(3)
    ]


def test_an_actor_who_rejects_everything_on_many_documents_is_not_believed() -> None:
    assert len(numbers(all_rejected(numbered(rejecting_everything(1, 4)), LIMITS))) == 12
    assert numbers(all_rejected(numbered(rejecting_everything(1, 3)), LIMITS)) == []


def test_an_actor_who_also_accepts_is_believed() -> None:
    others = [said("accepted", document=100 + n, actor=1) for n in range(4)]

    assert numbers(all_rejected(numbered([*rejecting_everything(1, 4), *others]), LIMITS)) == []


def test_of_one_tag_refused_everywhere_only_the_first_refusals_count() -> None:
    refused = [said(kind, document=n, actor=1) for n, kind in enumerate(["rejected", "removed"] * 3)]
    other_tag = said("rejected", document=1, tag=2, actor=1)

    assert numbers(one_tag_refused(numbered([*refused, other_tag]), LIMITS)) == [5, 6]
    assert numbers(one_tag_refused(numbered([*refused, said("accepted", document=99, actor=1)]), LIMITS)) == []


def flood(n: int, actor: int = 1) -> list[Evidence]:
    return [said("added", document=n, actor=actor) for n in range(n)]


def test_one_actor_does_not_overwhelm_what_others_say_of_a_tag() -> None:
    others = [said("removed", document=200 + n, actor=2 + n % 2) for n in range(8)]

    dropped = numbers(overwhelming(numbered([*others, *flood(20)]), LIMITS))

    assert len(dropped) == 20 - 8
    assert dropped[0] == 8 + 8 + 1


def test_where_there_are_few_actors_nobody_is_too_many() -> None:
    assert numbers(overwhelming(numbered([*flood(20), *flood(3, actor=2)]), LIMITS)) == []


def test_a_program_without_a_person_is_an_actor_only_where_the_limits_say_so() -> None:
    program = [replace(each, actor_id=None, source_id=key(7)) for each in flood(20)]
    evidence = numbered([*program, said("added", tag=2, actor=2), said("added", tag=2, actor=3)])

    assert numbers(overwhelming(evidence, LIMITS)) == []
    assert len(numbers(overwhelming(evidence, replace(LIMITS, programs_are_actors=True)))) == 15


@pytest.mark.parametrize(
    ("kinds", "gone"),
    [
        (["accepted", "rejected"], [1]),
        (["rejected", "accepted"], [1]),
        (["removed", "rejected", "added"], [1, 2]),
        (["accepted", "removed"], []),
        (["accepted", "ignored"], []),
    ],
)
def test_the_latest_wins_and_what_was_chosen_and_removed_later_is_no_contradiction(
    kinds: list[str], gone: list[int]
) -> None:
    evidence = numbered([said(kind, actor=n) for n, kind in enumerate(kinds)])

    assert numbers(overruled(evidence)) == gone


def test_blind_documents_are_kept_apart_with_all_that_was_decided_on_them() -> None:
    evidence = numbered(
        [said("added", document=1, policy="blind"), said("rejected", document=1, tag=2), said("added", document=2)]
    )

    cleaned = clean(evidence, LIMITS)

    assert cleaned.blind_documents == {key(1)}
    assert [each.document_id for each in cleaned.kept] == [key(2)]
    assert cleaned.dropped["blind"] == 2


def test_cells_that_only_a_distrusted_actor_spoke_of_are_doubtful() -> None:
    attack = rejecting_everything(1, 4)
    honest = said("rejected", document=0, tag=0, actor=2)

    cleaned = clean(numbered([*attack, honest]), LIMITS)

    assert cleaned.dropped["all_rejected"] == 12
    assert (key(0), key(0)) not in cleaned.doubtful
    assert len(cleaned.doubtful) == 11


@unhurried
@given(ledgers())
def test_every_decision_is_kept_or_counted_by_one_rule(evidence: list[Evidence]) -> None:
    cleaned = clean(evidence, LIMITS)

    assert len(cleaned.kept) + sum(cleaned.dropped.values()) == len(evidence)
    assert set(cleaned.dropped) == set(RULES)
    assert [each for each in evidence if each in cleaned.kept] == cleaned.kept


@unhurried
@given(ledgers())
def test_what_is_clean_stays_as_it_is(evidence: list[Evidence]) -> None:
    kept = clean(evidence, LIMITS).kept

    again = clean(kept, replace(LIMITS, share_of_a_tag=0.95, decisions_on_a_tag=100))

    assert [again.dropped[rule] for rule in ("taken_back", "blind", "too_fast", "all_rejected")] == [0, 0, 0, 0]
    assert again.dropped["overruled"] == 0


@unhurried
@given(ledgers(), st.integers(1, 60))
def test_a_flood_by_one_actor_never_counts_beyond_its_cap(honest: list[Evidence], n: int) -> None:
    attack = [said("added", document=1000 + i, tag=1, actor=66, moment=10.0 + 2 * i) for i in range(n)]
    evidence = numbered([*honest, *attack])

    kept = clean(evidence, LIMITS).kept

    actors = {each.actor_id for each in kept if each.actor_id is not None and each.is_explicit}
    counts = Counter(each.actor_id == 66 for each in kept if each.is_explicit and each.tag_id == key(1))
    if len(actors) >= 3:
        said_by_others = sum(e.is_explicit and e.tag_id == key(1) for e in honest)
        assert counts[True] <= max(LIMITS.decisions_on_a_tag, said_by_others)


@unhurried
@given(ledgers())
def test_doubtful_cells_have_nothing_explicit_left(evidence: list[Evidence]) -> None:
    cleaned = clean(evidence, LIMITS)

    assert cleaned.doubtful.isdisjoint(each.cell for each in cleaned.kept if each.is_explicit)
