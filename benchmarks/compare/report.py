"""From the records and predictions in the working folder to the results: figures, table and charts.

Pairs of set and system that the working folder does not have keep the figures that the results had before.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.compare.charts import write_charts
from benchmarks.compare.comparison import DIFFERENCE, best_peer
from benchmarks.compare.documents import DataSet
from benchmarks.compare.results import (
    FIGURES_FILE,
    REASONS_FILE,
    Figures,
    Reasons,
    read_figures,
    read_reasons,
    write_figures,
    write_reasons,
)
from benchmarks.compare.runs import place_of
from benchmarks.compare.scoring import Scores, paired_bootstrap, read_predictions, scored
from benchmarks.compare.systems import SYSTEMS
from benchmarks.compare.table import page


def write_report(sets: Sequence[DataSet], work: Path) -> Path:
    """Bring the results up to date for these sets; returns the file of figures."""
    figures, reasons = read_figures(FIGURES_FILE), read_reasons(REASONS_FILE)
    for data in sets:
        _add_set(data, work, figures, reasons)
    write_figures(FIGURES_FILE, figures)
    write_reasons(REASONS_FILE, reasons)
    FIGURES_FILE.with_suffix(".md").write_text(page(figures, reasons), encoding="utf-8")
    write_charts(figures, work / "charts")
    return FIGURES_FILE


def _add_set(data: DataSet, work: Path, figures: Figures, reasons: Reasons) -> None:
    scores: dict[str, Scores] = {}
    gold, train = data.documents("test"), data.documents("train")
    for system in SYSTEMS:
        place, pair = place_of(work, data, system), (data.name, system.name)
        record = place.read()
        if record.get("status") == "done":
            scores[system.name] = scored(gold, read_predictions(place.predictions), train)
            figures[pair] = scores[system.name].figures | _costs(record)
            reasons.pop(pair, None)
        elif record:
            figures.pop(pair, None)
            reasons[pair] = record["reason"]
    _add_differences(data.name, figures, scores)


def _costs(record: dict[str, Any]) -> dict[str, float]:
    train, timed = record["train"], record["time"]
    return {
        "train_cpu_seconds": train["cpu_seconds"],
        "train_wall_seconds": train["wall_seconds"],
        "peak_memory_mb": train["peak_memory_mb"],
        "model_mb": record["model_mb"],
        **{name: timed[name] for name in ("documents_per_second", "latency_p50_ms", "latency_p95_ms")},
    }


def _add_differences(name: str, figures: Figures, scores: dict[str, Scores]) -> None:
    """Ours minus the best peer, where the predictions of both are at hand."""
    peer = best_peer(name, figures)
    if peer is None or peer.name not in scores:
        return
    theirs = scores[peer.name].ndcg_at_5_by_document
    for system in SYSTEMS:
        if not system.is_peer and system.name in scores:
            difference = scores[system.name].ndcg_at_5_by_document - theirs
            low, high = paired_bootstrap(difference)
            mean = float(difference.mean())
            figures[name, system.name] |= {DIFFERENCE: mean, f"{DIFFERENCE}_low": low, f"{DIFFERENCE}_high": high}
