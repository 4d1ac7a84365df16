"""The two-stage head: balanced clusters, and scores that equal the full head's inside the picked clusters."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from recommender.ml.clustered_head import (
    balanced_clusters,
    cluster_targets,
    clustered_head,
    full_bag,
    mean_matcher,
)
from recommender.ml.examples import FloatArray
from recommender.ml.features import Bag

N_TOPICS, A_TOPIC, DIM = 8, 6, 16


def topical_vectors(seed: int = 0) -> FloatArray:
    """Vectors of tags around eight well-separated directions, topic by topic."""
    rng = np.random.default_rng(seed)
    centres = np.eye(DIM)[:N_TOPICS]
    return (np.repeat(centres, A_TOPIC, 0) + rng.normal(size=(N_TOPICS * A_TOPIC, DIM)) * 0.05).astype(np.float32)


def as_bags(texts: FloatArray, kind: str) -> list[Bag]:
    """Full vectors for dense heads; for sparse ones only the features that a text has."""
    if kind == "dense":
        return [full_bag(text) for text in texts]
    return [Bag(np.flatnonzero(text), text[text != 0]) for text in texts]


def as_given(rows: FloatArray, kind: str) -> Any:
    return sparse.csr_matrix(rows) if kind == "sparse" else rows


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("n_clusters", [1, 3, 8, 64])
def test_clusters_are_balanced_and_hold_every_tag_once(kind: str, n_clusters: int) -> None:
    vectors = topical_vectors()

    clusters = balanced_clusters(as_given(vectors, kind), n_clusters, seed=1)

    sizes = np.diff(clusters.offsets)
    assert sorted(clusters.labels.tolist()) == list(range(len(vectors)))
    assert sizes.max() - sizes.min() <= 1
    assert len(vectors) > clusters.n_clusters / 2 and clusters.n_clusters <= n_clusters


def test_tags_of_one_topic_come_together() -> None:
    vectors = topical_vectors()

    clusters = balanced_clusters(vectors, N_TOPICS, seed=3)

    topics = [set((clusters.members(np.array([c])) // A_TOPIC).tolist()) for c in range(clusters.n_clusters)]
    drawn = np.random.default_rng(3).permutation(len(vectors)).reshape(N_TOPICS, A_TOPIC) // A_TOPIC
    by_chance = [len(set(row.tolist())) for row in drawn]
    assert sum(map(len, topics)) < sum(by_chance) / 2


def test_the_same_seed_gives_the_same_clusters() -> None:
    vectors = topical_vectors()

    first, again = (balanced_clusters(vectors, 8, seed=5) for _ in range(2))

    assert np.array_equal(first.labels, again.labels)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_with_all_clusters_picked_the_logits_are_those_of_the_full_head(kind: str) -> None:
    weights, intercepts = topical_vectors(), np.linspace(-1, 1, N_TOPICS * A_TOPIC).astype(np.float32)
    texts = np.random.default_rng(2).normal(size=(5, DIM)).astype(np.float32)
    texts[0], texts[1, 3:] = 0, 0
    weights[:, 5] = 0
    clusters = balanced_clusters(weights, 8, seed=1)
    matcher = mean_matcher(as_given(weights, kind), intercepts, clusters)

    head = clustered_head(as_given(weights, kind), intercepts, clusters, *matcher)

    assert head.logits(as_bags(texts, kind), 8, -99.0) == pytest.approx(texts @ weights.T + intercepts, abs=1e-5)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_the_best_tag_is_found_in_few_clusters(kind: str) -> None:
    weights, intercepts = topical_vectors(), np.zeros(N_TOPICS * A_TOPIC, np.float32)
    texts = topical_vectors(seed=9)
    clusters = balanced_clusters(weights, 8, seed=1)
    head = clustered_head(
        as_given(weights, kind), intercepts, clusters, *mean_matcher(as_given(weights, kind), intercepts, clusters)
    )

    logits = head.logits(as_bags(texts, kind), 2, -99.0)

    full = texts @ weights.T
    assert (logits.max(axis=1) >= full.max(axis=1) - 0.15).mean() > 0.9
    assert ((logits > -99).sum(axis=1) <= 2 * (A_TOPIC + 1)).all()


def test_a_cluster_is_right_where_one_of_its_tags_is() -> None:
    gold = sparse.csr_matrix(np.eye(48, dtype=np.float32)[[0, 7]] + np.eye(48, dtype=np.float32)[[1, 40]])
    clusters = balanced_clusters(topical_vectors(), 8, seed=1)

    targets = cluster_targets(gold, clusters).toarray()

    for row, labels in enumerate([(0, 1), (7, 40)]):
        holders = [c for c in range(8) if set(labels) & set(clusters.members(np.array([c])).tolist())]
        assert np.flatnonzero(targets[row]).tolist() == holders
        assert set(targets[row].tolist()) <= {0.0, 1.0}
