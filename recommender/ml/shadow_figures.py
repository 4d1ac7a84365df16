"""A challenger's answers beside the champion's to the same requests: agreement, and what would have been accepted."""

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from recommender.ml.agreement import agreement_at_k, rank_biased_overlap
from recommender.ml.bootstrap import bootstrap_interval
from recommender.ml.metrics import Doubles, Interval, ndcg_at_k, precision_at_k

AGREEMENT_DEPTHS = (1, 3, 5)
DEPTH = 5


@dataclass(frozen=True)
class AnswerPair:
    """Both rankings of one text, best first, with their seconds; `gold` where its tags were chosen without either."""

    champion: Sequence[Hashable]
    challenger: Sequence[Hashable]
    champion_seconds: float
    challenger_seconds: float
    gold: Collection[Hashable] | None = None


@dataclass(frozen=True)
class Compared:
    """One measure of both sides over the same documents; `difference` is challenger minus champion."""

    champion: Interval
    challenger: Interval
    difference: Interval


@dataclass(frozen=True)
class ShadowFigures:
    """All measures of one challenger, each with its 95 % bootstrap interval over texts.

    `ndcg` and `acceptance` (share of the first five that was chosen) stand on the `n_blind` documents that were tagged
    before anybody saw a suggestion, and are None where there are none.
    """

    n: int
    n_blind: int
    agreement: dict[int, Interval]
    overlap: Interval
    seconds: Compared
    ndcg: Compared | None
    acceptance: Compared | None


def shadow_figures(pairs: Sequence[AnswerPair], *, seed: int) -> ShadowFigures:
    """The figures over all pairs; the same for the same seed."""
    dice = np.random.default_rng(seed)
    blind = [pair for pair in pairs if pair.gold]
    agreement = {k: bootstrap_interval(_agreement(pairs, k), dice) for k in AGREEMENT_DEPTHS}
    overlap = _values(rank_biased_overlap(pair.champion, pair.challenger) for pair in pairs)
    seconds = _values(p.champion_seconds for p in pairs), _values(p.challenger_seconds for p in pairs)
    return ShadowFigures(
        n=len(pairs),
        n_blind=len(blind),
        agreement=agreement,
        overlap=bootstrap_interval(overlap, dice),
        seconds=_compared(seconds, dice),
        ndcg=_measured(blind, ndcg_at_k, dice),
        acceptance=_measured(blind, precision_at_k, dice),
    )


def _agreement(pairs: Sequence[AnswerPair], k: int) -> Doubles:
    return _values(agreement_at_k(pair.champion, pair.challenger, k) for pair in pairs)


def _values(values: Iterable[float]) -> Doubles:
    return np.fromiter(values, np.float64)


def _compared(sides: tuple[Doubles, Doubles], dice: np.random.Generator) -> Compared:
    champion, challenger = sides
    return Compared(
        bootstrap_interval(champion, dice),
        bootstrap_interval(challenger, dice),
        bootstrap_interval(challenger - champion, dice),
    )


def _measured(
    blind: Sequence[AnswerPair], measure: Callable[..., Doubles], dice: np.random.Generator
) -> Compared | None:
    """A measure of ranking on the blind documents, at five."""
    if not blind:
        return None
    items = {item for pair in blind for item in (*pair.champion, *pair.challenger, *(pair.gold or ()))}
    label_by_item = {item: label for label, item in enumerate(items)}
    gold = np.zeros((len(blind), len(items) + 1), bool)  # the last column is nobody's: it fills short rankings
    for row, pair in enumerate(blind):
        gold[row, [label_by_item[item] for item in pair.gold or ()]] = True
    sides = [
        measure(gold, _matrix(rankings, label_by_item), DEPTH)
        for rankings in ([pair.champion for pair in blind], [pair.challenger for pair in blind])
    ]
    return _compared((sides[0], sides[1]), dice)


def _matrix(rankings: Sequence[Sequence[Hashable]], label_by_item: dict[Hashable, int]) -> np.ndarray:
    """Labels of the first five, shape (n_documents, 5)."""
    labels = np.full((len(rankings), DEPTH), len(label_by_item), np.int64)
    for row, ranking in enumerate(rankings):
        found = [label_by_item[item] for item in ranking[:DEPTH]]
        labels[row, : len(found)] = found
    return labels
