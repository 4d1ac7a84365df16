"""What a model learns from: the documents' present tags, the decisions of the ledger, the names and texts of tags."""

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q

from feedback.models import Decision
from feedback.selectors import standing_decisions
from recommender import ml
from recommender.tag_texts import tag_text
from tagplatform.content.models import Document
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import VocabularySnapshot, vocabulary_snapshot

REJECTED_WEIGHT = 2.0
IGNORED_WEIGHT = 0.5
WEIGHT_BY_KIND = {
    Decision.Kind.REJECTED: REJECTED_WEIGHT,
    Decision.Kind.REMOVED: REJECTED_WEIGHT,
    Decision.Kind.IGNORED: IGNORED_WEIGHT,
}
NEVER_SHOWN_WEIGHT = 0.0
SHOWN_KINDS = {Decision.Kind.ACCEPTED, Decision.Kind.REJECTED, Decision.Kind.IGNORED}

Row = tuple[Any, ...]
Decisions = Mapping[uuid.UUID, Mapping[uuid.UUID, str]]


@dataclass(frozen=True)
class TrainingData:
    """Examples, the columns that their labels stand for with their texts, and a digest that is equal for equal data."""

    examples: list[ml.Example]
    label_space: ml.LabelSpace
    tag_texts: tuple[ml.TagText, ...]  # one a label
    digest: str

    @property
    def window(self) -> tuple[datetime | None, datetime | None]:
        """When the first and the last of the dated documents were published."""
        moments = [e.published_at for e in self.examples if e.published_at is not None]
        if not moments:
            return None, None
        return datetime.fromtimestamp(min(moments), UTC), datetime.fromtimestamp(max(moments), UTC)


def collect_training_data(vocabulary: Vocabulary, *, known: tuple[str, ...] = ()) -> TrainingData:
    """Every document with a tag or a decision; `known` are the columns of the champion, which keep their place."""
    snapshot = vocabulary_snapshot(vocabulary.pk)
    resolve = _resolved_tags(vocabulary, snapshot)
    mode: ml.SelectionMode = "one" if vocabulary.selection_mode == Vocabulary.SelectionMode.ONE else "many"
    recommendable = sorted(str(tag.id) for tag in snapshot.tags.values() if tag.recommendable)
    label_space = ml.LabelSpace(known, mode).extended(recommendable)
    decisions = _decisions_by_document(vocabulary)
    rows = _dated(list(_documents(vocabulary, decisions)))
    examples = [_example(row, resolve, label_space.label_by_tag_id, decisions.get(row[0], {})) for row in rows]
    if mode == "one":
        examples = [example for example in examples if len(example.labels) == 1]
    tag_texts = _tag_texts(label_space, snapshot)
    return TrainingData(examples, label_space, tag_texts, _digest(examples, label_space, tag_texts))


def _tag_texts(label_space: ml.LabelSpace, snapshot: VocabularySnapshot) -> tuple[ml.TagText, ...]:
    """Of retired tags too, which may come back into use; a tag that is no more has no name."""
    tags = (snapshot.tags.get(uuid.UUID(tag_id)) for tag_id in label_space.tag_ids)
    return tuple(tag_text(tag) if tag is not None else ml.TagText("") for tag in tags)


def _resolved_tags(vocabulary: Vocabulary, snapshot: VocabularySnapshot) -> dict[uuid.UUID, uuid.UUID]:
    """The recommendable tag that each tag counts as: itself, or what replaced it."""
    replaced = dict(
        vocabulary.tags.filter(replaced_by__isnull=False).values_list("pk", "replaced_by_id"),
    )
    resolved = {}
    for tag_id in snapshot.tags:
        end, seen = tag_id, {tag_id}
        while not snapshot.tags[end].assignable and end in replaced and replaced[end] not in seen:
            end = replaced[end]
            seen.add(end)
        if snapshot.tags[end].recommendable:
            resolved[tag_id] = end
    return resolved


def _decisions_by_document(vocabulary: Vocabulary) -> Decisions:
    decisions: dict[uuid.UUID, dict[uuid.UUID, str]] = defaultdict(dict)
    for document_id, tag_id, kind in standing_decisions(vocabulary):
        decisions[document_id][tag_id] = kind
    return decisions


def _documents(vocabulary: Vocabulary, decisions: Decisions) -> Iterable[Row]:
    of_vocabulary = Q(tag_assignments__tag__vocabulary=vocabulary)
    return (
        Document.objects.annotate(
            tag_ids=ArrayAgg(
                "tag_assignments__tag_id", filter=of_vocabulary, default=[], order_by="tag_assignments__tag_id"
            )
        )
        .filter(Q(tag_ids__len__gt=0) | Q(pk__in=list(decisions)))
        .order_by("pk")
        .values_list("pk", "title", "body", "language", "split_group", "tag_ids", "published_at", "created_at")
        .iterator(chunk_size=2000)
    )


def _dated(rows: list[Row]) -> list[Row]:
    """Without `created_at`; where most documents have a date, it stands in for the missing ones."""
    most_have_a_date = sum(published is not None for *_, published, _created in rows) > len(rows) / 2
    return [(*row, published or (created if most_have_a_date else None)) for *row, published, created in rows]


def _example(
    row: Row,
    resolve: Mapping[uuid.UUID, uuid.UUID],
    label_by_tag_id: Mapping[str, int],
    decisions: Mapping[uuid.UUID, str],
) -> ml.Example:
    document_id, title, body, language, split_group, tag_ids, published_at = row
    labels = _labels(tag_ids, resolve, label_by_tag_id)
    weights: dict[int, float] = {}
    for tag_id, kind in decisions.items():
        if kind in WEIGHT_BY_KIND:
            for label in _labels([tag_id], resolve, label_by_tag_id) - labels:
                weights[label] = WEIGHT_BY_KIND[Decision.Kind(kind)]
    was_shown = any(kind in SHOWN_KINDS for kind in decisions.values())
    return ml.Example(
        text=ml.Text(title, body, language),
        labels=tuple(sorted(labels)),
        document_id=str(document_id),
        group=split_group,
        published_at=published_at.timestamp() if published_at else None,
        label_weights=weights,
        unlabelled_weight=NEVER_SHOWN_WEIGHT if was_shown else 1.0,
    )


def _labels(
    tag_ids: Iterable[uuid.UUID], resolve: Mapping[uuid.UUID, uuid.UUID], label_by_tag_id: Mapping[str, int]
) -> set[int]:
    return {label_by_tag_id[str(resolve[tag_id])] for tag_id in tag_ids if tag_id in resolve}


def _digest(examples: Sequence[ml.Example], label_space: ml.LabelSpace, tag_texts: Sequence[ml.TagText]) -> str:
    """SHA-256 over every text, label and weight and over the names and texts of the tags, in order."""
    digest = hashlib.sha256(repr(label_space).encode())
    for each in (*tag_texts, *examples):
        digest.update(repr(each).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
