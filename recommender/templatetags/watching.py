"""How the watching page writes figures."""

import math
from typing import Any

from django import template

from recommender.models.figures import FIGURES
from recommender.watching.names import NOT_SHARES, in_words

register = template.Library()


@register.filter
def figure_name(figure: str) -> Any:
    """What people call the figure."""
    return FIGURES[figure]


@register.filter
def watched(figure: str, value: Any) -> str:
    """A value as people read it; a dash where there is none."""
    return in_words(figure, value) if isinstance(value, float) else "–"


@register.filter
def watched_difference(figure: str, value: Any) -> str:
    """A difference of two values, with its sign: points of a share."""
    if not isinstance(value, float) or math.isnan(value):
        return "–"
    return f"{value:+.2f}" if figure in NOT_SHARES else f"{100 * value:+.1f}"


@register.filter
def share(value: float) -> str:
    """A share in whole per cent, a small one with a decimal."""
    return f"{100 * value:.0f} %" if value >= 0.1 or not value else f"{100 * value:.1f} %"
