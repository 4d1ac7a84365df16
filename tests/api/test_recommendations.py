"""POST /recommendations and its siblings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from feedback.models import Recommendation
from recommender.serving import rankers
from tagplatform.access.models import User
from tagplatform.common.scopes import Scope
from tagplatform.content.models import Document
from tagplatform.taxonomy.models import Tag, TagLabel
from tests.api.conftest import Caller, new_caller
from tests.factories import DocumentFactory, TagFactory, VocabularyFactory
from tests.tiny_model import FOOTBALL_TEXT, Newsroom, newsroom_with_fusion


def test_a_text_gets_its_tag_first(caller: Caller, newsroom: Newsroom) -> None:
    answer = caller.post("/recommendations", {"vocabulary": "newsroom", "text": FOOTBALL_TEXT})

    assert answer.status_code == 201
    body = answer.json()
    assert body["id"].startswith("rec_")
    assert body["vocabulary"] == "newsroom"
    assert body["model_version"] == "newsroom-1"
    assert not body["truncated"] and not body["degraded"]
    first = body["suggestions"][0]
    assert first["rank"] == 1
    assert first["tag"]["label"] == "football" and first["tag"]["path"] == ["football"]
    assert 0.5 < first["score"] <= 1
    assert first["explanation"] is None


def test_the_answer_stands_in_the_ledger_under_the_source_of_the_key(caller: Caller, newsroom: Newsroom) -> None:
    given = caller.post("/recommendations", {"text": FOOTBALL_TEXT}).json()

    row = Recommendation.objects.get()
    assert row.public_id == given["id"]
    assert row.source == caller.source
    assert row.document is None
    assert row.suggestions.count() == len(given["suggestions"])


def test_an_answer_that_is_not_to_be_stored_has_no_id(caller: Caller, newsroom: Newsroom) -> None:
    answer = caller.post("/recommendations", {"text": FOOTBALL_TEXT, "store": False})

    assert answer.status_code == 200
    assert answer.json()["id"] is None
    assert not Recommendation.objects.exists()


def test_limit_min_score_and_candidates_narrow_the_answer(caller: Caller, newsroom: Newsroom) -> None:
    cooking = newsroom.tags["cooking"].public_id

    one = caller.post("/recommendations", {"text": FOOTBALL_TEXT, "limit": 1}).json()
    sure = caller.post("/recommendations", {"text": FOOTBALL_TEXT, "min_score": 0.99999}).json()
    among = caller.post("/recommendations", {"text": FOOTBALL_TEXT, "candidate_tags": [cooking]}).json()

    assert len(one["suggestions"]) == 1
    assert all(s["score"] >= 0.99999 for s in sure["suggestions"])
    assert [s["tag"]["id"] for s in among["suggestions"]] == [cooking]


def test_a_chosen_tag_is_not_suggested_again(caller: Caller, newsroom: Newsroom) -> None:
    football = newsroom.tags["football"].public_id

    body = caller.post("/recommendations", {"text": FOOTBALL_TEXT, "chosen_tags": [football]}).json()

    assert football not in [s["tag"]["id"] for s in body["suggestions"]]


def test_an_explanation_names_the_words_that_are_the_tags_name(caller: Caller, newsroom: Newsroom) -> None:
    galaxy = newsroom.tags["astronomy"]
    TagLabel.of(galaxy, "星系", language="zh-hans", kind=TagLabel.Kind.ALTERNATIVE).save()
    TagLabel.of(galaxy, "galaxy", language="en", kind=TagLabel.Kind.ALTERNATIVE).save()

    def matches(text: str, *, explain: bool = True) -> dict[str, str | None]:
        body = caller.post("/recommendations", {"text": text, "explain": explain}).json()
        return {s["tag"]["label"]: s["label_match"] for s in body["suggestions"]}

    assert matches("Two Galaxies and some soccer") == {"astronomy": "Galaxies", "football": "soccer", "cooking": None}
    assert matches("两个星系相撞")["astronomy"] == "星系"
    assert set(matches("Two galaxies", explain=False).values()) == {None}


@pytest.fixture
def section(newsroom: Newsroom) -> Tag:
    """A facet of which a document bears one tag at most, with football and cooking below it."""
    facet: Tag = TagFactory(vocabulary=newsroom.vocabulary, notation="section", recommendable=False)
    Tag.objects.filter(notation__in=("football", "cooking")).update(parent=facet)
    Tag.objects.filter(pk=facet.pk).update(at_most_one_below=True)
    return facet


def test_of_a_facet_that_allows_one_tag_the_best_one_is_suggested(
    caller: Caller, newsroom: Newsroom, section: Tag
) -> None:
    body = caller.post("/recommendations", {"text": FOOTBALL_TEXT}).json()

    assert [s["tag"]["label"] for s in body["suggestions"]] == ["football", "astronomy"]
    assert caller.get(f"/tags/{section.public_id}").json()["at_most_one_below"] is True


def test_a_chosen_tag_takes_the_others_of_its_facet_out(caller: Caller, newsroom: Newsroom, section: Tag) -> None:
    new = TagFactory(vocabulary=newsroom.vocabulary, notation="chess", parent=section)

    learnt = caller.post(
        "/recommendations", {"text": FOOTBALL_TEXT, "chosen_tags": [newsroom.tags["cooking"].public_id]}
    )
    unknown = caller.post("/recommendations", {"text": FOOTBALL_TEXT, "chosen_tags": [new.public_id]})

    assert [s["tag"]["label"] for s in learnt.json()["suggestions"]] == ["astronomy"]
    assert [s["tag"]["label"] for s in unknown.json()["suggestions"]] == ["astronomy"]


def test_a_facet_that_allows_several_tags_again_takes_effect_at_once(
    caller: Caller, newsroom: Newsroom, section: Tag
) -> None:
    before = caller.post("/recommendations", {"text": FOOTBALL_TEXT}).json()
    Tag.objects.filter(pk=section.pk).update(at_most_one_below=False)
    after = caller.post("/recommendations", {"text": FOOTBALL_TEXT}).json()

    assert [len(body["suggestions"]) for body in (before, after)] == [2, 3]


def test_an_explanation_names_places_in_the_text(caller: Caller, newsroom: Newsroom) -> None:
    body = caller.post("/recommendations", {"text": FOOTBALL_TEXT, "explain": True}).json()

    pieces = body["suggestions"][0]["explanation"]
    assert pieces
    assert all(FOOTBALL_TEXT[p["start"] : p["end"]] == p["text"] for p in pieces if p["field"] == "body")


@pytest.fixture
def fused(db: None, caller: Caller, bundle_folder: Path) -> Iterator[Newsroom]:
    """With a fusion that has learnt from the documents of the caller's source."""
    rankers.forget()
    yield newsroom_with_fusion(bundle_folder, source=caller.source)
    rankers.forget()


