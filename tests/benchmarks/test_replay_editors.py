"""The simulated editors: the same in every arm, careful in the main, biased by rank."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.replaying.editors import Editors, Habits

TAGS = [f"tag-{number}" for number in range(12)]
CAREFUL = Habits(
    examination_exponent=0.0, ignores_list=0.0, stops_early=0.0, accepts_wrong=0.0, rejects_right=0.0,
    rejects_wrong=1.0, forgets=0.0, blind_share=0.0,
)  # fmt: skip
chances = st.floats(0, 1)
habits = st.builds(
    Habits, n_editors=st.integers(1, 9), examination_exponent=st.floats(0, 3), ignores_list=chances,
    stops_early=chances, early_ranks=st.integers(0, 5), accepts_wrong=chances, rejects_right=chances,
    rejects_wrong=chances, forgets=chances, blind_share=chances,
)  # fmt: skip
some_tags = st.lists(st.sampled_from(TAGS), unique=True)


@given(habits, st.integers(0, 99), st.text(max_size=5), some_tags, some_tags)
def test_an_editor_types_only_true_tags_and_does_one_thing_with_each(
    some: Habits, seed: int, document: str, true_tags: list[str], suggested: list[str]
) -> None:
    editors = Editors(some, seed)

    done = editors.handle(document, true_tags, suggested)

    touched = [*done.accepted, *done.rejected, *done.typed]
    assert len(touched) == len(set(touched))
    assert set(done.accepted) | set(done.rejected) <= set(suggested)
    assert set(done.typed) <= set(true_tags)
    assert 0 <= editors.editor_of(document) < some.n_editors
    assert done == Editors(some, seed).handle(document, true_tags, suggested)


@given(st.text(max_size=5), some_tags, some_tags)
def test_a_careful_editor_ends_with_the_true_tags_and_rejects_the_others(
    document: str, true_tags: list[str], suggested: list[str]
) -> None:
    done = Editors(CAREFUL, 1).handle(document, true_tags, suggested)

    assert set(done.final_tags) == set(true_tags)
    assert set(done.rejected) == set(suggested) - set(true_tags)
    assert set(done.typed) == set(true_tags) - set(suggested)


@given(st.text(max_size=5), some_tags, st.permutations(TAGS))
def test_better_suggestions_never_make_the_same_careful_editor_type_more(
    document: str, true_tags: list[str], ranking: list[str]
) -> None:
    editors = Editors(replace(CAREFUL, forgets=0.3), 1)
    best_first = sorted(ranking, key=lambda tag: tag not in true_tags)

    better, worse = (editors.handle(document, true_tags, some[:5]) for some in (best_first, ranking))

    assert len(better.typed) <= len(worse.typed)


@pytest.mark.parametrize(("rank", "share"), [(1, 1.0), (4, 0.5), (9, 1 / 3)])
def test_a_suggestion_is_looked_at_less_the_lower_it_stands(rank: int, share: float) -> None:
    editors = Editors(replace(CAREFUL, examination_exponent=0.5), 1)
    suggested = TAGS[:rank]

    looked = sum(suggested[-1] in editors.handle(f"{n}", [], suggested).rejected for n in range(4000))

    assert looked / 4000 == pytest.approx(share, abs=0.03)


def test_every_habit_shows_in_its_share_of_the_documents() -> None:
    editors = Editors(replace(CAREFUL, blind_share=0.1, forgets=0.2, accepts_wrong=0.05, rejects_right=0.05), 3)
    documents = [f"{n}" for n in range(4000)]

    blind = sum(editors.tags_blind(each) for each in documents)
    typed = sum(len(editors.handle_blind(each, TAGS[:1]).typed) for each in documents)
    wrong = sum(bool(editors.handle(each, [], TAGS[:1]).accepted) for each in documents)
    refused = sum(bool(editors.handle(each, TAGS[:1], TAGS[:1]).rejected) for each in documents)

    found = [count / 4000 for count in (blind, typed, wrong, refused)]
    assert found == pytest.approx([0.1, 0.8, 0.05, 0.05], abs=0.02)


def test_who_is_in_a_hurry_leaves_the_list_or_stops_early() -> None:
    leaves = Editors(replace(CAREFUL, ignores_list=1.0), 1)
    stops = Editors(replace(CAREFUL, stops_early=1.0, early_ranks=2), 1)

    left, stopped = (each.handle("a", TAGS[:6], TAGS[:4]) for each in (leaves, stops))

    assert (left.accepted, left.typed) == ((), tuple(TAGS[:6]))
    assert (stopped.accepted, stopped.typed) == (tuple(TAGS[:2]), tuple(TAGS[2:3]))


def test_another_seed_is_another_mood() -> None:
    first, second = (Editors(Habits(), seed) for seed in (1, 2))

    answers = [[each.handle(f"{n}", TAGS[:6], TAGS) for n in range(20)] for each in (first, second)]

    assert answers[0] != answers[1]
