"""Splits are stable, keep siblings together, and go by time where there are dates."""

from hypothesis import given
from hypothesis import strategies as st

from recommender.ml import Example, Text, split_examples


def examples_of(members: list[tuple[int, float | None]]) -> list[Example]:
    return [
        Example(Text("", ""), (), f"d{i}", f"g{group}" if group else "", when)
        for i, (group, when) in enumerate(members)
    ]


members = st.lists(st.tuples(st.integers(0, 8), st.floats(0, 1e9) | st.none()), max_size=60)


@given(members)
def test_every_example_is_on_exactly_one_side(some: list[tuple[int, float | None]]) -> None:
    examples = examples_of(some)

    split = split_examples(examples)

    together = [*split.train.tolist(), *split.dev.tolist(), *split.test.tolist()]
    assert sorted(together) == list(range(len(examples)))


@given(members)
def test_groups_never_straddle(some: list[tuple[int, float | None]]) -> None:
    examples = examples_of(some)

    split = split_examples(examples)

    sides = [{examples[i].group for i in side} - {""} for side in (split.train, split.dev, split.test)]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


def test_the_newest_are_test_and_before_them_dev() -> None:
    examples = examples_of([(0, float(day)) for day in range(100)])

    split = split_examples(examples)

    assert split.train.tolist() == list(range(70))
    assert split.dev.tolist() == list(range(70, 80))
    assert split.test.tolist() == list(range(80, 100))


def test_an_old_sibling_follows_the_newest_member_of_its_group() -> None:
    examples = examples_of([(7 if day in (0, 99) else 0, float(day)) for day in range(100)])

    split = split_examples(examples)

    assert {0, 99} <= set(split.test.tolist())


def test_without_dates_a_document_keeps_its_side_when_others_come() -> None:
    before = examples_of([(0, None)] * 50)
    after = examples_of([(0, None)] * 80)

    first, second = split_examples(before), split_examples(after)

    assert set(first.test.tolist()) == {i for i in second.test.tolist() if i < 50}


def test_shares_are_about_right_without_dates() -> None:
    examples = examples_of([(0, None)] * 2000)

    split = split_examples(examples)

    assert 0.17 < len(split.test) / 2000 < 0.23
    assert 0.08 < len(split.dev) / 2000 < 0.12
