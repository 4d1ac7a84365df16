"""After each choice the open suggestions of the desk take the order that goes with it, quietly."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from feedback.models import Decision, Recommendation
from recommender.services import RecommendationRequest, recommend_tags
from recommender.suggesting import RankedTag
from tagplatform.access.models import User
from tests.tiny_model import FOOTBALL_TEXT, Newsroom

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], None]


@pytest.fixture
def desk(page: Page, fused: Newsroom, editor: User, sign_in: SignIn) -> Page:
    """An editor with a model that knows which tags go together, all suggestions in sight."""
    sign_in(editor)
    page.goto("/desk/newsroom/")
    page.get_by_role("textbox", name="Text").fill(FOOTBALL_TEXT)
    expect(page.locator(".suggestion")).to_have_count(5)
    if not page.locator("#less-likely-group").evaluate("group => group.open"):
        page.locator("#less-likely-summary").click()
    return page


def labels(page: Page) -> list[str]:
    return page.locator(".suggestion-label").all_inner_texts()


def choose(page: Page, label: str) -> None:
    """Accept a suggestion, and wait for the order that goes with it."""
    row = page.locator(".suggestion", has=page.locator(".suggestion-label", has_text=label))
    with page.expect_response("**/api/v1/recommendations") as answered:
        row.locator(".suggestion-main").click()
    asked = answered.value.request.post_data_json
    assert asked is not None and asked["store"] is False
    expect(row).to_have_attribute("data-state", "chosen")


def order_with(newsroom: Newsroom, chosen: str, among: list[str]) -> list[RankedTag]:
    """What the model itself says of the rest."""
    newsroom.vocabulary.refresh_from_db()
    request = RecommendationRequest(
        title="", body=FOOTBALL_TEXT, store=False, chosen_tag_ids=[newsroom.tags[chosen].pk],
        candidate_tag_ids=[newsroom.tags[name].pk for name in among],
    )  # fmt: skip
    return list(recommend_tags(vocabulary=newsroom.vocabulary, request=request).suggestions)


def test_a_choice_orders_the_rest_anew_and_the_ledger_keeps_what_was_shown(desk: Page, fused: Newsroom) -> None:
    before = labels(desk)
    in_sight = set(desk.locator("#likely .suggestion-label").all_inner_texts())
    chosen = before[-1]

    choose(desk, chosen)

    ranked = order_with(fused, chosen, before[:-1])
    in_sight |= {each.tag.notation for each in ranked if each.above_threshold}
    wanted = sorted((each.tag.notation for each in ranked), key=lambda label: label not in in_sight)
    expect(desk.locator(".suggestion-label")).to_have_text([*wanted, chosen])
    assert Recommendation.objects.count() == 1
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#notice")).to_contain_text("Submitted")
    assert Decision.objects.get(kind="accepted").tag.notation == chosen


def test_the_focus_and_what_was_decided_stay_where_they_are(desk: Page) -> None:
    last = labels(desk)[-1]

    choose(desk, last)

    assert labels(desk).index(last) == 4
    focused = "document.activeElement.closest('.suggestion').querySelector('.suggestion-label').textContent"
    assert desk.evaluate(focused) == last
    assert desk.locator(".suggestion [data-part][tabindex='0']").count() == 3  # one row is reached by Tab


def test_without_motion_nothing_glides(page: Page, fused: Newsroom, editor: User, sign_in: SignIn) -> None:
    page.emulate_media(reduced_motion="reduce")
    sign_in(editor)
    page.goto("/desk/newsroom/")
    page.get_by_role("textbox", name="Text").fill(FOOTBALL_TEXT)
    expect(page.locator(".suggestion")).to_have_count(5)

    glides = page.evaluate(
        """async () => { const { placesOf, showMoves } = await import("/static/desk/moving.js");
        const lists = [document.getElementById("likely"), document.getElementById("less-likely")];
        document.getElementById("less-likely-group").open = true;
        const before = new Map([...placesOf(lists)].map(([tag, top]) => [tag, top + 40]));
        showMoves(lists, before);
        return [document.querySelectorAll("[data-moved=up]").length, document.getAnimations().length]; }"""
    )

    assert glides == [5, 0]


def test_an_order_that_cannot_be_had_is_missed_by_nobody(desk: Page) -> None:
    before = labels(desk)
    desk.route("**/api/v1/recommendations", lambda route: route.fulfill(status=200, json={"suggestions": []}))

    choose(desk, before[0])

    assert labels(desk) == before
    expect(desk.locator("#notice")).to_be_hidden()
