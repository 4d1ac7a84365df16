"""Vocabularies and tags over HTTP."""

import pytest
from pytest_django import DjangoAssertNumQueries

from tagplatform.taxonomy.models import Tag, TagLabel, TagProposal
from tests.api.conftest import Caller
from tests.factories import TagFactory, VocabularyFactory


@pytest.fixture
def sport(db: None) -> Tag:
    """“Sport” with “Football” under it, which has a synonym and a Chinese name."""
    sport: Tag = TagFactory(notation="sport", label="Sport", vocabulary__slug="topics")
    football = TagFactory(notation="football", label="Football", vocabulary=sport.vocabulary, parent=sport)
    TagLabel.of(football, "足球", language="zh", kind=TagLabel.Kind.PREFERRED).save()
    TagLabel.of(football, "Soccer", language="en", kind=TagLabel.Kind.ALTERNATIVE).save()
    return sport


def test_tags_come_with_names_path_and_parent(caller: Caller, sport: Tag) -> None:
    football, top = caller.get("/tags?vocabulary=topics").json()["results"]

    assert football["path"] == ["Sport", "Football"]
    assert football["parent"] == top["id"] == sport.public_id
    assert {name["text"] for name in football["labels"]} == {"Football", "足球", "Soccer"}


def test_tags_are_filtered_by_parent_and_status(caller: Caller, sport: Tag) -> None:
    under = caller.get(f"/tags?parent={sport.public_id}").json()["results"]
    retired = caller.get("/tags?status=retired").json()["results"]

    assert [tag["notation"] for tag in under] == ["football"]
    assert retired == []


def test_labels_come_in_the_language_asked_for(caller: Caller, sport: Tag) -> None:
    found = caller.get("/tags/search?q=soccer&label_language=zh").json()["results"]

    assert found == [
        {
            "tag": {
                "id": Tag.objects.get(notation="football").public_id,
                "notation": "football",
                "label": "足球",
                "path": ["Sport", "足球"],
            },
            "matched_label": "Soccer",
        }
    ]


@pytest.mark.parametrize("query", ["foot", "FOOTBALL", "ball", "zq", "足"])
def test_a_search_hits_prefix_part_pinyin_initials_and_any_script(caller: Caller, sport: Tag, query: str) -> None:
    found = caller.get(f"/tags/search?q={query}").json()["results"]

    assert [hit["tag"]["notation"] for hit in found] == ["football"]


@pytest.mark.parametrize("query", ["", "?q=", "?q=%00", "?q=a&limit=0", "?q=a&q=b", "?q=a&status=active"])
def test_a_wrong_search_is_told(caller: Caller, sport: Tag, query: str) -> None:
    answer = caller.get(f"/tags/search{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_a_name_is_resolved_to_its_tag(caller: Caller, sport: Tag) -> None:
    by_synonym = caller.get("/tags/resolve?label=SOCCER")
    by_notation = caller.get("/tags/resolve?label=sport")
    unknown = caller.get("/tags/resolve?label=chess")

    assert by_synonym.json()["notation"] == "football"
    assert by_notation.json()["notation"] == "sport"
    assert unknown.status_code == 404
    assert unknown.json()["code"] == "unknown_label"


def test_a_tag_is_read_by_its_id(caller: Caller, sport: Tag) -> None:
    assert caller.get(f"/tags/{sport.public_id}").json()["notation"] == "sport"
    for nothing in ("tag_01h455vb4pex5vsknk084sn02q", "voc_01h455vb4pex5vsknk084sn02q", "sport"):
        assert caller.get(f"/tags/{nothing}").status_code == 404


def test_vocabularies_are_listed_with_the_number_of_their_active_tags(caller: Caller, sport: Tag) -> None:
    TagFactory(vocabulary=sport.vocabulary, status=Tag.Status.RETIRED)

    (vocabulary,) = caller.get("/vocabularies").json()["results"]

    assert vocabulary["slug"] == "topics"
    assert vocabulary["n_tags"] == 2


def test_a_missing_tag_is_proposed_and_counted(caller: Caller, sport: Tag) -> None:
    first = caller.post("/tag-proposals", {"text": "Chess"})
    second = caller.post("/tag-proposals", {"vocabulary": "topics", "text": " chess "})

    assert first.status_code == second.status_code == 201
    assert second.json()["times_proposed"] == 2
    assert TagProposal.objects.get().text == "Chess"


def test_a_name_that_is_taken_cannot_be_proposed(caller: Caller, sport: Tag) -> None:
    answer = caller.post("/tag-proposals", {"text": "soccer"})

    assert answer.status_code == 409
    assert answer.json()["code"] == "label_taken"


@pytest.mark.parametrize(
    ("address", "queries"),
    [
        ("/tags?vocabulary=topics", 4),  # key, vocabulary, page, version of the snapshot
        ("/vocabularies", 2),
        ("/tags/search?q=a&vocabulary=topics", 3),
    ],
)
def test_the_number_of_queries_does_not_grow_with_the_list(
    caller: Caller, sport: Tag, django_assert_max_num_queries: DjangoAssertNumQueries, address: str, queries: int
) -> None:
    TagFactory.create_batch(10, vocabulary=sport.vocabulary)
    VocabularyFactory.create_batch(3)
    caller.get(address)

    with django_assert_max_num_queries(queries):
        answer = caller.get(address)

    assert answer.json()["results"]
