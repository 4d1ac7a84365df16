"""Uncertainty by resampling documents: how far a figure could be chance."""

import numpy as np

from recommender.ml.metrics import Doubles, Interval

_N_RESAMPLES = 1000
_CONFIDENCE = 0.95


def bootstrap_interval(per_document: Doubles, rng: np.random.Generator, n_resamples: int = _N_RESAMPLES) -> Interval:
    """Mean and percentile interval over documents, nan values left out (Efron and Tibshirani, 1993)."""
    values = per_document[~np.isnan(per_document)]
    if len(values) == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    means = resampled_means(values, rng, n_resamples)
    low, high = np.quantile(means, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return Interval(float(values.mean()), float(low), float(high))


def resampled_means(values: Doubles, rng: np.random.Generator, n_resamples: int) -> Doubles:
    """Means of resamples with replacement, shape (n_resamples,)."""
    n = len(values)
    return np.array([values[rng.integers(0, n, n)].mean() for _ in range(n_resamples)])
