"""Joins the trees' log-odds with the network's own logit, which trees can only follow in steps."""

from dataclasses import dataclass

import numpy as np

from recommender.ml.examples import BoolArray, FloatArray
from recommender.ml.fusion.scored_sources import COLUMN

_FEWEST_HITS = 100
_INVERSE_PENALTY = 1e4
_NETWORK = COLUMN["network logit"]


@dataclass(frozen=True)
class Blend:
    """logit = trees * slope + network * share + offset where the network has a logit, else that of the trees.

    Trees put the network's logits into bins, and where a ranking is decided lie few of them; a sum keeps their order
    (stacked generalisation, Wolpert, 1992).
    """

    slope: float = 1.0
    share: float = 0.0
    offset: float = 0.0

    def logits(self, trees: FloatArray, features: FloatArray) -> FloatArray:
        """Log-odds of pairs with the columns of FEATURES, shape (n_pairs,)."""
        network = features[:, _NETWORK]
        blended = trees * np.float32(self.slope) + network * np.float32(self.share) + np.float32(self.offset)
        joined: FloatArray = np.where(np.isnan(network), trees, blended).astype(np.float32)
        return joined


def fit_blend(trees: FloatArray, features: FloatArray, hits: BoolArray, weights: FloatArray) -> Blend:
    """By logistic regression on pairs whose text neither trees nor network saw; the trees alone with under 100 hits."""
    from sklearn.linear_model import LogisticRegression

    known = ~np.isnan(features[:, _NETWORK]) & (weights > 0)
    if hits[known].sum() < _FEWEST_HITS or hits[known].all():
        return Blend()
    both = np.stack([trees[known], features[known, _NETWORK]], axis=1).astype(np.float64)
    model = LogisticRegression(C=_INVERSE_PENALTY).fit(both, hits[known], sample_weight=weights[known])
    slope, share = model.coef_[0]
    if slope <= 0 or share <= 0:
        return Blend()
    return Blend(float(slope), float(share), float(model.intercept_[0]))
