"""A vocabulary as it stands now, kept in memory of the process and renewed when its version has grown."""

import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tagplatform.common.ids import format_public_id
from tagplatform.taxonomy.models import Tag, TagLabel, Vocabulary


@dataclass(frozen=True)
class LabelEntry:
    """One name of a tag."""

    text: str
    normalised_text: str
    pinyin_initials: str
    language: str
    kind: str


@dataclass(frozen=True)
class TagEntry:
    """A tag with all its names; immutable, shared between threads."""

    id: uuid.UUID
    notation: str
    status: str
    is_recommendable: bool
    parent_id: uuid.UUID | None
    definition: str
    scope_note: str
    at_most_one_below: bool
    labels: tuple[LabelEntry, ...]
    default_language: str
    siblings: Mapping[uuid.UUID, "TagEntry"] = field(repr=False, compare=False)

    @cached_property
    def public_id(self) -> str:
        return format_public_id(Tag.id_prefix, self.id)

    @property
    def assignable(self) -> bool:
        """People may put it on a document now."""
        return self.status == Tag.Status.ACTIVE

    @property
    def recommendable(self) -> bool:
        """An answer may contain it now."""
        return self.assignable and self.is_recommendable

    def label(self, language: str = "") -> str:
        """The preferred label in `language`, else in the vocabulary's, else any, else the notation."""
        preferred = {entry.language: entry.text for entry in self.labels if entry.kind == TagLabel.Kind.PREFERRED}
        for wanted in (language, self.default_language):
            if wanted in preferred:
                return preferred[wanted]
        return next(iter(preferred.values()), self.notation)

    def preferred_labels(self) -> list[str]:
        """The preferred label of every language, the vocabulary's own first; the notation where there is none."""
        labels = [entry.text for entry in self.labels if entry.kind == TagLabel.Kind.PREFERRED]
        return list(dict.fromkeys([self.label(), *sorted(labels)]))

    def broader(self) -> Iterator["TagEntry"]:
        """The tag above this one, the one above that, up to the root."""
        entry = self.siblings.get(self.parent_id) if self.parent_id else None
        while entry is not None:
            yield entry
            entry = self.siblings.get(entry.parent_id) if entry.parent_id else None

    @cached_property
    def exclusive_facet(self) -> uuid.UUID | None:
        """The topmost broader tag of whose narrower ones a document bears at most one; None where there is none."""
        return next((tag.id for tag in [*self.broader()][::-1] if tag.at_most_one_below), None)

    def path(self, language: str = "") -> list[str]:
        """Labels from the root down to this tag."""
        return [entry.label(language) for entry in (self, *self.broader())][::-1]


@dataclass(frozen=True)
class VocabularySnapshot:
    """All tags of a vocabulary at one version of it."""

    vocabulary_id: uuid.UUID
    version: int
    tags: Mapping[uuid.UUID, TagEntry]

    @cached_property
    def by_label(self) -> Mapping[str, TagEntry]:
        """Tag by normalised text of any of its names."""
        return {label.normalised_text: tag for tag in self.tags.values() for label in tag.labels}

    @cached_property
    def by_notation(self) -> Mapping[str, TagEntry]:
        return {tag.notation: tag for tag in self.tags.values()}


_snapshots: dict[uuid.UUID, VocabularySnapshot] = {}
_lock = threading.Lock()


def vocabulary_snapshot(vocabulary_id: uuid.UUID, *, version: int | None = None) -> VocabularySnapshot:
    """The vocabulary at its present version; `version` spares the query where the caller has just read it."""
    if version is None:
        version = Vocabulary.objects.values_list("version", flat=True).get(pk=vocabulary_id)
    kept = _snapshots.get(vocabulary_id)
    if kept is not None and kept.version == version:
        return kept
    with _lock:
        kept = _snapshots.get(vocabulary_id)
        if kept is None or kept.version != version:
            _snapshots[vocabulary_id] = kept = _read(vocabulary_id, version)
    return kept


def _read(vocabulary_id: uuid.UUID, version: int) -> VocabularySnapshot:
    language = Vocabulary.objects.values_list("language", flat=True).get(pk=vocabulary_id)
    labels: dict[uuid.UUID, list[LabelEntry]] = {}
    names = ("tag_id", "text", "normalised_text", "pinyin_initials", "language", "kind")
    for tag_id, *rest in TagLabel.objects.filter(vocabulary_id=vocabulary_id).values_list(*names):
        labels.setdefault(tag_id, []).append(LabelEntry(*rest))
    tags: dict[uuid.UUID, TagEntry] = {}
    columns = (
        "id",
        "notation",
        "status",
        "recommendable",
        "parent_id",
        "definition",
        "scope_note",
        "at_most_one_below",
    )
    for row in Tag.objects.filter(vocabulary_id=vocabulary_id).order_by("notation").values_list(*columns):
        own: tuple[Any, ...] = (*row, tuple(labels.get(row[0], ())), language, tags)
        tags[row[0]] = TagEntry(*own)
    return VocabularySnapshot(vocabulary_id, version, tags)
