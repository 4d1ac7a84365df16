"""Serves two towers: a text and a tag's own words meet in one space, so tags need no documents to be found."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.examples import FloatArray, Text
from recommender.ml.features import FeatureSpace
from recommender.ml.network_scorer import unit
from recommender.ml.parts import ModelParts, feature_space
from recommender.ml.subwords import Subwords
from recommender.ml.tag_texts import TagText, as_tokens
from recommender.ml.text import Tokens, tokenise


class TwoTowers:
    """Vectors of texts and tags of length one, from word vectors and one projection for both towers.

    A tower is the TF-IDF-weighted mean of word vectors, projected; a word unknown to the table counts by its
    subwords and weighs as much as the rarest known one. Safe to call from several threads.
    """

    def __init__(self, parts: ModelParts) -> None:
        self._space: FeatureSpace = feature_space(parts)
        self._words: NDArray[Any] = parts.tensors["vectors"]
        self._projection = np.asarray(parts.tensors["projection"], np.float32)
        settings = parts.settings
        self._subwords = Subwords(
            int(settings["shortest_subword"]), int(settings["longest_subword"]), parts.tensors["subwords"]
        )
        self._rarest = float(self._space.idf.max(initial=1.0))
        self._max_tokens = int(settings["max_tokens"])

    @property
    def dim(self) -> int:
        return int(self._projection.shape[1])

    def text_vectors(self, texts: Sequence[Text]) -> FloatArray:
        """Shape (n_texts, dim); zeros for a text without words."""
        return self._vectors([tokenise(text, max_tokens=self._max_tokens) for text in texts])

    def tag_vectors(self, tag_texts: Sequence[TagText]) -> FloatArray:
        """Shape (n_tags, dim), of label, synonyms, definition and parents; zeros for a tag without words."""
        return self._vectors([as_tokens(tag_text) for tag_text in tag_texts])

    def similarities(self, texts: Sequence[Text], tag_texts: Sequence[TagText]) -> FloatArray:
        """Cosines, shape (n_texts, n_tags)."""
        cosines: FloatArray = self.text_vectors(texts) @ self.tag_vectors(tag_texts).T
        return cosines

    def _vectors(self, documents: Sequence[Tokens]) -> FloatArray:
        means = np.zeros((len(documents), self._words.shape[1]), np.float32)
        for row, tokens in enumerate(documents):
            means[row] = self._mean(tokens)
        return unit(means @ self._projection)

    def _mean(self, tokens: Tokens) -> FloatArray:
        """Shape (vector_dim,), of no particular length."""
        bag = self._space.bag_of(tokens)
        total: FloatArray = bag.weights @ self._words[bag.features].astype(np.float32)
        unknown = {word for word in (*tokens.title, *tokens.body) if word not in self._space.index_by_word}
        if not unknown:
            return total
        known_weight = float(np.square(self._space.idf[bag.features]).sum()) ** 0.5
        share = np.float32(self._rarest / (known_weight or self._rarest))
        spelt = sum((unit(self._subwords.vector(word)) for word in sorted(unknown)), np.zeros_like(total))
        return total + share * spelt
