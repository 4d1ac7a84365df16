"""Documents come in, get their tags, and are erased."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from tagplatform.common.errors import InvalidInput
from tagplatform.content.models import MAX_BODY_CHARACTERS, Document, Source, TagAssignment, content_hash
from tagplatform.taxonomy.models import Tag, Vocabulary

HEAD_SHARE = 0.75
ERASED_AT_ONCE = 200


@dataclass(frozen=True)
class DocumentFields:
    """What a source says about a document."""

    title: str = ""
    body: str = ""
    language: str = ""
    published_at: datetime | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    split_group: str = ""


def shorten_body(body: str) -> tuple[str, bool]:
    """Head and tail of a text over the limit, and whether anything was cut."""
    if len(body) <= MAX_BODY_CHARACTERS:
        return body, False
    head = int(MAX_BODY_CHARACTERS * HEAD_SHARE)
    return body[:head] + "\n" + body[len(body) - (MAX_BODY_CHARACTERS - head - 1) :], True


def save_document(*, source: Source, external_id: str, fields: DocumentFields) -> tuple[Document, bool]:
    """Create the document or bring it up to date; returns it and whether it is new."""
    body, _ = shorten_body(fields.body)
    values = {
        "title": fields.title,
        "body": body,
        "language": fields.language,
        "published_at": fields.published_at,
        "extra": fields.extra,
        "split_group": fields.split_group,
        "content_hash": content_hash(fields.title, body),
    }
    return Document.objects.update_or_create(source=source, external_id=external_id, defaults=values)


@transaction.atomic
def set_document_tags(
    *, document: Document, vocabulary: Vocabulary, tag_ids: Iterable[uuid.UUID], origin: str, actor: Any | None
) -> None:
    """Make `tag_ids` the document's tags of this vocabulary; tags that stay keep who assigned them and when."""
    wanted = set(tag_ids)
    Document.objects.select_for_update().get(pk=document.pk)
    check_tags(vocabulary=vocabulary, tag_ids=wanted)
    present = set(
        TagAssignment.objects.filter(document=document, tag__vocabulary=vocabulary).values_list("tag_id", flat=True)
    )
    TagAssignment.objects.filter(document=document, tag_id__in=present - wanted).delete()
    TagAssignment.objects.bulk_create(
        [
            TagAssignment(document=document, tag_id=tag_id, origin=origin, assigned_by=actor)
            for tag_id in sorted(wanted - present)
        ]
    )


def check_tags(*, vocabulary: Vocabulary, tag_ids: set[uuid.UUID], pointer: str = "/final_tags") -> None:
    """InvalidInput where a tag is not of this vocabulary or there are more than its selection mode allows."""
    known = set(Tag.objects.filter(vocabulary=vocabulary, pk__in=tag_ids).values_list("pk", flat=True))
    if missing := tag_ids - known:
        raise InvalidInput(
            f"{len(missing)} of the tags do not stand in the vocabulary “{vocabulary.slug}”.",
            code="unknown_tag",
            pointer=pointer,
        )
    if vocabulary.selection_mode == Vocabulary.SelectionMode.ONE and len(tag_ids) > 1:
        raise InvalidInput(
            f"The vocabulary “{vocabulary.slug}” allows exactly one tag on a document, not {len(tag_ids)}.",
            code="too_many_tags",
            pointer=pointer,
        )


def erase_document(*, document: Document) -> None:
    """Delete the document and its tags; the ledger keeps its decisions without the text."""
    _erase([document.pk])


def erase_outdated_documents(*, today: date) -> int:
    """Erase what was to be kept until a day before this one, batch by batch; returns how many documents."""
    outdated = list(
        Document.objects.filter(retain_until__lt=today).order_by("retain_until").values_list("pk", flat=True)
    )
    for start in range(0, len(outdated), ERASED_AT_ONCE):
        _erase(outdated[start : start + ERASED_AT_ONCE])
    return len(outdated)


def _erase(document_ids: list[uuid.UUID]) -> None:
    """In one transaction, without loading the texts."""
    Document.objects.filter(pk__in=document_ids).only("pk").delete()
