"""What is new or changed is always learnt; of the rest a drawn share, the same for the same seed."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.ml import Example, LearntExamples, Replay, ReplayLimits, SeenDocuments, Text

N_LABELS = 3


def document(number: int, labels: tuple[int, ...] = (0,)) -> Example:
    return Example(Text("title", f"body {number}"), labels, f"d{number}")


OLD = [document(number, (number % 2,)) for number in range(200)]
REPLAY = Replay(SeenDocuments.of(OLD), LearntExamples.of(OLD), ReplayLimits(0.25, 1000))


def test_an_edit_a_tag_or_a_refusal_makes_an_example_new_and_a_fading_weight_does_not() -> None:
    learnt = LearntExamples.of([replace(document(1), label_weights={2: 2.0})])
    same = replace(document(1), label_weights={2: 1.7})

    assert same in learnt
    assert replace(same, text=Text("title", "another body")) not in learnt
    assert replace(same, labels=(0, 1)) not in learnt
    assert replace(same, label_weights={1: 1.7}) not in learnt
    assert replace(same, unlabelled_weight=0.0) not in learnt


def test_a_document_is_seen_in_whatever_form() -> None:
    edited = replace(OLD[3], text=Text("another", "text"))

    assert REPLAY.unseen([edited, document(500)]) == [document(500)]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    n_new=st.integers(0, 30),
    n_rare=st.integers(0, 9),
    share=st.floats(0, 1),
    most=st.integers(0, 300),
    seed=st.integers(0, 99),
)
def test_everything_new_and_every_rare_tag_is_learnt_and_a_bounded_sample_of_the_rest(
    n_new: int, n_rare: int, share: float, most: int, seed: int
) -> None:
    new, rare = [document(1000 + n) for n in range(n_new)], [document(2000 + n, (2,)) for n in range(n_rare)]
    replay = Replay(REPLAY.seen, LearntExamples.of([*OLD, *rare]), ReplayLimits(share, most))
    every = [*OLD, *new, *rare]

    rows = replay.rows(every, N_LABELS, seed=seed)

    assert set(range(len(OLD), len(every))) <= set(rows.tolist())
    assert len(rows) == n_new + n_rare + min(round(share * len(OLD)), most)
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, replay.rows(every, N_LABELS, seed=seed))


def test_impossible_limits_are_refused() -> None:
    for share, most in ((-0.1, 5), (1.1, 5), (0.5, -1)):
        with pytest.raises(ValueError, match="share"):
            ReplayLimits(share, most)
