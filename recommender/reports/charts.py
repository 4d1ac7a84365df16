"""The report's charts as Plotly figures in plain JSON, drawn by the page's script in the page's own ink."""

import math
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from recommender.reports.figures import Band, Reliability, Suggested
from recommender.reports.measures import Figure, MeasureRow
from recommender.reports.training_report import Ablation, Gain, Part, Trial

Chart = dict[str, Any]

OWN, OTHER, THIRD = "#0d9488", "#d97706", "#7c8494"
GRID = "rgba(128,128,128,0.25)"
SHOWN_MEASURES = (
    "ndcg_at_5", "precision_at_1", "precision_at_5", "recall_at_5", "recall_at_10", "mean_reciprocal_rank", "psp_at_5",
    "micro_f1", "macro_f1", "macro_f1_head", "macro_f1_tail",
)  # fmt: skip
MOST_BARS = 25
BAR_HEIGHT, BARS_MARGIN = 26, 90


def headline_chart(rows: Sequence[MeasureRow]) -> Chart:
    """Values with their 95 % intervals: this version, the baseline, the champion that it was compared with."""
    shown = [row for row in rows if row.measure in SHOWN_MEASURES][::-1]
    series = [
        (_("Champion at the time"), THIRD, "square", [row.champion for row in shown]),
        (_("Baseline"), OTHER, "diamond", [row.baseline for row in shown]),
        (_("This version"), OWN, "circle", [row.own for row in shown]),
    ]
    names = [row.name for row in shown]
    traces = [_dots(name, colour, symbol, names, found) for name, colour, symbol, found in series if any(found)]
    layout = chart_layout(
        x={"title": {"text": ""}, "range": [0, 1]}, y={"automargin": True}, height=len(names) * 34 + 110
    )
    return {"data": traces, "layout": layout | {"legend": {"orientation": "h", "traceorder": "reversed", "y": 1.12}}}


def _dots(name: str, colour: str, symbol: str, names: list[str], found: Sequence[Figure | None]) -> Chart:
    known = [(measure, figure) for measure, figure in zip(names, found, strict=True) if figure is not None]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "y": [measure for measure, _figure in known],
        "x": [figure.value for _measure, figure in known],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [(figure.high or figure.value) - figure.value for _measure, figure in known],
            "arrayminus": [figure.value - (figure.low or figure.value) for _measure, figure in known],
            "color": colour,
        },
        "marker": {"color": colour, "symbol": symbol, "size": 9},
        "hovertemplate": "%{y}: %{x:.3f}<extra>" + name + "</extra>",
    }


def reliability_chart(found: Reliability) -> Chart:
    """What was promised against how often it was true, with the number of cells of each bin below."""
    bins = [each for each in found.bins if each.n_cells]
    middles = [(each.low + each.high) / 2 for each in found.bins]
    diagonal = {
        "type": "scatter", "mode": "lines", "x": [0, 1], "y": [0, 1], "hoverinfo": "skip", "showlegend": False,
        "line": {"color": THIRD, "dash": "dot", "width": 1},
    }  # fmt: skip
    curve = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": _("how often it was true"),
        "x": [each.confidence for each in bins],
        "y": [each.frequency for each in bins],
        "error_y": {
            "type": "data", "symmetric": False, "color": OWN,
            "array": [each.frequency_high - each.frequency for each in bins],
            "arrayminus": [each.frequency - each.frequency_low for each in bins],
        },
        "customdata": [each.n_cells for each in bins],
        "hovertemplate": _("promised %{x:.1%}, true %{y:.1%}<br>%{customdata:,} cells") + "<extra></extra>",
        "line": {"color": OWN},
        "marker": {"color": OWN, "size": 8},
        "showlegend": False,
    }  # fmt: skip
    counts = {
        "type": "bar", "x": middles, "y": [each.n_cells for each in found.bins], "yaxis": "y2", "showlegend": False,
        "marker": {"color": THIRD}, "hovertemplate": _("%{y:,} cells") + "<extra></extra>",
    }  # fmt: skip
    layout = chart_layout(
        x={
            "title": {"text": _("probability that the model gave")}, "range": [0, 1], "tickformat": ".0%",
            "anchor": "y2",
        },
        y={"title": {"text": _("share that was true")}, "range": [0, 1], "domain": [0.32, 1], "tickformat": ".0%"},
        height=440,
    )  # fmt: skip
    layout["yaxis2"] = _axis({"title": {"text": _("cells")}, "type": "log", "domain": [0, 0.22], "dtick": 2})
    return {"data": [diagonal, curve, counts], "layout": layout}


