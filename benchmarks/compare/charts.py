"""Charts of the results: quality against the CPU seconds of training, and against the time for one text."""

from pathlib import Path
from typing import Any

from benchmarks.compare.comparison import set_names
from benchmarks.compare.results import Figures
from benchmarks.compare.systems import SYSTEMS

_COLUMNS = 3
_AXES = {
    "quality-by-training": ("train_cpu_seconds", "CPU seconds of training"),
    "quality-by-latency": ("latency_p50_ms", "one text, median milliseconds"),
}


def write_charts(figures: Figures, folder: Path) -> None:
    """Each chart as JSON and as a page; the pages share one plotly.min.js beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (metric, title) in _AXES.items():
        chart = _panels(figures, metric, title)
        chart.write_json(folder / f"{name}.json")
        chart.write_html(folder / f"{name}.html", include_plotlyjs="directory")


def _panels(figures: Figures, metric: str, title: str) -> Any:
    """One panel a set, one colour a system, ours as stars."""
    from plotly.subplots import make_subplots

    names = set_names(figures)
    n_rows = -(-len(names) // _COLUMNS)
    chart = make_subplots(rows=n_rows, cols=_COLUMNS, subplot_titles=names)
    seen: set[str] = set()
    for number, name in enumerate(names):
        place = {"row": number // _COLUMNS + 1, "col": number % _COLUMNS + 1}
        for colour, system in enumerate(SYSTEMS):
            if (name, system.name) in figures:
                some = figures[name, system.name]
                point = _point(system.name, colour, system.is_peer, some[metric], some["ndcg_at_5"])
                chart.add_trace(point.update(showlegend=system.name not in seen), **place)
                seen.add(system.name)
    chart.update_xaxes(type="log", title_text=title)
    chart.update_yaxes(title_text="nDCG@5")
    return chart.update_layout(height=320 * n_rows, template="plotly_white")


def _point(system: str, colour: int, is_peer: bool, x: float, y: float) -> Any:
    from plotly.colors import qualitative
    from plotly.graph_objects import Scatter

    palette = qualitative.Dark24
    marker = {"size": 9 if is_peer else 14, "symbol": "circle" if is_peer else "star", "color": palette[colour]}
    return Scatter(x=[x], y=[y], name=system, legendgroup=system, mode="markers", marker=marker)
