"""Documents like a text that bear the tag in question, as far as the reader may see them."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db.models import QuerySet

from recommender import ml
from recommender.present import PresentRanker
from tagplatform.common.ids import format_public_id
from tagplatform.content.models import Document, TagAssignment

LISTED = 3
_LOOKED_AT = 50  # some are not the reader's, some are gone or have lost the tag since


@dataclass(frozen=True)
class SimilarDocument:
    """A document that the reader may see; `similarity` is 0 to 1."""

    id: uuid.UUID
    external_id: str
    title: str
    similarity: float

    @property
    def public_id(self) -> str:
        return format_public_id(Document.id_prefix, self.id)


def similar_documents(
    present: PresentRanker,
    text: ml.Text,
    labels: Sequence[int],
    *,
    readable: QuerySet[Document] | None,
    itself: Document | None = None,
) -> dict[int, list[SimilarDocument]]:
    """For each label the nearest documents that bear its tag now, nearest first; `itself` is what the text is of."""
    near = {
        present.tag_ids[label]: dict(_known_ids(present.ranker.similar_documents(text, label, _LOOKED_AT)))
        for label in (labels if readable is not None else ())
    }
    found = readable_of(near, readable=readable, itself=itself)
    return {label: found.get(present.tag_ids[label], []) for label in labels}


def readable_of(
    near: Mapping[uuid.UUID, Mapping[uuid.UUID, float]],
    *,
    readable: QuerySet[Document] | None,
    itself: Document | None = None,
) -> dict[uuid.UUID, list[SimilarDocument]]:
    """For each tag those of its near documents (with their similarity, nearest first) that still bear it."""
    if readable is None:
        return {tag_id: [] for tag_id in near}
    document_ids = {document_id for found in near.values() for document_id in found}
    rows = _rows(readable.filter(pk__in=document_ids - {itself.pk if itself else None}), near)
    return {tag_id: list(islice(_listed(found, tag_id, rows), LISTED)) for tag_id, found in near.items()}


Rows = Mapping[tuple[uuid.UUID, uuid.UUID], tuple[str, str]]


def _rows(documents: QuerySet[Document], tag_ids: Iterable[uuid.UUID]) -> Rows:
    """External id and title by document and tag, in one query."""
    assigned = TagAssignment.objects.filter(document__in=documents.order_by(), tag__in=list(tag_ids))
    columns = ("document_id", "tag_id", "document__external_id", "document__title")
    return {(document_id, tag_id): (*rest,) for document_id, tag_id, *rest in assigned.values_list(*columns)}


def _listed(near: Mapping[uuid.UUID, float], tag_id: uuid.UUID, rows: Rows) -> Iterator[SimilarDocument]:
    for document_id, similarity in near.items():
        if (document_id, tag_id) in rows:
            yield SimilarDocument(document_id, *rows[document_id, tag_id], similarity)


def _known_ids(found: Sequence[ml.SimilarDocument]) -> Iterator[tuple[uuid.UUID, float]]:
    """Documents of the platform; a model trained from files knows others."""
    for document in found:
        try:
            yield uuid.UUID(document.document_id), document.similarity
        except ValueError:
            continue
