"""A comparison by interleaving as people read it: its counts, its verdict so far, and a chart of its bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from recommender.comparing import winners_of
from recommender.ml.interleaving import NEITHER, Bounds, Standing, Team, path_of
from recommender.models import Interleaving
from recommender.reports.charts import OWN, THIRD, Chart, chart_layout

MOST_POINTS = 300


@dataclass(frozen=True)
class ComparisonView:
    """One comparison with everything that its part of a page shows."""

    comparison: Interleaving
    standing: Standing
    bounds: Bounds
    path: Sequence[tuple[Standing, Bounds]]

    @classmethod
    def of(cls, comparison: Interleaving) -> "ComparisonView":
        winners: list[Team | None] = winners_of(comparison)
        standing = Standing.of(winners)
        path = path_of(winners, alpha=comparison.alpha, most_points=MOST_POINTS)
        return cls(comparison, standing, standing.bounds(comparison.alpha), path)

    @property
    def share(self) -> str:
        """Of the decided documents, how many the challenger won, with the bounds that hold at any moment."""
        if not self.standing.n_decided:
            return "–"
        won = self.standing.n_challenger / self.standing.n_decided
        return f"{won:.0%} ({self.bounds.low:.0%} … {self.bounds.high:.0%})"

    @property
    def preference(self) -> str:
        """Δ, with its sign."""
        return f"{self.standing.preference:+.3f}" if self.standing.n_documents else "–"

    def chart(self) -> Chart:
        """The challenger's share of the decided documents and its bounds, over all documents."""
        documents = [standing.n_documents for standing, _bounds in self.path]
        shares = [
            standing.n_challenger / standing.n_decided if standing.n_decided else None
            for standing, _bounds in self.path
        ]
        lows = [round(bounds.low, 4) for _standing, bounds in self.path]
        highs = [round(bounds.high, 4) for _standing, bounds in self.path]
        level = f"{1 - self.comparison.alpha:.0%}"
        band: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": documents, "hoverinfo": "skip"}
        traces = [
            {**band, "y": lows, "line": {"width": 0}, "showlegend": False},
            {
                **band, "y": highs, "line": {"width": 0}, "fill": "tonexty", "fillcolor": "rgba(13,148,136,0.18)",
                "name": _("%(level)s bounds that hold at any moment") % {"level": level},
            },
            {
                "type": "scatter", "mode": "lines", "x": documents, "line": {"color": OWN, "width": 2},
                "y": [None if share is None else round(share, 4) for share in shares],
                "name": _("share that the challenger won"), "customdata": list(zip(lows, highs, strict=True)),
                "hovertemplate": _("%{y:.1%} after %{x} documents<br>%{customdata[0]:.1%} … %{customdata[1]:.1%}")
                + "<extra></extra>",
            },
        ]  # fmt: skip
        layout = chart_layout(
            x={"title": {"text": _("documents")}, "rangemode": "tozero"},
            y={"range": [0, 1], "tickformat": ".0%"},
            height=380,
        )
        even = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": NEITHER, "y1": NEITHER}
        layout |= {
            "legend": {"orientation": "h", "y": -0.25, "yanchor": "top"},
            "shapes": [even | {"line": {"color": THIRD, "dash": "dash", "width": 1}}],
        }
        return {"data": traces, "layout": layout}
