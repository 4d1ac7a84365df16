"""The feature space that training and serving share: words and word pairs with TF-IDF weights."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recommender.ml.examples import FloatArray, IntArray
from recommender.ml.text import Tokens

_PAIR_SHIFT = 32
_SIF_SMOOTHING = 1e-3
_SMALLEST_NORM = 1e-12
UNKNOWN = -1
Weighting = Literal["tf-idf", "sif", "textrank"]


@dataclass(frozen=True)
class FeatureLimits:
    """How many features a space may have; rarer ones are left out first (by document frequency)."""

    max_words: int
    max_pairs: int
    min_word_documents: int
    min_pair_documents: int
    title_weight: float
    weighting: Weighting = "tf-idf"


@dataclass(frozen=True)
class Bag:
    """One document as sorted feature indices and their weights, of length one."""

    features: IntArray
    weights: FloatArray


@dataclass(frozen=True)
class Bags:
    """Many documents as rows of a compressed sparse matrix."""

    offsets: IntArray  # (n_documents + 1,)
    features: IntArray  # (n_entries,)
    weights: FloatArray  # (n_entries,)


@dataclass(frozen=True)
class FeatureSpace:
    """Features 0…n_words-1 are words, the rest are pairs of neighbouring words.

    A pair is the number `first << 32 | second`; `pairs` is sorted, so that a pair is found by bisection and
    no strings of pairs are kept. `weighting` is that of documents: TF-IDF, smooth inverse frequency, or
    TF-IDF times the square root of TextRank (see `keywords`).
    """

    words: tuple[str, ...]
    pairs: IntArray
    idf: FloatArray
    title_weight: float
    weighting: Weighting = "tf-idf"

    @property
    def n_words(self) -> int:
        return len(self.words)

    @property
    def n_features(self) -> int:
        return len(self.words) + len(self.pairs)

    @cached_property
    def index_by_word(self) -> dict[str, int]:
        return {word: index for index, word in enumerate(self.words)}

    @cached_property
    def smooth_inverse_frequencies(self) -> FloatArray:
        """a / (a + p) of every feature with its share p of the document frequencies of all words, or of all pairs.

        Arora, Liang and Ma (ICLR 2017); the paper finds a = 1e-3 to 1e-4 alike. Shape (n_features,).
        """
        document_rates = np.exp(1.0 - self.idf.astype(np.float64))
        is_pair = (np.arange(self.n_features) >= self.n_words).astype(np.int64)
        shares = document_rates / np.bincount(is_pair, weights=document_rates, minlength=2)[is_pair]
        return (_SIF_SMOOTHING / (_SIF_SMOOTHING + shares)).astype(np.float32)

    def word_indices(self, words: Sequence[str]) -> IntArray:
        """Index of each word in reading order, UNKNOWN where the space has no such word."""
        return np.fromiter(map(self.index_by_word.get, words, repeat(UNKNOWN)), np.int64, len(words))

    def bag(self, title: IntArray, body: IntArray) -> Bag:
        """TF-IDF weights of a document given as word indices of its fields, see `bags`."""
        found = self.bags([(title, body)])
        return Bag(found.features, found.weights)

    def bags(self, documents: Sequence[tuple[IntArray, IntArray]]) -> Bags:
        """TF-IDF weights of documents given as word indices of title and body; each is of length one.

        Term frequency is 1 + ln(tf), a word of the title counting `title_weight` times (Salton and Buckley,
        1988, "Term-weighting approaches in automatic text retrieval"). What a document weighs does not depend on the
        others.
        """
        features, fields = self._features([field for document in documents for field in document])
        rows = fields // 2
        counts = np.where(fields % 2 == 0, self.title_weight, 1.0)
        keys = rows * self.n_features + features
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else order
        rows, features = np.divmod(keys[first], max(self.n_features, 1))
        frequency = np.add.reduceat(counts[order], first) if len(keys) else counts
        weights = (1.0 + np.log(np.maximum(frequency, 1.0))) * self.idf[features]
        norms = np.sqrt(np.bincount(rows, weights * weights, len(documents)))
        offsets = np.searchsorted(rows, np.arange(len(documents) + 1))
        return Bags(offsets, features, (weights / np.maximum(norms, _SMALLEST_NORM)[rows]).astype(np.float32))

    def bag_of(self, tokens: Tokens) -> Bag:
        """A document's features under the space's weighting."""
        if self.weighting == "tf-idf":
            return self.tf_idf_bag(tokens)
        from recommender.ml.keywords import weighted_bag  # which weighs what stands here

        return weighted_bag(tokens, self)

    def tf_idf_bag(self, tokens: Tokens) -> Bag:
        """The same by TF-IDF, whatever the space's weighting; of names and other short texts too."""
        return self.bag(self.word_indices(tokens.title), self.word_indices(tokens.body))

    def bags_of(self, documents: Sequence[Tokens]) -> Bags:
        """Features of many documents under the space's weighting."""
        if self.weighting == "tf-idf":
            return self.bags([(self.word_indices(each.title), self.word_indices(each.body)) for each in documents])
        return stacked([self.bag_of(each) for each in documents])

    def _features(self, fields: Sequence[IntArray]) -> tuple[IntArray, IntArray]:
        """Words, then pairs, of all fields, and the place of the field that each stands in."""
        between = np.array([UNKNOWN], np.int64)  # no pair reaches from one field into the next
        words = np.concatenate([between, *(part for field in fields for part in (field, between))])
        of_word = np.repeat(np.arange(len(fields) + 1), [1, *(len(field) + 1 for field in fields)]) - 1
        known = np.flatnonzero(words >= 0)
        if len(self.pairs) == 0 or len(known) == 0:
            return words[known], of_word[known]
        first = known[:-1][np.diff(known) == 1]
        keys = (words[first] << _PAIR_SHIFT) | words[first + 1]
        places = np.minimum(np.searchsorted(self.pairs, keys), len(self.pairs) - 1)
        is_pair = self.pairs[places] == keys
        found = places[is_pair] + self.n_words
        return np.concatenate([words[known], found]), np.concatenate([of_word[known], of_word[first[is_pair]]])


