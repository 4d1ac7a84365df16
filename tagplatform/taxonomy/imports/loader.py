"""Writes planned tags: a batch of rows at a time, parents at the end, when every tag is there."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from tagplatform.imports.rows import Problem, Row
from tagplatform.imports.services import BatchOutcome
from tagplatform.taxonomy.imports.plan import TagPlan
from tagplatform.taxonomy.imports.tag_rows import Kind, LabelRow, TagRow
from tagplatform.taxonomy.models import Tag, TagLabel, Vocabulary

WRITTEN_FIELDS = ("definition", "scope_note", "recommendable", "at_most_one_below", "status")


class TagLoader:
    """Follows a plan; names and notes that the file does not mention stay as they are."""

    def __init__(self, vocabulary: Vocabulary, plan: TagPlan) -> None:
        self._vocabulary = vocabulary
        self._plan = plan

    def check(self, rows: Sequence[Row]) -> list[Problem]:
        return [problem for row in rows for problem in self._plan.problems.get(row.index, ())]

    def load(self, rows: Sequence[Row]) -> BatchOutcome:
        described = [self._plan.tag_by_row[row.index] for row in rows if row.index in self._plan.tag_by_row]
        present = {tag.notation: tag for tag in self._tags([row.notation for row in described])}
        created = self._create([row for row in described if row.notation not in present])
        changed = {row.notation for row in described if row.notation in present and _apply(row, present[row.notation])}
        Tag.objects.bulk_update([present[notation] for notation in changed], WRITTEN_FIELDS)
        renamed = self._write_labels(described, {**present, **created})
        n_updated = len((changed | renamed) - set(created))
        return BatchOutcome(len(created), n_updated, len(present) - n_updated, self.check(rows))

    def finish(self) -> None:
        """Set the parents. Those that change are taken off first: a half-way state might hold a cycle."""
        with transaction.atomic():
            notations = [tag.notation for tag in self._plan.tag_by_row.values()]
            tags = {tag.notation: tag for tag in self._tags([*notations, *self._plan.parent_by_notation.values()])}
            moved = [tags[notation] for notation in notations if notation in tags and self._moves(tags, notation)]
            Tag.objects.filter(pk__in=[tag.pk for tag in moved if tag.parent_id]).update(parent=None)
            for tag in moved:
                tag.parent_id = self._parent_id(tags, tag.notation)
            Tag.objects.bulk_update(moved, ["parent"], batch_size=1000)

    def _moves(self, tags: dict[str, Tag], notation: str) -> bool:
        """Rows without a parent leave the tag where it is."""
        parent_id = self._parent_id(tags, notation)
        return parent_id is not None and parent_id != tags[notation].parent_id

    def _parent_id(self, tags: dict[str, Tag], notation: str) -> UUID | None:
        parent = tags.get(self._plan.parent_by_notation.get(notation, ""))
        return parent.pk if parent else None

    def _tags(self, notations: Sequence[str]) -> Any:
        return Tag.objects.filter(vocabulary=self._vocabulary, notation__in=notations)

    def _create(self, rows: Sequence[TagRow]) -> dict[str, Tag]:
        tags = {row.notation: Tag(vocabulary=self._vocabulary, notation=row.notation) for row in rows}
        for row in rows:
            _apply(row, tags[row.notation])
        Tag.objects.bulk_create(tags.values())
        return tags

    def _write_labels(self, rows: Sequence[TagRow], tags: dict[str, Tag]) -> set[str]:
        """Give the tags their planned names; notations of those that got a new name or another preferred one."""
        present: dict[UUID, dict[str, TagLabel]] = {}
        for label in TagLabel.objects.filter(tag__in=tags.values()):
            present.setdefault(label.tag_id, {})[label.normalised_text] = label
        added: list[TagLabel] = []
        changed: dict[int, TagLabel] = {}
        renamed = set()
        for row in rows:
            tag = tags[row.notation]
            of_tag = present.get(tag.pk, {})
            before = len(added) + len(changed)
            for planned in self._plan.labels[row.notation]:
                added += _new_label(planned, tag, of_tag)
                changed |= {label.pk: label for label in _changed_labels(planned, of_tag)}
            if len(added) + len(changed) > before:
                renamed.add(row.notation)
        _save_labels(added, changed)
        return renamed


def _apply(row: TagRow, tag: Tag) -> bool:
    """Put what the row says into the tag; whether anything changed."""
    given = {name: value for name in WRITTEN_FIELDS if (value := getattr(row, name)) is not None}
    changed = {name: value for name, value in given.items() if getattr(tag, name) != value}
    for name, value in changed.items():
        setattr(tag, name, value)
    return bool(changed)


def _new_label(planned: LabelRow, tag: Tag, of_tag: dict[str, TagLabel]) -> list[TagLabel]:
    if planned.normalised_text in of_tag:
        return []
    return [TagLabel.of(tag, planned.text, language=planned.language, kind=planned.kind)]


def _changed_labels(planned: LabelRow, of_tag: dict[str, TagLabel]) -> list[TagLabel]:
    """Labels that must change for `planned` to stand: it takes over its text, the old preferred one steps back."""
    if planned.kind != Kind.PREFERRED:
        return []
    same = of_tag.get(planned.normalised_text)
    stepping_back = [
        label
        for label in of_tag.values()
        if label is not same and label.kind == Kind.PREFERRED and label.language == planned.language
    ]
    for label in stepping_back:
        label.kind = Kind.ALTERNATIVE
    wanted = (planned.language, planned.kind, planned.text)
    if same is None or (same.language, same.kind, same.text) == wanted:
        return stepping_back
    same.language, same.kind, same.text = wanted
    return [*stepping_back, same]


def _save_labels(added: list[TagLabel], changed: dict[int, TagLabel]) -> None:
    """Step back first, then step forward: a tag has one preferred label a language at every moment."""
    in_order = sorted(changed.values(), key=lambda label: label.kind == Kind.PREFERRED)
    back = [label for label in in_order if label.kind != Kind.PREFERRED]
    forward = [label for label in in_order if label.kind == Kind.PREFERRED]
    for labels in (back, forward):
        TagLabel.objects.bulk_update(labels, ["language", "kind", "text"])
    TagLabel.objects.bulk_create(added)
