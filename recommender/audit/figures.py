"""The three heatmaps as Plotly figures (JSON); Plotly is imported only where one is drawn."""

from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from recommender.audit.matrices import (
    SMALL_COUNT,
    FloatArray,
    Measure,
    PairSums,
    model_interval,
    truth_interval,
)
from recommender.audit.view import AuditView

LONGEST_LABEL = 26
LEAST_RANGE = 0.05
SEQUENTIAL, DIVERGING = "Blues", "RdBu_r"
COLOUR_BAR = {
    "orientation": "h", "thickness": 8, "len": 1, "outlinewidth": 0, "y": 1, "yanchor": "bottom",
    "tickfont": {"size": 10},
}  # fmt: skip
VEIL = "rgba(128,128,128,0.55)"
CELL_HEIGHT, LEAST_HEIGHT, LABEL_SPACE = 14, 240, 210


def audit_figures(view: AuditView) -> dict[str, Any]:
    """What the page's script draws: three figures in one order, and the numbers that it shows beside the pointer."""
    matrices, measure = view.matrices, view.choice.measure
    low, high = _range(measure, matrices.truth)
    reach = _reach(matrices.difference, view.sums)
    parts = [
        ("truth", _("True tags"), matrices.truth, (SEQUENTIAL, low, high)),
        ("model", _("Model"), matrices.model, (SEQUENTIAL, low, high)),
        ("difference", _("Model minus truth"), matrices.difference, (DIVERGING, -reach, reach)),
    ]
    return {
        "figures": {name: _heatmap(title, matrix, colours, view) for name, title, matrix, colours in parts},
        "labels": view.labels,
        "paths": view.paths,
        "ticks": [_short(label) for label in view.labels],
        "tags": [tag.public_id for tag in view.tags],
        "counts": view.sums.tag_counts.tolist(),
        "both": view.sums.both.tolist(),
        "intervals": _intervals(view.sums) if measure == "conditional" else None,
        "hover": _hover_sentences(measure),
        "small_count": SMALL_COUNT,
    }


def _heatmap(title: str, matrix: FloatArray, colours: tuple[str, float, float], view: AuditView) -> dict[str, Any]:
    from plotly import graph_objects as go

    scale, low, high = colours
    cells = go.Heatmap(
        z=_numbers(matrix), zmin=low, zmax=high, colorscale=scale, hovertemplate="%{text}<extra></extra>",
        colorbar=COLOUR_BAR,
    )  # fmt: skip
    figure = go.Figure([cells, *_veil(view.sums)], _layout(title, view.labels))
    described: dict[str, Any] = figure.to_plotly_json()
    return described


def _veil(sums: PairSums) -> list[Any]:
    """A grey veil over rows with few documents."""
    from plotly import graph_objects as go

    if not sums.small.any():
        return []
    z = [[1 if small else None] * sums.n_tags for small in sums.small]
    scale = [[0, VEIL], [1, VEIL]]
    return [go.Heatmap(z=z, colorscale=scale, showscale=False, hoverinfo="skip")]


def _layout(title: str, labels: list[str]) -> dict[str, Any]:
    positions = list(range(len(labels)))
    axis = {
        "tickmode": "array", "tickvals": positions, "ticktext": [_short(label) for label in labels],
        "showgrid": False, "zeroline": False, "ticks": "", "tickfont": {"size": 10}, "automargin": True,
    }  # fmt: skip
    return {
        "title": {"text": title, "font": {"size": 15}, "x": 0, "xref": "paper"},
        "height": max(LEAST_HEIGHT, CELL_HEIGHT * len(labels)) + LABEL_SPACE,
        "margin": {"l": 10, "r": 10, "t": 70, "b": 10},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": {**axis, "tickangle": -90},
        "yaxis": {**axis, "autorange": "reversed"},
        "hoverlabel": {"align": "left", "font": {"size": 11}},
        "modebar": {"bgcolor": "rgba(0,0,0,0)"},
        "dragmode": "zoom",
    }


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def _numbers(matrix: FloatArray) -> list[list[float | None]]:
    """Rounded for the wire; where a number is undefined the cell stays empty."""
    return [[None if np.isnan(value) else round(value, 4) for value in row] for row in matrix.tolist()]


def _range(measure: Measure, truth: FloatArray) -> tuple[float, float]:
    """Colours of a share run from 0 to 1; a lift is cut where only one cell in a hundred is higher."""
    if measure == "lift":
        known = truth[~np.isnan(truth)]
        return 0.0, max(2.0, float(np.quantile(known, 0.99))) if len(known) else 2.0
    return (-1.0, 1.0) if measure == "npmi" else (0.0, 1.0)


def _reach(difference: FloatArray, sums: PairSums) -> float:
    """Where the colours end: one cell in a hundred is beyond; the diagonal and rows that say little do not count."""
    readable = np.abs(difference[~sums.small[:, None] & ~np.eye(len(difference), dtype=bool)])
    readable = readable[~np.isnan(readable)]
    return max(LEAST_RANGE, float(np.quantile(readable, 0.99))) if len(readable) else 1.0


def _intervals(sums: PairSums) -> dict[str, list[list[list[float | None]]]]:
    return {
        "truth": [_numbers(end) for end in truth_interval(sums)],
        "model": [_numbers(end) for end in model_interval(sums)],
    }


def _hover_sentences(measure: Measure) -> dict[str, str]:
    """Sentences with places for numbers, filled in by the script."""
    return {
        "counts": _("{n} documents with the first tag,<br>{both} of them with both"),
        "truth": _("true: {value} {interval}"),
        "model": _("model: {value} {interval}"),
        "difference": _("difference: {value}"),
        "small": _("fewer than 10 documents: says little"),
        "as": "percent" if measure == "conditional" else "number",
    }
