"""Rows as the desk's scripts read them."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language

from recommender.services import Explanation
from tagplatform.access.models import User
from tagplatform.common.ids import format_public_id
from tagplatform.content.models import Document
from tagplatform.desk.selectors import Standing
from tagplatform.desk.services import DESK_SOURCE
from tagplatform.taxonomy.api.presenters import present_tag_brief
from tagplatform.taxonomy.models import Tag, Vocabulary


def label_language() -> str:
    """The language in which this person reads labels."""
    return get_language() or ""


def present_explanation(vocabulary: Vocabulary, explanation: Explanation) -> dict[str, Any]:
    """Places are counted in Unicode code points from the start of the field."""
    return {
        "tag": present_tag_brief(explanation.tag, label_language()),
        "definition": explanation.tag.definition,
        "scope_note": explanation.tag.scope_note,
        "label_match": explanation.label_match,
        "evidence": [
            {"field": e.field, "start": e.start, "end": e.end, "text": e.text, "contribution": e.contribution}
            for e in explanation.evidence
        ],
        "similar": [
            {
                "title": document.title or document.external_id,
                "address": reverse("desk:document", args=[vocabulary.slug, document.public_id]),
                "similarity": document.similarity,
            }
            for document in explanation.similar
        ],
    }


def present_next(vocabulary: Vocabulary, document: Document | None) -> dict[str, str] | None:
    """Where the queue goes on."""
    if document is None:
        return None
    return {"address": reverse("desk:document", args=[vocabulary.slug, document.public_id]), "title": str(document)}


def page_of_editor(
    *, user: User, vocabulary: Vocabulary, document: Document | None, standing: Standing, following: Document | None
) -> dict[str, Any]:
    """What the editor's script needs to know when the page opens."""
    return {
        "user": user.pk,
        "vocabulary": {
            "slug": vocabulary.slug,
            "one": vocabulary.selection_mode == Vocabulary.SelectionMode.ONE,
            "limit": vocabulary.suggestion_limit,
            "language": vocabulary.language,
        },
        "label_language": label_language(),
        "document": _document(document),
        "tags": [present_tag_brief(tag, label_language()) for tag in standing.tags],
        "recommendation": standing.recommendation and standing.recommendation.public_id,
        "rejected": _public_ids(standing.rejected_tag_ids),
        "suggested": _public_ids(standing.suggested_tag_ids),
        "next": present_next(vocabulary, following),
        "addresses": _addresses(vocabulary),
    }


def _document(document: Document | None) -> dict[str, Any] | None:
    if document is None:
        return None
    own = document.source.slug == DESK_SOURCE
    return {"id": document.public_id, "language": document.language, "editable": own}


def _public_ids(tag_ids: Iterable[Any]) -> list[str]:
    return [format_public_id(Tag.id_prefix, tag_id) for tag_id in tag_ids]


def _addresses(vocabulary: Vocabulary) -> dict[str, str]:
    return {
        "recommendations": "/api/v1/recommendations",
        "search": "/api/v1/tags/search",
        "proposals": "/api/v1/tag-proposals",
        "explain": reverse("desk:explain"),
        "submit": reverse("desk:submit"),
        "take_back": reverse("desk:take-back"),
        "editor": reverse("desk:editor", args=[vocabulary.slug]),
        "sign_in": reverse("login"),
    }
