"""Two towers: texts find tags by the words of these, also tags that no document bears."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from recommender.ml.configs import TwoTowersConfig
from recommender.ml.errors import ConfigInvalid, NotEnoughExamples
from recommender.ml.examples import Example, Text
from recommender.ml.parts import ModelParts
from recommender.ml.skipgram import SkipgramConfig
from recommender.ml.tag_texts import TagText
from recommender.ml.two_towers import TwoTowers
from recommender.ml.two_towers_training import _multi_positive_loss, fit_two_towers
from tests.ml.conftest import eight_examples, silent

CONFIG = TwoTowersConfig(
    skipgram=SkipgramConfig(dim=24, epochs=2, buckets=500), min_steps=60, batch_size=8, word_dropout=0.0, threads=1
)
TAGS = (
    TagText("programming", ("c++",), "compilers and linkers"),
    TagText("cooking", ("bread",), "flour and water in the oven"),
    TagText("人工智能", ("深度学习",)),
    TagText("sport", (), "cycling over a mountain pass"),
    TagText("gardening", (), "roses and tulips"),
)


@pytest.fixture(scope="module")
def parts() -> ModelParts:
    return fit_two_towers(CONFIG, eight_examples(), TAGS, silent, seed=2)


def test_texts_are_nearest_to_their_own_tags(parts: ModelParts) -> None:
    examples = eight_examples()

    cosines = TwoTowers(parts).similarities([example.text for example in examples], TAGS)

    assert cosines.argmax(axis=1).tolist() == [example.labels[0] for example in examples]
    assert np.abs(cosines).max() <= 1.0 + 1e-5


def test_a_tag_never_seen_in_training_is_found_by_its_words(parts: ModelParts) -> None:
    new = (*TAGS, TagText("baking", ("sourdough bread",)))
    text = Text("Sourdough bread", "Baking sourdough bread")

    (cosines,) = TwoTowers(parts).similarities([text], new)

    assert np.argsort(-cosines)[:2].tolist() in ([5, 1], [1, 5])


def test_texts_and_tags_without_words_have_no_direction(parts: ModelParts) -> None:
    towers = TwoTowers(parts)

    assert not towers.text_vectors([Text("", "")]).any()
    assert not towers.tag_vectors([TagText("…")]).any()
    assert towers.text_vectors([]).shape == (0, towers.dim)


def test_an_unknown_word_counts_by_its_spelling(parts: ModelParts) -> None:
    towers = TwoTowers(parts)

    misspelt, known, other = towers.tag_vectors([TagText("sourdoughs"), TagText("sourdough"), TagText("templates")])

    assert misspelt.any()
    assert np.linalg.norm(misspelt) == pytest.approx(1.0, abs=1e-4)
    assert not np.allclose(misspelt, known)
    assert not np.allclose(misspelt, other)


def test_the_same_seed_gives_the_same_towers(parts: ModelParts) -> None:
    again = fit_two_towers(CONFIG, eight_examples(), TAGS, silent, seed=2)

    assert all(np.array_equal(again.tensors[name], tensor) for name, tensor in parts.tensors.items())


def test_frozen_embeddings_leave_the_words_where_they_were() -> None:
    frozen = replace(CONFIG, embeddings="frozen")

    vectors = fit_two_towers(frozen, eight_examples(), TAGS, silent, seed=2).tensors["vectors"]

    lengths = np.linalg.norm(vectors.astype(np.float32), axis=1)
    assert lengths == pytest.approx(1.0, abs=1e-2)


def test_other_right_tags_of_a_text_are_no_negatives() -> None:
    logits = torch.tensor([[2.0, 5.0, -1.0]])
    gold = torch.tensor([[True, True, False]])

    loss = _multi_positive_loss(logits, gold)

    expected = [np.log1p(np.exp(-1.0 - 2.0)), np.log1p(np.exp(-1.0 - 5.0))]
    assert loss.item() == pytest.approx(np.mean(expected), rel=1e-5)


def test_a_batch_in_which_every_tag_is_right_has_a_finite_slope() -> None:
    logits = torch.tensor([[2.0, 5.0]], requires_grad=True)

    loss = _multi_positive_loss(logits, torch.tensor([[True, True]]))
    loss.backward()  # type: ignore[no-untyped-call]

    assert loss.item() == 0.0
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_training_says_what_is_missing() -> None:
    untagged = [Example(Text("a", "b"), ())]

    with pytest.raises(NotEnoughExamples, match="tag some first"):
        fit_two_towers(CONFIG, untagged, TAGS, silent, seed=2)


def test_an_unknown_kind_of_embedding_is_named() -> None:
    unknown: Any = "cold"
    wrong = replace(CONFIG, embeddings=unknown)

    with pytest.raises(ConfigInvalid, match="cold"):
        fit_two_towers(wrong, eight_examples(), TAGS, silent, seed=2)
