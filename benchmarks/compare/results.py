"""The files of results: one row per figure, and one row per pair of set and system that has no figures."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.compare.systems import BENCHMARKS

Pair = tuple[str, str]
Figures = dict[Pair, dict[str, float]]
Reasons = dict[Pair, str]

FIGURES_FILE = BENCHMARKS / "results" / "compare.csv"
REASONS_FILE = BENCHMARKS / "results" / "compare_without_figures.csv"


def read_figures(path: Path) -> Figures:
    """Figures by (set, system), then by metric; empty where there is no file yet."""
    figures: Figures = {}
    for row in _rows(path):
        figures.setdefault((row["set"], row["system"]), {})[row["metric"]] = float(row["value"])
    return figures


def read_reasons(path: Path) -> Reasons:
    return {(row["set"], row["system"]): row["reason"] for row in _rows(path)}


def write_figures(path: Path, figures: Mapping[Pair, Mapping[str, float]]) -> None:
    """Rows in the order of set, system and metric, so that a diff shows what has changed."""
    cells = ((*pair, metric, f"{value:.6g}") for pair, some in figures.items() for metric, value in some.items())
    _write(path, ("set", "system", "metric", "value"), sorted(cells))


def write_reasons(path: Path, reasons: Mapping[Pair, str]) -> None:
    _write(path, ("set", "system", "reason"), sorted((*pair, reason) for pair, reason in reasons.items()))


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
