"""How alike two rankings are: the share of common items at the top, and rank-biased overlap."""

import math
from collections.abc import Hashable, Sequence

PERSISTENCE = 0.9


def agreement_at_k(a: Sequence[Hashable], b: Sequence[Hashable], k: int) -> float:
    """Common items of the first k by the number there could be; nan where neither ranks anything.

    Two rankings that both end before k are compared as far as the longer one goes.
    """
    depth = min(k, max(len(a), len(b)))
    return len(set(a[:depth]) & set(b[:depth])) / depth if depth else math.nan


def rank_biased_overlap(a: Sequence[Hashable], b: Sequence[Hashable], p: float = PERSISTENCE) -> float:
    """Overlap that a reader sees who goes on to the next rank with probability `p`, extrapolated beyond the ends.

    RBO_EXT of Webber, Moffat and Zobel ("A Similarity Measure for Indefinite Rankings", ACM TOIS 28(4), 2010, equation
    32): 1 for equal rankings, 0 for disjoint ones, also where their lengths differ. With p = 0.9 the first ten ranks
    carry 86 % of the weight. nan where both are empty, 0 where one is.
    """
    if not 0 < p < 1:
        raise ValueError(f"persistence {p} is not between 0 and 1")
    shorter, longer = sorted((a, b), key=len)
    s, n = len(shorter), len(longer)
    if n == 0:
        return math.nan
    if s == 0:
        return 0.0
    overlaps = _overlaps(shorter, longer)
    seen = sum(overlaps[d - 1] / d * p**d for d in range(1, n + 1))
    missing = sum(overlaps[s - 1] * (d - s) / (s * d) * p**d for d in range(s + 1, n + 1))
    beyond = (overlaps[n - 1] - overlaps[s - 1]) / n + overlaps[s - 1] / s
    return (1 - p) / p * (seen + missing) + beyond * p**n


def _overlaps(shorter: Sequence[Hashable], longer: Sequence[Hashable]) -> list[int]:
    """Size of the intersection of the first d of both, for every depth d of the longer."""
    in_shorter, in_longer, common, sizes = set[Hashable](), set[Hashable](), 0, []
    for depth, item in enumerate(longer):
        in_longer.add(item)
        common += item in in_shorter
        if depth < len(shorter):
            in_shorter.add(shorter[depth])
            common += shorter[depth] in in_longer
        sizes.append(common)
    return sizes
