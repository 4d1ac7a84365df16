"""Team draft is fair, and the comparison bears being looked at after every document."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.ml.interleaving import (
    NEITHER,
    Ending,
    Pick,
    Standing,
    StoppingRule,
    Team,
    confidence_bounds,
    log_evidence,
    path_of,
    team_draft,
    winner,
)

rankings = st.lists(st.integers(0, 15), unique=True, max_size=10)
seeds = st.integers(0, 2**32)
counts = st.integers(0, 400)


def draft(a: Sequence[int], b: Sequence[int], seed: int, limit: int = 8) -> list[Pick[int]]:
    return team_draft(a, b, limit=limit, dice=np.random.default_rng(seed))


@given(rankings, rankings, seeds, st.integers(0, 12))
def test_a_draft_has_no_item_twice_and_is_as_long_as_it_can_be(
    a: list[int], b: list[int], seed: int, limit: int
) -> None:
    items = [pick.item for pick in draft(a, b, seed, limit)]

    assert len(items) == len(set(items)) == min(limit, len({*a, *b}))
    assert set(items) <= {*a, *b}


@given(rankings, rankings, seeds)
def test_teams_stay_level_and_pick_their_best_item_that_is_left(a: list[int], b: list[int], seed: int) -> None:
    picks = draft(a, b, seed, limit=16)

    for place, pick in enumerate(picks):
        taken = {earlier.item for earlier in picks[:place]}
        teams = [earlier.team for earlier in picks[: place + 1]]
        assert abs(teams.count(Team.CHAMPION) - teams.count(Team.CHALLENGER)) <= 1
        if pick.team is not None:
            own = a if pick.team == Team.CHAMPION else b
            assert pick.item == next(item for item in own if item not in taken)


@given(rankings, rankings, seeds)
def test_a_list_that_is_over_gets_no_credit_and_gives_none(a: list[int], b: list[int], seed: int) -> None:
    picks = draft(a, b, seed, limit=16)

    credited = [pick.team is not None for pick in picks]

    assert credited == sorted(credited, reverse=True)
    if not a or not b:
        assert not any(credited)


def test_what_clashes_with_the_list_is_left_out() -> None:
    def same_parity(one: int, other: int) -> bool:
        return one % 2 == other % 2

    picks = team_draft([2, 4, 6], [1, 3, 4], limit=5, dice=np.random.default_rng(3), clash=same_parity)

    assert sorted(pick.item % 2 for pick in picks) == [0, 1]


@settings(max_examples=15)
@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), seeds)
def test_equal_lists_win_as_often_whatever_is_accepted(chances: list[float], seed: int) -> None:
    """Exactly: with every coin turned, the teams change places."""

    class Turned:
        def __init__(self) -> None:
            self.dice = np.random.default_rng(seed)

        def random(self) -> float:
            return 1.0 - float(self.dice.random())

    items, clicks = [1, 2, 3, 4], np.random.default_rng(seed + 1).random(4) < chances
    coins: list[object] = [np.random.default_rng(seed), Turned()]
    drafts = [team_draft(items, items, limit=4, dice=coin) for coin in coins]  # type: ignore[arg-type]

    winners = [winner(pick.team for pick in picks if clicks[pick.item - 1]) for picks in drafts]

    other = {Team.CHAMPION: Team.CHALLENGER, Team.CHALLENGER: Team.CHAMPION, None: None}
    assert winners[1] == other[winners[0]]


def test_each_team_begins_in_half_of_the_drafts() -> None:
    firsts = [draft([1, 2], [3, 4], seed)[0].team for seed in range(2000)]

    assert 0.46 < firsts.count(Team.CHAMPION) / len(firsts) < 0.54


def simulated(seed: int, *, quality: float, n: int) -> list[Team | None]:
    """Winners of documents whose right tags the challenger puts further up with `quality` above ½, by clicks from
    the top that grow rarer."""
    dice = np.random.default_rng(seed)
    winners = []
    for _ in range(n):
        right = set(dice.choice(8, 2, replace=False).tolist())
        good = [*right, *(item for item in range(8) if item not in right)]
        poor = dice.permutation(8).tolist()
        challenger, champion = (good, poor) if dice.random() < quality else (poor, good)
        picks = team_draft(champion, challenger, limit=6, dice=dice)
        seen = [pick for rank, pick in enumerate(picks) if dice.random() < 1 / math.sqrt(rank + 1)]
        winners.append(winner(pick.team for pick in seen if pick.item in right))
    return winners


def first_ending(winners: Sequence[Team | None], rule: StoppingRule) -> Ending | None:
    """Looking after every document."""
    count = dict.fromkeys((*Team, None), 0)
    for each in winners:
        count[each] += 1
        ending = Standing(count[Team.CHAMPION], count[Team.CHALLENGER], count[None]).ending(rule)
        if ending is not None:
            return ending
    return None


def test_without_a_difference_looking_all_the_time_alarms_no_more_often_than_alpha() -> None:
    rule = StoppingRule(alpha=0.1, most_documents=150)

    endings = [first_ending(simulated(seed, quality=0.5, n=150), rule) for seed in range(120)]

    alarms = sum(ending is not Ending.NO_DIFFERENCE for ending in endings)
    assert alarms / len(endings) <= rule.alpha
    assert None not in endings


def test_without_a_difference_coins_over_many_documents_stay_within_alpha() -> None:
    dice, alpha, n = np.random.default_rng(5), 0.1, 1500
    wins = np.cumsum(dice.random((1500, n)) < NEITHER, axis=1)
    looks = np.unique(np.geomspace(5, n, 120).astype(int))

    fooled = [
        any(log_evidence(int(run[k - 1]), int(k - run[k - 1]), NEITHER) >= -math.log(alpha) for k in looks)
        for run in wins
    ]

    assert 0.01 < np.mean(fooled) <= alpha  # naive tests at each of these looks would be fooled in half of the runs


def test_a_better_challenger_is_found_and_a_worse_one_too() -> None:
    rule = StoppingRule(alpha=0.05, most_documents=1000)

    better = {first_ending(simulated(seed, quality=0.8, n=1000), rule) for seed in range(5)}
    worse = {first_ending(simulated(seed, quality=0.2, n=1000), rule) for seed in range(5)}

    assert (better, worse) == ({Ending.CHALLENGER_BETTER}, {Ending.CHAMPION_BETTER})


@given(counts, counts, st.floats(0.001, 0.2))
def test_bounds_hold_what_was_seen_and_leave_out_one_half_exactly_when_the_comparison_ends(
    wins: int, losses: int, alpha: float
) -> None:
    low, high = confidence_bounds(wins, losses, alpha=alpha)

    assert 0 <= low <= high <= 1
    if wins + losses:
        assert low <= wins / (wins + losses) <= high
    ending = Standing(losses, wins, 0).ending(StoppingRule(alpha, most_documents=10**9))
    expected = Ending.CHALLENGER_BETTER if low > NEITHER else Ending.CHAMPION_BETTER if high < NEITHER else None
    if abs(log_evidence(wins, losses, NEITHER) + math.log(alpha)) > 1e-6:
        assert ending == expected
    turned = confidence_bounds(losses, wins, alpha=alpha)
    assert (1 - turned.high, 1 - turned.low) == pytest.approx((low, high), abs=1e-9)


def test_the_evidence_is_that_of_a_worked_example() -> None:
    # prior 1 is the uniform mixture: ∫ t³ dt = 1/4, against (1/2)³
    assert log_evidence(3, 0, 0.5, prior=1.0) == pytest.approx(math.log((1 / 4) / (1 / 8)))


def test_draws_end_a_comparison_but_prefer_nobody() -> None:
    standing = Standing.of([None] * 30)

    assert standing.ending(StoppingRule(most_documents=30)) is Ending.NO_DIFFERENCE
    assert standing.preference == 0
    assert standing.bounds(0.05) == (0, 1)
    assert winner([Team.CHAMPION, Team.CHALLENGER, None]) is None


def test_the_path_ends_at_the_last_document_and_is_short() -> None:
    winners = simulated(1, quality=0.7, n=950)

    path = path_of(winners, alpha=0.05, most_points=100)

    assert len(path) <= 100
    assert path[-1][0] == Standing.of(winners)
    assert path_of([], alpha=0.05) == []
