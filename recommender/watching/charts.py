"""Time lines of the watched figures as Plotly figures in plain JSON: lines, interval bands, promotions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from recommender.models.figures import FIGURES
from recommender.reports.charts import OTHER, OWN, THIRD, Chart, chart_layout
from recommender.watching.names import GROUPS, Group
from recommender.watching.selectors import Figures, Measured

_FOURTH = "#8b5cf6"


class Style(NamedTuple):
    """How a line is told from the others, also without colours."""

    colour: str
    symbol: str
    dash: str


_STYLES = (
    Style(OWN, "circle", "solid"),
    Style(OTHER, "diamond", "dash"),
    Style(THIRD, "square", "dot"),
    Style(_FOURTH, "x", "dashdot"),
)
_BAND_OPACITY = 0.13
_HEIGHT = 320


@dataclass(frozen=True)
class Promotion:
    """A version that went live."""

    moment: datetime
    version: str


def time_lines(steps: Mapping[date, Figures], promotions: Sequence[Promotion]) -> dict[str, Chart]:
    """One chart for each group that has anything to show."""
    charts = {group.name: _time_line(group, steps, promotions) for group in GROUPS}
    return {name: chart for name, chart in charts.items() if chart["data"]}


def _time_line(group: Group, steps: Mapping[date, Figures], promotions: Sequence[Promotion]) -> Chart:
    traces = []
    for figure, style in zip(group.figures, _STYLES, strict=False):
        points = [(start, figures[figure]) for start, figures in steps.items() if figure in figures]
        if points:
            traces += [_band(points, style.colour), _line(str(FIGURES[figure]), points, style, group.is_share)]
    y: dict[str, Any] = {"rangemode": "tozero"}
    if group.is_share:
        y |= {"tickformat": ".0%", "range": [0, _top(group, steps)]}
    chart = chart_layout(x={"type": "date", "tickformat": "%m-%d\n%Y"}, y=y, height=_HEIGHT)
    chart |= {"legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"}, "hovermode": "x unified"}
    chart["margin"] = {"l": 48, "r": 12, "t": 56, "b": 36}
    shown = [each for each in promotions if steps and each.moment.date() >= min(steps)]
    chart["shapes"] = [_mark(each) for each in shown]
    chart["annotations"] = [_name(each) for each in shown]
    return {"data": traces, "layout": chart}


def _line(name: str, points: Sequence[tuple[date, Measured]], style: Style, is_share: bool) -> dict[str, Any]:
    number = ".1%" if is_share else ".2f"
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [start.isoformat() for start, _measured in points],
        "y": [round(measured.interval.value, 4) for _start, measured in points],
        "customdata": [[_end(m.interval.low, m), _end(m.interval.high, m), m.n] for _start, m in points],
        "hovertemplate": f"%{{y:{number}}} (%{{customdata[0]:{number}}} … %{{customdata[1]:{number}}}), "
        f"n %{{customdata[2]:,}}<extra>{name}</extra>",
        "line": {"color": style.colour, "dash": style.dash, "width": 2},
        "marker": {"color": style.colour, "symbol": style.symbol, "size": 6},
    }


def _band(points: Sequence[tuple[date, Measured]], colour: str) -> dict[str, Any]:
    """One polygon there and back."""
    there = [(start.isoformat(), _end(measured.interval.high, measured)) for start, measured in points]
    back = [(start.isoformat(), _end(measured.interval.low, measured)) for start, measured in reversed(points)]
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x for x, _y in there + back],
        "y": [y for _x, y in there + back],
        "fill": "toself",
        "fillcolor": f"rgba({red},{green},{blue},{_BAND_OPACITY})",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _end(end: float, measured: Measured) -> float:
    """An end of the interval; the value itself where it is not known."""
    return round(measured.interval.value if math.isnan(end) else end, 4)


def _top(group: Group, steps: Mapping[date, Figures]) -> float:
    """Room for the highest end, so that small shares can be read."""
    ends = [
        _end(figures[figure].interval.high, figures[figure])
        for figures in steps.values()
        for figure in group.figures
        if figure in figures
    ]
    return min(1.02, max(0.05, max(ends, default=1.0) * 1.08))


def _mark(promotion: Promotion) -> dict[str, Any]:
    moment = promotion.moment.isoformat()
    return {
        "type": "line", "x0": moment, "x1": moment, "y0": 0, "y1": 1, "yref": "paper",
        "line": {"color": THIRD, "dash": "dot", "width": 1},
    }  # fmt: skip


def _name(promotion: Promotion) -> dict[str, Any]:
    return {
        "text": promotion.version, "x": promotion.moment.isoformat(), "y": 0, "yref": "paper", "xanchor": "left",
        "yanchor": "bottom", "textangle": -90, "showarrow": False, "font": {"size": 10},
    }  # fmt: skip
