"""Term weightings by TF-IDF, SIF and TextRank, and the keywords that each finds."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from recommender.ml.examples import FloatArray, Text
from recommender.ml.features import FeatureLimits, FeatureSpace, fit_feature_space
from recommender.ml.keywords import (
    central_tf_idf_weights,
    common_direction,
    keywords,
    sif_weights,
    textrank_weights,
    tf_idf_weights,
    without_direction,
)
from recommender.ml.text import Tokens, tokenise

Weighting = Callable[[Tokens, FeatureSpace], FloatArray]

WEIGHTINGS = (tf_idf_weights, sif_weights, textrank_weights, central_tf_idf_weights)

# The abstract that the paper on TextRank takes as its example (Inspec).
ABSTRACT = (
    "Compatibility of systems of linear constraints over the set of natural numbers. Criteria of compatibility of a "
    "system of linear Diophantine equations, strict inequations, and nonstrict inequations are considered. Upper "
    "bounds for components of a minimal set of solutions and algorithms of construction of minimal generating sets of "
    "solutions for all types of systems are given. These criteria and the corresponding algorithms for constructing a "
    "minimal supporting set of solutions can be used in solving all the considered types of systems and systems of "
    "mixed types."
)
CORPUS = (
    ABSTRACT,
    "The system is a set of types, and the systems of the types are given.",
    "分布式数据库的索引与缓存：索引越多，写入越慢，缓存可以减少索引的读取。",
    "数据库的备份与恢复，备份可以在夜间进行。",
    "All of the documents are about the set of all sets.",
)


def tokens_of(body: str, title: str = "") -> Tokens:
    return tokenise(Text(title, body), max_tokens=1000)


@pytest.fixture(scope="module")
def space() -> FeatureSpace:
    limits = FeatureLimits(1000, 1000, 1, 1, 2.0)
    return fit_feature_space([tokens_of(body) for body in CORPUS], limits)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_weights_stand_in_the_order_of_the_bag_and_have_length_one(weighting: Weighting, space: FeatureSpace) -> None:
    tokens = tokens_of(CORPUS[1], title=CORPUS[4])

    weights = weighting(tokens, space)

    assert weights.shape == space.bag_of(tokens).features.shape
    assert weights.dtype == np.float32
    assert float(weights @ weights) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(("name", "weights"), [("sif", sif_weights), ("textrank", central_tf_idf_weights)])
def test_a_space_weighs_documents_by_its_own_weighting_and_names_by_tf_idf(
    name: Literal["sif", "textrank"], weights: Weighting, space: FeatureSpace
) -> None:
    tokens, own = tokens_of(ABSTRACT), replace(space, weighting=name)

    assert own.bag_of(tokens).weights.tolist() == weights(tokens, space).tolist()
    assert own.bag_of(tokens).features.tolist() == space.bag_of(tokens).features.tolist()
    assert own.tf_idf_bag(tokens).weights.tolist() == space.bag_of(tokens).weights.tolist()


def test_without_neighbours_textrank_leaves_tf_idf(space: FeatureSpace) -> None:
    alone = tokens_of("set")

    assert replace(space, weighting="textrank").bag_of(alone).weights.tolist() == [1.0]


def test_textrank_finds_the_central_words_of_the_papers_own_example(space: FeatureSpace) -> None:
    found = {word for word, _ in keywords(tokens_of(ABSTRACT), space, textrank_weights, 8)}

    assert {"systems", "set", "minimal", "solutions"} <= found


def test_textrank_finds_the_central_word_of_a_chinese_text(space: FeatureSpace) -> None:
    found = [word for word, _ in keywords(tokens_of(CORPUS[2]), space, textrank_weights, 3)]

    assert "索引" in found


def test_a_pair_ranks_as_its_two_words_together(space: FeatureSpace) -> None:
    tokens = tokens_of("minimal set of solutions")

    ranks = textrank_weights(tokens, space)

    weight = dict(zip(space.bag_of(tokens).features.tolist(), ranks.tolist(), strict=True))
    minimal, together = (space.index_by_word[word] for word in ("minimal", "set"))
    pair = space.n_words + int(np.searchsorted(space.pairs, (minimal << 32) | together))
    assert weight[pair] == pytest.approx(weight[minimal] + weight[together], rel=1e-5)


def test_of_two_equally_rare_words_the_central_one_weighs_more(space: FeatureSpace) -> None:
    tokens = tokens_of("minimal equations, minimal criteria, minimal algorithms, minimal bounds: natural numbers")

    weight = dict(zip(space.bag_of(tokens).features.tolist(), central_tf_idf_weights(tokens, space), strict=True))

    assert weight[space.index_by_word["minimal"]] > weight[space.index_by_word["natural"]] > 0


def test_sif_weighs_frequent_words_less_than_tf_idf_does(space: FeatureSpace) -> None:
    tokens = tokens_of("the diophantine")
    places = np.argsort(space.bag_of(tokens).features)
    the = int(np.flatnonzero(space.bag_of(tokens).features[places] == space.index_by_word["the"])[0])
    rare = int(np.flatnonzero(space.bag_of(tokens).features[places] == space.index_by_word["diophantine"])[0])

    tf_idf, sif = (weighting(tokens, space)[places] for weighting in (tf_idf_weights, sif_weights))

    assert sif[the] / sif[rare] < tf_idf[the] / tf_idf[rare] < 1


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("body", ["", "🎉", "unheard-of wörds", "the of and", "set", "set set set"])
def test_texts_with_little_to_weigh_give_finite_weights(weighting: Weighting, body: str, space: FeatureSpace) -> None:
    weights = weighting(tokens_of(body), space)

    assert np.isfinite(weights).all()
    assert keywords(tokens_of(body), space, weighting, 3) == keywords(tokens_of(body), space, weighting, 3)


def test_vectors_without_their_common_direction_keep_what_sets_them_apart() -> None:
    rng = np.random.default_rng(1)
    shared = np.array([3.0, 4.0, 0.0, 0.0], np.float32) / 5
    own = np.concatenate([np.zeros((50, 2)), rng.normal(size=(50, 2))], axis=1).astype(np.float32)
    vectors = (own + 10 * shared).astype(np.float32)

    direction = common_direction(vectors)
    rest = without_direction(vectors, direction)

    assert abs(float(direction @ shared)) > 0.99
    assert np.abs(rest @ direction).max() < 1e-4
    assert np.corrcoef(rest[:, 3], own[:, 3])[0, 1] > 0.99
