"""Documents are saved by the id of their source, bear tags, and are erased."""

import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from feedback.models import Decision
from tagplatform.common.errors import InvalidInput
from tagplatform.content.models import MAX_BODY_CHARACTERS, Document, TagAssignment
from tagplatform.content.selectors import documents_without_tags
from tagplatform.content.services import (
    DocumentFields,
    erase_document,
    save_document,
    set_document_tags,
    shorten_body,
)
from tagplatform.content.tasks import erase_documents_past_their_day
from tests.factories import DocumentFactory, SourceFactory, TagAssignmentFactory, TagFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_the_same_external_id_brings_the_document_up_to_date() -> None:
    source = SourceFactory()

    first, created = save_document(source=source, external_id="1", fields=DocumentFields(title="Old"))
    second, created_again = save_document(source=source, external_id="1", fields=DocumentFields(title="New"))

    assert (created, created_again) == (True, False)
    assert first.pk == second.pk
    assert Document.objects.get().title == "New"
    assert first.content_hash != second.content_hash


def test_a_text_over_the_limit_keeps_its_head_and_tail() -> None:
    body = "a" * MAX_BODY_CHARACTERS + "end"

    short, cut = shorten_body(body)

    assert cut and len(short) == MAX_BODY_CHARACTERS
    assert short.startswith("aaa") and short.endswith("end")
    assert shorten_body("short") == ("short", False)


def test_setting_tags_replaces_those_of_one_vocabulary_and_keeps_who_assigned_the_others() -> None:
    editor = UserFactory()
    document = DocumentFactory()
    kept, foreign = TagFactory(), TagFactory()
    gone, new = (TagFactory(vocabulary=kept.vocabulary) for _ in range(2))
    for tag in (kept, gone, foreign):
        TagAssignment.objects.create(document=document, tag=tag, origin="imported")

    set_document_tags(
        document=document, vocabulary=kept.vocabulary, tag_ids=[kept.pk, new.pk], origin="editor", actor=editor
    )

    origins = dict(TagAssignment.objects.values_list("tag", "origin"))
    assert origins == {kept.pk: "imported", foreign.pk: "imported", new.pk: "editor"}


def test_tags_of_another_vocabulary_are_refused_and_nothing_changes() -> None:
    document, tag = DocumentFactory(), TagFactory()

    with pytest.raises(InvalidInput) as refusal:
        set_document_tags(
            document=document,
            vocabulary=tag.vocabulary,
            tag_ids=[tag.pk, uuid.uuid4()],
            origin="api",
            actor=None,
        )

    assert refusal.value.code == "unknown_tag"
    assert not TagAssignment.objects.exists()


def test_erasing_a_document_keeps_the_decision_without_the_text() -> None:
    document, tag = DocumentFactory(), TagFactory()
    Decision.objects.create(document=document, vocabulary=tag.vocabulary, tag=tag, kind="added")

    erase_document(document=document)

    assert Decision.objects.get().document is None


def test_documents_are_erased_after_the_day_until_which_they_are_kept() -> None:
    today = timezone.localdate()
    outdated = DocumentFactory(retain_until=today - timedelta(days=1))
    tag = TagAssignmentFactory(document=outdated).tag
    Decision.objects.create(document=outdated, vocabulary=tag.vocabulary, tag=tag, kind="added")
    kept = {DocumentFactory(retain_until=today), DocumentFactory(retain_until=None)}

    n_erased = erase_documents_past_their_day()

    assert n_erased == 1
    assert set(Document.objects.all()) == kept
    assert Decision.objects.get().document is None


def test_many_documents_are_erased_in_batches(
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr("tagplatform.content.services.ERASED_AT_ONCE", 10)
    DocumentFactory.create_batch(25, retain_until="2020-01-01")

    with django_assert_max_num_queries(1 + 3 * 12):
        n_erased = erase_documents_past_their_day()

    assert n_erased == 25
    assert not Document.objects.exists()


def test_erasing_outdated_documents_is_on_the_schedule() -> None:
    tasks = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert erase_documents_past_their_day.name in tasks


def test_documents_without_tags_are_those_that_bear_none_of_the_vocabulary() -> None:
    tag, foreign = TagFactory(), TagFactory()
    tagged, untagged = DocumentFactory(), DocumentFactory()
    TagAssignment.objects.create(document=tagged, tag=tag, origin="api")
    TagAssignment.objects.create(document=untagged, tag=foreign, origin="api")

    assert list(documents_without_tags(tag.vocabulary)) == [untagged]
