"""The page of a replay: figures by arm, and the answers to what was asked of the learning loop."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.replaying.playing import FIRST
from benchmarks.replaying.results import Figures

Arms = Mapping[str, Figures]
_COLUMNS = {
    "ndcg_at_5": "nDCG@5",
    "acceptance_at_5": "acceptance@5",
    "added_by_hand": "added by hand",
    "added_by_hand_per_document": "… per document",
    "entropy_ratio": "entropy ratio",
    "entropy_ratio_same_number": "… same number",
    "tail_share": "tail share",
    "retraining_seconds": "s a run",
    "retraining_cpu_seconds": "CPU s a run",
    "promoted": "live",
}
_SUMMED = ("added_by_hand", "promoted", "incremental")
_FEWER, _NEAR, _THIRD, _ENTROPY = -0.25, 0.02, 1 / 3, 0.05  # what the questions ask for


def page(
    arms: Arms,
    setting: Mapping[str, Any],
    attack: Mapping[str, Mapping[str, float]],
    extra: Arms,
    at_best: Mapping[str, float],
) -> str:
    """Markdown; `extra` are arms that are no alternative, only a check of the measurement.

    `at_best` is by month what editors would have to add beside a perfect list.
    """
    months = played_months({**arms, **extra})
    parts = [
        "# The replay",
        "Written by `benchmarks/replay.py`; how it is played, and what the figures mean, stands in"
        " [benchmarks](../README.md#replay).",
        _setting(setting),
        *_cut({**arms, **extra}, months, setting),
        f"## All {len(months)} months",
        _table({**arms, **extra}, months),
        f"## The last quarter ({', '.join(last_quarter(months))})",
        _table({**arms, **extra}, last_quarter(months)),
        "## What was asked",
        "\n".join(f"- {line}" for line in answers(arms, attack, extra, at_best)),
    ]
    if attack:
        parts += ["## The attack", _attack_table(attack)]
    return "\n\n".join(parts) + "\n"


def _cut(arms: Arms, months: Sequence[str], setting: Mapping[str, Any]) -> list[str]:
    """How far each arm came, where not all came to the end."""
    if months and str(setting.get("months", "")).endswith(months[-1]):
        return []
    told = ", ".join(f"{name} {len(played_months({name: figures}))}" for name, figures in arms.items())
    return [
        f"**Cut**: not all arms were played to the end; months played: {told}. Compared are the {len(months)} of all."
    ]


def played_months(arms: Arms) -> list[str]:
    """The months that every arm has, in their order."""
    common = set.intersection(*({*figures} for figures in arms.values())) if arms else set[str]()
    return sorted(common - {FIRST})


def last_quarter(months: Sequence[str]) -> list[str]:
    """The last fourth of the months, at least one."""
    return list(months[-max(1, len(months) // 4) :])


def summary(figures: Figures, months: Iterable[str], metric: str) -> float | None:
    """Sum of a count, mean of anything else, over the months that have it; None where none has."""
    values = [figures[month][metric] for month in months if metric in figures.get(month, {})]
    if not values:
        return None
    return sum(values) if metric in _SUMMED else sum(values) / len(values)


def answers(
    arms: Arms, attack: Mapping[str, Mapping[str, float]], extra: Arms, at_best: Mapping[str, float]
) -> list[str]:
    """One line for each question that the arms at hand can answer, with its numbers."""
    months = played_months({**arms, **extra})
    lines = [
        _fewer_additions(arms, months, at_best),
        _near_full(arms, months),
        _entropy({**arms, **extra}, months),
        _attack(attack),
    ]
    return [line for line in lines if line]


def _fewer_additions(arms: Arms, months: Sequence[str], at_best: Mapping[str, float]) -> str:
    quarter = last_quarter(months)
    typed = {name: summary(figures, quarter, "added_by_hand") for name, figures in arms.items()}
    never = typed.pop("never", None)
    if not never or not typed:
        return ""
    shares = ", ".join(
        f"{name} {count:.0f} ({count / never - 1:+.1%})" for name, count in typed.items() if count is not None
    )
    best = typed.get("incremental-adjusted")
    met = "" if best is None else f" Asked: 25 % fewer with incremental-adjusted – {_met(best / never - 1 <= _FEWER)}."
    unavoidable = _at_best(never, best, quarter, at_best)
    return f"**Added by hand in the last quarter**: never {never:.0f}, {shares}.{met}{unavoidable}"


def _at_best(never: float, best: float | None, quarter: Sequence[str], at_best: Mapping[str, float]) -> str:
    """How much of it any list could save: editors who do not look add what a perfect one shows, too."""
    if best is None or not all(month in at_best for month in quarter):
        return ""
    least = sum(at_best[month] for month in quarter)
    if never <= least:
        return ""
    saved = (never - best) / (never - least)
    return (
        f" Beside a perfect list these editors, who overlook and stop early, would still add {least:.0f}"
        f" ({least / never - 1:+.1%}); of what can be saved, incremental-adjusted saves {saved:.0%}."
    )


def _near_full(arms: Arms, months: Sequence[str]) -> str:
    full = arms.get("monthly-full")
    lines = []
    for name in ("monthly-incremental", "incremental-adjusted"):
        if full is None or name not in arms:
            continue
        quality = {
            metric: _relative(arms[name], full, months, metric)
            for metric in ("ndcg_at_5", "acceptance_at_5", "added_by_hand")
        }
        time = _relative(arms[name], full, months, "retraining_cpu_seconds")
        if time is None or quality["ndcg_at_5"] is None:
            continue
        told = ", ".join(f"{_COLUMNS[metric]} {value:+.1%}" for metric, value in quality.items() if value is not None)
        near = _met(quality["ndcg_at_5"] >= -_NEAR)
        if summary(full, months, "promoted") == 0:
            near = "tells nothing: no version of monthly-full went live"
        quick = _met(1 + time <= _THIRD)
        if summary(arms[name], months, "incremental") == 0:
            quick = "tells nothing: none of its runs was an update"
        alone = _updates_alone(arms[name], full, months)
        lines.append(f"{name}: {told}, {1 + time:.2f} of the CPU time{alone} – quality {near}, time {quick}")
    return (
        f"**Against monthly full retraining** (asked: within 2 % at a third of its time): {'; '.join(lines)}."
        if lines
        else ""
    )


def _updates_alone(figures: Figures, full: Figures, months: Sequence[str]) -> str:
    """What the runs cost that were updates, beside those of the other arm in the same months."""
    updated = [month for month in months if figures[month].get("incremental") == 1]
    if not updated or len(updated) == len(months):
        return ""
    share = _relative(figures, full, updated, "retraining_cpu_seconds")
    return "" if share is None else f" ({len(updated)} updates alone {1 + share:.2f}, the others were full runs)"


def _relative(figures: Figures, base: Figures, months: Sequence[str], metric: str) -> float | None:
    own, other = (summary(some, months, metric) for some in (figures, base))
    return None if own is None or not other else own / other - 1


def _entropy(arms: Arms, months: Sequence[str]) -> str:
    told = []
    for name, figures in arms.items():
        ratio, same = (summary(figures, months, metric) for metric in ("entropy_ratio", "entropy_ratio_same_number"))
        if ratio is not None and same is not None:
            late = summary(figures, last_quarter(months), "entropy_ratio_same_number")
            of_as_many = f"of as many suggestions as tags {same:.3f}, in the last quarter {late:.3f}"
            told.append(f"{name} {ratio:.3f} ({of_as_many}) – {_met(abs(ratio - 1) <= _ENTROPY)}")
    asked = "**Entropy of the suggestions over that of the true tags** (asked: 0.95 … 1.05)"
    return f"{asked}: {'; '.join(told)}." if told else ""


def _attack(attack: Mapping[str, Mapping[str, float]]) -> str:
    offsets = {name: row["offset_logits"] for name, row in attack.items() if "offset_logits" in row}
    if not offsets:
        return ""
    weights = {name: row["weight_in_training"] for name, row in attack.items() if "weight_in_training" in row}
    told = ", ".join(
        f"{name} {offset:+.2f} logits, {weights.get(name, 0.0):.1f} in training" for name, offset in offsets.items()
    )
    held = all(abs(offset) <= 1.5 + 1e-6 for offset in offsets.values()) and all(
        weight <= 50 for weight in weights.values()
    )
    return f"**An attack** by one person (caps: 1.5 logits between retrainings, 50 in training): {told} – {_met(held)}."


def _met(holds: bool) -> str:
    return "met" if holds else "**not met**"


def _setting(setting: Mapping[str, Any]) -> str:
    flat = {name: value for name, value in setting.items() if name not in ("habits", "config") and value}
    habits = ", ".join(f"{name} {value}" for name, value in setting.get("habits", {}).items())
    return f"{', '.join(f'{name}: {value}' for name, value in flat.items())}. Editors: {habits}."


def _table(arms: Arms, months: Sequence[str]) -> str:
    rows = [f"| arm | {' | '.join(_COLUMNS.values())} |", f"|---|{'---|' * len(_COLUMNS)}"]
    for name, figures in arms.items():
        cells = [_cell(metric, summary(figures, months, metric)) for metric in _COLUMNS]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _cell(metric: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if metric in (*_SUMMED, "retraining_seconds", "retraining_cpu_seconds") else f"{value:.3f}"


def _attack_table(attack: Mapping[str, Mapping[str, float]]) -> str:
    rows = [f"| {name} | {metric} | {value:.4g} |" for name, row in attack.items() for metric, value in row.items()]
    return "\n".join(["| attack | metric | value |", "|---|---|---|", *rows])
