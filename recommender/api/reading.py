"""From what a request names to what the recommender is asked."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from feedback.api.reading import check_tags_known
from feedback.models import Recommendation
from recommender.services import RecommendationRequest
from tagplatform.access.models import ApiKey
from tagplatform.access.permissions import scopes_of
from tagplatform.common.errors import InvalidInput
from tagplatform.common.scopes import Scope
from tagplatform.content.api.callers import chosen_source, own_source
from tagplatform.content.models import Document, Source
from tagplatform.taxonomy.models import Vocabulary

DocumentsById = Mapping[str, Document]


def asked_source(request: Request, options: Mapping[str, Any], external_ids: Collection[str]) -> Source | None:
    """The source that a recommendation belongs to; a person needs one only for a stored document."""
    if own_source(request) is None and not external_ids and "source" not in options:
        return None
    return chosen_source(request, options.get("source"))


def stored_documents(source: Source | None, external_ids: Collection[str]) -> DocumentsById:
    """The documents that a request names, in one query."""
    if source is None or not external_ids:
        return {}
    return {row.external_id: row for row in Document.objects.filter(source=source, external_id__in=external_ids)}


def readable_documents(request: Request) -> QuerySet[Document]:
    """Documents that the caller may read: a key those of its own source, a person all, without the right none."""
    scopes = set(request.auth.scopes) if isinstance(request.auth, ApiKey) else scopes_of(request.user)
    if Scope.DOCUMENTS_READ not in scopes:
        return Document.objects.none()
    own = own_source(request)
    return Document.objects.filter(source=own) if own is not None else Document.objects.all()


def recommendation_request(  # noqa: PLR0913
    vocabulary: Vocabulary,
    text: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    source: Source | None,
    documents: DocumentsById,
    readable: QuerySet[Document],
) -> RecommendationRequest:
    """One text with the options; InvalidInput where it names a document or a tag that is not known."""
    check_tags_known(vocabulary.pk, text, ("chosen_tags", "candidate_tags"), version=vocabulary.version)
    document = _document(text, documents)
    use_stored = document is not None and "title" not in text and "text" not in text
    return RecommendationRequest(
        title=document.title if document and use_stored else text.get("title", ""),
        body=document.body if document and use_stored else text.get("text", ""),
        language=text["language"] or (document.language if document else ""),
        document=document,
        source=source,
        limit=options.get("limit"),
        min_probability=options["min_score"],
        chosen_tag_ids=text["chosen_tags"],
        candidate_tag_ids=text.get("candidate_tags"),
        explain=options["explain"],
        readable=readable,
        store=options["store"],
        policy=Recommendation.Policy.BLIND if options["blind"] else Recommendation.Policy.NORMAL,
    )


def _document(text: Mapping[str, Any], documents: DocumentsById) -> Document | None:
    external_id = text.get("external_id")
    if external_id is None:
        return None
    if external_id not in documents:
        raise InvalidInput(
            f"The source has no document “{external_id[:80]}”. Store it first, or leave “external_id” out.",
            code="unknown_document",
            pointer="/external_id",
        )
    return documents[external_id]
