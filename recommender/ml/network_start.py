"""Before and after the training of the network: weights of its bag, first vectors, and vectors of its tags."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from recommender.ml.examples import FloatArray, IntArray
from recommender.ml.features import FeatureSpace, pair_keys
from recommender.ml.text import Tokens

_SIF_SMOOTHING = 1e-3


def weighted(space: FeatureSpace, documents: Sequence[Tokens], weighting: Literal["tf-idf", "sif"]) -> FeatureSpace:
    """The space with the weights that bags take, "tf-idf" or "sif".

    Smooth inverse frequency is a / (a + p) with the feature's share p of all occurrences (Arora et al., ICLR 2017).
    The common direction that the paper takes out afterwards is left to LayerNorm and the layers behind it.
    """
    if weighting == "tf-idf":
        return space
    counts = sum((_occurrences(space, tokens) for tokens in documents), np.zeros(space.n_features))
    shares = counts / max(float(counts[: space.n_words].sum()), 1.0)
    return replace(space, idf=(_SIF_SMOOTHING / (_SIF_SMOOTHING + shares)).astype(np.float32))


def first_vectors(space: FeatureSpace, word_vectors: FloatArray) -> FloatArray:
    """Shape (n_features, dim): words at their vectors, pairs half-way between those of their two words."""
    words = word_vectors[: space.n_words]
    first, second = words[space.pairs >> 32], words[space.pairs & 0xFFFFFFFF]
    return np.concatenate([words, (first + second) / 2])


def _occurrences(space: FeatureSpace, tokens: Tokens) -> IntArray:
    """How often each feature stands in the document, shape (n_features,)."""
    fields = [space.word_indices(words) for words in (tokens.title, tokens.body)]
    keys = np.concatenate([pair_keys(indices) for indices in fields])
    pairs = np.flatnonzero(np.isin(keys, space.pairs))
    places = np.searchsorted(space.pairs, keys[pairs]) + space.n_words
    words = np.concatenate([indices[indices >= 0] for indices in fields])
    return np.bincount(np.concatenate([words, places]), minlength=space.n_features)


def tag_vectors(output_weights: FloatArray, counts: IntArray, dim: int) -> FloatArray:
    """Rows of the output layer on their principal axes, (n_labels, at most dim); zeros for tags without a document.

    No other axes keep the inner products of the rows better (Eckart and Young, 1936).
    """
    known = output_weights * (counts > 0)[:, None].astype(np.float32)
    axes = np.linalg.eigh(known.T.astype(np.float64) @ known)[1][:, ::-1][:, :dim]
    vectors: FloatArray = (known @ axes).astype(np.float32)
    return vectors
