"""Figures of live decisions from sums that can be added up over days, each with a 95 % interval."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.ml.metrics import Doubles, Interval

Z_95 = 1.959964
UNKNOWN = Interval(math.nan, math.nan, math.nan)
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Sums:
    """Of a figure over n documents, each of which gives y of x: a hit of 1, two accepted of three shown.

    Sums of days are the sums of the period, so that any window can be added up.
    """

    n: int = 0
    y: float = 0.0
    x: float = 0.0
    yy: float = 0.0
    xy: float = 0.0
    xx: float = 0.0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.n + other.n,
            self.y + other.y,
            self.x + other.x,
            self.yy + other.yy,
            self.xy + other.xy,
            self.xx + other.xx,
        )

    @property
    def is_share(self) -> bool:
        """Whether every document gave 0 or 1 of 1: a share of documents."""
        return self.x == self.xx == self.n and math.isclose(self.y, self.yy, abs_tol=1e-9)


def ratio_interval(sums: Sums) -> Interval:
    """Σy / Σx with its interval, NaN where nothing was counted.

    A share of documents gets Wilson's interval. Everything else is a ratio of sums over documents, whose variance
    follows from the residuals y − r·x of whole documents (Cochran, Sampling Techniques, 1977, chapter 6): suggestions
    on one document are not independent of each other. Means are ratios with x = 1.
    """
    if not sums.x:
        return UNKNOWN
    if sums.is_share:
        return Interval(sums.y / sums.n, *wilson_interval(sums.y, sums.n))
    ratio = sums.y / sums.x
    if sums.n < 2:
        return Interval(ratio, math.nan, math.nan)
    residuals = max(sums.yy - 2 * ratio * sums.xy + ratio**2 * sums.xx, 0.0)
    reach = Z_95 * math.sqrt(sums.n / (sums.n - 1) * residuals) / sums.x
    return Interval(ratio, max(ratio - reach, 0.0), min(ratio + reach, 1.0))


def wilson_interval(n_hits: float, n: float) -> tuple[float, float]:
    """95 % interval of a share (Wilson, JASA 1927); NaN where n is 0."""
    if not n:
        return math.nan, math.nan
    share, scale = n_hits / n, 1 + Z_95**2 / n
    middle = share + Z_95**2 / (2 * n)
    reach = Z_95 * math.sqrt(share * (1 - share) / n + (Z_95 / (2 * n)) ** 2)
    return max((middle - reach) / scale, 0.0), min((middle + reach) / scale, 1.0)


def share_of(n_hits: float, n: float) -> Interval:
    """A share of independent things with Wilson's interval."""
    return Interval(n_hits / n, *wilson_interval(n_hits, n)) if n else UNKNOWN


def shannon_entropy(counts: Counts) -> Interval:
    """Bits of the distribution of things by kind, with a normal interval; NaN where nothing was counted.

    Corrected by (kinds − 1) / 2n nats, because few things look less diverse than they are (Miller, 1955); the variance
    is that of Basharin (1959).
    """
    n = int(counts.sum())
    if not n:
        return UNKNOWN
    shares = counts[counts > 0] / n
    bits = float(-(shares * np.log2(shares)).sum())
    value = bits + (len(shares) - 1) / (2 * n * math.log(2))
    reach = Z_95 * math.sqrt(_variance_of_bits(shares, bits) / n)
    return Interval(value, max(value - reach, 0.0), value + reach)


def entropy_ratio(of: Counts, against: Counts) -> Interval:
    """Entropy of one distribution over that of another, with an interval by the delta method.

    NaN where either has nothing, or the other has no entropy.
    """
    above, below = shannon_entropy(of), shannon_entropy(against)
    if math.isnan(above.value) or not below.value > 0:
        return UNKNOWN
    ratio = above.value / below.value
    variances = ((each.high - each.value) ** 2 for each in (above, below))
    reach = math.sqrt(next(variances) + ratio**2 * next(variances)) / below.value
    return Interval(ratio, max(ratio - reach, 0.0), ratio + reach)


def rank_discounts(k: int) -> Doubles:
    """1 / log2(rank + 1) of the ranks 1 to k (Järvelin and Kekäläinen, 2002), shape (k,)."""
    return np.asarray(1.0 / np.log2(np.arange(k) + 2.0), np.float64)


def ideal_gains(k: int) -> Doubles:
    """Best possible DCG@k with 1, 2, … k relevant tags, shape (k,)."""
    return np.cumsum(rank_discounts(k))


def added_up(*parts: Mapping[str, Sums]) -> dict[str, Sums]:
    """The sums of every figure over the parts."""
    total: dict[str, Sums] = {}
    for part in parts:
        for figure, sums in part.items():
            total[figure] = total.get(figure, Sums()) + sums
    return total


def _variance_of_bits(shares: Doubles, bits: float) -> float:
    return max(float((shares * np.log2(shares) ** 2).sum()) - bits**2, 0.0)
