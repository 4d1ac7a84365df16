"""Documents as JSON."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet

from tagplatform.content.models import Document, TagAssignment
from tagplatform.taxonomy.api.presenters import present_tag_brief
from tagplatform.taxonomy.selectors import vocabulary_snapshot


def with_tags(documents: QuerySet[Document]) -> QuerySet[Document]:
    """Load what the presenters need: two queries, however many documents."""
    assignments = TagAssignment.objects.select_related("tag__vocabulary").order_by("pk")
    return documents.select_related("source").prefetch_related(Prefetch("tag_assignments", assignments))


def present_summary(document: Document, language: str = "") -> dict[str, Any]:
    """A document without its text."""
    return {
        "id": document.public_id,
        "source": document.source.slug,
        "external_id": document.external_id,
        "title": document.title,
        "language": document.language,
        "published_at": document.published_at,
        "created_at": document.created_at,
        "updated_at": document.updated_at,
        "tags": list(_present_tags(document.tag_assignments.all(), language)),
    }


def present_document(document: Document, language: str = "") -> dict[str, Any]:
    """A document with its text."""
    return present_summary(document, language) | {
        "text": document.body,
        "extra": document.extra,
        "split_group": document.split_group,
    }


def _present_tags(assignments: Iterable[TagAssignment], language: str) -> Iterable[dict[str, Any]]:
    for assignment in assignments:
        vocabulary = assignment.tag.vocabulary
        entry = vocabulary_snapshot(vocabulary.pk, version=vocabulary.version).tags[assignment.tag_id]
        yield present_tag_brief(entry, language) | {"vocabulary": vocabulary.slug, "origin": assignment.origin}
