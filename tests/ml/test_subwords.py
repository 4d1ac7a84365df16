"""Subword hashing and vectors are fastText's own."""

from pathlib import Path

import fasttext
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.ml.skipgram import SkipgramConfig, train_word_vectors
from recommender.ml.subwords import Subwords, subword_buckets

WORDS = ["bread", "butter", "学习", "naïve", "c++"]
UNSEEN = ["breads", "学习者", "x", "ü", "kubernetes", "c++17"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> fasttext.FastText._FastText:
    corpus = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    Path(corpus).write_text((" ".join(WORDS) + "\n") * 20, encoding="utf-8")
    return fasttext.train_unsupervised(
        str(corpus), dim=10, minn=2, maxn=4, bucket=300, minCount=1, thread=10, epoch=1, verbose=0
    )


@pytest.mark.parametrize("word", UNSEEN)
def test_buckets_of_an_unseen_word_equal_fasttexts(word: str, model: fasttext.FastText._FastText) -> None:
    n_known = len(model.words)

    buckets = subword_buckets(word, 2, 4, 300)

    _, theirs = model.get_subwords(word)
    assert [n_known + bucket for bucket in buckets] == theirs.tolist()


@pytest.mark.parametrize("word", UNSEEN)
def test_vector_of_an_unseen_word_equals_fasttexts(word: str, model: fasttext.FastText._FastText) -> None:
    subwords = Subwords(2, 4, model.get_input_matrix()[len(model.words) :])

    vector = subwords.vector(word)

    assert np.allclose(vector, model.get_word_vector(word), atol=1e-6)


@given(st.text(st.characters(exclude_categories=("Cs", "Z", "Cc")), min_size=1, max_size=12))
def test_every_word_hashes_into_the_table(word: str) -> None:
    buckets = subword_buckets(word, 3, 5, 97)

    assert all(0 <= bucket < 97 for bucket in buckets)


def test_the_same_seed_gives_the_same_vectors_and_another_seed_others() -> None:
    documents = [WORDS] * 30
    config = SkipgramConfig(dim=10, epochs=1, buckets=100, min_count=1)

    first, again, other = (
        train_word_vectors(documents, WORDS, config, seed=seed, on_progress=lambda done: None).words
        for seed in (1, 1, 2)
    )

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
