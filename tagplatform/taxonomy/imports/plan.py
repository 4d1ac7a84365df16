"""What a whole tags file means beside the tags that exist: names without clashes, parents without cycles."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from tagplatform.imports.rows import Fault, Problem, Row, RowRejected
from tagplatform.taxonomy.imports.label_plan import plan_labels
from tagplatform.taxonomy.imports.present import PresentTags
from tagplatform.taxonomy.imports.tag_rows import LabelRow, TagRow, read_tag_row
from tagplatform.taxonomy.labels import normalise_label


@dataclass
class TagPlan:
    """Tags by the row that describes them, the names they get, their parents, and what is wrong with the file."""

    tag_by_row: dict[int, TagRow] = field(default_factory=dict)
    labels: dict[str, list[LabelRow]] = field(default_factory=dict)
    parent_by_notation: dict[str, str] = field(default_factory=dict)
    problems: dict[int, list[Problem]] = field(default_factory=dict)

    def report(self, row: Row, fault: Fault, *, fatal: bool = False) -> None:
        """Put a problem to the others of its row."""
        self.problems.setdefault(row.index, []).append(Problem(row, fault, fatal))


def plan_tags(rows: Iterable[Row], present: PresentTags) -> TagPlan:
    """Read the whole file; nothing is written."""
    plan = TagPlan()
    _read(rows, present, plan)
    tags = list(plan.tag_by_row.values())
    _plan_parents(tags, present, plan)
    plan.labels = plan_labels(tags, present, plan.parent_by_notation, plan.report)
    return plan


def _read(rows: Iterable[Row], present: PresentTags, plan: TagPlan) -> None:
    line_by_notation: dict[str, int] = {}
    for row in rows:
        if row.fault is not None:
            continue
        try:
            tag = read_tag_row(row, language=present.language, known=present.notations)
            _refuse_second(tag, line_by_notation)
        except RowRejected as rejected:
            plan.report(row, rejected.fault, fatal=True)
            continue
        plan.tag_by_row[row.index] = tag
        for note in tag.notes:
            plan.report(row, note)


def _refuse_second(tag: TagRow, line_by_notation: dict[str, int]) -> None:
    first_line = line_by_notation.setdefault(tag.notation, tag.row.line)
    if first_line != tag.row.line:
        detail = _("The tag “%(name)s” stands in line %(line)d already.")
        raise RowRejected("duplicate_name", detail % {"name": tag.notation, "line": first_line})


def _plan_parents(tags: list[TagRow], present: PresentTags, plan: TagPlan) -> None:
    """Decide every parent in file order; one that is unknown or would close a cycle is left out."""
    find = _ParentNames(tags, present)
    described = {tag.notation for tag in tags}
    parents = {child: parent for child, parent in present.parent_by_notation.items() if child not in described}
    for tag in tags:
        parent = find(tag.parent) if tag.parent else ""
        if parent is None:
            detail = _("The parent “%(parent)s” is in neither the file nor the vocabulary; the tag has no parent.")
            plan.report(tag.row, Fault("unknown_parent", detail % {"parent": tag.parent}))
        elif parent:
            cycle = [tag.notation, *_ancestors(parent, parents)]
            if tag.notation in cycle[1:]:
                shown = " → ".join(cycle[: cycle.index(tag.notation, 1) + 1])
                detail = _("The parents go round in a circle: %(cycle)s. This tag was left without a parent.")
                plan.report(tag.row, Fault("cycle", detail % {"cycle": shown[:1000]}))
            else:
                parents[tag.notation] = plan.parent_by_notation[tag.notation] = parent


def _ancestors(notation: str, parents: dict[str, str]) -> Iterator[str]:
    """The tag and everything above it."""
    current: str | None = notation
    while current is not None:
        yield current
        current = parents.get(current)


class _ParentNames:
    """Parents are named by notation, or by any label of the file or the vocabulary."""

    def __init__(self, tags: list[TagRow], present: PresentTags) -> None:
        self._notations = {tag.notation for tag in tags} | present.notations
        self._by_label = {
            **{label.normalised_text: tag.notation for tag in reversed(tags) for label in tag.labels},
            **present.notation_by_label,
        }

    def __call__(self, name: str) -> str | None:
        return name if name in self._notations else self._by_label.get(normalise_label(name))
