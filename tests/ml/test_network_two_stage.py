"""The network's two-stage head: the same best tags for less work; explanations and tag vectors stay."""

from dataclasses import replace

import numpy as np
import pytest

from recommender.ml.examples import Example, LabelSpace, Text
from recommender.ml.training import TrainedRanker, train_ranker
from tests.ml.conftest import TOPICS, quick_config, silent

N_LABELS = 520


def _trained(head: str, picked_clusters: int) -> TrainedRanker:
    examples = [
        Example(Text(title, f"{body} Part {part}."), (topic,), f"d{2 * topic + part}")
        for topic, (title, body) in enumerate(TOPICS)
        for part in range(2)
    ]
    return train_ranker(
        "fasttext-cnn-mlp",
        train=examples,
        dev=examples,
        label_space=LabelSpace(tuple(f"tag{n}" for n in range(N_LABELS))),
        config=replace(quick_config("fasttext-cnn-mlp"), head=head, picked_clusters=picked_clusters),
        seed=3,
        on_progress=silent,
    )


@pytest.fixture(scope="module")
def wide() -> TrainedRanker:
    return _trained("wide", 8)


@pytest.fixture(scope="module")
def two_stage() -> TrainedRanker:
    return _trained("two-stage", 4)


def test_tags_of_other_clusters_have_one_low_logit_and_the_rest_their_own(
    wide: TrainedRanker, two_stage: TrainedRanker
) -> None:
    texts = [Text(title, body) for title, body in TOPICS]

    full, picked = wide.ranker.logits(texts), two_stage.ranker.logits(texts)

    scored = picked > picked.min(axis=1, keepdims=True)
    assert (scored.sum(axis=1) < N_LABELS / 2).all()
    assert picked[scored] == pytest.approx(full[scored], abs=0.02)
    assert np.array_equal(picked.argmax(axis=1), full.argmax(axis=1))


def test_a_tag_outside_of_the_picked_clusters_is_explained_as_by_the_wide_head(
    wide: TrainedRanker, two_stage: TrainedRanker
) -> None:
    text = Text(*TOPICS[0])
    left_out = int(two_stage.ranker.logits([text])[0].argmin())

    ours, expected = (
        {evidence.text: evidence.contribution for evidence in each.ranker.explain(text, left_out)}
        for each in (two_stage, wide)
    )

    both = ours.keys() & expected.keys()
    assert len(both) >= len(expected) - 1 > 0
    assert [ours[word] for word in both] == pytest.approx([expected[word] for word in both], abs=0.02)


def test_tag_vectors_are_those_of_the_wide_head(wide: TrainedRanker, two_stage: TrainedRanker) -> None:
    vectors = two_stage.ranker.tag_vectors()

    expected = wide.ranker.tag_vectors()
    assert vectors is not None and expected is not None
    assert np.array_equal(vectors, expected)
