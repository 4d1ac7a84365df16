"""What is asked of the content."""

from django.db.models import Exists, OuterRef, QuerySet

from tagplatform.common.errors import NotFound
from tagplatform.content.models import Document, Source, TagAssignment
from tagplatform.taxonomy.models import Vocabulary


def find_document(*, source: Source, external_id: str) -> Document:
    """The source's document; NotFound where it has none of that id."""
    document = Document.objects.filter(source=source, external_id=external_id).first()
    if document is None:
        raise NotFound(f"The source “{source.slug}” has no document “{external_id[:80]}”.", code="unknown_document")
    return document


def documents_without_tags(vocabulary: Vocabulary) -> QuerySet[Document]:
    """Documents that bear no tag of the vocabulary, newest first."""
    tagged = TagAssignment.objects.filter(document=OuterRef("pk"), tag__vocabulary=vocabulary)
    return Document.objects.filter(~Exists(tagged)).order_by("-published_at", "-id")
