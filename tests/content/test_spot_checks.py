"""Spot checks: recorded with who, when and what was looked at; made and taken back in the list of documents."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tagplatform.access.models import User
from tagplatform.content.models import SpotCheck, TagAssignment
from tagplatform.content.services import erase_document
from tagplatform.content.spot_checks import record_spot_checks, take_spot_checks_back
from tests.factories import DocumentFactory, TagFactory, UserFactory, VocabularyFactory

pytestmark = pytest.mark.django_db
LIST = reverse("admin:content_document_changelist")


def tagged(*tags: Any) -> Any:
    document = DocumentFactory()
    for tag in tags:
        TagAssignment.objects.create(document=document, tag=tag, origin="editor")
    return document


def test_a_check_names_person_text_and_the_tags_of_each_vocabulary() -> None:
    first, second, other = TagFactory(), TagFactory(), TagFactory(vocabulary=VocabularyFactory())
    second.vocabulary = first.vocabulary
    second.save()
    document, bare, person = tagged(first, second, other), DocumentFactory(), UserFactory()

    n_checked = record_spot_checks(document_ids=[document.pk, bare.pk], actor=person)

    checks = {check.vocabulary_id: check for check in SpotCheck.objects.all()}
    assert n_checked == 1
    assert set(checks) == {first.vocabulary_id, other.vocabulary_id}
    assert set(checks[first.vocabulary_id].tag_ids) == {first.pk, second.pk}
    assert checks[other.vocabulary_id].tag_ids == [other.pk]
    assert {(check.document_id, check.checked_by, check.content_hash) for check in checks.values()} == {
        (document.pk, person, document.content_hash)
    }


def test_a_later_check_takes_the_place_of_the_earlier_one() -> None:
    tag, more, later = TagFactory(), TagFactory(), UserFactory()
    document = tagged(tag)
    record_spot_checks(document_ids=[document.pk], actor=UserFactory())
    before = SpotCheck.objects.get()
    TagAssignment.objects.filter(document=document).update(tag=more)
    type(tag).objects.filter(pk=more.pk).update(vocabulary=tag.vocabulary)

    record_spot_checks(document_ids=[document.pk], actor=later)

    after = SpotCheck.objects.get()
    assert (after.pk, after.tag_ids, after.checked_by) == (before.pk, [more.pk], later)
    assert after.checked_at > before.checked_at


def test_it_is_taken_back_and_goes_with_the_document() -> None:
    first, second = tagged(TagFactory()), tagged(TagFactory())
    record_spot_checks(document_ids=[first.pk, second.pk], actor=UserFactory())

    n_documents = take_spot_checks_back(document_ids=[first.pk, DocumentFactory().pk])
    erase_document(document=second)

    assert n_documents == 1
    assert not SpotCheck.objects.exists()


@pytest.fixture
def checker(client: Client) -> User:
    """Somebody who may look at documents and check them, and change nothing."""
    person: User = UserFactory(is_staff=True)
    allowed = ("view_document", "view_source", "view_tagassignment", "view_spotcheck", "add_spotcheck")
    person.user_permissions.set(Permission.objects.filter(codename__in=allowed))
    client.force_login(person)
    return person


def chosen(action: str, *documents: Any) -> dict[str, Any]:
    return {"action": action, "_selected_action": [str(document.pk) for document in documents]}


def test_the_list_of_documents_records_checks_and_takes_them_back(client: Client, checker: User) -> None:
    document, bare = tagged(TagFactory()), DocumentFactory(title="Nothing on it")

    done = client.post(LIST, chosen("record_checks", document, bare), follow=True).content.decode()
    check = SpotCheck.objects.get()
    found = list(client.get(LIST, {"checked": "yes"}).context["cl"].queryset)
    table = client.get(reverse("admin:content_spotcheck_changelist")).content.decode()
    client.post(LIST, chosen("take_checks_back", document))

    assert "1 document is checked." in done
    assert "Documents without tags cannot be checked." in done
    assert (check.document, check.checked_by) == (document, checker)
    assert found == [document]
    assert checker.username in table
    assert not SpotCheck.objects.exists()


def test_who_may_only_read_checks_nothing(client: Client, checker: User) -> None:
    document = tagged(TagFactory())
    checker.user_permissions.remove(Permission.objects.get(codename="add_spotcheck"))

    page = client.get(LIST).content.decode()
    client.post(LIST, chosen("record_checks", document))

    assert "record_checks" not in page
    assert not SpotCheck.objects.exists()
