"""A handful of documents speak for a new tag, by the words that they share with a text and with few others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommender.ml.prototypes import Prototypes, calibrated, fit_prototypes
from recommender.ml.text import Tokens

ON_TOPIC = ["zibeline", "loom", "guild", "weavers", "yarn", "coat"]
OTHERS = ["goal striker referee league", "oven butter onion salt", "comet galaxy orbit star", "vote council budget tax"]


def tokens(words: list[str]) -> Tokens:
    return Tokens((), tuple(words))


def pool(n_examples: int, n_tags: int = 1) -> Prototypes:
    """Examples of the first tag, then sixty documents of other things."""
    lessons = [tokens([*ON_TOPIC[n % 3 : n % 3 + 4], f"number{n}", "the", "of"]) for n in range(n_examples)]
    rest = [tokens([*OTHERS[n % 4].split(), f"thing{n}", "the", "of"]) for n in range(60)]
    bears = np.zeros((n_examples + 60, n_tags), bool)
    bears[:n_examples, 0] = True
    return fit_prototypes([*lessons, *rest], bears)


def test_five_examples_are_enough_for_a_text_like_them_and_say_nothing_of_others() -> None:
    prototypes = pool(5)

    like_them = prototypes.probabilities(tokens(["zibeline", "loom", "weavers", "the", "of", "today"]))
    unlike = prototypes.probabilities(tokens([*OTHERS[1].split(), "the", "of"]))

    assert like_them[0] > 0.7
    assert unlike[0] < 0.02


def test_one_example_alone_never_makes_it_more_than_an_even_chance() -> None:
    itself = tokens([*ON_TOPIC[:4], "number0", "the", "of"])

    assert pool(1).probabilities(itself)[0] <= 0.5


def test_a_text_of_unknown_words_is_like_nothing() -> None:
    assert pool(5).probabilities(tokens(["unheard", "words"]))[0] == 0
    assert pool(5).probabilities(tokens([]))[0] == 0


def test_a_tag_without_an_example_has_no_chance() -> None:
    assert pool(3, n_tags=2).probabilities(tokens(ON_TOPIC))[1] == 0


def test_words_and_documents_that_speak_for_the_tag_are_named() -> None:
    prototypes, text = pool(5), tokens(["zibeline", "loom", "the", "comet"])

    contributions = prototypes.word_contributions(text, 0)
    near = prototypes.nearest(text, 0, 3)

    assert max(contributions, key=lambda word: contributions[word]) in ("zibeline", "loom")
    assert contributions["comet"] == 0
    assert len(near) == 3 and all(row < 5 for row, _cosine in near)
    assert near == sorted(near, key=lambda pair: -pair[1])


@given(st.lists(st.sampled_from([*ON_TOPIC, *["goal", "oven", "comet", "vote", "the", "new"]]), max_size=30))
def test_votes_are_shares_and_probabilities_stay_under_their_bound(words: list[str]) -> None:
    prototypes = pool(4)

    votes, chances = prototypes.votes(tokens(words)), prototypes.probabilities(tokens(words))

    assert 0 <= votes[0] < 1
    assert 0 <= chances[0] <= 4 / 5 + 1e-6


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999), st.integers(1, 50))
def test_more_votes_never_lower_the_probability(low: float, high: float, n_examples: int) -> None:
    votes = np.array(sorted([low, high]), np.float32)

    first, second = calibrated(votes, np.array([n_examples] * 2))

    assert first <= second + 1e-7
    assert second <= n_examples / (n_examples + 1) + 1e-6
