"""Spot-checked documents measure models and never teach them, as long as what was looked at stands there."""

from typing import Any

import pytest

from recommender.parts import parts_of
from recommender.reports.evidence import dropped_rows
from recommender.selectors import champion
from recommender.training_data import TrainingData, collect_training_data
from tagplatform.content.models import Document, Source, TagAssignment
from tagplatform.content.services import DocumentFields, save_document
from tagplatform.content.spot_checks import record_spot_checks
from tagplatform.taxonomy.models import Tag, Vocabulary
from tests.factories import DocumentFactory, UserFactory
from tests.recommender.test_gate import QUICK, criteria_of
from tests.recommender.test_retraining import do_run
from tests.recommender.test_training_data import bear, decide, tag, vocabulary

__all__ = ["vocabulary"]

pytestmark = pytest.mark.django_db


def check(*documents: Document) -> None:
    record_spot_checks(document_ids=[document.pk for document in documents], actor=UserFactory())


@pytest.fixture
def documents(vocabulary: Vocabulary) -> list[Document]:
    """Ten that bear a tag, so that two of them may be held out."""
    made = [DocumentFactory(title=f"Text {number}") for number in range(10)]
    for document in made:
        bear(document, tag(vocabulary, "a"))
    return made


def held_out(data: TrainingData) -> set[str]:
    return {example.document_id for example in data.blind}


def test_they_are_measured_on_and_what_was_decided_on_them_is_set_aside(
    vocabulary: Vocabulary, documents: list[Document]
) -> None:
    checked = documents[3]
    decide(checked, tag(vocabulary, "b"), "rejected")
    decide(documents[4], tag(vocabulary, "b"), "rejected")
    check(checked)

    data = collect_training_data(vocabulary)
    parts = parts_of(data)

    assert held_out(data) == {str(checked.pk)}
    assert data.blind[0] in parts.test and data.blind[0] not in [*parts.train, *parts.dev]
    assert (data.blind[0].label_weights, data.blind[0].unlabelled_weight) == ({}, 1.0)
    assert (data.evidence["spot_checked_documents"], data.evidence["blind_documents"]) == (1, 0)
    assert data.evidence["dropped"]["spot_checked"] == 1
    assert 1 in [row.count for row in dropped_rows({"evidence": data.evidence}) if "spot-checked" in str(row.name)]


def test_a_check_of_other_tags_or_of_another_text_counts_no_longer(
    vocabulary: Vocabulary, documents: list[Document]
) -> None:
    tags_changed, text_changed = documents[:2]
    check(tags_changed, text_changed)
    before = held_out(collect_training_data(vocabulary))

    bear(tags_changed, tag(vocabulary, "b"))
    fields = DocumentFields(title="Another text")
    save_document(source=text_changed.source, external_id=text_changed.external_id, fields=fields)

    assert before == {str(tags_changed.pk), str(text_changed.pk)}
    assert held_out(collect_training_data(vocabulary)) == set()


def test_a_tag_that_was_replaced_leaves_the_check_standing(vocabulary: Vocabulary, documents: list[Document]) -> None:
    check(documents[0])
    Tag.objects.filter(notation="a").update(status=Tag.Status.RETIRED, replaced_by=tag(vocabulary, "b"))
    Vocabulary.objects.update(version=vocabulary.version + 1)
    vocabulary.refresh_from_db()
    TagAssignment.objects.filter(document=documents[0]).update(tag=tag(vocabulary, "b"))

    assert held_out(collect_training_data(vocabulary)) == {str(documents[0].pk)}


def test_the_newest_fifth_of_all_documents_at_most(vocabulary: Vocabulary, documents: list[Document]) -> None:
    for document in documents[:5]:
        check(document)

    data = collect_training_data(vocabulary)

    assert held_out(data) == {str(document.pk) for document in documents[3:5]}
    assert len(data.examples) == 8


@pytest.mark.parametrize("n_checked", [19, 24])
def test_the_gate_counts_them_with_the_blind_ones(thumb_newsroom: Vocabulary, n_checked: int) -> None:
    space: Any = thumb_newsroom.tags.get(notation="space")
    made = [
        DocumentFactory(source=Source.objects.get(), title="rocket", body=f"orbit of probe {number}")
        for number in range(140)
    ]
    for document in made:
        bear(document, space)
    check(*made[:n_checked])
    do_run(thumb_newsroom)
    first = champion(thumb_newsroom)

    run = do_run(thumb_newsroom, recipe=QUICK)

    found = criteria_of(run.report)
    assert first is not None
    assert ("blind_ndcg_at_5" in found) is (n_checked >= 20)
    assert run.report["evidence"]["spot_checked_documents"] == n_checked
