"""The graph that serves says what the trees said in training."""

import numpy as np
import pytest

from recommender.ml.fusion.boosting import BoostedGraph, TrainingPairs, as_graph, boost
from recommender.ml.fusion.config import BoostingConfig


def pairs(n: int = 600, seed: int = 0) -> TrainingPairs:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 5)).astype(np.float32)
    hits = features[:, 0] + (features[:, 1] > 0.5) > 0.3
    features[rng.random((n, 5)) < 0.2] = np.nan
    features[:, 4] = np.nan
    return TrainingPairs(features, hits, np.ones(n, np.float32))


def test_graph_and_training_agree_on_every_pair_also_with_missing_values() -> None:
    learnt = pairs()
    boosted = boost(learnt, BoostingConfig(n_trees=40), seed=1, threads=1)
    graph = BoostedGraph(as_graph(boosted), boosted.columns.tolist(), threads=1)
    others = pairs(seed=1).features

    assert graph.logits(others) == pytest.approx(boosted.logits(others), abs=1e-4)
    assert graph.logits(others[:0]).shape == (0,)


def test_a_threshold_that_is_hit_exactly_goes_the_same_way_in_both() -> None:
    learnt = pairs()
    learnt.features[:, 0] = np.round(learnt.features[:, 0], 1)
    boosted = boost(learnt, BoostingConfig(n_trees=40), seed=1, threads=1)
    middles = np.array([tree[0].nodes["num_threshold"][0] for tree in boosted.model._predictors])
    grid = np.full((len(middles), 5), np.nan, np.float32)
    grid[:, 0] = middles

    assert BoostedGraph(as_graph(boosted), boosted.columns.tolist(), 1).logits(grid) == pytest.approx(
        boosted.logits(grid), abs=1e-4
    )


def test_gains_point_at_the_features_that_decide() -> None:
    gains = boost(pairs(), BoostingConfig(n_trees=40), seed=1, threads=1).gains(5)

    assert gains.sum() == pytest.approx(1.0)
    assert gains[0] > gains[2] + gains[3]
    assert gains[4] == 0


def test_pairs_of_one_kind_teach_nothing_and_are_refused() -> None:
    learnt = pairs()

    with pytest.raises(ValueError, match="both kinds"):
        boost(TrainingPairs(learnt.features, np.ones(600, bool), learnt.weights), BoostingConfig(), seed=1, threads=1)