def threshold_chart(curve: Sequence[Suggested], target: float, reached: Suggested | None) -> Chart:
    """Precision, recall and F1 against one threshold for all tags; the vocabulary's target and where it is reached."""
    thresholds = [point.threshold for point in curve]
    lines = [
        (_("precision"), OWN, "solid", [point.precision for point in curve]),
        (_("recall"), OTHER, "dash", [point.recall for point in curve]),
        ("F1", THIRD, "dot", [point.f1 for point in curve]),
    ]
    traces = [
        {
            "type": "scatter", "mode": "lines", "name": name, "x": thresholds, "y": _numbers(values),
            "customdata": _numbers([point.per_document for point in curve]),
            "line": {"color": colour, "dash": dash, "width": 2},
            "hovertemplate": _("%{y:.1%} at threshold %{x:.2f}<br>%{customdata:.1f} suggestions a document")
            + "<extra>" + name + "</extra>",
        }
        for name, colour, dash, values in lines
    ]  # fmt: skip
    layout = chart_layout(
        x={"title": {"text": _("threshold")}, "range": [0, 1]}, y={"range": [0, 1.02], "tickformat": ".0%"}, height=440
    )
    layout |= {"legend": {"orientation": "h", "y": 1.1}, "shapes": [_line(y=target)]}
    words = _("precision target %(target)s") % {"target": f"{target:.0%}"}
    layout["annotations"] = [_note(words, x=0.02, y=target, xanchor="left", yanchor="bottom")]
    if reached is not None:
        layout["shapes"].append(_line(x=reached.threshold))
        text = _("reached from %(threshold)s") % {"threshold": f"{reached.threshold:.2f}"}
        layout["annotations"].append(_note(text, x=reached.threshold, y=0.02, xanchor="left", yanchor="bottom"))
    return {"data": traces, "layout": layout}


def bands_chart(bands: Sequence[Band]) -> Chart:
    """F1 from the tail to the head."""
    names = [band_name(band) for band in bands]
    traces = [
        {
            "type": "bar", "name": name, "x": names, "y": _numbers(values), "marker": {"color": colour},
            "customdata": [[band.n_tags, band.n_true] for band in bands],
            "hovertemplate": _("%{y:.3f}<br>%{customdata[0]} tags, %{customdata[1]} uses on held-out documents")
            + "<extra>" + name + "</extra>",
        }
        for name, colour, values in (
            (_("macro F1"), OWN, [band.macro_f1 for band in bands]),
            (_("micro F1"), OTHER, [band.micro_f1 for band in bands]),
        )
    ]  # fmt: skip
    layout = chart_layout(
        x={"title": {"text": _("documents learnt from")}, "type": "category"}, y={"range": [0, 1]}, height=340
    )
    return {"data": traces, "layout": layout | {"barmode": "group", "legend": {"orientation": "h", "y": 1.15}}}


def band_name(band: Band) -> str:
    """`10–29`, `1000+`, `0`."""
    if band.high is None:
        return f"{band.low}+"
    return str(band.low) if band.high == band.low + 1 else f"{band.low}–{band.high - 1}"


def gains_chart(gains: Sequence[Gain]) -> Chart:
    """What the fusion learns most from."""
    largest = sorted(gains, key=lambda gain: -gain.share)[:MOST_BARS]
    return _bars([gain.feature for gain in largest], [gain.share for gain in largest], tickformat=".0%")


