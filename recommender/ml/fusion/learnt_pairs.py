"""Pairs whose truth is known: some of them, some once more as if their tags were new, how well logits rank them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.ml.examples import BoolArray, FloatArray, IntArray
from recommender.ml.fusion.config import BoostingConfig
from recommender.ml.fusion.pair_table import PairTable, as_if_unseen, concatenated
from recommender.ml.fusion.sparse_rows import ranks_within

_NDCG_DISCOUNTS = 1.0 / np.log2(np.arange(5) + 2.0)


@dataclass(frozen=True)
class LearntPairs:
    """Pairs of documents that their sources did not see, and what is true of them."""

    table: PairTable
    hits: NDArray[np.bool_]  # (n_pairs,)
    weights: FloatArray  # (n_pairs,) 0 where nobody looked
    n_gold: IntArray  # (n_texts,) right tags, found or not

    def of_texts(self, texts: IntArray) -> "LearntPairs":
        kept = np.isin(self.table.rows, texts)
        return LearntPairs(self.table.of_texts(texts), self.hits[kept], self.weights[kept], self.n_gold[texts])

    def as_if_unseen(self, hidden: BoolArray) -> "LearntPairs":
        """Pairs of hidden labels, shape (n_labels,), as they would be if no document had ever borne the tag."""
        features, places = as_if_unseen(self.table, hidden)
        table = PairTable(self.table.n_texts, self.table.rows[places], self.table.labels[places], features)
        return LearntPairs(table, self.hits[places], self.weights[places], self.n_gold)


def joined_pairs(parts: Sequence[LearntPairs]) -> LearntPairs | None:
    """One part behind the other; None where there is none."""
    if not parts:
        return None
    return LearntPairs(
        concatenated([part.table for part in parts]),
        np.concatenate([part.hits for part in parts]),
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.n_gold for part in parts]),
    )


def best_stage(
    staged: Sequence[tuple[BoolArray, Sequence[FloatArray]]], dev: LearntPairs, config: BoostingConfig
) -> tuple[int, FloatArray]:
    """The number of trees with the lowest log loss on dev (at least a tenth of all), and dev's logits with it."""
    logits = np.zeros(len(dev.hits), np.float32)
    if not staged:
        return config.n_trees, logits
    losses = np.zeros(config.n_trees)
    for mine, stages in staged:
        for stage, each in enumerate(stages):
            losses[stage] += _log_loss(each, dev.hits[mine], dev.weights[mine])
    first = config.n_trees // 10
    best = first + int(np.argmin(losses[first:]))
    for mine, stages in staged:
        logits[mine] = stages[best]
    return best + 1, logits


def ndcg_at_5(pairs: LearntPairs, logits: FloatArray) -> float:
    """Mean nDCG@5 over the texts with a right tag (Järvelin and Kekäläinen, 2002)."""
    ranks = ranks_within(pairs.table.rows, logits)
    counted = pairs.hits & (ranks < len(_NDCG_DISCOUNTS))
    gained = np.bincount(pairs.table.rows[counted], _NDCG_DISCOUNTS[ranks[counted]], pairs.table.n_texts)
    labelled = pairs.n_gold > 0
    ideal = np.cumsum(_NDCG_DISCOUNTS)[np.minimum(pairs.n_gold[labelled], len(_NDCG_DISCOUNTS)) - 1]
    return float((gained[labelled] / ideal).mean()) if labelled.any() else float("nan")


def _log_loss(logits: FloatArray, hits: BoolArray, weights: FloatArray) -> float:
    signed = np.where(hits, -logits, logits).astype(np.float64)
    return float((weights * np.logaddexp(0.0, signed)).sum())
