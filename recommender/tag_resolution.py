"""Which tag a tag counts as in training: itself, or what replaced it; documents and decisions read that way."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace

from feedback.evidence import Evidence
from recommender.documents import TrainingDocument
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import VocabularySnapshot

Resolve = Mapping[uuid.UUID, uuid.UUID]


def resolved_tags(vocabulary: Vocabulary, snapshot: VocabularySnapshot) -> Resolve:
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


def with_resolved_tags(documents: Iterable[TrainingDocument], resolve: Resolve) -> list[TrainingDocument]:
    return [
        replace(
            each,
            tag_ids=frozenset(resolve[tag_id] for tag_id in each.tag_ids if tag_id in resolve),
            undecided_tag_ids=frozenset(resolve[tag_id] for tag_id in each.undecided_tag_ids if tag_id in resolve),
        )
        for each in documents
    ]


def resolved_evidence(
    evidence: Iterable[Evidence], resolve: Resolve, stands_for: Mapping[uuid.UUID, uuid.UUID]
) -> tuple[list[Evidence], int]:
    """On the tags that count now and the documents that are learnt from; and how many were on tags that do not."""
    resolved, n_retired = [], 0
    for each in evidence:
        tag_id, document_id = resolve.get(each.tag_id), stands_for.get(each.document_id, each.document_id)
        if tag_id is None:
            n_retired += 1
        elif tag_id == each.tag_id and document_id == each.document_id:
            resolved.append(each)
        else:
            resolved.append(replace(each, tag_id=tag_id, document_id=document_id))
    return resolved, n_retired
