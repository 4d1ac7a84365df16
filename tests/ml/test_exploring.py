"""A trial is drawn in its share of the answers, with the probability that it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.ml.exploring import drawn_trial


def test_candidates_are_drawn_as_often_as_their_propensity_says() -> None:
    chances = np.array([0.3, 0.1], np.float32)

    trials = [drawn_trial(seed, share=0.2, chances=chances) for seed in range(5000)]

    drawn = [trial for trial in trials if trial is not None]
    first = [trial for trial in drawn if trial.place == 0]
    assert len(drawn) / 5000 == pytest.approx(0.2, abs=0.02)
    assert len(first) / 5000 == pytest.approx(first[0].propensity, abs=0.02)
    assert first[0].propensity == pytest.approx(0.2 * 0.75)


@given(st.integers(0, 2**128 - 1), st.floats(0, 0.5), st.lists(st.floats(0, 1, width=32), max_size=8))
def test_the_same_seed_draws_the_same_and_a_propensity_is_no_more_than_the_share(
    seed: int, share: float, chances: list[float]
) -> None:
    once, again = (drawn_trial(seed, share=share, chances=np.array(chances, np.float32)) for _ in range(2))

    assert once == again
    assert once is None or (0 < once.propensity <= share + 1e-9 and chances[once.place] > 0)


def test_nothing_is_tried_out_without_a_share_or_a_candidate() -> None:
    assert drawn_trial(1, share=0.0, chances=np.ones(3, np.float32)) is None
    assert drawn_trial(1, share=0.5, chances=np.empty(0, np.float32)) is None
