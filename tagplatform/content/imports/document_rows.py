"""A row of a documents file, checked and cleaned."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from tagplatform.content.models import Document, content_hash
from tagplatform.content.services import DocumentFields, shorten_body
from tagplatform.imports.fields import Fields
from tagplatform.imports.rows import Fault, Row, RowRejected

MAX_EXTERNAL_ID_LENGTH = 300
MAX_TITLE_LENGTH = 1_000


@dataclass(frozen=True)
class DocumentRow:
    """A document as a file describes it; `tag_names` is None where the file says nothing of tags."""

    row: Row
    external_id: str
    fields: DocumentFields
    tag_names: tuple[str, ...] | None
    notes: tuple[Fault, ...]

    def apply(self, document: Document) -> bool:
        """Put what the row says into the document; whether anything changed."""
        values = {**vars(self.fields), "content_hash": content_hash(self.fields.title, self.fields.body)}
        changed = {name: value for name, value in values.items() if getattr(document, name) != value}
        for name, value in changed.items():
            setattr(document, name, value)
        return bool(changed)


def read_document_row(row: Row) -> DocumentRow:
    """The document that a row describes; RowRejected where it has no id, no text, or a field is wrong."""
    fields = Fields(row.values)
    external_id = fields.name("id", "external_id", max_length=MAX_EXTERNAL_ID_LENGTH)
    if not external_id:
        raise RowRejected("no_id", _("The row has no “id”: without it the document would be imported again and again."))
    names = fields.texts("tags")
    read = DocumentFields(
        title=fields.text("title", max_length=MAX_TITLE_LENGTH),
        body=_body(fields),
        language=fields.language("language", "lang"),
        published_at=fields.moment("published", "published_at", "date", now=_now()),
        split_group=fields.name("group", "split_group", max_length=300),
        extra=fields.storable("extra", {**fields.json_object("extra"), **fields.rest()}),
    )
    if not (read.title or read.body):
        raise RowRejected("no_text", _("The row has neither “title” nor “text”."))
    return DocumentRow(row, external_id, read, None if names is None else tuple(names), tuple(fields.notes))


def _body(fields: Fields) -> str:
    body, shortened = shorten_body(fields.text("text", "body"))
    if shortened:
        detail = _("The text is longer than %(max)d characters; its beginning and its end were kept.")
        fields.note("text_shortened", detail % {"max": len(body)})
    return body


def _now() -> datetime:
    return timezone.now()
