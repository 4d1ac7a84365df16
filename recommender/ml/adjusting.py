"""How far newer decisions on a tag may move it: a bounded offset of its logit, from counts no model has learnt yet.

A calibrated model says how many of N decisions accept a tag: E, the sum of its probabilities. With S accepted instead,
the offset is (S - E) / (V + k), V = N m (1 - m) at the mean probability m: one Newton step of a logistic regression
with the model's logits as offset and a Gaussian prior of variance 1 / k on what is added to them (iteratively
reweighted least squares, McCullagh and Nelder, 1989, 4.4). Where the model is right it is zero on average, and few
decisions move little.

What it means that a suggestion was left alone is not known: it may be wrong, or nobody took the trouble. So there are
two readings. A tag sinks where it was rejected more often than expected although nothing counts that was left alone; it
rises where it was accepted more often than expected although everything left alone counts as wrong, or where it had to
be added by hand more often, among the documents that bear it, than is usual for the source.

One person counts for so many decisions at most, and alone moves a tag no further than the cap of one; all of them
together no further than the cap. A program that reports for its people stands for a number of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_FEWEST_MISSED, _MOST_MISSED = 0.05, 0.95
_PRIOR_MISSED, _PRIOR_BORNE = 6.0, 20.0  # before there are decisions, three in ten are taken to be added by hand


@dataclass(frozen=True)
class Counts:
    """What one person decided on a tag; `n_people` for a program that reports for several.

    `expected` is the sum of the probabilities of what was accepted or rejected, `expected_ignored` of what was left.
    """

    accepted: float = 0.0
    rejected: float = 0.0
    ignored: float = 0.0
    added: float = 0.0
    expected: float = 0.0
    expected_ignored: float = 0.0
    n_people: int = 1


@dataclass(frozen=True)
class Bounds:
    """Caps are in logits; `prior_strength` is k, in logits to the power of -2."""

    cap: float = 3.0
    actor_cap: float = 1.5
    prior_strength: float = 1.0
    decisions_per_actor: float = 5.0


def offset(counts: Sequence[Counts], *, typical_missed: float, bounds: Bounds) -> float:
    """By how much the tag's logit is to move, between -cap and cap; one entry of `counts` a person.

    `typical_missed` is the share of the source's chosen tags that had to be added by hand.
    """
    sinks = min(0.0, _acceptance(counts, bounds, with_ignored=False))
    rises = max(0.0, _acceptance(counts, bounds, with_ignored=True), _missing(counts, typical_missed, bounds))
    total = sinks + rises
    against = sum(each.n_people for each in counts if each.rejected > 0)
    in_favour = sum(each.n_people for each in counts if each.accepted > 0 or each.added > 0)
    lowest = -min(bounds.cap, bounds.actor_cap * against)
    highest = min(bounds.cap, bounds.actor_cap * in_favour)
    return min(max(total, lowest), highest)


def typical_missed(*, accepted: float, added: float) -> float:
    """The share of a source's chosen tags that nobody had suggested, shrunk towards three in ten."""
    share = (added + _PRIOR_MISSED) / (accepted + added + _PRIOR_BORNE)
    return min(max(share, _FEWEST_MISSED), _MOST_MISSED)


def _acceptance(counts: Sequence[Counts], bounds: Bounds, *, with_ignored: bool) -> float:
    """What the accepted ones of all that was decided say."""
    accepted = decided = expected = 0.0
    for each in counts:
        n_ignored = each.ignored if with_ignored else 0.0
        n_decided = each.accepted + each.rejected + n_ignored
        share = _share_counted(n_decided, each, bounds)
        accepted += share * each.accepted
        decided += share * n_decided
        expected += share * (each.expected + (each.expected_ignored if with_ignored else 0.0))
    return _step(accepted, expected, decided, bounds)


def _missing(counts: Sequence[Counts], typical: float, bounds: Bounds) -> float:
    """What the documents say that bear the tag: on how many it had to be added by hand, and on how many is usual."""
    missed = borne = 0.0
    for each in counts:
        share = _share_counted(each.accepted + each.added, each, bounds)
        missed += share * each.added
        borne += share * (each.accepted + each.added)
    return _step(missed, typical * borne, borne, bounds)


def _step(observed: float, expected: float, trials: float, bounds: Bounds) -> float:
    """One Newton step from an offset of nothing; 0 where there are no trials."""
    if trials <= 0:
        return 0.0
    mean = min(max(expected / trials, 0.0), 1.0)
    return (observed - expected) / (trials * mean * (1.0 - mean) + bounds.prior_strength)


def _share_counted(n_decisions: float, counts: Counts, bounds: Bounds) -> float:
    """A person with more decisions than count is taken for as many in the same proportions."""
    counted = bounds.decisions_per_actor * counts.n_people
    return 1.0 if n_decisions <= counted else counted / n_decisions
