"""How far two distributions lie apart, and how far they would by chance alone."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from recommender.ml.metrics import Doubles

Counts = NDArray[np.int64]
_SMOOTHING = 0.5
_LEVEL = 0.05
_N_RESAMPLES = 200


@dataclass(frozen=True)
class Distance:
    """A distance of two samples; `expected` is its mean where nothing has drifted, `critical` what chance alone
    exceeds in one of twenty cases.

    `parts` are what each bin adds to the value, shape (n_bins,).
    """

    value: float
    expected: float
    critical: float
    parts: Doubles

    @property
    def excess(self) -> float:
        """What is left when the part of chance is taken off; below 0 where there is less than chance would give."""
        return self.value - self.expected

    def is_drift(self, limit: float) -> bool:
        """Whether it is beyond the limit and beyond chance."""
        return self.excess >= limit and self.value > self.critical


NO_DISTANCE = Distance(math.nan, math.nan, math.nan, np.zeros(0))


def population_stability(reference: Counts, current: Counts) -> Distance:
    """Population stability index Σ (q − p) ln(q / p) of counts in equal bins (Siddiqi, Credit Risk Scorecards, 2006).

    Half a case is added to each bin, so that an empty one does not make it infinite. Without drift it behaves like
    (1/n + 1/m) · χ² with as many degrees of freedom as there are bins that hold anything, less one (Yurdakul,
    Statistical Properties of the Population Stability Index, 2018). By custom 0.1 is a small and 0.2 a large change.
    """
    _check(reference, current)
    used = reference + current > 0
    n, m = int(reference.sum()), int(current.sum())
    if not n or not m:
        return NO_DISTANCE
    p, q = _smoothed(reference, used), _smoothed(current, used)
    parts = np.where(used, (q - p) * np.log(np.where(used, q, 1.0) / np.where(used, p, 1.0)), 0.0)
    freedom, scale = max(int(used.sum()) - 1, 1), 1 / n + 1 / m
    return Distance(float(parts.sum()), freedom * scale, float(chdtri(freedom, _LEVEL)) * scale, parts)


def jensen_shannon(reference: Counts, current: Counts, rng: np.random.Generator) -> Distance:
    """Jensen–Shannon divergence in bits, 0 to 1 (Lin, IEEE Transactions on Information Theory, 1991).

    What chance gives is found by drawing two samples of the same sizes from both put together, 200 times: with many
    tags and few documents two samples of one distribution lie far apart.
    """
    _check(reference, current)
    n, m = int(reference.sum()), int(current.sum())
    if not n or not m:
        return NO_DISTANCE
    parts = _divergence_parts(reference / n, current / m)
    pooled = (reference + current) / (n + m)
    by_chance = np.array(
        [
            _divergence_parts(rng.multinomial(n, pooled) / n, rng.multinomial(m, pooled) / m).sum()
            for _ in range(_N_RESAMPLES)
        ]
    )
    critical = float(np.quantile(by_chance, 1 - _LEVEL))
    return Distance(float(parts.sum()), float(by_chance.mean()), critical, parts)


def _divergence_parts(p: Doubles, q: Doubles) -> Doubles:
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(p > 0, p * np.log2(p / middle), 0.0)
        right = np.where(q > 0, q * np.log2(q / middle), 0.0)
    return np.asarray((left + right) / 2, np.float64)


def _smoothed(counts: Counts, used: NDArray[np.bool_]) -> Doubles:
    return np.asarray((counts + _SMOOTHING) * used / (counts + _SMOOTHING)[used].sum(), np.float64)


def _check(reference: Counts, current: Counts) -> None:
    if reference.shape != current.shape:
        raise ValueError(f"{reference.shape} and {current.shape} are not the same bins")
