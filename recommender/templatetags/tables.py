"""The one layout of the admin's tables and of what chooses their rows."""

from django import template
from django.template import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()
LAYOUT = """
<div class="admin-wide {}" tabindex="0" role="region" aria-label="{}">
  <table class="admin-table">{}</table>
</div>
"""
CHOOSER = """
<label class="flex flex-col gap-1">
  <span class="font-semibold text-important">{}</span>
  <select name="{}" class="{} pr-8! {}">{}</select>
</label>
"""
HEAD = '<th scope="col">{}</th>'
UNSEEN_HEAD = '<th scope="col"><span class="sr-only">{}</span></th>'


@register.simple_block_tag(name="table")
def wide_table(content: str, name: str, classes: str = "") -> SafeString:
    """Head and body in a region that scrolls; `name` is said by screen readers, `classes` set its place and width."""
    return format_html(LAYOUT, classes, name, content)


@register.simple_tag
def heads(*names: str, unseen: str = "") -> SafeString:
    """The head of a table: one column a name, and a last one of links or buttons whose name only screen readers say."""
    columns = format_html_join("", HEAD, ((name,) for name in names))
    last = format_html(UNSEEN_HEAD, unseen) if unseen else ""
    return format_html("<thead><tr>{}{}</tr></thead>", columns, last)


@register.simple_block_tag(takes_context=True)
def chooser(context: Context, content: str, name: str, label: str, classes: str = "") -> SafeString:
    """A select with its label over it, around its options; `name` is the parameter that it sets."""
    return format_html(CHOOSER, label, name, context["form_classes"]["text_input"], classes, content)
