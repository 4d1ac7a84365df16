"""What is asked of the taxonomy: search, resolve a label, the present snapshot."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from tagplatform.common.errors import NotFound
from tagplatform.common.ids import parse_public_id
from tagplatform.taxonomy.labels import normalise_label
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import LabelEntry, TagEntry, VocabularySnapshot, vocabulary_snapshot

__all__ = [
    "TagEntry", "TagHit", "VocabularySnapshot", "find_vocabulary", "resolve_label", "search_tags",
    "vocabulary_snapshot",
]  # fmt: skip

MISS, EXACT, PREFIX, WORD, PINYIN, SUBSTRING = None, 0, 1, 2, 3, 4


@dataclass(frozen=True)
class TagHit:
    """A tag that a search found, and the name by which."""

    tag: TagEntry
    matched_label: str


def find_vocabulary(reference: str | None) -> Vocabulary:
    """By slug or public id; the only one there is when nothing is given."""
    if not reference:
        return _only_vocabulary()
    found = Vocabulary.objects.filter(slug=reference).first()
    if found is None and reference.startswith(f"{Vocabulary.id_prefix}_"):
        found = Vocabulary.objects.filter(pk=parse_public_id(Vocabulary.id_prefix, reference)).first()
    if found is None:
        raise NotFound(f"There is no vocabulary “{reference[:80]}”.", code="unknown_vocabulary", pointer="/vocabulary")
    return found


def _only_vocabulary() -> Vocabulary:
    first_two = list(Vocabulary.objects.all()[:2])
    if len(first_two) == 1:
        return first_two[0]
    detail = "Say which vocabulary you mean." if first_two else "There is no vocabulary yet. Import tags first."
    raise NotFound(detail, code="unknown_vocabulary", pointer="/vocabulary")


def search_tags(*, vocabulary: Vocabulary, query: str, limit: int = 20) -> list[TagHit]:
    """Assignable tags with a name like `query`: equal, then by prefix, word, pinyin initials, substring."""
    wanted = normalise_label(query)
    if not wanted:
        return []
    snapshot = vocabulary_snapshot(vocabulary.pk)
    best = heapq.nsmallest(limit, _hits(snapshot, wanted), key=lambda hit: hit[0])
    return [TagHit(tag, label.text) for _key, tag, label in best]


def _hits(
    snapshot: VocabularySnapshot, wanted: str
) -> Iterator[tuple[tuple[int, bool, int, str], TagEntry, LabelEntry]]:
    for tag in snapshot.tags.values():
        if not tag.assignable:
            continue
        found = [(closeness, label) for label in tag.labels if (closeness := _closeness(label, wanted)) is not MISS]
        if found:
            closeness, label = min(found, key=lambda pair: (pair[0], len(pair[1].text)))
            yield (closeness, not tag.is_recommendable, len(label.text), tag.notation), tag, label


def _closeness(label: LabelEntry, wanted: str) -> int | None:
    text = label.normalised_text
    if wanted not in text:
        return PINYIN if label.pinyin_initials.startswith(wanted) and label.pinyin_initials else MISS
    if text.startswith(wanted):
        return EXACT if text == wanted else PREFIX
    return WORD if f" {wanted}" in text else SUBSTRING


def resolve_label(*, vocabulary: Vocabulary, label: str) -> TagEntry | None:
    """The tag that bears exactly this name (any kind, any language) or notation."""
    snapshot = vocabulary_snapshot(vocabulary.pk)
    return snapshot.by_label.get(normalise_label(label)) or snapshot.by_notation.get(label)
