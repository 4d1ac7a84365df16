"""The one layout of the admin's tables: as wide as its place, scrolling sideways by itself where it is wider."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()
LAYOUT = """
<div class="admin-wide {}" tabindex="0" role="region" aria-label="{}">
  <table class="admin-table">{}</table>
</div>
"""


@register.simple_block_tag(name="table")
def wide_table(content: str, name: str, classes: str = "") -> SafeString:
    """Head and body in a region that scrolls; `name` is said by screen readers, `classes` set its place and width."""
    return format_html(LAYOUT, classes, name, content)
