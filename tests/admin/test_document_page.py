"""Documents in the admin: their text, their tags, their end."""

from typing import Any

from django.test import Client

from tagplatform.content.models import Document, TagAssignment
from tagplatform.taxonomy.models import Vocabulary
from tests.admin.addresses import page_of
from tests.admin.rows import recommendation
from tests.factories import (
    DocumentFactory,
    TagAssignmentFactory,
    TagFactory,
    VocabularyFactory,
)


def test_a_document_is_erased_with_its_tags_and_the_ledger_keeps_its_decisions(admin_client: Client) -> None:
    given = recommendation()
    TagAssignmentFactory(document=given.document)

    admin_client.post(page_of(given.document, "delete"), {"post": "yes"})

    assert not Document.objects.filter(pk=given.document.pk).exists()
    assert not TagAssignment.objects.exists()
    assert given.decisions.get().document is None


def assignments_form(*rows: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    form = {"tag_assignments-TOTAL_FORMS": len(rows), "tag_assignments-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        form |= {f"tag_assignments-{number}-{name}": value for name, value in row.items()}
    return form


DOCUMENT_FORM = {"title": "New title", "body": "Text", "language": "en", "extra": "{}", "split_group": ""}


def test_a_documents_tags_are_put_on_and_taken_off_by_an_editor(admin_client: Client, admin: Any) -> None:
    present = TagAssignmentFactory()
    document, new_tag = present.document, TagFactory(vocabulary=present.tag.vocabulary)

    answer = admin_client.post(
        page_of(document, "change"),
        DOCUMENT_FORM
        | assignments_form(
            {"id": present.pk, "document": document.pk, "DELETE": "on"},
            {"id": "", "document": document.pk, "tag": new_tag.pk},
            initial=1,
        ),
    )

    assert answer.status_code == 302, answer.context["errors"]
    assigned = TagAssignment.objects.get()
    assert (assigned.tag, assigned.origin, assigned.assigned_by) == (new_tag, "editor", admin)
    changed = Document.objects.get(pk=document.pk)
    assert changed.title == "New title"
    assert changed.content_hash != document.content_hash


def test_tags_that_are_not_touched_keep_who_assigned_them(admin_client: Client) -> None:
    present = TagAssignmentFactory()
    document = present.document

    admin_client.post(
        page_of(document, "change"),
        DOCUMENT_FORM | assignments_form({"id": present.pk, "document": document.pk}, initial=1),
    )

    assert TagAssignment.objects.get().origin == "imported"


def test_a_second_tag_of_a_vocabulary_that_allows_one_is_refused(admin_client: Client) -> None:
    vocabulary = VocabularyFactory(selection_mode=Vocabulary.SelectionMode.ONE)
    document = DocumentFactory()
    tags = [TagFactory(vocabulary=vocabulary) for _ in range(2)]

    answer = admin_client.post(
        page_of(document, "change"),
        DOCUMENT_FORM | assignments_form(*({"id": "", "document": document.pk, "tag": tag.pk} for tag in tags)),
    )

    assert "exactly one tag" in answer.content.decode()
    assert not TagAssignment.objects.exists()
