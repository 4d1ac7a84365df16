"""An outcome turns what was shown and what remained into decisions."""

import threading
import uuid
from dataclasses import replace

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from feedback.events import FeedbackEventInput, record_events
from feedback.models import Decision, Outcome, Recommendation, Suggestion, TagMonthTotal
from feedback.outcomes import Situation, decisions_of_submission
from feedback.partitions import ensure_months_ahead, tables_without_a_month
from feedback.services import OutcomeReport, record_document_tags, record_outcome, record_recommendation
from tagplatform.common.errors import Conflict, InvalidInput
from tagplatform.content.models import TagAssignment
from tagplatform.taxonomy.models import Tag, Vocabulary
from tests.factories import DocumentFactory, RecommendationFactory, SourceFactory, TagFactory, VocabularyFactory

Kind = Decision.Kind


def suggest(tags: list[Tag], **fields: object) -> Recommendation:
    recommendation: Recommendation = RecommendationFactory.build(vocabulary=tags[0].vocabulary, **fields)
    rows = [
        Suggestion(tag=tag, rank=rank, raw_score=-rank, probability=1 / (1 + rank), above_threshold=True)
        for rank, tag in enumerate(tags, start=1)
    ]
    record_recommendation(recommendation=recommendation, suggestions=rows)
    return recommendation


def submit(recommendation: Recommendation, final: list[Tag], **lists: list[Tag]) -> dict[uuid.UUID, str]:
    rejected, not_shown = ([tag.pk for tag in lists.get(name, [])] for name in ("rejected", "not_shown"))
    report = OutcomeReport("submitted", [tag.pk for tag in final], rejected, not_shown)
    return record_outcome(recommendation=recommendation, report=report, actor=None, origin="editor").decisions


@pytest.fixture
def tags(db: None) -> list[Tag]:
    vocabulary = VocabularyFactory()
    return [TagFactory(vocabulary=vocabulary, notation=name) for name in "abcde"]


def test_each_tag_gets_the_decision_that_the_final_tags_imply(tags: list[Tag]) -> None:
    a, b, c, d, e = tags
    document = DocumentFactory()
    recommendation = suggest([a, b, c, d], document=document)

    decisions = submit(recommendation, [a, e], rejected=[b], not_shown=[d])

    assert decisions == {a.pk: Kind.ACCEPTED, b.pk: Kind.REJECTED, c.pk: Kind.IGNORED, e.pk: Kind.ADDED}
    assert set(TagAssignment.objects.values_list("tag", flat=True)) == {a.pk, e.pk}
    assert list(Suggestion.objects.filter(shown=False).values_list("tag", flat=True)) == [d.pk]


def test_the_same_report_again_appends_nothing(tags: list[Tag]) -> None:
    recommendation = suggest(tags[:3], document=DocumentFactory())
    submit(recommendation, tags[:1])
    rows = Decision.objects.count()

    submit(recommendation, tags[:1])

    assert Decision.objects.count() == rows
    assert Outcome.objects.get().revision == 1


def test_a_later_report_supersedes_and_the_ledger_keeps_both(tags: list[Tag]) -> None:
    a, b, c, *_ = tags
    recommendation = suggest([a, b], document=DocumentFactory())
    submit(recommendation, [a, c])

    decisions = submit(recommendation, [b])

    assert decisions == {a.pk: Kind.REMOVED, b.pk: Kind.ACCEPTED, c.pk: Kind.REMOVED}
    assert Decision.objects.filter(tag=a).count() == 2
    assert Outcome.objects.get().revision == 2
    total = TagMonthTotal.objects.get(tag=a)
    assert (total.shown, total.accepted, total.removed) == (1, 0, 1)


def test_discarding_undoes_the_decisions_and_the_documents_tags(tags: list[Tag]) -> None:
    a, b, c, *_ = tags
    document = DocumentFactory()
    TagAssignment.objects.create(document=document, tag=c, origin="imported")
    recommendation = suggest([a, b], document=document)
    submit(recommendation, [a])

    report = OutcomeReport("discarded")
    record_outcome(recommendation=recommendation, report=report, actor=None, origin="editor")

    assert set(TagAssignment.objects.values_list("tag", flat=True)) == {c.pk}
    assert not TagMonthTotal.objects.filter(accepted__gt=0).exists()


def test_tags_that_the_document_bore_before_are_not_counted_as_added(tags: list[Tag]) -> None:
    a, b, *_ = tags
    document = DocumentFactory()
    TagAssignment.objects.create(document=document, tag=b, origin="imported")
    recommendation = suggest([a], document=document)

    decisions = submit(recommendation, [a, b])

    assert decisions == {a.pk: Kind.ACCEPTED}


def discard(recommendation: Recommendation) -> None:
    record_outcome(recommendation=recommendation, report=OutcomeReport("discarded"), actor=None, origin="editor")


def tags_of_documents() -> set[uuid.UUID]:
    return set(TagAssignment.objects.values_list("tag_id", flat=True))


def test_discarding_a_corrected_report_gives_no_tag_that_was_never_there(tags: list[Tag]) -> None:
    a, b, *_ = tags
    recommendation = suggest([a, b], document=DocumentFactory())
    submit(recommendation, [a])
    submit(recommendation, [])

    discard(recommendation)

    assert tags_of_documents() == set()


