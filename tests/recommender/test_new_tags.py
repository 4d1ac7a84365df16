"""A tag that no model has learnt is suggested after a few documents bear it, without training."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedback.models import Recommendation, Suggestion
from feedback.services import OutcomeReport, record_outcome
from recommender.models import AdjustmentPolicy
from recommender.new_tags import KEPT_SECONDS, new_tags
from recommender.services import RecommendationRequest, explain_suggestion, recommend_tags
from recommender.serving import rankers
from recommender.suggesting import RankedTag
from tagplatform.content.models import Document, Source, TagAssignment
from tagplatform.taxonomy.models import Tag
from tests.factories import DocumentFactory, SourceFactory, TagFactory
from tests.tiny_model import FOOTBALL_TEXT, WORDS_BY_TAG, Newsroom, newsroom_with_fusion, newsroom_with_model

LESSON = "The zibeline looms of Ostrava hum again: the guild opened workshop number {n}, where weavers turn yarn."
EXAM = "A new zibeline loom was set up, and weavers came to see it."


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny-model")


@pytest.fixture
def source(db: None) -> Source:
    made: Source = SourceFactory()
    return made


@pytest.fixture(params=[newsroom_with_model, newsroom_with_fusion], ids=["logistic", "fusion"])
def newsroom(request: pytest.FixtureRequest, source: Source, bundle_folder: Path) -> Iterator[Newsroom]:
    """With documents of its own that a model has learnt."""
    rankers.forget()
    new_tags.forget()
    fused = request.param is newsroom_with_fusion
    made = request.param(bundle_folder, source=source) if fused else request.param(bundle_folder)
    for name, words in WORDS_BY_TAG.items():
        for n in range(8):
            document = DocumentFactory(source=source, title=name, body=f"{words} number{n} the of again new where")
            TagAssignment.objects.create(document=document, tag=made.tags[name], origin="imported")
    TagAssignment.objects.update(assigned_at=made.version.created_at.replace(year=2020))
    yield made
    rankers.forget()
    new_tags.forget()


def suggested(newsroom: Newsroom, body: str = EXAM, **options: object) -> dict[str, RankedTag]:
    newsroom.vocabulary.refresh_from_db()
    request = RecommendationRequest(title="", body=body, **options)  # type: ignore[arg-type]
    answer = recommend_tags(vocabulary=newsroom.vocabulary, request=request)
    return {each.tag.notation: each for each in answer.suggestions}


def teach(tag: Tag, source: Source, n_lessons: int) -> list[Document]:
    """Editors put the tag on documents that they were given an answer for."""
    documents = [DocumentFactory(source=source, title=f"Looms {n}", body=LESSON.format(n=n)) for n in range(n_lessons)]
    for document in documents:
        request = RecommendationRequest(title=document.title, body=document.body, document=document, source=source)
        recommend_tags(vocabulary=tag.vocabulary, request=request)
        stored = Recommendation.objects.latest("id")
        report = OutcomeReport("submitted", [tag.pk])
        record_outcome(recommendation=stored, report=report, actor=None, origin="editor")
    time.sleep(KEPT_SECONDS)
    return documents


def test_a_new_tag_is_suggested_after_five_examples(newsroom: Newsroom, source: Source) -> None:
    tag = TagFactory(vocabulary=newsroom.vocabulary, notation="textiles")
    before = suggested(newsroom)
    teach(tag, source, 5)

    after, elsewhere = suggested(newsroom), suggested(newsroom, FOOTBALL_TEXT)

    assert before.get("textiles") is None or before["textiles"].probability < 0.2
    assert after["textiles"].origin == Suggestion.Origin.EXAMPLES
    assert after["textiles"].rank == 1
    assert 0.4 < after["textiles"].probability <= 5 / 6
    assert "textiles" not in elsewhere or elsewhere["textiles"].probability < 0.1
    assert Suggestion.objects.filter(origin="examples", tag=tag).exists()


def test_why_names_the_words_and_the_documents_that_bear_it(newsroom: Newsroom, source: Source) -> None:
    tag = TagFactory(vocabulary=newsroom.vocabulary, notation="textiles")
    documents = teach(tag, source, 5)

    explained = suggested(newsroom, explain=True, readable=Document.objects.all())["textiles"]
    request = RecommendationRequest(title="", body=EXAM, readable=Document.objects.all())
    explanation = explain_suggestion(vocabulary=newsroom.vocabulary, request=request, tag_id=tag.pk)

    assert explained.evidence and explained.similar
    assert {piece.text for piece in explained.evidence} & {"zibeline", "weavers"}
    assert {near.id for near in explained.similar} <= {document.pk for document in documents}
    assert explanation.evidence == explained.evidence


def test_it_stays_away_where_it_may_not_be(newsroom: Newsroom, source: Source) -> None:
    tag = TagFactory(vocabulary=newsroom.vocabulary, notation="textiles")
    teach(tag, source, 5)
    other = newsroom.tags["football"].pk

    assert "textiles" not in suggested(newsroom, chosen_tag_ids=[tag.pk])
    assert "textiles" not in suggested(newsroom, candidate_tag_ids=[other])
    Tag.objects.filter(pk=tag.pk).update(status=Tag.Status.RETIRED)
    assert "textiles" not in suggested(newsroom)


def test_the_policy_switches_it_off(newsroom: Newsroom, source: Source) -> None:
    tag = TagFactory(vocabulary=newsroom.vocabulary, notation="textiles")
    AdjustmentPolicy.objects.create(vocabulary=newsroom.vocabulary, new_tags_from_examples=False)
    teach(tag, source, 5)

    answer = suggested(newsroom)

    assert "textiles" not in answer or answer["textiles"].origin != Suggestion.Origin.EXAMPLES