def similar_of(answer: Any) -> dict[str, Any]:
    return {s["tag"]["label"]: s["similar"] for s in answer.json()["suggestions"]}


def test_an_explanation_names_similar_documents_of_the_callers_source(caller: Caller, fused: Newsroom) -> None:
    asked = {"text": FOOTBALL_TEXT, "explain": True, "store": False}

    similar = similar_of(caller.post("/recommendations", asked))["football"]
    of_another_source = similar_of(new_caller().post("/recommendations", asked))
    without_the_right = similar_of(new_caller(Scope.RECOMMEND, source=caller.source).post("/recommendations", asked))

    titles = dict(Document.objects.values_list("external_id", "title"))
    assert len(similar) == 3
    assert all(document["title"] == titles[document["external_id"]] for document in similar)
    assert similar == sorted(similar, key=lambda document: -document["similarity"])
    assert not any(of_another_source.values())
    assert not any(without_the_right.values())


def test_similar_documents_are_named_only_when_asked_for(caller: Caller, fused: Newsroom) -> None:
    plain = similar_of(caller.post("/recommendations", {"text": FOOTBALL_TEXT}))
    documents = [{"text": FOOTBALL_TEXT}]
    batch = caller.post("/recommendations/batch", {"documents": documents, "explain": True, "store": False}).json()

    assert set(plain.values()) == {None}
    assert batch["results"][0]["recommendation"]["suggestions"][0]["similar"]


def test_a_stored_document_is_not_similar_to_itself(caller: Caller, fused: Newsroom) -> None:
    football = fused.tags["football"]
    external_ids = list(
        Document.objects.filter(tag_assignments__tag=football).values_list("external_id", flat=True)[:5]
    )

    for external_id in external_ids:
        answer = caller.post("/recommendations", {"external_id": external_id, "explain": True, "store": False})
        assert external_id not in [document["external_id"] for document in similar_of(answer)["football"]]


def test_an_editor_sees_similar_documents_of_every_source(client: Client, fused: Newsroom, editor: User) -> None:
    client.force_login(editor)
    asked = {"text": FOOTBALL_TEXT, "explain": True}

    answer = client.post("/api/v1/recommendations", asked, content_type="application/json")

    assert len(similar_of(answer)["football"]) == 3


def test_a_retired_tag_is_gone_at_once(caller: Caller, newsroom: Newsroom) -> None:
    caller.post("/recommendations", {"text": FOOTBALL_TEXT})
    Tag.objects.filter(pk=newsroom.tags["football"].pk).update(status=Tag.Status.RETIRED)

    body = caller.post("/recommendations", {"text": FOOTBALL_TEXT}).json()

    assert "football" not in [s["tag"]["label"] for s in body["suggestions"]]


def test_a_stored_document_is_ranked_by_its_own_text(caller: Caller, newsroom: Newsroom) -> None:
    document = DocumentFactory(source=caller.source, external_id="news/1", title="", body=FOOTBALL_TEXT)

    body = caller.post("/recommendations", {"external_id": "news/1"}).json()

    assert body["suggestions"][0]["tag"]["label"] == "football"
    assert Recommendation.objects.get().document == document


