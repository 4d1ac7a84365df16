"""From the ledger and the documents to examples: weights, cleaning, equal texts, dates of later versions."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.models import Decision, Outcome, Recommendation
from recommender import ml
from recommender.documents import TrainingDocument, each_text_once
from recommender.models import EvidencePolicy
from recommender.parts import parts_of
from recommender.training_data import collect_training_data
from tagplatform.common.ids import first_id_at, new_id
from tagplatform.content.models import Document, Source, TagAssignment
from tagplatform.content.services import DocumentFields, save_document
from tagplatform.taxonomy.models import Tag, Vocabulary
from tests.factories import DocumentFactory, SourceFactory, TagFactory, UserFactory, VocabularyFactory
from tests.feedback.evidence import unhurried

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def vocabulary() -> Vocabulary:
    made: Vocabulary = VocabularyFactory()
    for notation in ("a", "b", "c"):
        TagFactory(vocabulary=made, notation=notation)
    made.refresh_from_db()
    return made


def tag(vocabulary: Vocabulary, notation: str) -> Tag:
    return vocabulary.tags.get(notation=notation)


def bear(document: Document, *tags: Tag, origin: str = "editor") -> None:
    TagAssignment.objects.bulk_create([TagAssignment(document=document, tag=each, origin=origin) for each in tags])


def decide(document: Document, tag: Tag, kind: str, *, days_ago: float = 0.0, **fields: Any) -> Decision:
    """A decision of a past day: the ledger knows the time by the id."""
    moment = first_id_at(NOW - timedelta(days=days_ago))
    key = uuid.UUID(int=moment.int | (new_id().int & ((1 << 80) - 1)))
    return Decision.objects.create(
        pk=key, document=document, tag=tag, vocabulary=tag.vocabulary, source=document.source, kind=kind, **fields
    )


def weights(vocabulary: Vocabulary, document: Document) -> dict[str, float]:
    data = collect_training_data(vocabulary)
    example = next(e for e in [*data.examples, *data.blind] if e.document_id == str(document.pk))
    notations = {str(each.pk): each.notation for each in vocabulary.tags.all()}
    return {notations[data.label_space.tag_ids[label]]: weight for label, weight in example.label_weights.items()}


def test_what_was_kept_weighs_more_and_old_refusals_less(vocabulary: Vocabulary) -> None:
    EvidencePolicy.objects.create(vocabulary=vocabulary, completeness=0.0)
    document, a, b, c = DocumentFactory(), *(tag(vocabulary, name) for name in "abc")
    bear(document, a)
    decide(document, a, "accepted", days_ago=40, rank=1)
    decide(document, b, "rejected", days_ago=365, rank=2)
    decide(document, c, "ignored", rank=4)

    found = weights(vocabulary, document)

    assert found == {"a": pytest.approx(1.4634, abs=1e-3), "b": 1.0, "c": 0.25}


def test_the_evidence_comes_in_one_query_whatever_their_number(
    vocabulary: Vocabulary, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        decide(DocumentFactory(), tag(vocabulary, "a"), "rejected")
    from feedback.selectors import evidence_of

    with django_assert_num_queries(1):
        evidence = list(evidence_of(vocabulary))

    assert [each.kind for each in evidence] == ["rejected"] * 3


def test_a_decision_on_a_tag_that_was_replaced_counts_for_its_successor(vocabulary: Vocabulary) -> None:
    document, a, b = DocumentFactory(), tag(vocabulary, "a"), tag(vocabulary, "b")
    decide(document, a, "rejected")
    decide(DocumentFactory(), tag(vocabulary, "c"), "rejected")
    Tag.objects.filter(pk=a.pk).update(status=Tag.Status.RETIRED, replaced_by=b)
    Tag.objects.filter(notation="c").update(status=Tag.Status.RETIRED)
    Vocabulary.objects.update(version=vocabulary.version + 1)
    vocabulary.refresh_from_db()

    data = collect_training_data(vocabulary)

    assert weights(vocabulary, document) == {"b": 2.0}
    assert data.evidence["dropped"]["retired_tags"] == 1


def test_blind_documents_are_evaluated_on_and_never_learnt_from(vocabulary: Vocabulary) -> None:
    a, blind, other = tag(vocabulary, "a"), DocumentFactory(), DocumentFactory()
    recommendation = Recommendation.objects.create(
        vocabulary=vocabulary, document=blind, model_version="m", vocabulary_version=1, policy="blind",
        content_hash="0", latency_ms=1.0,
    )  # fmt: skip
    Outcome.objects.create(recommendation=recommendation, document=blind, status="submitted")
    for document in (blind, other):
        bear(document, a)
    decide(blind, a, "added", recommendation=recommendation)

    data = collect_training_data(vocabulary)
    parts = parts_of(data)

    assert [e.document_id for e in data.examples] == [str(other.pk)]
    assert [e.document_id for e in data.blind] == [str(blind.pk)]
    assert data.blind[0] in parts.test and data.blind[0] not in [*parts.train, *parts.dev]
    assert data.evidence["dropped"]["blind"] == 1


def attack(vocabulary: Vocabulary, kind: str, n: int = 80) -> list[Document]:
    """One actor decides the same on one tag everywhere; two others work as usual."""
    attacker, *honest = (UserFactory() for _ in range(3))
    a, b = tag(vocabulary, "a"), tag(vocabulary, "b")
    source = SourceFactory()
    documents = [DocumentFactory(source=source) for _ in range(n)]
    for place, document in enumerate(documents):
        bear(document, b, *([a] if kind == "added" else []))
        decide(document, a, kind, days_ago=1 - place / 1000, actor=attacker)
    for place, document in enumerate(documents[:10]):
        decide(document, b, "added", days_ago=2 - place / 1000, actor=honest[place % 2])
    return documents


def test_one_actor_who_adds_a_tag_everywhere_teaches_it_up_to_the_cap_only(vocabulary: Vocabulary) -> None:
    EvidencePolicy.objects.create(vocabulary=vocabulary, decisions_on_a_tag=20)
    attack(vocabulary, "added")

    data = collect_training_data(vocabulary)

    label = data.label_space.label_by_tag_id[str(tag(vocabulary, "a").pk)]
    assert sum(label in example.labels for example in data.examples) == 20
    assert sum(example.label_weights.get(label) == 0.0 for example in data.examples) == 60
    assert data.evidence["dropped"]["overwhelming"] == 60


def test_one_actor_who_rejects_a_tag_everywhere_takes_from_it_up_to_the_caps_only(vocabulary: Vocabulary) -> None:
    EvidencePolicy.objects.create(vocabulary=vocabulary, refusals_of_a_tag=30, actor_cap=12.0, completeness=0.0)
    attack(vocabulary, "rejected")

    data = collect_training_data(vocabulary)

    label = data.label_space.label_by_tag_id[str(tag(vocabulary, "a").pk)]
    weights = [example.label_weights.get(label, 1.0) for example in data.examples]
    assert sum(weights) == pytest.approx(12.0, abs=0.01)
    assert sum(weight == 0.0 for weight in weights) == 50
    assert data.evidence["dropped"]["one_tag_refused"] == 50


def test_a_tag_that_was_imported_is_not_doubted_because_an_attacker_added_it_too(vocabulary: Vocabulary) -> None:
    EvidencePolicy.objects.create(vocabulary=vocabulary, decisions_on_a_tag=20)
    documents = attack(vocabulary, "added")
    TagAssignment.objects.filter(document__in=documents[40:]).update(origin="imported")

    data = collect_training_data(vocabulary)

    label = data.label_space.label_by_tag_id[str(tag(vocabulary, "a").pk)]
    assert sum(label in example.labels for example in data.examples) == 20 + 40


def test_never_shown_is_as_unlabelled_as_the_policy_says_and_negative_only_where_the_spiral_is_measured(
    vocabulary: Vocabulary,
) -> None:
    document = DocumentFactory()
    bear(document, tag(vocabulary, "a"))
    decide(document, tag(vocabulary, "a"), "accepted", rank=1)

    def weight(**policy: Any) -> float:
        EvidencePolicy.objects.update_or_create(vocabulary=vocabulary, defaults=policy)
        return collect_training_data(vocabulary).examples[0].unlabelled_weight

    assert weight() == 0.5
    assert weight(completeness=0.2) == 0.2
    assert weight(never_shown_is_negative=True) == 1.0


def test_on_a_document_that_was_not_handed_in_what_was_not_shown_says_nothing(vocabulary: Vocabulary) -> None:
    document = DocumentFactory()
    bear(document, tag(vocabulary, "a"))
    recommendation = Recommendation.objects.create(
        vocabulary=vocabulary,
        document=document,
        model_version="m",
        vocabulary_version=1,
        content_hash="0",
        latency_ms=1.0,
    )
    decide(document, tag(vocabulary, "a"), "accepted", rank=1, recommendation=recommendation)

    assert collect_training_data(vocabulary).examples[0].unlabelled_weight == 0.0


def test_what_was_shown_and_left_says_no_less_than_what_was_not_shown(vocabulary: Vocabulary) -> None:
    document = DocumentFactory()
    bear(document, tag(vocabulary, "a"))
    for name, rank in (("b", 1), ("c", 10)):
        decide(document, tag(vocabulary, name), "ignored", rank=rank)
    EvidencePolicy.objects.create(vocabulary=vocabulary, completeness=0.3)

    data = collect_training_data(vocabulary)

    b, c = (data.label_space.label_by_tag_id[str(tag(vocabulary, name).pk)] for name in "bc")
    assert data.examples[0].label_weights == {b: 0.5, c: 0.3}


def test_equal_texts_count_once_with_all_their_tags_and_decisions(vocabulary: Vocabulary) -> None:
    a, b, c = (tag(vocabulary, name) for name in "abc")
    first, second = (DocumentFactory(title="Same", body="text", split_group=group) for group in ("g", "h"))
    sibling, empty, blank = DocumentFactory(split_group="g"), *(DocumentFactory(title="", body="") for _ in range(2))
    for document in (first, sibling, empty, blank):
        bear(document, a)
    bear(second, b)
    decide(first, c, "rejected")

    data = collect_training_data(vocabulary)

    examples = {example.document_id: example for example in data.examples}
    assert set(examples) == {str(each.pk) for each in (second, sibling, empty, blank)}
    assert len(examples[str(second.pk)].labels) == 2
    assert weights(vocabulary, second) == {"c": 2.0}
    assert examples[str(second.pk)].group == examples[str(sibling.pk)].group
    assert data.evidence["dropped"]["repeated_texts"] == 1


def test_a_text_that_changed_later_never_teaches_the_past(vocabulary: Vocabulary) -> None:
    source: Source = SourceFactory()
    for place in range(20):
        published = NOW - timedelta(days=400 - place)
        fields = DocumentFields(title=f"Title {place}", body="as it was", published_at=published)
        document, _ = save_document(source=source, external_id=str(place), fields=fields)
        bear(document, tag(vocabulary, "a"))
        if place == 0:
            oldest, early = document, fields
    before = parts_of(collect_training_data(vocabulary))

    save_document(source=source, external_id="0", fields=replace(early, body="as it became"))
    after = parts_of(collect_training_data(vocabulary))

    def place_of(parts: Any) -> str:
        names = ("train", "dev", "test")
        return next(n for n in names if str(oldest.pk) in [e.document_id for e in getattr(parts, n)])

    assert (place_of(before), place_of(after)) == ("train", "test")
    assert not any("as it became" in example.text.body for example in after.train)


def test_saving_the_same_text_again_changes_no_date(vocabulary: Vocabulary) -> None:
    source = SourceFactory()
    fields = DocumentFields(title="Title", body="text", published_at=NOW)
    for _ in range(2):
        save_document(source=source, external_id="1", fields=fields)

    assert Document.objects.get().text_changed_at is None


TEXTS = st.lists(
    st.tuples(st.sampled_from(["x", "y", "z", "w"]), st.sampled_from(["", "g", "h", "i"]), st.sets(st.integers(1, 4))),
    max_size=12,
)


@unhurried
@given(TEXTS)
def test_no_text_and_no_group_stands_on_both_sides_of_a_split(rows: list[tuple[str, str, set[int]]]) -> None:
    documents = [
        TrainingDocument(
            uuid.UUID(int=place), text, "", "", group, text, frozenset(uuid.UUID(int=n) for n in tags), frozenset(),
            NOW + timedelta(days=place), NOW,
        )
        for place, (text, group, tags) in enumerate(rows, start=1)
    ]  # fmt: skip

    kept, stands_for = each_text_once(documents)

    examples = [
        ml.Example(ml.Text(each.title, ""), (), str(each.id), each.split_group, each.published_at.timestamp())
        for each in kept
        if each.published_at
    ]
    split = ml.split_examples(examples, 0.2, 0.3)
    side = {examples[row].document_id: name for name in ("train", "dev", "test") for row in getattr(split, name)}
    sides_of_text: dict[str, str] = {}
    sides_of_group: dict[str, str] = {}
    for each in documents:
        where = side[str(stands_for.get(each.id, each.id))]
        assert sides_of_text.setdefault(each.content_hash, where) == where
        if each.split_group:
            assert sides_of_group.setdefault(each.split_group, where) == where
    assert {tag for each in kept for tag in each.tag_ids} == {tag for each in documents for tag in each.tag_ids}
