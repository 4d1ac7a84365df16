"""Filters served as sums of what single words say are the convolution that was trained."""

import numpy as np
import pytest
import torch

from recommender.ml import network_filters
from recommender.ml.examples import FloatArray, IntArray
from recommender.ml.network_filters import WordFilters, filter_tensors

DIM, N_WORDS = 6, 12
RNG = np.random.default_rng(3)
VECTORS = RNG.standard_normal((N_WORDS, DIM)).astype(np.float32)
WEIGHTS = [RNG.standard_normal((n, DIM, width)).astype(np.float32) for n, width in ((4, 1), (3, 3), (5, 5))]
BIASES = [RNG.standard_normal(len(weight)).astype(np.float32) for weight in WEIGHTS]
RATES = np.arange(N_WORDS, dtype=np.float32)


def vector_of(word: int, place: int) -> FloatArray:
    """A word that the network does not know has a vector of its place."""
    return VECTORS[word] if word >= 0 else np.full(DIM, 0.1 * place, np.float32)


def filters(monkeypatch: pytest.MonkeyPatch, n_frequent: int) -> WordFilters:
    monkeypatch.setattr(network_filters, "_FREQUENT_WORDS", n_frequent)
    return WordFilters(filter_tensors(WEIGHTS, BIASES), VECTORS, RATES)


def convolved(words: IntArray) -> FloatArray:
    sequence = torch.from_numpy(np.stack([vector_of(word, place) for place, word in enumerate(words)]).T[None])
    pooled = [
        torch.relu(torch.nn.functional.conv1d(sequence, torch.tensor(weight), torch.tensor(bias), padding="same"))
        for weight, bias in zip(WEIGHTS, BIASES, strict=True)
    ]
    found: FloatArray = torch.cat([each.amax(dim=2) for each in pooled], dim=1).numpy()[0]
    return found


@pytest.mark.parametrize("n_frequent", [0, 5, 100])
@pytest.mark.parametrize("n_words", [1, 2, 3, 4, 5, 40])
def test_sums_of_words_are_the_convolution(monkeypatch: pytest.MonkeyPatch, n_frequent: int, n_words: int) -> None:
    words = np.random.default_rng(n_words).integers(-1, N_WORDS, n_words)
    asked: list[int] = []

    def vectors_of(places: IntArray) -> FloatArray:
        asked.extend(places.tolist())
        return np.stack([vector_of(words[place], place) for place in places])

    found = filters(monkeypatch, n_frequent).pooled(words, vectors_of)

    np.testing.assert_allclose(found, convolved(words), atol=1e-5)
    assert asked == [place for place, word in enumerate(words) if word < max(N_WORDS - n_frequent, 0)]


def test_an_empty_text_answers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = filters(monkeypatch, 5).pooled(np.empty(0, np.int64), lambda places: VECTORS[places])

    np.testing.assert_array_equal(found, np.zeros(12, np.float32))


def test_a_bundle_without_filters_says_that_it_is_old() -> None:
    with pytest.raises(ValueError, match="older version"):
        WordFilters({}, VECTORS, RATES)
