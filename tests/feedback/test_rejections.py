"""A rejected tag stays away from its text until the decision is undone or the tag is chosen after all."""

import uuid

import pytest

from feedback.events import FeedbackEventInput, record_events
from feedback.models import Recommendation, StandingRejection
from feedback.rejections import Place, rejected_tag_ids
from feedback.services import OutcomeReport, record_document_tags, record_outcome
from tagplatform.content.models import Document, Source
from tagplatform.content.services import erase_document
from tagplatform.taxonomy.models import Tag
from tests.factories import DocumentFactory, SourceFactory, TagFactory, VocabularyFactory
from tests.feedback.test_outcome import submit, suggest

TEXT = "1" * 64


@pytest.fixture
def tags(db: None) -> list[Tag]:
    vocabulary = VocabularyFactory()
    return [TagFactory(vocabulary=vocabulary, notation=name) for name in "abc"]


@pytest.fixture
def source(db: None) -> Source:
    made: Source = SourceFactory()
    return made


def rejected(source: Source | None, document: Document | None = None, text: str = TEXT) -> set[uuid.UUID]:
    place = Place(source.pk if source else None, document.pk if document else None, text)
    return rejected_tag_ids([place])[0]


def discard(recommendation: Recommendation) -> None:
    record_outcome(recommendation=recommendation, report=OutcomeReport("discarded"), actor=None, origin="editor")


def test_a_rejection_stands_for_the_document_whatever_its_text_becomes(tags: list[Tag], source: Source) -> None:
    document = DocumentFactory(source=source)
    submit(suggest(tags, document=document, source=source, content_hash=TEXT), [], rejected=tags[:1])

    assert rejected(source, document, text="2" * 64) == {tags[0].pk}
    assert rejected(source, DocumentFactory(source=source), text="2" * 64) == set()


def test_a_text_that_was_not_stored_is_known_by_what_it_says_in_its_source(tags: list[Tag], source: Source) -> None:
    submit(suggest(tags, source=source, content_hash=TEXT), [], rejected=tags[:2])

    assert rejected(source) == {tags[0].pk, tags[1].pk}
    assert rejected(SourceFactory()) == rejected(None) == rejected(source, text="2" * 64) == set()


def test_a_tag_that_was_taken_off_a_document_stays_away_too(tags: list[Tag], source: Source) -> None:
    document = DocumentFactory(source=source)
    for final in ([tags[0].pk], []):
        report = OutcomeReport("submitted", final)
        record_document_tags(document=document, vocabulary=tags[0].vocabulary, report=report, actor=None, origin="api")

    assert rejected(source, document) == {tags[0].pk}


def test_a_rejection_that_is_undone_no_longer_stands(tags: list[Tag], source: Source) -> None:
    recommendation = suggest(tags, source=source, content_hash=TEXT)
    submit(recommendation, [], rejected=tags[:1])

    discard(recommendation)

    assert not StandingRejection.objects.exists()


def test_a_tag_that_is_chosen_after_all_is_free_wherever_it_was_rejected(tags: list[Tag], source: Source) -> None:
    document = DocumentFactory(source=source)
    submit(suggest(tags, document=document, source=source, content_hash=TEXT), [], rejected=tags[:1])

    submit(suggest(tags[1:], document=document, source=source, content_hash="2" * 64), tags[:1])

    assert rejected(source, document) == set()


def test_another_answer_that_leaves_the_tag_alone_does_not_free_it(tags: list[Tag], source: Source) -> None:
    document = DocumentFactory(source=source)
    late = suggest(tags, document=document, source=source, content_hash=TEXT)
    submit(suggest(tags, document=document, source=source, content_hash=TEXT), [], rejected=tags[:1])

    submit(late, tags[1:])
    discard(late)

    assert rejected(source, document) == {tags[0].pk}


def test_of_events_on_one_tag_the_last_one_holds(tags: list[Tag], source: Source) -> None:
    recommendation = suggest(tags, source=source, content_hash=TEXT)
    kinds = ("rejected", "undone", "rejected")
    events = [FeedbackEventInput(f"e{n}", recommendation, tags[0].pk, kind) for n, kind in enumerate(kinds)]

    record_events(source=source, events=events[:2], actor=None)
    after_two = rejected(source)
    record_events(source=source, events=events, actor=None)

    assert (after_two, rejected(source)) == (set(), {tags[0].pk})
    assert StandingRejection.objects.count() == 1


def test_what_was_rejected_on_an_erased_document_is_forgotten(tags: list[Tag], source: Source) -> None:
    document = DocumentFactory(source=source)
    submit(suggest(tags, document=document, source=source), [], rejected=tags[:1])

    erase_document(document=document)

    assert not StandingRejection.objects.exists()