@pytest.mark.parametrize("kept", [True, False])
def test_discarding_leaves_a_tag_that_the_document_bore_before_it_was_suggested(tags: list[Tag], kept: bool) -> None:
    a, b, *_ = tags
    document = DocumentFactory()
    TagAssignment.objects.create(document=document, tag=a, origin="imported")
    recommendation = suggest([a, b], document=document)

    decisions = submit(recommendation, [a] if kept else [])
    discard(recommendation)

    assert decisions[a.pk] == (Kind.ACCEPTED if kept else Kind.REMOVED)
    assert tags_of_documents() == {a.pk}


def test_discarding_keeps_what_others_changed_since(tags: list[Tag]) -> None:
    a, b, c, *_ = tags
    document = DocumentFactory()
    recommendation = suggest([a, b], document=document)
    submit(recommendation, [a])
    TagAssignment.objects.create(document=document, tag=c, origin="imported")

    discard(recommendation)

    assert tags_of_documents() == {c.pk}


def test_a_later_report_need_not_name_the_document_again(tags: list[Tag]) -> None:
    a, b, *_ = tags
    document = DocumentFactory()
    recommendation = suggest([a, b])
    report = OutcomeReport("submitted", [a.pk], document=document)
    record_outcome(recommendation=recommendation, report=report, actor=None, origin="api")

    submit(recommendation, [b])

    assert tags_of_documents() == {b.pk}
    assert set(Decision.objects.values_list("document", flat=True)) == {document.pk}


def test_an_outcome_does_not_wander_to_another_document(tags: list[Tag]) -> None:
    a, *_ = tags
    recommendation = suggest([a])
    first, second = DocumentFactory(), DocumentFactory()
    report = OutcomeReport("submitted", [a.pk], document=first)
    record_outcome(recommendation=recommendation, report=report, actor=None, origin="api")

    with pytest.raises(Conflict):
        record_outcome(recommendation=recommendation, report=replace(report, document=second), actor=None, origin="api")

    assert TagAssignment.objects.get().document == first


@pytest.mark.django_db(transaction=True)
def test_overlapping_retries_count_once() -> None:
    tag, document = TagFactory(), DocumentFactory()
    barrier = threading.Barrier(4)
    report = OutcomeReport("submitted", [tag.pk])

    def put() -> None:
        barrier.wait()
        record_document_tags(document=document, vocabulary=tag.vocabulary, report=report, actor=None, origin="api")
        connection.close()

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Decision.objects.count() == 1
    assert TagMonthTotal.objects.get().added == 1


def test_totals_follow_events_that_change_their_mind(tags: list[Tag]) -> None:
    a, *_ = tags
    recommendation, source = suggest([a]), SourceFactory()
    kinds = ("accepted", "rejected", "accepted", "undone", "rejected")
    events = [FeedbackEventInput(f"e{n}", recommendation, a.pk, kind) for n, kind in enumerate(kinds)]

    first = record_events(source=source, events=events[:3], actor=None)
    second = record_events(source=source, events=events, actor=None)

    total = TagMonthTotal.objects.get(tag=a)
    assert (first.recorded, second.recorded, second.duplicates) == (3, 2, 3)
    assert (total.accepted, total.rejected) == (0, 1)


def test_a_document_without_recommendation_gets_added_and_removed(tags: list[Tag]) -> None:
    a, b, *_ = tags
    document = DocumentFactory()
    TagAssignment.objects.create(document=document, tag=a, origin="imported")

    report = OutcomeReport("submitted", [b.pk])
    summary = record_document_tags(document=document, vocabulary=a.vocabulary, report=report, actor=None, origin="api")

    assert summary.decisions == {a.pk: Kind.REMOVED, b.pk: Kind.ADDED}


def test_two_tags_in_an_exactly_one_vocabulary_are_refused(tags: list[Tag]) -> None:
    Vocabulary.objects.update(selection_mode="one")
    recommendation = suggest(tags[:3])

    with pytest.raises(InvalidInput, match="exactly one"):
        submit(recommendation, tags[:2])

    assert not Decision.objects.exists()


def test_a_tag_final_and_rejected_at_once_is_refused(tags: list[Tag]) -> None:
    recommendation = suggest(tags[:3])

    with pytest.raises(InvalidInput) as refusal:
        submit(recommendation, tags[:1], rejected=tags[:1])

    assert refusal.value.code == "final_and_rejected"


def test_rows_wait_in_the_default_partition_until_their_month_is_made(tags: list[Tag]) -> None:
    suggest(tags[:2])

    waiting = tables_without_a_month()
    ensure_months_ahead()

    assert waiting == [] or "feedback_suggestion" in waiting
    assert tables_without_a_month() == []
    assert Suggestion.objects.count() == 2


ids = st.sets(st.integers(0, 7).map(lambda n: uuid.UUID(int=n)))


@given(suggested=ids, hidden=ids, final=ids, rejected=ids, before=ids)
def test_never_shown_is_never_a_negative(
    suggested: set[uuid.UUID],
    hidden: set[uuid.UUID],
    final: set[uuid.UUID],
    rejected: set[uuid.UUID],
    before: set[uuid.UUID],
) -> None:
    situation = Situation(suggested, hidden, {}, before)

    decisions = decisions_of_submission(situation, final=final, rejected=rejected - final)

    ignored = {tag for tag, kind in decisions.items() if kind == Kind.IGNORED}
    assert ignored <= suggested - hidden - before
    assert {tag for tag, kind in decisions.items() if kind == Kind.ACCEPTED} == suggested & final
