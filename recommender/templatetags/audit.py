"""How the audit's numbers are written: in per cent, with the interval in brackets."""

import math

from django import template
from django.utils.html import format_html

from recommender.audit.differences import Estimate

register = template.Library()


@register.filter
def percent(share: float) -> str:
    """A share as people read it; a dash where it is undefined."""
    return "–" if math.isnan(share) else f"{100 * share:.1f} %"


@register.filter
def estimate(number: Estimate) -> str:
    """A share with its 95 % interval."""
    ends = f"({100 * number.low:.1f} … {100 * number.high:.1f})"
    return format_html('{} <span class="audit-interval">{}</span>', percent(number.value), ends)
