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
def signed(value: float | None) -> str:
    """A difference with its sign; a dash where it is undefined."""
    return "–" if value is None or math.isnan(value) else f"{value:+.4f}"


@register.filter
def setting(value: Any) -> str:
    """A setting as people type it."""
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, list | tuple):
        return ", ".join(setting(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
