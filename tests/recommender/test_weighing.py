"""What a decision weighs: by kind, age and rank, capped per tag and per actor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.states import NEGATIVE_STATES, State
from recommender.cells import weighed_cells
from recommender.weighing import DEFAULT_WEIGHTS, WeighedCell, WeightRules, capped, examination_propensity, weight_of
from tests.feedback.evidence import DAY, key, ledgers, numbered, said, unhurried

RULES = WeightRules(half_life_days=100.0, examination_exponent=0.5, tag_cap=6.0, actor_cap=3.0)
STATES = st.sampled_from([state for state in State if state != State.NEVER_SHOWN])


def cell(
    state: State, *, document: int, tag: int = 1, actor: int | None = 1, weight: float | None = None
) -> WeighedCell:
    own = DEFAULT_WEIGHTS[state] if weight is None else weight
    return WeighedCell(key(document), key(tag), state, 0.0, None, actor, None, own, own)


def test_accepted_and_kept_counts_more_than_accepted_and_that_more_than_accepted_and_removed() -> None:
    worth = [
        weight_of(state, age_days=0, rank=1, rules=RULES) * (-1 if state in NEGATIVE_STATES else 1)
        for state in (State.KEPT, State.ACCEPTED, State.REMOVED_LATER, State.REJECTED)
    ]

    assert worth == sorted(worth, reverse=True) and len(set(worth)) == 4


@pytest.mark.parametrize(
    ("state", "age", "rank", "expected"),
    [
        (State.REJECTED, 0, 9, 2.0),
        (State.REJECTED, 100, 9, 1.0),
        (State.IGNORED, 0, 1, 0.5),
        (State.IGNORED, 0, 4, 0.25),
        (State.IGNORED, 100, 4, 0.125),
        (State.IGNORED, 0, None, 0.5),
        (State.KEPT, 100, 1, 1.25),
        (State.ACCEPTED, 100, 9, 1.0),
    ],
)
def test_weights_worked_out_by_hand(state: State, age: float, rank: int | None, expected: float) -> None:
    assert weight_of(state, age_days=age, rank=rank, rules=RULES) == expected


@unhurried
@given(STATES, st.floats(0, 1e5), st.floats(0, 1e5), st.integers(1, 50), st.integers(1, 50))
def test_what_is_older_or_lower_never_says_more(state: State, age: float, older: float, rank: int, lower: int) -> None:
    (age, older), (rank, lower) = sorted((age, older)), sorted((rank, lower))

    fresh = weight_of(state, age_days=age, rank=rank, rules=RULES)
    stale = weight_of(state, age_days=older, rank=lower, rules=RULES)

    assert 0.0 <= stale <= fresh <= DEFAULT_WEIGHTS[state]


@unhurried
@given(st.integers(1, 100), st.floats(0, 3))
def test_the_chance_of_having_been_looked_at_is_one_at_the_top_and_falls(rank: int, exponent: float) -> None:
    assert examination_propensity(1, exponent) == 1.0
    assert 0.0 < examination_propensity(rank + 1, exponent) <= examination_propensity(rank, exponent)


def test_one_actor_and_one_tag_have_caps() -> None:
    rejected = [cell(State.REJECTED, document=n, actor=n // 4) for n in range(12)]

    after = capped(rejected, RULES)

    for actor in range(3):
        assert sum(each.weight for each in after if each.actor_id == actor) <= 3.0
    assert sum(each.weight for each in after) == pytest.approx(6.0, abs=0.01)
    assert [each.uncapped for each in after] == [2.0] * 12


def test_many_documents_that_bear_a_tag_are_no_excess() -> None:
    accepted = [cell(State.ACCEPTED, document=n) for n in range(100)]
    kept = [cell(State.KEPT, document=n) for n in range(100)]

    assert capped(accepted, RULES) == accepted
    assert all(each.weight == pytest.approx(1.03) for each in capped(kept, RULES))


CELLS = st.lists(
    st.builds(
        lambda state, document, tag, actor, weight: cell(state, document=document, tag=tag, actor=actor, weight=weight),
        STATES, st.integers(1, 99), st.integers(1, 3), st.none() | st.integers(1, 3), st.floats(0, 100),
    ),
    max_size=40,
)  # fmt: skip


@unhurried
@given(CELLS)
def test_caps_hold_whatever_there_is_and_change_nothing_else(cells: list[WeighedCell]) -> None:
    after = capped(cells, RULES)

    for tag in {each.tag_id for each in cells}:
        negative = [each for each in after if each.tag_id == tag and each.is_negative]
        assert sum(each.weight for each in negative) <= RULES.tag_cap + 1e-9
        for actor in (1, 2, 3):
            assert sum(each.weight for each in negative if each.actor_id == actor) <= RULES.actor_cap + 1e-9
    assert [(e.document_id, e.tag_id, e.state, e.uncapped) for e in after] == [
        (e.document_id, e.tag_id, e.state, e.uncapped) for e in cells
    ]


def test_a_cell_stands_for_all_that_was_decided_on_it() -> None:
    evidence = numbered(
        [
            said("accepted", document=1, actor=1, rank=2),
            said("ignored", document=1, tag=2, rank=4, actor=1, recommendation=5),
            said("removed", document=1, actor=2, moment=100 * DAY),
            said("accepted", document=9, actor=1),
        ]
    )

    cells = weighed_cells(evidence, {key(1): []}, RULES, as_of=100 * DAY, kept_after_days=30)

    assert [(each.tag_id.int, each.state, each.actor_id, each.rank, each.weight) for each in cells] == [
        (1, State.REMOVED_LATER, 2, None, 1.0),
        (2, State.IGNORED, 1, 4, 0.125),
    ]


@unhurried
@given(ledgers(), st.sets(st.tuples(st.integers(1, 3), st.integers(1, 3))))
def test_there_is_one_cell_at_most_for_each_document_and_tag(evidence: list, borne: set[tuple[int, int]]) -> None:  # type: ignore[type-arg]
    by_document = {key(d): [key(tag) for document, tag in borne if document == d] for d in (1, 2, 3)}

    cells = weighed_cells(evidence, by_document, RULES, as_of=10.0, kept_after_days=1.0)

    places = [(each.document_id, each.tag_id) for each in cells]
    assert places == sorted(set(places))
    assert all(each.is_negative == (each.tag_id not in by_document[each.document_id]) for each in cells)
