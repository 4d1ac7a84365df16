"""The results as one Markdown page."""

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.compare.comparison import DIFFERENCE, Summary, beside_peers, best_peer, set_names, summary
from benchmarks.compare.known_sets import CHINESE_SETS
from benchmarks.compare.results import Figures, Reasons
from benchmarks.compare.systems import SYSTEMS

_COSTS = (
    ("train_cpu_seconds", "training, CPU s"),
    ("train_wall_seconds", "wall s"),
    ("peak_memory_mb", "peak MB"),
    ("model_mb", "model MB"),
    ("documents_per_second", "documents/s"),
    ("latency_p50_ms", "one text p50 ms"),
    ("latency_p95_ms", "p95 ms"),
)
_PAGE = """# Comparison

Written by `make bench` from `compare.csv`; what is measured and how stands in [benchmarks](../README.md).

## nDCG@5

Test documents that have tags. **Bold**: the best peer of the set. – : no figure (reasons below).

{quality}

## Ours beside the best peer

The difference is in nDCG@5, with its 95 % interval (paired bootstrap over documents, 2,000 resamples). The last column
says by which share the distance to perfection, 1 − nDCG@5, is smaller.

{differences}

## Other measures

{measures}

## Costs

Of training: one process tree; of ranking: in process, one core.

{costs}

## Summary

Means over the sets, digitalgov and digitalgov-2023 counted as one, the two sets of reviews left out. PSP@5 and
macro-F1: ours / the best peer's by nDCG@5 / the best of any peer.

{summary}

## Without figures

{reasons}
"""
_MEASURES = (
    "precision_at_1",
    "recall_at_5",
    "psp_at_5",
    "micro_f1",
    "macro_f1",
    "macro_f1_head",
    "macro_f1_tail",
    "mrr",
)


def page(figures: Figures, reasons: Reasons) -> str:
    """The whole page."""
    return _PAGE.format(
        quality=_quality(figures),
        differences=_differences(figures),
        measures=_measures(figures),
        costs=_costs(figures),
        summary=_summaries(figures),
        reasons=_table(("set", "system", "reason"), ((*pair, reason) for pair, reason in sorted(reasons.items()))),
    )


def _quality(figures: Figures) -> str:
    shown = [system.name for system in SYSTEMS if any(name == system.name for _, name in figures)]
    rows = []
    for name in set_names(figures):
        peer = best_peer(name, figures)
        of_set = {system: figures[name, system] for system in shown if (name, system) in figures}
        best = peer.name if peer else ""
        cells = [_cell(of_set.get(system), "ndcg_at_5", bold=system == best) for system in shown]
        rows.append((name, f"{next(iter(of_set.values()))['test_documents']:,.0f}", *cells))
    return _table(("set", "documents", *shown), rows)


def _differences(figures: Figures) -> str:
    rows = []
    for name, system in _ours(figures):
        pair = beside_peers(name, system, figures)
        if pair is None:
            continue
        ours, theirs = pair.ours["ndcg_at_5"], pair.theirs["ndcg_at_5"]
        cells = (f"{ours:.4f}", pair.peer, f"{theirs:.4f}", _interval(pair.ours), f"{100 * pair.reduction:+.1f} %")
        rows.append((name, system, *cells))
    return _table(("set", "system", "nDCG@5", "best peer", "nDCG@5", "difference", "nearer to 1 by"), rows)


def _interval(ours: Mapping[str, float]) -> str:
    if DIFFERENCE not in ours:
        return "–"
    return f"{ours[DIFFERENCE]:+.4f} ({ours[f'{DIFFERENCE}_low']:+.4f} … {ours[f'{DIFFERENCE}_high']:+.4f})"


def _measures(figures: Figures) -> str:
    rows = ((*pair, *(_cell(figures[pair], metric) for metric in _MEASURES)) for pair in _in_order(figures))
    return _table(("set", "system", *_MEASURES), rows)


def _costs(figures: Figures) -> str:
    rows = ((*pair, *(_number(figures[pair][metric]) for metric, _ in _COSTS)) for pair in _in_order(figures))
    return _table(("set", "system", *(title for _, title in _COSTS)), rows)


def _summaries(figures: Figures) -> str:
    rows = []
    for system in dict.fromkeys(system for _, system in _ours(figures)):
        for sets, without in (("all", frozenset()), ("English", CHINESE_SETS)):
            one = summary(system, figures, without=without)
            if one.n_sets:
                rows.append((system, sets, *_summary_cells(one)))
    return _table(("system", "sets", "n", "mean of nearer to 1 by", "PSP@5", "macro-F1", "significantly below"), rows)


def _summary_cells(one: Summary) -> tuple[str, ...]:
    means = (" / ".join(f"{mean:.4f}" for mean in means) for means in (one.psp_at_5, one.macro_f1))
    return (str(one.n_sets), f"{100 * one.reduction:+.1f} %", *means, ", ".join(one.significantly_below) or "none")


def _in_order(figures: Figures) -> list[tuple[str, str]]:
    return [(name, system.name) for name in set_names(figures) for system in SYSTEMS if (name, system.name) in figures]


def _ours(figures: Figures) -> list[tuple[str, str]]:
    ours = {system.name for system in SYSTEMS if not system.is_peer}
    return [(name, system) for name, system in _in_order(figures) if system in ours]


def _cell(some: Mapping[str, float] | None, metric: str, *, bold: bool = False) -> str:
    if some is None or metric not in some:
        return "–"
    return f"**{some[metric]:.4f}**" if bold else f"{some[metric]:.4f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
