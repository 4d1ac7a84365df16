"""Documents whose tags somebody has checked: recorded with who and when, taken back, and read."""

import uuid
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tagplatform.content.models import Document, SpotCheck, TagAssignment
from tagplatform.taxonomy.models import Vocabulary


@transaction.atomic
def record_spot_checks(*, document_ids: Collection[uuid.UUID], actor: Any) -> int:
    """The present tags of these documents are right and complete, in every vocabulary that they bear tags of.

    A check that stood there is replaced. Returns how many of the documents bear tags; the others cannot be checked.
    """
    documents = Document.objects.select_for_update().filter(pk__in=document_ids).order_by("pk")
    hashes = dict(documents.values_list("pk", "content_hash"))
    tags: defaultdict[tuple[uuid.UUID, uuid.UUID], list[uuid.UUID]] = defaultdict(list)
    assigned = TagAssignment.objects.filter(document__in=hashes).order_by("tag")
    for document_id, vocabulary_id, tag_id in assigned.values_list("document", "tag__vocabulary", "tag"):
        tags[document_id, vocabulary_id].append(tag_id)
    now = timezone.now()
    SpotCheck.objects.bulk_create(
        [
            SpotCheck(
                document_id=document_id,
                vocabulary_id=vocabulary_id,
                tag_ids=tag_ids,
                content_hash=hashes[document_id],
                checked_by=actor,
                checked_at=now,
            )
            for (document_id, vocabulary_id), tag_ids in tags.items()
        ],
        update_conflicts=True,
        unique_fields=["document", "vocabulary"],
        update_fields=["tag_ids", "content_hash", "checked_by", "checked_at"],
    )
    return len({document_id for document_id, _vocabulary_id in tags})


def take_spot_checks_back(*, document_ids: Collection[uuid.UUID]) -> int:
    """Nobody has checked these documents any more; returns how many had been."""
    checks = SpotCheck.objects.filter(document__in=document_ids)
    n_documents = checks.order_by().values("document").distinct().count()
    checks.delete()
    return n_documents


def spot_checks(vocabulary: Vocabulary) -> QuerySet[SpotCheck]:
    """Those of the vocabulary, the newest first."""
    return SpotCheck.objects.filter(vocabulary=vocabulary).order_by("-checked_at", "-id")
