"""Serves the logistic regression with numpy: sparse coefficients, stored feature by feature."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.examples import BoolArray, FloatArray, IntArray, Text
from recommender.ml.features import Bag, FeatureSpace, pair_keys
from recommender.ml.parts import ModelParts, feature_space
from recommender.ml.text import Tokens, tokenise


@dataclass(frozen=True)
class SparseCoefficients:
    """Row f holds the labels that feature f speaks for or against."""

    offsets: NDArray[np.integer[Any]]  # (n_features + 1,)
    labels: NDArray[np.integer[Any]]  # (n_entries,)
    values: NDArray[np.floating[Any]]  # (n_entries,)

    def entries(self, features: IntArray) -> tuple[IntArray, IntArray]:
        """Places of all entries of the features, and how many each feature has."""
        starts = self.offsets[features].astype(np.int64)
        lengths = self.offsets[features + 1].astype(np.int64) - starts
        skipped = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
        return skipped + np.arange(len(skipped)), lengths


class LinearScorer:
    """Logits of the per-tag logistic regression."""

    def __init__(self, parts: ModelParts, n_labels: int) -> None:
        tensors = parts.tensors
        self._space: FeatureSpace = feature_space(parts)
        self._coefficients = SparseCoefficients(tensors["offsets"], tensors["labels"], tensors["values"])
        self._intercepts = np.asarray(tensors["intercepts"], np.float32)
        self._n_labels = n_labels
        self._max_tokens = int(parts.settings["max_tokens"])

    def logits(self, texts: Sequence[Text], chosen: Sequence[Iterable[int]] = ()) -> tuple[FloatArray, BoolArray]:
        """See Scorer."""
        documents = [tokenise(text, max_tokens=self._max_tokens) for text in texts]
        logits = np.empty((len(texts), self._n_labels), np.float32)
        for row, tokens in enumerate(documents):
            logits[row] = self._document_logits(self._space.bag_of(tokens))
        return logits, np.array([tokens.truncated for tokens in documents], np.bool_)

    def word_contributions(self, text: Text, label: int) -> Mapping[str, float]:
        """Coefficient times TF-IDF weight; a pair's share is halved between its two words."""
        tokens = tokenise(text, max_tokens=self._max_tokens)
        parts = self._feature_contributions(self._space.bag_of(tokens), label)
        total: defaultdict[str, float] = defaultdict(float)
        words = self._space.words
        for feature, contribution in parts.items():
            if feature < self._space.n_words:
                total[words[feature]] += contribution
        for first, second, feature in self._pairs(tokens):
            total[words[first]] += parts.get(feature, 0.0) / 2
            total[words[second]] += parts.get(feature, 0.0) / 2
        return total

    def _document_logits(self, bag: Bag) -> FloatArray:
        if len(bag.features) == 0:
            return self._intercepts
        places, lengths = self._coefficients.entries(bag.features)
        weights = np.repeat(bag.weights, lengths) * self._coefficients.values[places]
        labels = self._coefficients.labels[places]
        lifted = np.bincount(labels, weights=weights, minlength=self._n_labels)
        return (lifted + self._intercepts).astype(np.float32)

    def _feature_contributions(self, bag: Bag, label: int) -> dict[int, float]:
        if len(bag.features) == 0:
            return {}
        places, lengths = self._coefficients.entries(bag.features)
        mine = self._coefficients.labels[places] == label
        features = np.repeat(bag.features, lengths)[mine]
        values = (np.repeat(bag.weights, lengths) * self._coefficients.values[places])[mine]
        return dict(zip(features.tolist(), values.tolist(), strict=True))

    def _pairs(self, tokens: Tokens) -> set[tuple[int, int, int]]:
        found = set()
        for field in (tokens.title, tokens.body):
            keys = pair_keys(self._space.word_indices(field))
            for key in np.intersect1d(keys, self._space.pairs).tolist():
                feature = self._space.n_words + int(np.searchsorted(self._space.pairs, key))
                found.add((key >> 32, key & 0xFFFFFFFF, feature))
        return found