def ablation_chart(ablation: Sequence[Ablation]) -> Chart:
    """How much nDCG@5 on dev changes when a part is taken out; the part that is missed most stands first."""
    known = sorted((each for each in ablation if each.difference is not None), key=lambda each: each.difference or 0)
    return _bars([each.without for each in known], [each.difference or 0.0 for each in known], tickformat="+.3f")


def parts_chart(parts: Sequence[Part]) -> Chart:
    """Seconds that each part took to train."""
    known = [part for part in parts if part.train_seconds is not None]
    return _bars([part.name for part in known], [part.train_seconds or 0.0 for part in known], tickformat=",.1f")


def search_chart(trials: Sequence[Trial]) -> Chart:
    """nDCG@5 on dev of each trial, in the order in which they were made."""
    names = [str(number) for number, _trial in enumerate(trials, start=1)]
    chart = _bars(names, [trial.ndcg_at_5 for trial in trials], tickformat=".3f")
    values = [trial.ndcg_at_5 for trial in trials]
    least = max(0.0, min(values) - 0.05) if values else 0.0
    chart["layout"]["xaxis"]["range"] = [least, min(1.0, max(values, default=1.0) + 0.01)]
    return chart


def double_bars(names: Sequence[str], other: tuple[str, Sequence[float]], own: tuple[str, Sequence[float]]) -> Chart:
    """Two named rows of horizontal bars beside each other, the first pair on top."""
    traces = [
        {
            "type": "bar", "orientation": "h", "name": name, "y": list(names)[::-1], "x": _numbers(values)[::-1],
            "marker": {"color": colour}, "hovertemplate": "%{y}: %{x:,.1f}<extra>" + name + "</extra>",
        }
        for (name, values), colour in ((own, OWN), (other, THIRD))
    ]  # fmt: skip
    layout = chart_layout(
        x={"tickformat": ",.0f"}, y={"automargin": True}, height=BAR_HEIGHT * 2 * len(names) + BARS_MARGIN
    )
    legend = {"orientation": "h", "traceorder": "reversed", "y": 1.02, "yanchor": "bottom"}
    return {"data": traces, "layout": layout | {"barmode": "group", "legend": legend}}


def _bars(names: Sequence[str], values: Sequence[float], *, tickformat: str) -> Chart:
    """Horizontal bars, the first on top."""
    trace = {
        "type": "bar", "orientation": "h", "y": list(names), "x": _numbers(values), "marker": {"color": OWN},
        "hovertemplate": "%{y}: %{x:" + tickformat + "}<extra></extra>",
    }  # fmt: skip
    axes = {"automargin": True, "autorange": "reversed", "type": "category"}
    return {
        "data": [trace],
        "layout": chart_layout(x={"tickformat": tickformat}, y=axes, height=BAR_HEIGHT * len(names) + BARS_MARGIN),
    }


def chart_layout(*, x: dict[str, Any], y: dict[str, Any], height: int) -> dict[str, Any]:
    """What all charts share, in the page's own ink."""
    return {
        "height": height,
        "margin": {"l": 60, "r": 16, "t": 40, "b": 50},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": _axis(x),
        "yaxis": _axis(y),
        "hoverlabel": {"align": "left", "font": {"size": 12}},
        "modebar": {"bgcolor": "rgba(0,0,0,0)"},
        "dragmode": "zoom",
    }


def _axis(own: dict[str, Any]) -> dict[str, Any]:
    return {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID} | own


def _line(*, x: float | None = None, y: float | None = None) -> dict[str, Any]:
    ends = {"x0": 0, "x1": 1, "y0": y, "y1": y, "xref": "paper"} if x is None else {"x0": x, "x1": x, "y0": 0, "y1": 1}
    return {"type": "line", "line": {"color": THIRD, "dash": "dash", "width": 1}, **ends}


def _note(text: str, **place: Any) -> dict[str, Any]:
    return {"text": text, "showarrow": False, "font": {"size": 11}, **place}


def _numbers(values: Sequence[float]) -> list[float | None]:
    """Rounded for the wire; what is undefined stays empty."""
    return [None if math.isnan(value) else round(value, 4) for value in values]
