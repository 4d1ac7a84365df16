"""Submitting from the desk: the text is stored and the outcome stands in the ledger, both or neither."""

from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client

from feedback.models import Decision, Outcome
from recommender.services import RecommendationRequest, recommend_tags
from tagplatform.content.models import Document, TagAssignment
from tagplatform.imports.models import ImportRun
from tests.factories import DocumentFactory, TagFactory, TrainingRunFactory, UserFactory, VocabularyFactory
from tests.tiny_model import FOOTBALL_TEXT, Newsroom

TITLE = "A late penalty"


def send(desk: Client, path: str, **body: Any) -> Any:
    return desk.post(f"/desk/{path}", body, content_type="application/json")


def submission(newsroom: Newsroom, final: list[str], **more: Any) -> dict[str, Any]:
    return {
        "vocabulary": "newsroom",
        "title": TITLE,
        "text": FOOTBALL_TEXT,
        "external_id": "made-by-the-page",
        "final_tags": [newsroom.tags[name].public_id for name in final],
        **more,
    }


def recommendation(newsroom: Newsroom) -> str:
    request = RecommendationRequest(TITLE, FOOTBALL_TEXT)
    return str(recommend_tags(vocabulary=newsroom.vocabulary, request=request).public_id)


def decisions() -> dict[str, str]:
    newest_last = Decision.objects.order_by("id").select_related("tag")
    return {decision.tag.notation: decision.kind for decision in newest_last}


def tags_of(document: Document) -> set[str]:
    return set(TagAssignment.objects.filter(document=document).values_list("tag__notation", flat=True))


def test_a_submission_stores_the_text_and_the_decisions(desk: Client, newsroom: Newsroom) -> None:
    rejected = newsroom.tags["cooking"].public_id
    body = submission(newsroom, ["football"], recommendation=recommendation(newsroom), rejected=[rejected])

    answer = send(desk, "submit", **body)

    assert answer.status_code == 200, answer.content
    document = Document.objects.get(source__slug="desk", external_id="made-by-the-page")
    assert (document.title, document.body) == (TITLE, FOOTBALL_TEXT)
    assert answer.json()["document"] == document.public_id
    assert tags_of(document) == {"football"}
    assert decisions() == {"football": "accepted", "cooking": "rejected", "astronomy": "ignored"}


def test_what_stayed_folded_is_no_negative(desk: Client, newsroom: Newsroom) -> None:
    folded = [newsroom.tags[name].public_id for name in ("cooking", "astronomy")]
    body = submission(newsroom, ["football"], recommendation=recommendation(newsroom), not_shown=folded)

    send(desk, "submit", **body)

    assert decisions() == {"football": "accepted"}


def test_the_same_submission_twice_is_one(desk: Client, newsroom: Newsroom) -> None:
    body = submission(newsroom, ["football"], recommendation=recommendation(newsroom))
    send(desk, "submit", **body)
    rows = Decision.objects.count()

    again = send(desk, "submit", **body)

    assert again.json()["revision"] == 1
    assert Decision.objects.count() == rows
    assert Document.objects.filter(source__slug="desk").count() == 1


def test_tags_can_be_submitted_without_any_recommendation(desk: Client, newsroom: Newsroom) -> None:
    first = send(desk, "submit", **submission(newsroom, ["cooking"]))
    second = send(desk, "submit", **submission(newsroom, ["football"]))

    assert first.json()["recommendation"] == second.json()["recommendation"]
    assert decisions() == {"cooking": "removed", "football": "added"}


def test_a_submission_can_be_taken_back(desk: Client, newsroom: Newsroom) -> None:
    sent = send(desk, "submit", **submission(newsroom, ["football"], recommendation=recommendation(newsroom)))

    answer = send(desk, "take-back", recommendation=sent.json()["recommendation"])

    assert answer.status_code == 200
    assert Outcome.objects.get().status == "discarded"
    assert not TagAssignment.objects.exists()
    assert decisions()["football"] == "undone"


def test_what_was_never_submitted_cannot_be_taken_back(desk: Client, newsroom: Newsroom) -> None:
    answer = send(desk, "take-back", recommendation=recommendation(newsroom))

    assert answer.status_code == 422
    assert answer.json()["code"] == "not_submitted"


def test_a_document_of_another_source_keeps_its_text_and_the_next_one_is_named(
    desk: Client, newsroom: Newsroom
) -> None:
    following = DocumentFactory(title="The next one")
    opened = DocumentFactory(title="From the CMS", body="as it was")
    body = submission(newsroom, ["football"], document=opened.public_id, external_id="", from_queue=True)

    answer = send(desk, "submit", **body)

    opened.refresh_from_db()
    assert opened.body == "as it was"
    assert tags_of(opened) == {"football"}
    assert answer.json()["next"]["address"].endswith(f"/{following.public_id}/")


def test_a_document_left_without_tags_on_purpose_leaves_the_queue(desk: Client, newsroom: Newsroom) -> None:
    opened = DocumentFactory(title="Nothing fits")

    send(desk, "submit", **submission(newsroom, [], document=opened.public_id))

    assert "Nothing fits" not in desk.get("/desk/newsroom/queue/").content.decode()


