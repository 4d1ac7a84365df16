"""Term weightings beside TF-IDF, keywords by any of them, and the direction that all document vectors share.

A weighting gives a document's features new weights, in the order of `space.tf_idf_bag(tokens).features`, so that it can
stand where TF-IDF stands. A feature space with `weighting` "sif" or "textrank" (the last one here) weighs documents so:

- `tf_idf_weights`: what the bag has already (Salton and Buckley, 1988);
- `sif_weights`: smooth inverse frequency a / (a + p(w)) (Arora, Liang and Ma, ICLR 2017, "A simple but tough-to-beat
  baseline for sentence embeddings");
- `textrank_weights`: PageRank over the words that stand near each other in this one document (Mihalcea and Tarau,
  EMNLP 2004, "TextRank: bringing order into texts"), which needs no corpus;
- `central_tf_idf_weights`: both.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recommender.ml.examples import BoolArray, FloatArray, IntArray
from recommender.ml.features import UNKNOWN, Bag, FeatureSpace
from recommender.ml.name_forms import STOP_WORDS
from recommender.ml.text import Tokens

Weights = Callable[[Tokens, FeatureSpace, Bag], FloatArray]

_PAIR_SHIFT, _SECOND_MASK = 32, (1 << 32) - 1
_WINDOW = 2  # neighbours this near are linked; the paper's best
_DAMPING, _TOLERANCE, _MAX_ITERATIONS = 0.85, 1e-4, 100


def tf_idf_weights(tokens: Tokens, space: FeatureSpace) -> FloatArray:
    """TF-IDF, of length one; shape (n_features_of_document,) as of all weightings here."""
    return space.tf_idf_bag(tokens).weights


def sif_weights(tokens: Tokens, space: FeatureSpace) -> FloatArray:
    """(1 + ln tf) · a / (a + p), of length one; see `FeatureSpace.smooth_inverse_frequencies`."""
    return _sif(tokens, space, space.tf_idf_bag(tokens))


def textrank_weights(tokens: Tokens, space: FeatureSpace) -> FloatArray:
    """PageRank of each word among the document's words, a pair bearing the sum of its two; of length one.

    Function words are no nodes, as the paper's filter by part of speech leaves none; features of them get 0.
    """
    return _textrank(tokens, space, space.tf_idf_bag(tokens))


def central_tf_idf_weights(tokens: Tokens, space: FeatureSpace) -> FloatArray:
    """TF-IDF times the square root of TextRank, of length one: rare words that are central to this document.

    TF-IDF alone where no two content words stand next to each other.
    """
    return _central(tokens, space, space.tf_idf_bag(tokens))


def weighted_bag(tokens: Tokens, space: FeatureSpace) -> Bag:
    """The document's bag under the space's own weighting."""
    bag = space.tf_idf_bag(tokens)
    return Bag(bag.features, _WEIGHTS[space.weighting](tokens, space, bag))


def _sif(tokens: Tokens, space: FeatureSpace, bag: Bag) -> FloatArray:
    return _of_length_one(bag.weights / space.idf[bag.features] * space.smooth_inverse_frequencies[bag.features])


def _textrank(tokens: Tokens, space: FeatureSpace, bag: Bag) -> FloatArray:
    ranks = _page_ranks(_word_graph(tokens, space), space.n_words)
    is_pair = bag.features >= space.n_words
    weights = np.zeros(len(bag.features))
    weights[~is_pair] = ranks[bag.features[~is_pair]]
    pairs = space.pairs[bag.features[is_pair] - space.n_words]
    weights[is_pair] = ranks[pairs >> _PAIR_SHIFT] + ranks[pairs & _SECOND_MASK]
    return _of_length_one(weights)


def _central(tokens: Tokens, space: FeatureSpace, bag: Bag) -> FloatArray:
    central = bag.weights * np.sqrt(_textrank(tokens, space, bag))
    return _of_length_one(central if central.any() else bag.weights)


_WEIGHTS: Mapping[str, Weights] = {"sif": _sif, "textrank": _central}


def keywords(
    tokens: Tokens, space: FeatureSpace, weighting: Callable[[Tokens, FeatureSpace], FloatArray], n: int
) -> tuple[tuple[str, float], ...]:
    """The `n` heaviest words of a document that are no function words, with their weights, heaviest first."""
    features = space.tf_idf_bag(tokens).features
    found = [
        (space.words[feature], float(weight))
        for feature, weight in zip(features, weighting(tokens, space), strict=True)
        if feature < space.n_words and weight > 0 and space.words[feature] not in STOP_WORDS
    ]
    return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0]))[:n])


def common_direction(vectors: FloatArray) -> FloatArray:
    """First principal component of document vectors (n_documents, dim), not centred (as SIF has it), shape (dim,)."""
    _, directions = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors)
    largest: FloatArray = directions[:, -1].astype(np.float32)
    return largest


def without_direction(vectors: FloatArray, direction: FloatArray) -> FloatArray:
    """The vectors (n_documents, dim) less their part along a direction of length one."""
    rest: FloatArray = vectors - np.outer(vectors @ direction, direction)
    return rest


def _word_graph(tokens: Tokens, space: FeatureSpace) -> IntArray:
    """Linked words as rows (first, second), each link once, shape (n_links, 2)."""
    links = [
        np.sort(np.stack([words[:-distance], words[distance:]], axis=1), axis=1)
        for words in (_content_words(field, space) for field in (tokens.title, tokens.body))
        for distance in range(1, _WINDOW)
    ]
    joined = np.concatenate(links)
    different: IntArray = np.unique(joined[joined[:, 0] != joined[:, 1]], axis=0)
    return different


def _content_words(words: tuple[str, ...], space: FeatureSpace) -> IntArray:
    indices = space.word_indices(words)
    is_content: BoolArray = np.array([word not in STOP_WORDS for word in words], np.bool_)
    known: IntArray = indices[is_content & (indices != UNKNOWN)]
    return known


def _page_ranks(links: IntArray, n_words: int) -> FloatArray:
    """Rank of each word of the space, 0 for those without a link; ranks add up to 1 where there is any link."""
    ranks = np.zeros(n_words, np.float32)
    nodes, ends = np.unique(links, return_inverse=True)
    if not len(nodes):
        return ranks
    first, second = ends.reshape(-1, 2).T
    adjacency = csr_matrix((np.ones(len(links)), (first, second)), shape=(len(nodes), len(nodes)))
    adjacency = adjacency + adjacency.T
    degrees = np.asarray(adjacency.sum(axis=1)).ravel()
    rank = np.full(len(nodes), 1.0 / len(nodes))
    for _ in range(_MAX_ITERATIONS):
        former, rank = rank, (1.0 - _DAMPING) / len(nodes) + _DAMPING * (adjacency @ (rank / degrees))
        if np.abs(rank - former).sum() < _TOLERANCE:
            break
    ranks[nodes] = rank
    return ranks


def _of_length_one(weights: NDArray[np.floating]) -> FloatArray:
    norm = float(np.sqrt(weights @ weights)) or 1.0
    return (weights / norm).astype(np.float32)