def test_a_document_of_another_source_is_not_known(caller: Caller, newsroom: Newsroom) -> None:
    DocumentFactory(external_id="news/1", body=FOOTBALL_TEXT)

    answer = caller.post("/recommendations", {"external_id": "news/1"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/external_id"


@pytest.mark.parametrize("text", ["", " \n", "\x00"])
def test_an_empty_answer_says_why(caller: Caller, newsroom: Newsroom, text: str) -> None:
    answer = caller.post("/recommendations", {"text": text})

    assert answer.status_code == 201
    assert answer.json()["suggestions"] == []
    assert answer.json()["abstain_reason"] == "empty_text"


def test_broken_characters_do_not_stop_an_answer(caller: Caller, newsroom: Newsroom) -> None:
    answer = caller.post("/recommendations", {"title": "\ud83d", "text": "goal \x00 \udfff striker"})

    assert answer.status_code == 201
    assert answer.json()["suggestions"][0]["tag"]["label"] == "football"


def test_of_a_very_long_text_head_and_tail_are_read(caller: Caller, newsroom: Newsroom) -> None:
    answer = caller.post("/recommendations", {"text": "word " * 60_000})

    assert answer.status_code == 201
    assert answer.json()["truncated"]


def test_without_a_model_the_answer_is_503(caller: Caller) -> None:
    VocabularyFactory(slug="new")

    answer = caller.post("/recommendations", {"vocabulary": "new", "text": FOOTBALL_TEXT})

    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "no_model"
    assert int(answer["Retry-After"]) > 0


def test_with_two_vocabularies_one_has_to_be_named(caller: Caller, newsroom: Newsroom) -> None:
    VocabularyFactory()

    answer = caller.post("/recommendations", {"text": FOOTBALL_TEXT})

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["pointer"] == "/vocabulary"


def test_a_recommendation_needs_few_queries(
    caller: Caller, newsroom: Newsroom, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    caller.post("/recommendations", {"text": FOOTBALL_TEXT})

    with django_assert_max_num_queries(8):  # key, vocabulary, champion, savepoint, two inserts, release
        caller.post("/recommendations", {"vocabulary": "newsroom", "text": FOOTBALL_TEXT})


def test_a_stored_answer_can_be_read_again(caller: Caller, newsroom: Newsroom) -> None:
    given = caller.post("/recommendations", {"text": FOOTBALL_TEXT}).json()

    stored = caller.get(f"/recommendations/{given['id']}")

    assert stored.status_code == 200
    for name in ("id", "vocabulary", "model_version", "suggestions", "abstained", "abstain_reason"):
        assert stored.json()[name] == given[name]


def test_a_stored_answer_of_another_source_is_not_found(caller: Caller, newsroom: Newsroom) -> None:
    given = caller.post("/recommendations", {"text": FOOTBALL_TEXT}).json()

    assert new_caller().get(f"/recommendations/{given['id']}").status_code == 404
    assert caller.get("/recommendations/rec_nonsense").status_code == 404


def test_each_text_of_a_batch_has_a_status_of_its_own(caller: Caller, newsroom: Newsroom) -> None:
    documents = [
        {"text": FOOTBALL_TEXT},
        {"external_id": "unknown"},
        {"txet": "misspelt"},
        7,
        {"text": "The telescope shows a galaxy and a comet."},
    ]

    answer = caller.post("/recommendations/batch", {"documents": documents})

    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [item["status"] for item in results] == [201, 422, 422, 422, 201]
    assert results[1]["problem"]["code"] == "unknown_document"
    assert results[2]["problem"]["errors"][0]["pointer"] == "/txet"
    assert results[4]["recommendation"]["suggestions"][0]["tag"]["label"] == "astronomy"
    assert Recommendation.objects.count() == 2


def test_a_batch_has_at_most_64_texts(caller: Caller, newsroom: Newsroom) -> None:
    too_many = caller.post("/recommendations/batch", {"documents": [{"text": "a"}] * 65})
    none = caller.post("/recommendations/batch", {"documents": []})

    assert too_many.status_code == none.status_code == 422
    assert too_many.json()["errors"][0]["pointer"] == "/documents"


def test_a_batch_of_documents_needs_one_query_for_them(
    caller: Caller, newsroom: Newsroom, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    documents = DocumentFactory.create_batch(10, source=caller.source, body=FOOTBALL_TEXT)
    asked = {"documents": [{"external_id": d.external_id} for d in documents], "store": False}
    caller.post("/recommendations/batch", asked)

    with django_assert_max_num_queries(5):
        answer = caller.post("/recommendations/batch", asked)

    assert [item["status"] for item in answer.json()["results"]] == [200] * 10


def test_an_editor_asks_with_a_session(client: Client, newsroom: Newsroom, editor: User) -> None:
    client.force_login(editor)

    answer = client.post("/api/v1/recommendations", {"text": FOOTBALL_TEXT}, content_type="application/json")

    assert answer.status_code == 201
    assert Recommendation.objects.get().source is None


def test_the_scope_is_needed(newsroom: Newsroom) -> None:
    refused = new_caller(Scope.FEEDBACK).post("/recommendations", {"text": FOOTBALL_TEXT})

    assert refused.status_code == 403
    assert refused.json()["code"] == "permission_denied"
