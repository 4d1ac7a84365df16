"""What settings of the regression are worth on dev, measured on a part of the documents."""

import numpy as np

from recommender.ml.examples import label_matrix
from recommender.ml.features import fit_feature_space
from recommender.ml.fusion.config import RidgeConfig
from recommender.ml.fusion.corpus import corpus_of
from recommender.ml.fusion.ridge import fit_ridge
from recommender.ml.fusion.sparse_rows import best_columns, rows_of_bags
from recommender.ml.metrics import ndcg_at_k
from recommender.ml.parts import TrainingTask, tokenised
from recommender.ml.recipes import feature_limits

_DOCUMENTS, _DEV_DOCUMENTS, _LABELS = 4_000, 1_000, 2_000
_K = 5


class LinearSearch:
    """The newest documents of train (any, without dates) and dev as matrices, read once for all that is tried."""

    def __init__(self, task: TrainingTask) -> None:
        train = sorted(task.train, key=lambda example: example.published_at or 0.0)[-_DOCUMENTS:]
        dev = [example for example in task.dev if example.labels][:_DEV_DOCUMENTS]
        config = task.config
        documents = tokenised(train, config.max_tokens, lambda _stage, _fraction: None)
        space = fit_feature_space(documents, feature_limits(config))
        features = rows_of_bags([space.bag_of(tokens) for tokens in documents], space.n_features)
        self._corpus = corpus_of(train, features, task.label_space.n_labels)
        dev_documents = tokenised(dev, config.max_tokens, lambda _stage, _fraction: None)
        self._dev = rows_of_bags([space.bag_of(tokens) for tokens in dev_documents], space.n_features)
        self._examples = dev

    def ndcg_at_5(self, config: RidgeConfig) -> float:
        """Mean over dev of the regression alone, for the most used tags."""
        limited = RidgeConfig(config.penalty, max_labels=min(_LABELS, config.max_labels), smallest_weight=0.0)
        ridge = fit_ridge(self._corpus, limited, lambda _fraction: None)
        scores = (self._dev @ ridge.weights).toarray() + ridge.intercepts
        gold = label_matrix(self._examples, self._corpus.n_labels) > 0
        return float(np.nanmean(ndcg_at_k(gold, ridge.labels[best_columns(scores, _K)], _K)))
