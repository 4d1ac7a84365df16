"""What the averages must know of the data sets by name; a set that is not named here counts for itself."""

from collections.abc import Iterable, Mapping

# So small, and nearly without tags, that they only show that everything runs
SMOKE_SETS = frozenset({"seed-heater-reviews", "seed-laptop-reviews"})
# Two vocabularies of one site: together they count as one
COUNTED_WITH = {"digitalgov-2023": "digitalgov"}
CHINESE_SETS = frozenset({"debtags-zh", "duee-events", "zh-tech-blogs"})


def mean_over_sets(value_by_set: Mapping[str, float]) -> float:
    """Mean of the sets, those that are counted together averaged first; nan where there is none."""
    groups: dict[str, list[float]] = {}
    for name, value in value_by_set.items():
        groups.setdefault(COUNTED_WITH.get(name, name), []).append(value)
    means = [sum(values) / len(values) for values in groups.values()]
    return sum(means) / len(means) if means else float("nan")


def averaged(names: Iterable[str]) -> list[str]:
    """The sets that belong in averages."""
    return sorted(set(names) - SMOKE_SETS)
