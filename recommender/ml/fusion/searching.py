"""What settings of the regression are worth on dev, measured on a part of the documents."""

from dataclasses import replace
from typing import Any

import numpy as np

from recommender.ml.fusion.config import RidgeConfig
from recommender.ml.fusion.corpus import Corpus
from recommender.ml.fusion.ridge import fit_ridge
from recommender.ml.highest import top_labels
from recommender.ml.metrics import ndcg_at_k

_PENALTIES = (0.1, 0.3, 1.0)
_DOCUMENTS, _DEV_DOCUMENTS, _LABELS = 4_000, 1_000, 2_000
_K = 5


def penalty_search(train: Corpus, dev: Corpus, config: RidgeConfig) -> list[dict[str, Any]]:
    """Mean nDCG@5 over dev of the regression alone, a row for each penalty; none where dev bears no tags.

    At most the 4,000 newest documents (any, without dates) and the 2,000 most used tags are looked at: it is a number
    of documents and not a number of seconds that bounds the search, so that equal data give equal models.
    """
    rows = np.flatnonzero(np.diff(dev.gold.indptr) > 0)[:_DEV_DOCUMENTS]
    if len(rows) == 0:
        return []
    newest, dev = train.rows(np.sort(train.oldest_first[-_DOCUMENTS:])), dev.rows(rows)
    gold = dev.gold.toarray() > 0
    found = []
    for penalty in _PENALTIES:
        tried = replace(config, penalty=penalty, max_labels=min(_LABELS, config.max_labels))
        ridge = fit_ridge(newest, tried, lambda _fraction: None)
        scores = (dev.features @ ridge.weights).toarray() + ridge.intercepts
        ranked = ridge.labels[top_labels(scores, _K)]
        figure = float(np.nanmean(ndcg_at_k(gold, ranked, _K)))
        found.append({"config": {"penalty": penalty}, "ndcg_at_5": figure})
    return found
