"""Documents over HTTP."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from feedback.models import Decision
from tagplatform.access.models import User
from tagplatform.content.models import MAX_BODY_CHARACTERS, Document
from tests.api.conftest import Caller, new_caller
from tests.factories import DocumentFactory, SourceFactory, TagAssignmentFactory, TagFactory

ARTICLE = {
    "external_id": "news/1",
    "title": "A title",
    "text": "Some text",
    "language": "en",
    "published_at": "2025-03-01T12:00:00+02:00",
    "extra": {"section": "sport", "authors": ["a"]},
}


def test_a_document_is_created_then_brought_up_to_date(caller: Caller) -> None:
    created = caller.post("/documents", ARTICLE)
    updated = caller.post("/documents", ARTICLE | {"title": "A better title"})

    assert (created.status_code, updated.status_code) == (201, 200)
    assert created.json()["published_at"] == "2025-03-01T10:00:00Z"
    assert created.json()["source"] == caller.source.slug
    assert updated.json()["id"] == created.json()["id"]
    assert Document.objects.get().title == "A better title"


def test_a_document_is_read_by_its_external_id(caller: Caller) -> None:
    caller.post("/documents", ARTICLE)

    body = caller.get("/documents/news/1").json()

    assert body["text"] == "Some text"
    assert body["extra"] == {"section": "sport", "authors": ["a"]}
    assert body["tags"] == []


def test_a_long_text_is_cut_and_the_answer_says_so(caller: Caller) -> None:
    answer = caller.post("/documents", ARTICLE | {"text": "a" * 150_000 + "z" * 150_000})

    assert answer.json()["truncated"]
    text = answer.json()["text"]
    assert len(text) == MAX_BODY_CHARACTERS
    assert text.startswith("aaa") and text.endswith("zzz")


def test_characters_that_the_database_cannot_hold_are_replaced(caller: Caller) -> None:
    answer = caller.post("/documents", ARTICLE | {"text": "a\x00b\ud800c", "extra": {"k\x00": ["\udfff"]}})

    assert answer.status_code == 201
    assert answer.json()["text"] == "ab\ufffdc"
    assert answer.json()["extra"] == {"k": ["\ufffd"]}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"external_id": ""}, "/external_id"),
        ({"external_id": "a\x00"}, "/external_id"),
        ({"external_id": 7}, "/external_id"),
        ({"external_id": "x" * 301}, "/external_id"),
        ({"title": ["a"]}, "/title"),
        ({"published_at": "yesterday"}, "/published_at"),
        ({"published_at": "0001-01-01T00:00:00Z"}, "/published_at"),
        ({"extra": [1]}, "/extra"),
        ({"body": "text"}, "/body"),
    ],
)
def test_a_wrong_field_is_pointed_at(caller: Caller, change: dict[str, Any], pointer: str) -> None:
    answer = caller.post("/documents", ARTICLE | change)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not Document.objects.exists()


def test_a_key_sees_only_documents_of_its_source(caller: Caller) -> None:
    DocumentFactory(source=caller.source, external_id="mine")
    DocumentFactory(external_id="theirs")

    listed = caller.get("/documents").json()["results"]

    assert [row["external_id"] for row in listed] == ["mine"]
    assert caller.get("/documents/theirs").status_code == 404
    assert caller.delete("/documents/theirs").status_code == 404
    assert caller.get("/documents?source=other").status_code == 404


def test_a_person_sees_every_source_and_may_choose_one(client: Client, editor: User) -> None:
    one, two = SourceFactory(), SourceFactory()
    DocumentFactory(source=one), DocumentFactory(source=two)
    client.force_login(editor)

    everything = client.get("/api/v1/documents").json()["results"]
    chosen = client.get(f"/api/v1/documents?source={two.slug}").json()["results"]

    assert len(everything) == 2
    assert [row["source"] for row in chosen] == [two.slug]


def test_an_erased_document_is_gone_and_the_ledger_stays(caller: Caller) -> None:
    document = DocumentFactory(source=caller.source, external_id="news/1")
    tag = TagAssignmentFactory(document=document).tag
    Decision.objects.create(document=document, vocabulary=tag.vocabulary, tag=tag, kind="added")

    answer = caller.delete("/documents/news/1")

    assert answer.status_code == 204
    assert caller.get("/documents/news/1").status_code == 404
    assert Decision.objects.get().document is None


def test_pages_are_followed_to_the_end_while_rows_are_added(caller: Caller) -> None:
    rows = DocumentFactory.create_batch(5, source=caller.source)

    first = caller.get("/documents?limit=2").json()
    DocumentFactory(source=caller.source)
    second = caller.get(first["next"].partition("/api/v1")[2]).json()
    third = caller.get(second["next"].partition("/api/v1")[2]).json()

    seen = [row["id"] for page in (first, second, third) for row in page["results"]]
    assert seen == [row.public_id for row in reversed(rows)]
    assert third["next"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=cD1ub25zZW5zZQ==", "page=2"])
def test_a_wrong_parameter_is_told(caller: Caller, query: str) -> None:
    answer = caller.get(f"/documents?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{query.partition('=')[0]}"


def test_the_number_of_queries_does_not_grow_with_the_list(
    caller: Caller, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    tags = TagFactory.create_batch(3)
    for document in DocumentFactory.create_batch(8, source=caller.source):
        for tag in tags:
            TagAssignmentFactory(document=document, tag=tag)
    caller.get("/documents")

    with django_assert_max_num_queries(3):  # key, documents, tags
        listed = caller.get("/documents").json()["results"]

    assert all(len(row["tags"]) == 3 for row in listed)


def test_a_key_may_name_its_own_source_but_no_other(caller: Caller) -> None:
    own = caller.post("/documents", ARTICLE | {"source": caller.source.slug})
    other = caller.post("/documents", ARTICLE | {"source": new_caller().source.slug})

    assert own.status_code == 201
    assert other.status_code == 404
