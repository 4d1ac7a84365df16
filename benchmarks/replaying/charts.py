"""Charts of a replay with Plotly: each metric by month, one line an arm."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.replaying.report import played_months
from benchmarks.replaying.results import Figures

_PANELS = {
    "ndcg_at_5": "nDCG@5",
    "acceptance_at_5": "acceptance@5",
    "added_by_hand_per_document": "added by hand, a document",
    "entropy_ratio": "entropy ratio",
    "tail_share": "tail share",
    "retraining_cpu_seconds": "CPU seconds of retraining",
}
_WIDTH, _HEIGHT, _COLUMNS = 1200, 720, 3
_PATIENCE_MS = 300_000  # on a machine that is busy playing


def write_charts(arms: Mapping[str, Figures], folder: Path) -> Path:
    """The page `replay.html` with plotly.min.js beside it, in `folder`; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "replay.html"
    chart(arms).write_html(path, include_plotlyjs="directory")
    return path


def chart(arms: Mapping[str, Figures]) -> Any:
    """One panel a metric."""
    from plotly.colors import qualitative
    from plotly.graph_objects import Scatter
    from plotly.subplots import make_subplots

    months = played_months(arms)
    rows = -(-len(_PANELS) // _COLUMNS)
    made = make_subplots(rows=rows, cols=_COLUMNS, subplot_titles=list(_PANELS.values()))
    for number, metric in enumerate(_PANELS):
        for colour, (arm, figures) in enumerate(arms.items()):
            known = [month for month in months if metric in figures[month]]
            made.add_trace(
                Scatter(
                    x=known, y=[figures[month][metric] for month in known], name=arm, legendgroup=arm,
                    showlegend=number == 0, line={"color": qualitative.Dark24[colour]},
                ),
                row=number // _COLUMNS + 1, col=number % _COLUMNS + 1,
            )  # fmt: skip
    made.update_layout(width=_WIDTH, height=_HEIGHT, template="plotly_white", legend={"orientation": "h"})
    return made


def photograph(page: Path, picture: Path) -> bool:
    """The page as PNG by the system's Chromium; False where there is none."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        return False
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": _WIDTH + 20, "height": _HEIGHT + 20})
        tab.set_default_timeout(_PATIENCE_MS)
        tab.goto(page.resolve().as_uri())
        tab.wait_for_selector(".legend")
        tab.screenshot(path=picture)
        browser.close()
    return True