def pair_keys(indices: IntArray) -> IntArray:
    """Numbers of the neighbouring pairs whose two words are both known."""
    first, second = indices[:-1], indices[1:]
    both = (first >= 0) & (second >= 0)
    return (first[both] << _PAIR_SHIFT) | second[both]


def fit_feature_space(documents: Sequence[Tokens], limits: FeatureLimits) -> FeatureSpace:
    """Choose words and pairs by document frequency; idf is the smoothed ln((1 + n) / (1 + df)) + 1."""
    words, word_documents = _frequent_words(documents, limits)
    draft = FeatureSpace(words, np.empty(0, np.int64), np.ones(len(words), np.float32), limits.title_weight)
    pairs, pair_documents = _frequent_pairs(documents, draft, limits)
    frequency = np.concatenate([word_documents, pair_documents])
    idf = np.log((1.0 + len(documents)) / (1.0 + frequency)) + 1.0
    return FeatureSpace(words, pairs, idf.astype(np.float32), limits.title_weight, limits.weighting)


def grown_feature_space(
    parent: FeatureSpace, documents: Sequence[Tokens], limits: FeatureLimits, *, n_documents: int
) -> FeatureSpace:
    """The parent's words with new ones behind them, and its pairs with new ones among them, within the limits.

    `documents` are some of `n_documents`: those that can hold anything new. What the parent knows keeps its weight, for
    tables were trained under it.
    """
    frequent, _ = _frequent_words(documents, limits)
    new = [word for word in frequent if word not in parent.index_by_word]
    words = parent.words + tuple(new[: max(limits.max_words - parent.n_words, 0)])
    draft = FeatureSpace(words, np.empty(0, np.int64), np.ones(len(words), np.float32), limits.title_weight)
    pairs, counts = _frequent_pairs(documents, draft, limits)
    unknown = ~np.isin(pairs, parent.pairs)
    pairs, counts = pairs[unknown], counts[unknown]
    most = np.argsort(-counts, kind="stable")[: max(limits.max_pairs - len(parent.pairs), 0)]
    ones = np.ones(len(words) + len(parent.pairs) + len(most), np.float32)
    space = FeatureSpace(words, np.union1d(parent.pairs, pairs[most]), ones, parent.title_weight, parent.weighting)
    found = [space.tf_idf_bag(tokens).features for tokens in documents]
    frequency = np.bincount(np.concatenate([np.empty(0, np.int64), *found]), minlength=space.n_features)
    idf = np.log((1.0 + n_documents) / (1.0 + frequency)) + 1.0
    idf[places_in(parent, space)] = parent.idf
    return replace(space, idf=idf.astype(np.float32))


def places_in(parent: FeatureSpace, grown: FeatureSpace) -> IntArray:
    """Where the parent's features stand in the space that has grown from it, shape (parent.n_features,)."""
    pairs = np.searchsorted(grown.pairs, parent.pairs) + grown.n_words
    return np.concatenate([np.arange(parent.n_words), pairs]).astype(np.int64)


def stacked(bags: Sequence[Bag]) -> Bags:
    """Rows of a sparse matrix from single documents."""
    lengths = np.array([0, *(len(bag.features) for bag in bags)], np.int64)
    if not bags:
        return Bags(lengths, np.empty(0, np.int64), np.empty(0, np.float32))
    features = np.concatenate([bag.features for bag in bags])
    return Bags(np.cumsum(lengths), features, np.concatenate([bag.weights for bag in bags]))


def _frequent_words(documents: Sequence[Tokens], limits: FeatureLimits) -> tuple[tuple[str, ...], IntArray]:
    counts = Counter[str]()
    for tokens in documents:
        counts.update({*tokens.title, *tokens.body})
    kept = sorted(
        ((word, n) for word, n in counts.items() if n >= limits.min_word_documents),
        key=lambda pair: (-pair[1], pair[0]),
    )[: limits.max_words]
    return tuple(word for word, _ in kept), np.array([n for _, n in kept], np.int64)


def _frequent_pairs(
    documents: Sequence[Tokens], draft: FeatureSpace, limits: FeatureLimits
) -> tuple[IntArray, IntArray]:
    if limits.max_pairs == 0 or not documents:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    keys, counts = np.unique(
        np.concatenate([_document_pairs(tokens, draft) for tokens in documents]), return_counts=True
    )
    frequent = counts >= limits.min_pair_documents
    keys, counts = keys[frequent], counts[frequent]
    best: NDArray[np.int64] = np.sort(np.argsort(-counts, kind="stable")[: limits.max_pairs])
    return keys[best], counts[best]


def _document_pairs(tokens: Tokens, draft: FeatureSpace) -> IntArray:
    fields = [pair_keys(draft.word_indices(words)) for words in (tokens.title, tokens.body)]
    return np.unique(np.concatenate(fields))
