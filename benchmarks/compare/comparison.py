"""Ours beside the best peer: differences, and means over the sets."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from benchmarks.compare.known_sets import averaged, mean_over_sets
from benchmarks.compare.results import Figures
from benchmarks.compare.systems import SYSTEMS, System

DIFFERENCE = "ndcg_at_5_minus_best_peer"


@dataclass(frozen=True)
class Beside:
    """One of our systems and the peers on one set."""

    name: str
    peer: str
    ours: Mapping[str, float]
    theirs: Mapping[str, float]
    best_of_any_peer: Mapping[str, float]

    @property
    def reduction(self) -> float:
        """By which share the distance to perfection, 1 - nDCG@5, is smaller than the best peer's."""
        distance = 1.0 - self.theirs["ndcg_at_5"]
        return (self.ours["ndcg_at_5"] - self.theirs["ndcg_at_5"]) / distance if distance else 0.0

    @property
    def is_significantly_below(self) -> bool:
        return self.ours.get(f"{DIFFERENCE}_high", 0.0) < 0.0


@dataclass(frozen=True)
class Summary:
    """Means over the sets that have figures of both sides; three numbers are ours, best peer by nDCG@5, best of any."""

    n_sets: int
    reduction: float
    psp_at_5: tuple[float, float, float]
    macro_f1: tuple[float, float, float]
    significantly_below: tuple[str, ...]


def best_peer(name: str, figures: Figures) -> System | None:
    """The peer with the highest nDCG@5 on the set."""
    peers = [system for system in SYSTEMS if system.is_peer and (name, system.name) in figures]
    return max(peers, key=lambda peer: figures[name, peer.name]["ndcg_at_5"], default=None)


def set_names(figures: Figures) -> list[str]:
    return sorted({name for name, _ in figures})


def beside_peers(name: str, system: str, figures: Figures) -> Beside | None:
    """None where one side has no figures."""
    peer = best_peer(name, figures)
    if peer is None or (name, system) not in figures:
        return None
    peers = [figures[name, other.name] for other in SYSTEMS if other.is_peer and (name, other.name) in figures]
    best = {metric: max(some[metric] for some in peers) for metric in ("psp_at_5", "macro_f1")}
    return Beside(name, peer.name, figures[name, system], figures[name, peer.name], best)


def summary(system: str, figures: Figures, *, without: Collection[str] = ()) -> Summary:
    """Over all sets but smoke sets and those left out by name."""
    found = [beside_peers(name, system, figures) for name in averaged(set_names(figures)) if name not in without]
    pairs = [pair for pair in found if pair is not None]
    below = tuple(pair.name for pair in pairs if pair.is_significantly_below)
    reduction = mean_over_sets({pair.name: pair.reduction for pair in pairs})
    return Summary(len(pairs), reduction, _means(pairs, "psp_at_5"), _means(pairs, "macro_f1"), below)


def _means(pairs: list[Beside], metric: str) -> tuple[float, float, float]:
    return (
        mean_over_sets({pair.name: pair.ours[metric] for pair in pairs}),
        mean_over_sets({pair.name: pair.theirs[metric] for pair in pairs}),
        mean_over_sets({pair.name: pair.best_of_any_peer[metric] for pair in pairs}),
    )
