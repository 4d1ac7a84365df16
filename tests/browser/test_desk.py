"""The desk in a real browser: the whole path of an editor, by keyboard alone, and what happens when things fail."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from feedback.models import Decision, Outcome, Suggestion
from recommender.adjustments import adjustments
from recommender.exploring import under_trained
from recommender.models import AdjustmentPolicy
from tagplatform.access.models import User
from tagplatform.content.models import Document, TagAssignment
from tagplatform.taxonomy.models import TagProposal, Vocabulary
from tests.browser.conftest import Watch
from tests.factories import DocumentFactory, TagFactory
from tests.tiny_model import FOOTBALL_TEXT, Newsroom

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SETTLED_MS = 300
"""Digits are held back for a moment after a new answer."""

SignIn = Callable[[User], None]


@pytest.fixture
def desk(page: Page, newsroom: Newsroom, editor: User, sign_in: SignIn) -> Page:
    """An empty editor."""
    sign_in(editor)
    page.goto("/desk/newsroom/")
    return page


def body(page: Page) -> str:
    return page.get_by_role("textbox", name="Text").input_value()


def write(page: Page, text: str = FOOTBALL_TEXT) -> None:
    """Fill in the text and wait for its suggestions."""
    page.get_by_role("textbox", name="Text").fill(text)
    expect(row(page, "football")).to_be_visible()
    page.wait_for_timeout(SETTLED_MS)


def notice(page: Page) -> Locator:
    return page.locator("#notice")


def row(page: Page, label: str) -> Locator:
    return page.locator(".suggestion", has=page.locator(".suggestion-label", has_text=label))


def chips(page: Page) -> list[str]:
    return page.locator(".chip-label").all_inner_texts()


def decisions() -> dict[str, str]:
    newest_last = Decision.objects.order_by("id").select_related("tag")
    return {decision.tag.notation: decision.kind for decision in newest_last}


def test_an_editors_whole_path_by_keyboard_alone(page: Page, newsroom: Newsroom, editor: User) -> None:
    TagFactory(vocabulary=newsroom.vocabulary, notation="curling")
    keys = page.keyboard
    page.goto("/")
    keys.type("mara")
    keys.press("Tab")
    keys.type("right horse")
    keys.press("Enter")

    expect(page.get_by_role("textbox", name="Title")).to_be_focused()
    keys.type("A late penalty")
    keys.press("Enter")
    keys.type(FOOTBALL_TEXT)
    expect(row(page, "football")).to_be_visible()
    page.wait_for_timeout(SETTLED_MS)
    keys.press("Escape")
    keys.press("1")
    expect(row(page, "football")).to_have_attribute("data-state", "chosen")
    keys.press("ArrowDown")
    keys.press("Enter")  # unfold the less likely ones
    keys.press("ArrowDown")
    rejected = page.evaluate("document.activeElement.querySelector('.suggestion-label').textContent")
    keys.press("x")
    keys.press("a")
    keys.press("u")
    keys.press("/")
    keys.type("curl")
    expect(page.get_by_role("option", name="curling", exact=True)).to_have_attribute("aria-selected", "true")
    keys.press("Enter")
    expect(page.locator(".chip")).to_have_count(2)
    keys.press("Control+Enter")

    expect(notice(page)).to_contain_text("Submitted “A late penalty” with 2 tags.")
    assert body(page) == ""
    document = Document.objects.get(source__slug="desk")
    assert document.title == "A late penalty"
    assert set(TagAssignment.objects.values_list("tag__notation", flat=True)) == {"football", "curling"}
    left = ({"cooking", "astronomy"} - {rejected}).pop()
    assert decisions() == {"football": "accepted", "curling": "added", rejected: "rejected", left: "ignored"}


def test_what_stays_folded_is_reported_as_never_shown(desk: Page) -> None:
    write(desk)
    desk.keyboard.press("Escape")
    desk.keyboard.press("1")

    desk.keyboard.press("Control+Enter")

    expect(notice(desk)).to_contain_text("Submitted")
    assert decisions() == {"football": "accepted"}


def test_a_tag_that_is_tried_out_is_marked_and_stands_in_sight(desk: Page, newsroom: Newsroom) -> None:
    AdjustmentPolicy.objects.create(vocabulary=newsroom.vocabulary, exploration_share=1)
    Vocabulary.objects.filter(pk=newsroom.vocabulary.pk).update(suggestion_limit=2)
    for store in (adjustments, under_trained):
        store.forget()
    desk.reload()

    write(desk)
    tried = desk.locator("#likely .suggestion", has=desk.locator(".suggestion-trial", has_text="trying out"))
    expect(tried).to_have_count(1)
    desk.keyboard.press("Escape")
    desk.keyboard.press("1")
    desk.keyboard.press("Control+Enter")

    expect(notice(desk)).to_contain_text("Submitted")
    stored = Suggestion.objects.get(origin=Suggestion.Origin.EXPLORATION)
    assert not stored.above_threshold
    assert decisions() == {"football": "accepted", stored.tag.notation: "ignored"}


def test_a_submission_can_be_taken_back_and_corrected(desk: Page) -> None:
    write(desk)
    desk.keyboard.press("Escape")
    desk.keyboard.press("1")
    desk.keyboard.press("Control+Enter")

    desk.get_by_role("button", name="Take back").click()

    expect(row(desk, "football")).to_have_attribute("data-state", "chosen")
    assert body(desk) == FOOTBALL_TEXT
    assert Outcome.objects.get().status == "discarded"
    desk.get_by_role("button", name="Submit").click()
    expect(notice(desk)).to_contain_text("Submitted")
    assert Outcome.objects.get().status == "submitted"


def test_draft_and_suggestions_survive_a_reload(desk: Page) -> None:
    write(desk)
    desk.keyboard.press("Escape")
    desk.keyboard.press("1")

    desk.reload()

    assert body(desk) == FOOTBALL_TEXT
    assert chips(desk) == ["football"]
    expect(row(desk, "football")).to_have_attribute("data-state", "chosen")


def test_two_tabs_write_two_texts(desk: Page, context: BrowserContext) -> None:
    write(desk)

    other = context.new_page()
    other.goto("/desk/newsroom/")

    expect(other.get_by_role("textbox", name="Title")).to_be_focused()
    assert body(other) == ""


def test_a_new_answer_moves_nothing_that_was_decided(desk: Page) -> None:
    write(desk)
    desk.locator("#less-likely-summary").click()
    second = desk.locator(".suggestion-label").nth(1).inner_text()
    row(desk, second).get_by_role("button", name="Reject").click()
    row(desk, "football").locator(".suggestion-main").click()

    with desk.expect_response("**/api/v1/recommendations"):
        desk.get_by_role("textbox", name="Text").press_sequentially(" Then butter and onion in the oven.", delay=1)

    expect(row(desk, second)).to_have_attribute("data-state", "rejected")
    assert chips(desk) == ["football"]
    assert desk.locator(".suggestion-label").first.inner_text() == "football"


def test_why_marks_the_words_in_the_text(desk: Page) -> None:
    write(desk)

    desk.keyboard.press("Escape")
    desk.keyboard.press("e")

    expect(desk.get_by_role("region", name="Why this tag")).to_contain_text("speak for it")
    marked = desk.locator(".mirror mark").all_inner_texts()
    assert marked
    assert all(word in FOOTBALL_TEXT for word in marked)
    expect(row(desk, "football").locator(".suggestion-main")).to_be_focused()


def test_why_shows_similar_documents_that_open_beside(
    page: Page, fused: Newsroom, editor: User, sign_in: SignIn
) -> None:
    sign_in(editor)
    page.goto("/desk/newsroom/")
    page.get_by_role("textbox", name="Text").fill(FOOTBALL_TEXT)
    expect(row(page, "football")).to_be_attached()
    # By a hair over or under its threshold, as the processor rounds: what is less likely is unfolded
    page.locator("details:has(.suggestion)").evaluate_all("folds => folds.forEach((fold) => { fold.open = true; })")

    row(page, "football").get_by_role("button", name="Why?").click()
    similar = page.get_by_role("region", name="Why this tag").locator(".similar a")
    expect(similar).to_have_count(3)
    title = similar.first.inner_text()
    with page.context.expect_page() as opened:
        similar.first.click()

    expect(opened.value.get_by_role("textbox", name="Title")).to_have_value(title)
    assert body(page) == FOOTBALL_TEXT


def test_no_key_means_anything_in_a_field_or_while_composing(desk: Page) -> None:
    write(desk)

    desk.get_by_role("textbox", name="Text").press_sequentially(" 1xau?/")
    desk.evaluate(
        """document.querySelector('.suggestion-main').dispatchEvent(
        new KeyboardEvent('keydown', {key: '1', bubbles: true, isComposing: true}))"""
    )

    assert body(desk).endswith(" 1xau?/")
    assert chips(desk) == []
    assert desk.locator("dialog[open]").count() == 0


def test_exactly_one_tag_behaves_like_a_choice(desk: Page) -> None:
    Vocabulary.objects.update(selection_mode="one")
    desk.reload()
    write(desk)
    desk.locator("#less-likely-summary").click()
    row(desk, "football").locator(".suggestion-main").click()

    row(desk, "cooking").locator(".suggestion-main").click()

    assert chips(desk) == ["cooking"]


def test_what_is_missing_can_be_proposed(desk: Page) -> None:
    desk.get_by_role("combobox", name="Search any tag").fill("Curling")

    desk.get_by_role("option", name="Propose “Curling” as a new tag").click()

    expect(notice(desk)).to_contain_text("“Curling” has been proposed")
    assert TagProposal.objects.get().text == "Curling"


def test_the_queue_goes_on_with_the_next_document(desk: Page) -> None:
    DocumentFactory(title="First", body=FOOTBALL_TEXT)
    DocumentFactory(title="Second", body=FOOTBALL_TEXT)
    desk.goto("/desk/newsroom/queue/")
    desk.get_by_role("link", name="Start here").click()
    expect(row(desk, "football").locator(".suggestion-main")).to_be_focused()
    desk.wait_for_timeout(SETTLED_MS)

    desk.keyboard.press("1")
    desk.keyboard.press("Control+Enter")

    expect(notice(desk)).to_contain_text("Submitted “Second” with 1 tag.")
    expect(desk.get_by_role("textbox", name="Title")).to_have_value("First")


def test_suggestions_come_by_themselves_when_the_connection_is_back(desk: Page, watch: Watch) -> None:
    watch.expected = ("Failed to load resource",)
    desk.route("**/api/v1/recommendations", lambda route: route.abort())
    desk.get_by_role("textbox", name="Text").fill(FOOTBALL_TEXT)
    expect(notice(desk)).to_contain_text("No connection")

    desk.unroute("**/api/v1/recommendations")

    expect(row(desk, "football")).to_be_visible()
    expect(notice(desk)).to_be_hidden()


def test_without_a_model_the_page_waits_and_starts_by_itself(desk: Page, newsroom: Newsroom, watch: Watch) -> None:
    watch.expected = ("503",)
    aliases = newsroom.vocabulary.model_aliases
    held = aliases.get()
    held.delete()
    desk.reload()
    desk.get_by_role("textbox", name="Text").fill(FOOTBALL_TEXT)
    expect(desk.locator("#progress")).to_contain_text("No model has been trained yet")

    held.save(force_insert=True)

    expect(row(desk, "football")).to_be_visible()


def test_a_lost_session_keeps_the_draft_and_says_how_to_go_on(
    desk: Page, context: BrowserContext, watch: Watch
) -> None:
    watch.expected = ("401", "403")
    write(desk)
    context.clear_cookies()

    desk.get_by_role("textbox", name="Text").press_sequentially(" More.")

    expect(desk.get_by_role("link", name="Sign in in a new tab")).to_be_visible()
    assert body(desk).endswith("More.")


def test_an_answer_that_comes_too_late_is_not_shown(desk: Page) -> None:
    write(desk)
    field = desk.get_by_role("textbox", name="Text")
    waiting: list[Route] = []
    desk.route("**/api/v1/recommendations", lambda route: waiting.append(route))
    field.press_sequentially(" Recipe with butter, onion and salt.")
    desk.wait_for_timeout(1000)

    field.fill("")
    desk.wait_for_timeout(1000)
    for route in waiting:
        route.continue_()

    expect(desk.locator(".suggestion")).to_have_count(0)
    expect(desk.locator("#suggestions-state")).to_contain_text("suggestions come by themselves")
