"""How the report pages write figures."""

import math
from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def decimals(value: float | None, places: int = 3) -> str:
    """A number with so many decimals; a dash where it is undefined."""
    return "–" if value is None or math.isnan(value) else f"{value:.{places}f}"


@register.filter
def figure(value: float) -> str:
    """A count as it is, anything else with four decimals."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.4f}"


@register.filter
def signed(value: float | None) -> str:
    """A difference with its sign; a dash where it is undefined."""
    return "–" if value is None or math.isnan(value) else f"{value:+.4f}"


@register.filter
def percent(share: float) -> str:
    """A share of 1 in percent, as many digits as it has; a dash where it is undefined."""
    return "–" if math.isnan(share) else f"{100 * share:.3g} %"


@register.filter
def moved(offset: float) -> str:
    """Logits with their sign, as many decimals as matter."""
    return f"{offset:+.2f}"


@register.filter
def setting(value: Any) -> str:
    """A setting as people type it."""
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, list | tuple):
        return ", ".join(setting(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
