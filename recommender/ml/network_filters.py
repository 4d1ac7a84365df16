"""Convolutions over word vectors, served as sums of what each word says by itself.

A filter of width w (Kim, EMNLP 2014) adds up w products of a word's vector with one slice of its weights, a *tap*. What
the words that are read most answer to every tap is worked out once, so that most of a text costs look-ups and
additions: a third of the time of the convolution itself, or less.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.examples import FloatArray, IntArray

_FREQUENT_WORDS = 8_192
"""Words whose answers are kept in memory, 4 bytes a tap and filter each: 38 MB for 9 taps of 128 filters."""


def filter_tensors(weights: Sequence[FloatArray], biases: Sequence[FloatArray]) -> dict[str, NDArray[Any]]:
    """What `filters_of` needs back; a weight is (n_filters, dim, width) with an odd width, a bias (n_filters,)."""
    return {
        name: values
        for i, (weight, bias) in enumerate(zip(weights, biases, strict=True))
        for name, values in ((f"filter{i}_weight", weight), (f"filter{i}_bias", bias))
    }


def filters_of(tensors: Mapping[str, NDArray[Any]]) -> tuple[list[FloatArray], list[FloatArray]]:
    """Weights and biases of all widths. Raises ValueError where a bundle older than these has none."""
    n_widths = sum(name.startswith("filter") and name.endswith("_weight") for name in tensors)
    if n_widths == 0:
        raise ValueError("an older version of this program has written it")
    weights, biases = (
        [np.asarray(tensors[f"filter{i}_{name}"], np.float32) for i in range(n_widths)] for name in ("weight", "bias")
    )
    return weights, biases


class WordFilters:
    """All filters of a network; safe to call from several threads."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]], vectors: NDArray[Any], document_rates: FloatArray) -> None:
        """`vectors` (n_words, dim) are the words', `document_rates` (n_words,) say how often each is read."""
        weights, self._biases = filters_of(tensors)
        self._n_filters = [len(bias) for bias in self._biases]
        self._widths = [weight.shape[2] for weight in weights]
        taps = [weight[:, :, tap] for weight in weights for tap in range(weight.shape[2])]
        self._taps = np.ascontiguousarray(np.concatenate(taps).T)  # (dim, sum of width * n_filters)
        frequent = np.sort(np.argsort(-document_rates, kind="stable")[:_FREQUENT_WORDS])
        answers = np.asarray(vectors[frequent], np.float32) @ self._taps
        self._answers = np.concatenate([answers, np.zeros((1, answers.shape[1]), np.float32)])  # -1 stands for the rest
        self._place = np.full(len(vectors) + 1, -1, np.int64)  # so does -1 for unknown words
        self._place[frequent] = np.arange(len(frequent))

    def pooled(self, words: IntArray, vectors_of: Callable[[IntArray], FloatArray]) -> FloatArray:
        """Each filter's largest answer in the text, none below zero, shape (sum of n_filters,).

        `words` are indices in reading order, -1 for others; `vectors_of(places)` gives the vectors of some of them.
        """
        pooled = np.zeros(sum(self._n_filters), np.float32)
        if len(words) == 0:
            return pooled
        places = self._place[words]
        answers = np.take(self._answers, places, axis=0)
        rest = np.flatnonzero(places < 0)
        if len(rest):
            answers[rest] = vectors_of(rest) @ self._taps
        first_tap = first_filter = 0
        for width, n_filters, bias in zip(self._widths, self._n_filters, self._biases, strict=True):
            mine = answers[:, first_tap : first_tap + width * n_filters].reshape(len(words), width, n_filters)
            largest = _summed(mine).max(axis=0) + bias
            pooled[first_filter : first_filter + n_filters] = np.maximum(largest, 0.0)
            first_tap, first_filter = first_tap + width * n_filters, first_filter + n_filters
        return pooled


def _summed(answers: FloatArray) -> FloatArray:
    """The convolution at each place, (n_words, n_filters), from each word's answers (n_words, width, n_filters)."""
    n_words, width, _ = answers.shape
    middle = width // 2
    sums = answers[:, middle].copy()
    for tap in range(width):
        ahead = tap - middle
        n_reached = n_words - abs(ahead)
        if ahead == 0 or n_reached <= 0:
            continue
        here, there = max(-ahead, 0), max(ahead, 0)
        sums[here : here + n_reached] += answers[there : there + n_reached, tap]
    return sums
