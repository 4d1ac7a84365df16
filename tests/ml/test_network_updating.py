"""A warm start of the network: what it knew stays in its place, words and tags are appended, the new tag is learnt."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.ml import (
    Example,
    LabelSpace,
    LearntExamples,
    Replay,
    ReplayLimits,
    SeenDocuments,
    Text,
    TrainedRanker,
    TrainingTask,
    open_trained,
    refit_ranker,
    save_bundle,
    train_ranker,
    update_obstacle,
    update_ranker,
)
from recommender.ml.configs import NetworkConfig
from recommender.ml.features import FeatureLimits, fit_feature_space, grown_feature_space, places_in
from recommender.ml.network_scorer import NetworkScorer
from recommender.ml.network_updating import update
from recommender.ml.parts import feature_space, inner
from recommender.ml.skipgram import SkipgramConfig
from recommender.ml.tag_texts import TagText
from recommender.ml.text import Tokens
from tests.ml.conftest import silent
from tests.ml.fusion.conftest import QUICK
from tests.ml.fusion.newsroom import LABEL_SPACE, NAMES, TAG_TEXTS, TOPICS, examples
from tests.ml.fusion.test_network_source import TINY, train_with_network

NAME = "fasttext-cnn-mlp"
CONFIG = NetworkConfig(
    embedding_dim=24,
    skipgram=SkipgramConfig(dim=20, epochs=2, buckets=500),
    n_filters=8,
    hidden_sizes=(24,),
    min_steps=300,
    batch_size=16,
    threads=1,
)
NEW_TAG = "volcano"
GROWN = LABEL_SPACE.extended([NEW_TAG])
SEEN = examples(120)
NEW = [
    Example(Text("Lava", f"Magma and ash of the crater {number} lava ash"), (GROWN.n_labels - 1,), f"new-{number}")
    for number in range(20)
]
ERUPTION = Text("Ash", "Magma leaves the crater")


def trained(label_space: LabelSpace = LABEL_SPACE, config: NetworkConfig = CONFIG) -> TrainedRanker:
    documents = (
        [replace(each, labels=each.labels[:1]) for each in SEEN] if label_space.selection_mode == "one" else SEEN
    )
    return train_ranker(
        NAME,
        train=documents,
        dev=documents[100:],
        label_space=label_space,
        config=config,
        seed=3,
        on_progress=silent,
    )


def opened(ranker: TrainedRanker, directory: Path) -> TrainedRanker:
    save_bundle(ranker, directory)
    return open_trained(directory)


def task(label_space: LabelSpace = GROWN, config: NetworkConfig = CONFIG, **options: object) -> TrainingTask:
    replay = Replay(SeenDocuments.of(SEEN), LearntExamples.of(SEEN), ReplayLimits(0.5))
    settings = {"config": config, "seed": 3, "on_progress": silent, "replay": replay, **options}
    return TrainingTask([*SEEN, *NEW[4:]], NEW[:4], label_space, **settings)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> TrainedRanker:
    return opened(trained(), tmp_path_factory.mktemp("network") / "parent")


@pytest.fixture(scope="module")
def updated(parent: TrainedRanker) -> TrainedRanker:
    return update_ranker(parent, task())


def first_labels(ranker: TrainedRanker, texts: Sequence[Text]) -> list[int]:
    labels: list[int] = ranker.ranker.logits(texts).argmax(axis=1).tolist()
    return labels


def test_an_update_learns_the_new_tag_and_still_knows_the_old_ones(
    parent: TrainedRanker, updated: TrainedRanker
) -> None:
    old = [Text(f"About the {words.split()[0]}", f"{words} {words}") for words in TOPICS.values()]
    before = np.mean(np.array(first_labels(parent, old)) == np.arange(len(TOPICS)))

    after = np.mean(np.array(first_labels(updated, old)) == np.arange(len(TOPICS)))

    assert update_obstacle(parent, NAME, task()) is None
    assert first_labels(updated, [ERUPTION]) == [GROWN.n_labels - 1]
    assert before >= 0.75 and after >= before - 0.13


def test_words_are_appended_and_the_parents_keep_place_weight_and_vector(
    parent: TrainedRanker, updated: TrainedRanker
) -> None:
    before, after = feature_space(parent.parts), feature_space(updated.parts)

    assert after.words[: before.n_words] == before.words
    assert {"magma", "crater", "lava"} <= set(after.words) - set(before.words)
    assert np.isin(before.pairs, after.pairs).all()
    np.testing.assert_array_equal(after.idf[places_in(before, after)], before.idf)
    np.testing.assert_array_equal(updated.parts.tensors["vectors"][: before.n_words], parent.parts.tensors["vectors"])
    assert np.abs(np.asarray(updated.parts.tensors["vectors"][before.n_words :], np.float32)).sum(axis=1).min() > 0


def test_embeddings_and_classifier_move_together_and_not_far(parent: TrainedRanker, updated: TrainedRanker) -> None:
    places = places_in(feature_space(parent.parts), feature_space(updated.parts))
    before = np.asarray(parent.parts.tensors["embedding"], np.float32)
    moved = np.abs(np.asarray(updated.parts.tensors["embedding"], np.float32)[places] - before)

    assert 0 < moved.mean() < 0.2 * np.abs(before).mean()
    assert updated.parts.graphs["head.onnx"] != parent.parts.graphs["head.onnx"]


def test_the_same_update_gives_the_same_digest_and_is_refitted_by_a_warm_start(
    parent: TrainedRanker, updated: TrainedRanker, tmp_path: Path
) -> None:
    again = update_ranker(parent, task())
    learnt = [*SEEN, *NEW[4:]]
    replay = Replay(SeenDocuments.of([*learnt, *NEW]), LearntExamples.of(learnt), ReplayLimits(0.5))

    everything = refit_ranker(updated, [*SEEN, *NEW], on_progress=silent, replay=replay)

    first, second = (save_bundle(each, tmp_path / str(n)).digest for n, each in enumerate((updated, again)))
    assert first == second
    assert everything.n_train == len(SEEN) + len(NEW)
    assert feature_space(everything.parts).words[: len(updated.parts.words)] == updated.parts.words
    assert first_labels(everything, [ERUPTION]) == [GROWN.n_labels - 1]


@pytest.mark.parametrize("changes", [{"temperature": 0.5}, {"embeddings": "frozen", "weighting": "sif"}])
def test_what_is_taken_over_is_what_the_parent_knew(tmp_path: Path, changes: dict[str, object]) -> None:
    config = replace(CONFIG, min_steps=60, **changes)  # type: ignore[arg-type]
    one = LabelSpace(NAMES, "one")
    known = opened(trained(one, config), tmp_path / "parent")
    documents = [replace(each, labels=each.labels[:1]) for each in SEEN]
    replay = Replay(SeenDocuments.of(documents), LearntExamples.of(documents))
    standing_still = replace(config, learning_rate=0.0, embedding_learning_rate=1e-12)

    parts = update(TrainingTask(documents, (), one, standing_still, 4, silent, replay=replay), known.parts)

    texts = [example.text for example in documents[:10]]
    logits, _ = NetworkScorer(parts, one.n_labels, 1).logits(texts)
    np.testing.assert_allclose(logits, known.ranker.logits(texts), atol=0.02)


def test_the_fusions_network_starts_from_its_parents(tmp_path: Path) -> None:
    fusion = opened(train_with_network(), tmp_path / "parent")
    config = replace(QUICK, network="yes", network_config=TINY)
    texts = [*TAG_TEXTS, TagText(NEW_TAG)]

    updated = update_ranker(fusion, task(config=config, tag_texts=texts))  # type: ignore[arg-type]

    before, after = inner(fusion.parts, "network"), inner(updated.parts, "network")
    assert before is not None and after is not None
    assert after.words[: len(before.words)] == before.words and "magma" in after.words
    assert after.tensors["labels"].tolist()[-1] == GROWN.n_labels - 1
    assert first_labels(updated, [ERUPTION]) == [GROWN.n_labels - 1]


WORDS = st.lists(st.sampled_from([f"w{n}" for n in range(12)]), max_size=12).map(tuple)
DOCUMENTS = st.lists(st.builds(Tokens, WORDS, WORDS, st.just(False)), max_size=12)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(old=DOCUMENTS, new=DOCUMENTS, max_words=st.integers(1, 14), max_pairs=st.integers(0, 20))
def test_a_space_only_grows_and_within_its_limits(
    old: list[Tokens], new: list[Tokens], max_words: int, max_pairs: int
) -> None:
    limits = FeatureLimits(max_words, max_pairs, 1, 1, 2.0)
    before = fit_feature_space(old, limits)

    after = grown_feature_space(before, [*old, *new], limits, n_documents=len(old) + len(new))

    assert after.words[: before.n_words] == before.words
    assert len(set(after.words)) == after.n_words <= max(max_words, before.n_words)
    assert (np.diff(after.pairs) > 0).all() and len(after.pairs) <= max(max_pairs, len(before.pairs))
    places = places_in(before, after)
    np.testing.assert_array_equal(after.pairs[places[before.n_words :] - after.n_words], before.pairs)
    np.testing.assert_array_equal(after.idf[places], before.idf)
