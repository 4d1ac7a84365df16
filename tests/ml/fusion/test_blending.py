"""The trees' log-odds joined with the network's logit."""

import numpy as np
import pytest

from recommender.ml.fusion.blending import Blend, fit_blend
from recommender.ml.fusion.scored_sources import COLUMN, FEATURES


def pairs(n: int = 4_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trees that see the truth in steps of two, a network that sees all of it with noise, and hits by its odds."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1, 2, n)
    features = np.full((n, len(FEATURES)), np.nan, np.float32)
    features[:, COLUMN["network logit"]] = truth + rng.normal(0, 0.3, n)
    trees = (2 * np.round(truth / 2)).astype(np.float32)
    return trees, features, rng.random(n) < 1 / (1 + np.exp(-truth))


def log_loss(logits: np.ndarray, hits: np.ndarray) -> float:
    return float(np.logaddexp(0, np.where(hits, -logits, logits)).mean())


def test_a_blend_is_nearer_to_the_truth_than_the_trees_on_pairs_it_did_not_see() -> None:
    trees, features, hits = pairs()
    blend = fit_blend(trees, features, hits, np.ones(len(hits), np.float32))

    trees, features, hits = pairs(seed=1)

    assert log_loss(blend.logits(trees, features), hits) < log_loss(trees, hits) - 0.005
    assert blend.share > 0


def test_pairs_that_the_network_does_not_know_keep_the_logit_of_the_trees() -> None:
    trees, features, _ = pairs(10)
    features[:5, COLUMN["network logit"]] = np.nan

    logits = Blend(0.5, 0.5, 1.0).logits(trees, features)

    assert logits[:5].tolist() == trees[:5].tolist()
    assert logits[5:] == pytest.approx(0.5 * trees[5:] + 0.5 * features[5:, COLUMN["network logit"]] + 1.0, abs=1e-5)


def test_too_few_hits_or_a_network_that_misleads_leave_the_trees_alone() -> None:
    trees, features, hits = pairs()
    weights = np.ones(len(hits), np.float32)

    few = fit_blend(trees[:50], features[:50], hits[:50], weights[:50])
    misled = fit_blend(trees, -features, hits, weights)

    assert few == misled == Blend()
