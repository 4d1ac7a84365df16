"""Search, proposals, and operations that can be taken back."""

import pytest

from tagplatform.common.errors import Conflict
from tagplatform.taxonomy.models import Tag, TagLabel, TagOperation, TagProposal, Vocabulary
from tagplatform.taxonomy.selectors import find_vocabulary, resolve_label, search_tags, vocabulary_snapshot
from tagplatform.taxonomy.services import (
    accept_proposal,
    propose_tag,
    refuse_proposal,
    revert_operation,
    set_tag_status,
)
from tests.factories import TagFactory, UserFactory, VocabularyFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def vocabulary() -> Vocabulary:
    """Artificial intelligence (AI, 人工智能) under technology, machine learning, and a retired tag."""
    vocabulary: Vocabulary = VocabularyFactory()
    technology = TagFactory(vocabulary=vocabulary, notation="technology", label="Technology", recommendable=False)
    ai = TagFactory(vocabulary=vocabulary, notation="ai", label="Artificial intelligence", parent=technology)
    TagLabel.of(ai, "AI", language="en", kind=TagLabel.Kind.ALTERNATIVE).save()
    TagLabel.of(ai, "人工智能", language="zh-hans", kind=TagLabel.Kind.PREFERRED).save()
    TagFactory(vocabulary=vocabulary, notation="ml", label="Machine learning", parent=ai)
    TagFactory(vocabulary=vocabulary, notation="old", label="Artificial life", status=Tag.Status.RETIRED)
    return vocabulary


@pytest.mark.parametrize(
    ("query", "first"),
    [("art", "ai"), ("learn", "ml"), ("ai", "ai"), ("rgzn", "ai"), ("人工", "ai"), ("telligen", "ai")],
)
def test_search_finds_by_prefix_word_synonym_pinyin_and_part(vocabulary: Vocabulary, query: str, first: str) -> None:
    hits = search_tags(vocabulary=vocabulary, query=query)

    assert hits[0].tag.notation == first


def test_search_leaves_out_retired_tags_and_blank_queries(vocabulary: Vocabulary) -> None:
    assert [hit.tag.notation for hit in search_tags(vocabulary=vocabulary, query="artificial")] == ["ai"]
    assert search_tags(vocabulary=vocabulary, query="  ") == []


def test_a_label_resolves_whatever_its_kind_and_language(vocabulary: Vocabulary) -> None:
    found = {resolve_label(vocabulary=vocabulary, label=name) for name in ("ＡＩ", "人工智能", "ai")}

    assert {tag.notation for tag in found if tag} == {"ai"}
    assert resolve_label(vocabulary=vocabulary, label="nothing") is None


def test_labels_and_paths_come_in_the_readers_language(vocabulary: Vocabulary) -> None:
    ai = resolve_label(vocabulary=vocabulary, label="AI")

    assert ai is not None
    assert ai.path("en") == ["Technology", "Artificial intelligence"]
    assert ai.label("zh-hans") == "人工智能"
    assert ai.label("fr") == "Artificial intelligence"


def test_the_snapshot_follows_every_change_and_is_kept_between(vocabulary: Vocabulary) -> None:
    before = vocabulary_snapshot(vocabulary.pk)
    same = vocabulary_snapshot(vocabulary.pk)
    TagFactory(vocabulary=vocabulary, notation="new")

    assert same is before
    assert "new" in vocabulary_snapshot(vocabulary.pk).by_notation


def test_the_only_vocabulary_needs_no_name(vocabulary: Vocabulary) -> None:
    assert find_vocabulary(None) == vocabulary
    assert find_vocabulary(vocabulary.public_id) == vocabulary


def test_a_proposal_counts_up_and_becomes_a_tag(vocabulary: Vocabulary) -> None:
    editor = UserFactory()
    propose_tag(vocabulary=vocabulary, text="Quantum  computing", language="en", actor=editor)
    proposal = propose_tag(vocabulary=vocabulary, text="quantum computing", language="en", actor=editor)

    tag = accept_proposal(proposal=proposal, actor=editor)

    proposal.refresh_from_db()
    assert (proposal.times_proposed, proposal.state, proposal.tag) == (2, TagProposal.State.ACCEPTED, tag)
    assert tag.notation == "quantum-computing"


def test_a_name_that_exists_cannot_be_proposed_and_a_decided_one_not_decided_again(vocabulary: Vocabulary) -> None:
    proposal = propose_tag(vocabulary=vocabulary, text="Robots", language="en", actor=None)
    refuse_proposal(proposal=proposal, actor=UserFactory())

    with pytest.raises(Conflict):
        propose_tag(vocabulary=vocabulary, text="ai", language="en", actor=None)
    with pytest.raises(Conflict):
        accept_proposal(proposal=proposal, actor=UserFactory())


def test_retiring_tags_is_one_operation_that_can_be_reverted_once(vocabulary: Vocabulary) -> None:
    actor = UserFactory()
    tags = list(Tag.objects.filter(notation__in=["ai", "ml"]))

    operation = set_tag_status(tags=tags, status=Tag.Status.RETIRED, actor=actor)
    revert_operation(operation=operation, actor=actor)

    assert set(Tag.objects.filter(notation__in=["ai", "ml"]).values_list("status", flat=True)) == {"active"}
    with pytest.raises(Conflict):
        revert_operation(operation=operation, actor=actor)


def test_an_operation_is_not_reverted_over_somebodys_later_change(vocabulary: Vocabulary) -> None:
    actor = UserFactory()
    tags = list(Tag.objects.filter(notation="ai"))
    operation = set_tag_status(tags=tags, status=Tag.Status.DEPRECATED, actor=actor)
    set_tag_status(tags=tags, status=Tag.Status.RETIRED, actor=actor)

    with pytest.raises(Conflict, match="changed since"):
        revert_operation(operation=operation, actor=actor)

    assert Tag.objects.get(notation="ai").status == Tag.Status.RETIRED
    assert TagOperation.objects.count() == 2


def test_labels_follow_the_language_of_the_vocabulary(vocabulary: Vocabulary) -> None:
    ai = Tag.objects.get(notation="ai")
    before = vocabulary_snapshot(vocabulary.pk).tags[ai.pk].label()

    Vocabulary.objects.filter(pk=vocabulary.pk).update(language="zh-hans")

    assert before == "Artificial intelligence"
    assert vocabulary_snapshot(vocabulary.pk).tags[ai.pk].label() == "人工智能"
