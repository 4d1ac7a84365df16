"""The map of the tags as a Plotly scatter: a colour and a symbol for each facet, the size by documents."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from recommender.reports.source import Reported

MOST_POINTS = 4_000
MOST_FACETS = 16
DRAWN_BY_WEBGL = 1_500
SMALLEST, LARGEST = 5.0, 26.0
# Okabe and Ito's colours for every kind of eye, each used with two symbols
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b3a100", "#8f6bbf")
SYMBOLS = ("circle", "diamond")
GREY = "#8a8f98"
ELSEWHERE = ""


@dataclass(frozen=True)
class MapChoice:
    """Which columns are on the map, and how many had to be left out."""

    columns: list[int]
    n_left_out: int
    n_unplaced: int


def mapped_columns(subject: Reported, chosen: int | None) -> MapChoice:
    """The tags with a position, those with the most documents first where there are too many."""
    placed = np.asarray(~np.isnan(subject.space.positions).any(axis=1))
    columns = [column for column in subject.known.values() if placed[column]]
    columns.sort(key=lambda column: (column != chosen, -int(subject.learnt_from[column]), column))
    return MapChoice(columns[:MOST_POINTS], max(0, len(columns) - MOST_POINTS), len(subject.known) - len(columns))


def space_chart(subject: Reported, columns: list[int], chosen: int | None) -> dict[str, Any]:
    """The figure; each point carries the public id of its tag for the script."""
    facet_by_column = {column: subject.facet_of(column) for column in columns}
    label_by_column = {column: facet.label if facet else ELSEWHERE for column, facet in facet_by_column.items()}
    largest = [label for label, _n in Counter(label_by_column.values()).most_common() if label][:MOST_FACETS]
    groups: dict[str, list[int]] = {label: [] for label in sorted(largest, key=str.casefold)}
    groups[ELSEWHERE] = []
    for column, label in label_by_column.items():
        groups[label if label in groups else ELSEWHERE].append(column)
    kind = "scattergl" if len(columns) > DRAWN_BY_WEBGL else "scatter"
    traces = [
        _points(subject, kind, label, number, found)
        for number, (label, found) in enumerate(groups.items())
        if found
    ]  # fmt: skip
    if chosen in label_by_column:
        traces.append(_ring(subject, kind, chosen))
    return {"data": traces, "layout": _layout()}


def _points(subject: Reported, kind: str, label: str, number: int, columns: list[int]) -> dict[str, Any]:
    positions = subject.space.positions[columns]
    counts = subject.learnt_from[columns]
    colour = COLOURS[number % len(COLOURS)] if label else GREY
    symbol = SYMBOLS[number // len(COLOURS) % len(SYMBOLS)] if label else "circle-open"
    return {
        "type": kind,
        "mode": "markers",
        "name": label or _("other or none"),
        "x": _rounded(positions[:, 0]),
        "y": _rounded(positions[:, 1]),
        "text": [subject.path_of(column) for column in columns],
        "customdata": [
            [subject.tag_of(column).public_id, int(n)] for column, n in zip(columns, counts, strict=True)
        ],
        "hovertemplate": "%{text}<br>" + _("%{customdata[1]} documents learnt from") + "<extra></extra>",
        "marker": {"color": colour, "symbol": symbol, "size": _sizes(counts), "opacity": 0.75, "line": {"width": 0}},
    }  # fmt: skip


def _ring(subject: Reported, kind: str, column: int) -> dict[str, Any]:
    """What marks the chosen tag."""
    x, y = subject.space.positions[column].tolist()
    return {
        "type": kind,
        "mode": "markers+text",
        "name": _("chosen"),
        "x": [x],
        "y": [y],
        "text": [subject.tag_of(column).label(subject.language)],
        "textposition": "top center",
        "hoverinfo": "skip",
        "marker": {"symbol": "circle-open", "size": LARGEST + 8, "color": "#dc2626", "line": {"width": 3}},
    }


def _sizes(counts: Any) -> list[float]:
    """The area grows with the logarithm of the documents: from a dot to a disc at ten thousand."""
    grown = SMALLEST + (LARGEST - SMALLEST) * np.log10(1 + np.maximum(counts, 0)) / 4
    return [round(float(size), 1) for size in np.minimum(grown, LARGEST)]


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 3) for value in values]


def _layout() -> dict[str, Any]:
    bare = {"showgrid": False, "zeroline": False, "showticklabels": False, "ticks": "", "title": {"text": ""}}
    return {
        "height": 680,
        "margin": {"l": 8, "r": 8, "t": 40, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": bare,
        "yaxis": {**bare, "scaleanchor": "x"},
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "font": {"size": 12}},
        "legend": {"itemsizing": "constant"},
        "modebar": {"bgcolor": "rgba(0,0,0,0)"},
        "dragmode": "pan",
    }
