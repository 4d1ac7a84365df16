"""The desk's pages: who may see them, what stands on them."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tagplatform.access.models import User
from tagplatform.desk.services import DeskDecisions, DeskText, submit_text
from tests.factories import DocumentFactory, TagAssignmentFactory, UserFactory, VocabularyFactory
from tests.tiny_model import Newsroom

PAGES = ["", "queue/", "history/"]


@pytest.mark.parametrize("page", PAGES)
def test_strangers_are_asked_to_sign_in(client: Client, newsroom: Newsroom, page: str) -> None:
    answer = client.get(f"/desk/newsroom/{page}")

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize("page", PAGES)
def test_people_without_the_editors_role_are_refused(client: Client, newsroom: Newsroom, page: str) -> None:
    client.force_login(UserFactory())

    answer = client.get(f"/desk/newsroom/{page}")

    assert answer.status_code == 403
    assert "editor role" in answer.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_sent_under_a_strict_policy(desk: Client, newsroom: Newsroom, page: str) -> None:
    answer = desk.get(f"/desk/newsroom/{page}")

    assert answer.status_code == 200
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
    assert "<style" not in answer.content.decode()
    assert " style=" not in answer.content.decode()


def test_home_leads_to_the_only_vocabulary(desk: Client, newsroom: Newsroom) -> None:
    answer = desk.get("/")

    assert answer.headers["Location"] == "/desk/newsroom/"


def test_home_lets_choose_among_several_vocabularies(desk: Client, newsroom: Newsroom) -> None:
    VocabularyFactory(slug="moods", name="Moods")

    page = desk.get("/").content.decode()

    assert "/desk/newsroom/" in page
    assert "/desk/moods/" in page


def test_without_any_vocabulary_home_says_what_comes(desk: Client) -> None:
    assert "There is no vocabulary yet" in desk.get("/").content.decode()


def test_unknown_vocabularies_and_documents_are_not_found(desk: Client, newsroom: Newsroom) -> None:
    assert desk.get("/desk/nothing/").status_code == 404
    assert desk.get("/desk/newsroom/documents/doc_nonsense/").status_code == 404


def test_the_queue_shows_what_has_no_tags_newest_first(desk: Client, newsroom: Newsroom) -> None:
    tagged = DocumentFactory(title="Tagged")
    TagAssignmentFactory(document=tagged, tag=newsroom.tags["football"])
    DocumentFactory(title="Older", published_at=datetime(2026, 1, 1, tzinfo=UTC))
    DocumentFactory(title="Newer", published_at=datetime(2026, 2, 1, tzinfo=UTC))

    page = desk.get("/desk/newsroom/queue/").content.decode()

    assert page.index("Newer") < page.index("Older")
    assert "Tagged" not in page


def test_a_text_cannot_break_out_of_the_page(desk: Client, newsroom: Newsroom) -> None:
    document = DocumentFactory(title="</textarea><script>alert(1)</script>", body="</script><b>")

    page = desk.get(f"/desk/newsroom/documents/{document.public_id}/").content.decode()

    assert "<script>alert" not in page
    assert "</script><b>" not in page


def test_history_shows_the_decisions_in_few_queries(
    desk: Client, editor: User, newsroom: Newsroom, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(5):
        submit_text(
            vocabulary=newsroom.vocabulary,
            text=DeskText(title=f"Text {n}", body="body", external_id=f"text-{n}"),
            decisions=DeskDecisions(None, [newsroom.tags["cooking"].pk]),
            actor=editor,
        )

    with django_assert_max_num_queries(16):
        page = desk.get("/desk/newsroom/history/").content.decode()

    assert page.count('data-kind="added"') == 5 + 1  # the legend has one too
    assert "Text 4" in page


def test_pages_speak_chinese_to_those_who_want_it(desk: Client, newsroom: Newsroom) -> None:
    desk.post("/language/", {"language": "zh-hans", "next": "/desk/newsroom/"})

    page = desk.get("/desk/newsroom/").content.decode()

    assert 'lang="zh-hans"' in page
    assert "已选标签" in page


def test_scripts_get_their_texts_in_the_language_of_the_page(client: Client, db: None) -> None:
    english = client.get("/desk/texts.js")
    chinese = client.get("/desk/texts.js", headers={"accept-language": "zh-hans"})

    assert "gettext" in english.content.decode()
    assert "\\u62d2\\u7edd" in chinese.content.decode().lower()
    assert english.headers["ETag"] != chinese.headers["ETag"]
