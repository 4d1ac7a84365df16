"""Tags of many documents at once. An import takes back only what imports gave, never an editor's tag."""

from collections.abc import Container, Mapping
from uuid import UUID

from tagplatform.content.models import TagAssignment
from tagplatform.taxonomy.models import Vocabulary


class Assignments:
    """The assignments of one vocabulary, as seen by one origin."""

    def __init__(self, vocabulary: Vocabulary, origin: str) -> None:
        self._vocabulary = vocabulary
        self._origin = origin

    def replace(self, wanted: Mapping[UUID, set[UUID]], *, new: Container[UUID]) -> set[UUID]:
        """Give every document its wanted tags; the documents whose tags changed. The `new` ones have none yet."""
        present, own = self._present([document for document in wanted if document not in new])
        gained = {document: tags - present.get(document, set()) for document, tags in wanted.items()}
        lost = [
            (document, pk) for document, pks in own.items() for tag, pk in pks.items() if tag not in wanted[document]
        ]
        TagAssignment.objects.filter(pk__in=[pk for _document, pk in lost]).delete()
        TagAssignment.objects.bulk_create(
            [
                TagAssignment(document_id=document, tag_id=tag, origin=self._origin)
                for document, tags in gained.items()
                for tag in sorted(tags)
            ],
            ignore_conflicts=True,
        )
        return {document for document, tags in gained.items() if tags} | {document for document, _pk in lost}

    def _present(self, documents: list[UUID]) -> tuple[dict[UUID, set[UUID]], dict[UUID, dict[UUID, int]]]:
        """Tags by document, and those of this origin with their keys."""
        present: dict[UUID, set[UUID]] = {}
        own: dict[UUID, dict[UUID, int]] = {}
        rows = TagAssignment.objects.filter(document__in=documents, tag__vocabulary=self._vocabulary)
        for pk, document, tag, origin in rows.values_list("pk", "document_id", "tag_id", "origin"):
            present.setdefault(document, set()).add(tag)
            if origin == self._origin:
                own.setdefault(document, {})[tag] = pk
        return present, own
