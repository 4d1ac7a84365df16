"""Documents over HTTP: in, out, erased. An API key sees those of its own source."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from tagplatform.common.api import ApiView, PagedView, answered_once, body_of, query_of
from tagplatform.common.errors import Conflict
from tagplatform.common.scopes import Scope
from tagplatform.content.api import examples, shapes
from tagplatform.content.api.callers import chosen_source, document_in_path, own_source
from tagplatform.content.api.presenters import present_document, present_summary, with_tags
from tagplatform.content.models import MAX_BODY_CHARACTERS, Document
from tagplatform.content.services import DocumentFields, erase_document, save_document


class Documents(PagedView):
    """The documents of a source."""

    read_scope = Scope.DOCUMENTS_READ
    write_scope = Scope.DOCUMENTS_WRITE

    @extend_schema(
        operation_id="list_documents",
        tags=["Documents"],
        summary="List documents",
        parameters=[shapes.DocumentQuery],
        responses=shapes.DocumentSummary(many=True),
        examples=[examples.SUMMARY],
    )
    def get(self, request: Request) -> Response:
        """Documents without their texts, with their tags, newest first. People may leave `source` out to see all."""
        query = self.filters(shapes.DocumentQuery)
        found = with_tags(Document.objects.defer("body", "extra"))
        if own_source(request) is not None or "source" in query:
            found = found.filter(source=chosen_source(request, query.get("source")))
        return self.answer([present_summary(row, query["label_language"]) for row in self.page(found)])

    def show_saved(self, request: Request) -> Response:
        """The answer to a repeated POST: the document as it is now, since no copy of its text is kept."""
        body = body_of(request, shapes.DocumentRequest)
        source = chosen_source(request, body.get("source"))
        saved = Document.objects.filter(source=source, external_id=body["external_id"]).first()
        if saved is None:
            raise Conflict(
                _("This request was carried out, and the document has been erased since. Take a new Idempotency-Key."),
                code="erased_since",
            )
        return Response(_present_saved(saved, body))

    @extend_schema(
        operation_id="save_document",
        tags=["Documents"],
        summary="Store a document",
        request=shapes.DocumentRequest,
        responses={
            201: OpenApiResponse(shapes.SavedDocument, "The document is new"),
            200: OpenApiResponse(shapes.SavedDocument, "The document was brought up to date"),
        },
        examples=[examples.DOCUMENT_REQUEST, examples.SAVED],
    )
    @answered_once(again=show_saved)
    def post(self, request: Request) -> Response:
        """Create the document, or bring the one with this `external_id` up to date: fields left out become empty.

        Its tags stay as they are; `PUT /documents/{external_id}/tags` sets them. A request that is repeated with its
        `Idempotency-Key` shows the document as it is by then, or 409 `erased_since`.
        """
        body = body_of(request, shapes.DocumentRequest)
        source = chosen_source(request, body.get("source"))
        fields = DocumentFields(
            title=body["title"],
            body=body["text"],
            language=body["language"],
            published_at=body["published_at"],
            extra=body["extra"],
            split_group=body["split_group"],
        )
        document, created = save_document(source=source, external_id=body["external_id"], fields=fields)
        return Response(_present_saved(document, body), status=201 if created else 200)


class DocumentByExternalId(ApiView):
    """One document."""

    read_scope = Scope.DOCUMENTS_READ
    write_scope = Scope.DOCUMENTS_WRITE

    @extend_schema(
        operation_id="get_document",
        tags=["Documents"],
        summary="Read a document",
        parameters=[shapes.DocumentQuery],
        responses=shapes.DocumentShape,
        examples=[examples.DOCUMENT],
    )
    def get(self, request: Request, external_id: str) -> Response:
        """The document with its text and the tags that it truly has."""
        query = query_of(request, shapes.DocumentQuery)
        document = document_in_path(chosen_source(request, query.get("source")), external_id)
        shown = with_tags(Document.objects.all()).get(pk=document.pk)
        return Response(present_document(shown, query["label_language"]))

    @extend_schema(
        operation_id="erase_document",
        tags=["Documents"],
        summary="Erase a document",
        parameters=[shapes.SourceQuery],
        responses={204: OpenApiResponse(description="The document is erased")},
    )
    def delete(self, request: Request, external_id: str) -> Response:
        """Erase the document with its text and tags. The ledger keeps its decisions, without document and text."""
        query = query_of(request, shapes.SourceQuery)
        erase_document(document=document_in_path(chosen_source(request, query.get("source")), external_id))
        return Response(status=204)


def _present_saved(document: Document, body: dict[str, Any]) -> dict[str, Any]:
    """The document as stored, and whether the text that was sent was too long for it."""
    shown = present_document(with_tags(Document.objects.all()).get(pk=document.pk))
    return shown | {"truncated": len(body["text"]) > MAX_BODY_CHARACTERS}