def test_an_empty_text_is_refused_and_nothing_is_stored(desk: Client, newsroom: Newsroom) -> None:
    answer = send(desk, "submit", **submission(newsroom, ["football"], title=" ", text="\n"))

    assert (answer.status_code, answer.json()["code"]) == (422, "empty_text")
    assert not Document.objects.exists()


def test_a_wrong_tag_stores_nothing_at_all(desk: Client, newsroom: Newsroom) -> None:
    stranger = TagFactory(vocabulary=VocabularyFactory())
    body = submission(newsroom, []) | {"final_tags": [stranger.public_id]}

    answer = send(desk, "submit", **body)

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_tag")
    assert not Document.objects.exists()


def test_a_recommendation_of_another_vocabulary_is_refused(desk: Client, newsroom: Newsroom) -> None:
    VocabularyFactory(slug="other")
    body = submission(newsroom, [], recommendation=recommendation(newsroom)) | {"vocabulary": "other"}

    answer = send(desk, "submit", **body)

    assert answer.json()["code"] == "other_vocabulary"


def test_without_a_session_a_problem_says_so(client: Client, newsroom: Newsroom) -> None:
    answer = send(client, "submit", **submission(newsroom, ["football"]))

    assert answer.status_code == 403
    assert answer.json()["code"] == "not_authenticated"


def test_reopening_goes_on_from_the_submitted_recommendation(desk: Client, newsroom: Newsroom) -> None:
    asked = recommendation(newsroom)
    rejected = newsroom.tags["cooking"].public_id
    body = submission(newsroom, ["football"], recommendation=asked, rejected=[rejected])
    document = send(desk, "submit", **body).json()["document"]

    start = desk.get(f"/desk/newsroom/documents/{document}/").context["start"]

    assert start["recommendation"] == asked
    assert start["rejected"] == [rejected]
    assert [tag["label"] for tag in start["tags"]] == ["football"]


def test_why_points_at_words_of_the_text(desk: Client, newsroom: Newsroom) -> None:
    tag = newsroom.tags["football"].public_id

    answer = send(desk, "explain", vocabulary="newsroom", title=TITLE, text=f"{FOOTBALL_TEXT} Soccer!", tag=tag)

    pieces = answer.json()["evidence"]
    assert answer.json()["label_match"] == "Soccer"
    assert pieces
    for piece in pieces:
        field = TITLE if piece["field"] == "title" else f"{FOOTBALL_TEXT} Soccer!"
        assert field[piece["start"] : piece["end"]] == piece["text"]


def test_why_names_similar_documents_with_their_addresses(desk: Client, fused: Newsroom) -> None:
    football = fused.tags["football"]
    opened = Document.objects.filter(tag_assignments__tag=football).earliest("pk")
    asked = {"vocabulary": "newsroom", "title": opened.title, "text": opened.body, "tag": football.public_id}

    of_a_text = send(desk, "explain", **asked).json()["similar"]
    of_the_document = send(desk, "explain", **asked, document=opened.public_id).json()["similar"]

    address = f"/desk/newsroom/documents/{opened.public_id}/"
    assert of_a_text[0]["address"] == address
    assert of_a_text[0]["title"] == opened.title
    assert address not in [document["address"] for document in of_the_document]
    assert len(of_the_document) == 3
    assert desk.get(of_the_document[0]["address"]).status_code == 200


def test_why_names_no_documents_to_those_who_may_not_read_them(client: Client, fused: Newsroom) -> None:
    person = UserFactory()
    person.user_permissions.add(Permission.objects.get(codename="add_decision"))
    client.force_login(person)
    asked = {"vocabulary": "newsroom", "text": FOOTBALL_TEXT, "tag": fused.tags["football"].public_id}

    answer = send(client, "explain", **asked)

    assert answer.status_code == 200
    assert answer.json()["label_match"] is None
    assert answer.json()["similar"] == []


def test_progress_tells_of_imports_and_training(desk: Client) -> None:
    vocabulary = VocabularyFactory(slug="fresh")
    TrainingRunFactory(vocabulary=vocabulary, state="running", stage="Reading", progress=0.25)
    ImportRun.objects.create(kind="documents", target="x", file_name="x", file_digest="0", rows_total=10, rows_done=5)

    progress = desk.get("/desk/status?vocabulary=fresh").json()

    assert progress["ready"] is False
    assert [(step["kind"], step["fraction"]) for step in progress["steps"]] == [("import", 0.5), ("training", 0.25)]
    assert "as soon as the first model is trained" in progress["message"]


def test_with_a_model_and_nothing_under_way_there_is_nothing_to_tell(desk: Client, newsroom: Newsroom) -> None:
    progress = desk.get("/desk/status?vocabulary=newsroom").json()

    assert progress == {"ready": True, "model_version": "newsroom-1", "steps": [], "message": ""}
