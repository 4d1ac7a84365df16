"""Documents as training reads them: with their tags, equal texts once, dated by when their text was written."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Exists, OuterRef, Q

from feedback.models import Decision
from tagplatform.content.models import Document, TagAssignment
from tagplatform.taxonomy.models import Vocabulary

UNDECIDED_ORIGINS = (TagAssignment.Origin.IMPORTED, TagAssignment.Origin.RULE)


@dataclass(frozen=True, slots=True)
class TrainingDocument:
    """A text with the tags it bears; `undecided_tag_ids` are those of them that came without anybody's decision.

    `published_at` is when the text that stands here was written: its publication, or its last change if that is later.
    """

    id: uuid.UUID
    title: str
    body: str
    language: str
    split_group: str
    content_hash: str
    tag_ids: frozenset[uuid.UUID]
    undecided_tag_ids: frozenset[uuid.UUID]
    published_at: datetime | None
    created_at: datetime

    @property
    def has_text(self) -> bool:
        return bool(self.title.strip() or self.body.strip())


def training_documents(vocabulary: Vocabulary) -> Iterator[TrainingDocument]:
    """Every document with a tag of the vocabulary or a decision on one, oldest row first, streamed."""
    of_vocabulary = Q(tag_assignments__tag__vocabulary=vocabulary)
    undecided = of_vocabulary & Q(tag_assignments__origin__in=UNDECIDED_ORIGINS)
    decided = Decision.objects.filter(vocabulary=vocabulary, document=OuterRef("pk"))
    rows = (
        Document.objects.annotate(
            tag_ids=ArrayAgg("tag_assignments__tag_id", filter=of_vocabulary, default=[]),
            undecided=ArrayAgg("tag_assignments__tag_id", filter=undecided, default=[]),
        )
        .filter(Q(tag_ids__len__gt=0) | Exists(decided))
        .order_by("pk")
        .values_list(
            "pk", "title", "body", "language", "split_group", "content_hash", "tag_ids", "undecided",
            "published_at", "text_changed_at", "created_at",
        )
    )  # fmt: skip
    for row in rows.iterator(chunk_size=2000):
        yield _document(*row)


def _document(*row: Any) -> TrainingDocument:
    key, title, body, language, group, text_hash, tag_ids, undecided, published, changed, created = row
    written = max(published, changed) if published and changed else published
    return TrainingDocument(
        key, title, body, language, group, text_hash, frozenset(tag_ids), frozenset(undecided), written, created
    )


def dated(documents: Sequence[TrainingDocument]) -> list[TrainingDocument]:
    """Where most documents have a date, the day of its arrival stands in for a missing one."""
    most_have_a_date = sum(each.published_at is not None for each in documents) > len(documents) / 2
    if not most_have_a_date:
        return list(documents)
    return [replace(each, published_at=each.published_at or each.created_at) for each in documents]


def each_text_once(
    documents: Iterable[TrainingDocument], *, one_tag: bool = False
) -> tuple[list[TrainingDocument], dict[uuid.UUID, uuid.UUID]]:
    """The documents without the older copies of equal texts, and which document stands for each copy.

    The newest copy stays, bears the tags of all of them (its own alone where a document has exactly one tag), has the
    latest date, and ties their groups together: siblings of any copy stay on one side of a split.
    """
    by_text: dict[str, list[TrainingDocument]] = {}
    for each in documents:
        key = each.content_hash if each.has_text else f"document {each.id}"
        by_text.setdefault(key, []).append(each)
    groups = _joined_groups(copies for copies in by_text.values() if len(copies) > 1)
    stands_for = {copy.id: copies[-1].id for copies in by_text.values() for copy in copies[:-1]}
    return [_one_of(copies, groups, one_tag) for copies in by_text.values()], stands_for


def _one_of(copies: Sequence[TrainingDocument], groups: Mapping[str, str], one_tag: bool) -> TrainingDocument:
    newest = copies[-1]
    if len(copies) == 1:
        group = groups.get(newest.split_group, newest.split_group)
        return newest if group == newest.split_group else replace(newest, split_group=group)
    named = next((copy.split_group for copy in copies if copy.split_group), "")
    return replace(
        newest,
        split_group=groups.get(named, named),
        tag_ids=newest.tag_ids if one_tag else frozenset().union(*(copy.tag_ids for copy in copies)),
        undecided_tag_ids=frozenset().union(*(copy.undecided_tag_ids for copy in copies)),
        published_at=max((copy.published_at for copy in copies if copy.published_at), default=None),
    )


def _joined_groups(equal: Iterable[Sequence[TrainingDocument]]) -> dict[str, str]:
    """One name for all groups that have an equal text between them, however many steps apart."""
    parents: dict[str, str] = {}

    def root(group: str) -> str:
        while parents.get(group, group) != group:
            group = parents[group]
        return group

    for copies in equal:
        first, *others = sorted({root(copy.split_group) for copy in copies if copy.split_group}) or [""]
        for other in others:
            parents[other] = first
    return {group: root(group) for group in parents}
