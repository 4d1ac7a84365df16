"""The figures of one month from what was shown and done, against the true tags."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

K = 5


@dataclass(frozen=True)
class Handled:
    """One document: its true tags, what was suggested (best first), what the editor accepted and typed."""

    true_tags: tuple[str, ...]
    suggested: tuple[str, ...]
    accepted: tuple[str, ...]
    typed: tuple[str, ...]
    blind: bool


def month_figures(handled: Sequence[Handled], tail: Collection[str]) -> dict[str, float]:
    """Metric → value. What editors did is measured where they saw suggestions, ranking on all documents.

    `entropy_ratio` is that of all that was shown against the true tags; `entropy_ratio_same_number` takes from each
    document only as many suggestions as it has tags, because more draws alone raise the entropy of a sample.
    """
    seen = [each for each in handled if not each.blind]
    true = [tag for each in handled for tag in each.true_tags]
    shown = [tag for each in handled for tag in each.suggested]
    as_many = [tag for each in handled for tag in each.suggested[: len(each.true_tags)]]
    typed = sum(len(each.typed) for each in seen)
    figures = {
        "documents": float(len(handled)),
        "added_by_hand": float(typed),
        "added_by_hand_per_document": _ratio(typed, len(seen)),
        "acceptance_at_5": acceptance_at_k(seen, K),
        "ndcg_at_5": _mean(ndcg_at_k(each.true_tags, each.suggested, K) for each in handled),
        "entropy_ratio": _ratio(entropy(shown), entropy(true)),
        "entropy_ratio_same_number": _ratio(entropy(as_many), entropy(true)),
        "tail_share": _share(shown, tail),
        "tail_share_same_number": _share(as_many, tail),
        "tail_share_of_true_tags": _share(true, tail),
    }
    return {name: value for name, value in figures.items() if not math.isnan(value)}


def acceptance_at_k(handled: Iterable[Handled], k: int) -> float:
    """Share of the first k suggestions of each document that were accepted; nan where none was shown."""
    pairs = [(tag, each) for each in handled for tag in each.suggested[:k]]
    return _ratio(sum(tag in each.accepted for tag, each in pairs), len(pairs))


def ndcg_at_k(true_tags: Collection[str], ranked: Sequence[str], k: int) -> float:
    """Gain 1, discount log2(rank + 1) (Järvelin, Kekäläinen, 2002); nan without true tags."""
    gained = sum(1.0 / math.log2(rank + 1) for rank, tag in enumerate(ranked[:k], start=1) if tag in true_tags)
    return _ratio(gained, sum(1.0 / math.log2(rank + 1) for rank in range(1, min(k, len(true_tags)) + 1)))


def entropy(tags: Sequence[str]) -> float:
    """Shannon entropy in bits of the distribution of uses over tags; 0 where there are none."""
    n = len(tags)
    return -sum(count / n * math.log2(count / n) for count in Counter(tags).values())


def _share(tags: Sequence[str], of: Collection[str]) -> float:
    return _ratio(sum(tag in of for tag in tags), len(tags))


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return _ratio(sum(known), len(known))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
