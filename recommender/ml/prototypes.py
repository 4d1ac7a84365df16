"""Tags that no model has learnt, from a handful of documents that bear them: nearest neighbours among a few others.

A pool holds the documents that bear the new tags and a sample of documents that do not. A text's ten nearest documents
of the pool vote by squared cosine (distance-weighted k-NN, Dudani, 1976); a constant beside the votes keeps far
neighbours from counting for much. The share of a tag's votes becomes a probability by a logistic function whose three
numbers were fitted on the dev parts of five data sets (docs/learning.md), and is held down by the number of examples.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommender.ml.examples import BoolArray, FloatArray, IntArray
from recommender.ml.text import Tokens

MAX_TOKENS = 400
_N_VOTERS = 10
_FAR = 0.02  # two documents at a cosine of 0.1
_TITLE_WEIGHT = 2.0
_SLOPE, _SLOPE_OF_EXAMPLES, _INTERCEPT = 1.3, -0.55, 0.6


@dataclass(frozen=True)
class Prototypes:
    """The pool by word; column t of `bears` says which of its documents bear the t-th new tag."""

    index_by_word: Mapping[str, int]
    idf: FloatArray  # (n_words + 1,), the last one that of a word which the pool does not know
    documents: sparse.csr_matrix  # (n_documents, n_words), rows of length one
    bears: BoolArray  # (n_documents, n_tags)

    @property
    def n_examples(self) -> IntArray:
        """Documents that bear each tag, shape (n_tags,)."""
        return np.asarray(self.bears.sum(axis=0), np.int64)

    def probabilities(self, tokens: Tokens) -> FloatArray:
        """Of each new tag for a text, shape (n_tags,)."""
        return calibrated(self.votes(tokens), self.n_examples)

    def votes(self, tokens: Tokens) -> FloatArray:
        """Shares of the nearest documents' votes, below one together; shape (n_tags,)."""
        cosines = self._cosines(tokens)
        voters = np.argsort(-cosines, kind="stable")[:_N_VOTERS]
        weights = cosines[voters] ** 2
        shares: FloatArray = (weights @ self.bears[voters]) / (weights.sum() + _FAR)
        return shares

    def nearest(self, tokens: Tokens, tag: int, limit: int) -> list[tuple[int, float]]:
        """Documents of the pool that bear the tag, nearest first, with their cosines."""
        cosines = self._cosines(tokens)
        order = [int(row) for row in np.argsort(-cosines, kind="stable") if self.bears[row, tag] and cosines[row] > 0]
        return [(row, float(cosines[row])) for row in order[:limit]]

    def word_contributions(self, tokens: Tokens, tag: int) -> dict[str, float]:
        """What each word of the text adds to the mean cosine with the tag's documents."""
        weights = self._weights(tokens)
        mean = np.asarray(self.documents[self.bears[:, tag]].mean(axis=0)).ravel()
        known = {word: self.index_by_word[word] for word in weights if word in self.index_by_word}
        return {word: float(weights[word] * mean[column]) for word, column in known.items()}

    def _cosines(self, tokens: Tokens) -> FloatArray:
        weights = self._weights(tokens)
        known = [word for word in weights if word in self.index_by_word]
        text = np.zeros(len(self.index_by_word), np.float32)
        text[[self.index_by_word[word] for word in known]] = [weights[word] for word in known]
        return np.asarray(self.documents @ text, np.float32)

    def _weights(self, tokens: Tokens) -> dict[str, float]:
        """TF-IDF of every word, of length one together with the words that the pool does not know."""
        raw = {
            word: (1.0 + math.log(count)) * float(self.idf[self.index_by_word.get(word, -1)])
            for word, count in _counts(tokens).items()
        }
        norm = math.sqrt(sum(weight * weight for weight in raw.values())) or 1.0
        return {word: weight / norm for word, weight in raw.items()}


def fit_prototypes(documents: Sequence[Tokens], bears: BoolArray) -> Prototypes:
    """`bears` is (n_documents, n_tags); documents without a new tag are the ones to be told apart from."""
    counts = [_counts(tokens) for tokens in documents]
    frequency = Counter(word for each in counts for word in each)
    index_by_word = {word: column for column, word in enumerate(sorted(frequency))}
    n_documents = np.array([*(frequency[word] for word in index_by_word), 0], np.float64)
    idf = (np.log((1.0 + len(documents)) / (1.0 + n_documents)) + 1.0).astype(np.float32)
    rows = [_row(each, index_by_word, idf) for each in counts]
    offsets = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    columns = np.concatenate([columns for columns, _ in rows]) if rows else np.empty(0, np.int64)
    weights = np.concatenate([weights for _, weights in rows]) if rows else np.empty(0, np.float32)
    matrix = sparse.csr_matrix((weights, columns, offsets), (len(rows), len(index_by_word)))
    return Prototypes(index_by_word, idf, matrix, np.asarray(bears, np.bool_))


def calibrated(votes: FloatArray, n_examples: IntArray) -> FloatArray:
    """Probabilities of vote shares; with n examples never above n / (n + 1), with none 0. Shapes (n_tags,)."""
    shares = np.clip(np.asarray(votes, np.float64), 1e-6, 1.0 - 1e-6)
    number = np.log(np.maximum(n_examples, 1))
    logits = _SLOPE * np.log(shares / (1.0 - shares)) + _SLOPE_OF_EXAMPLES * number + _INTERCEPT
    chances = np.where(votes > 0, 1.0 / (1.0 + np.exp(-logits)), 0.0)
    return np.minimum(chances, n_examples / (n_examples + 1.0)).astype(np.float32)


def _counts(tokens: Tokens) -> dict[str, float]:
    """How often each word stands in the text, one of the title counting twice."""
    counts = Counter[str](tokens.body)
    found: dict[str, float] = {word: float(count) for word, count in counts.items()}
    for word in tokens.title:
        found[word] = found.get(word, 0.0) + _TITLE_WEIGHT
    return found


def _row(counts: Mapping[str, float], index_by_word: Mapping[str, int], idf: FloatArray) -> tuple[IntArray, FloatArray]:
    columns = np.array([index_by_word[word] for word in counts], np.int64)
    weights = (1.0 + np.log(np.array(list(counts.values()), np.float64))) * idf[columns]
    norm = float(np.sqrt(weights @ weights)) or 1.0
    return columns, (weights / norm).astype(np.float32)
