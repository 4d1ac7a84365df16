"""Every page of the desk passes axe, light and dark, wide and narrow."""

from collections.abc import Callable
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from tagplatform.access.models import User
from tests.factories import DocumentFactory
from tests.tiny_model import FOOTBALL_TEXT, Newsroom

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NARROW = ViewportSize(width=420, height=860)


def violations(page: Page) -> list[tuple[str, Any]]:
    found = Axe().run(page).response["violations"]
    return [(violation["id"], [node["html"] for node in violation["nodes"]]) for violation in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_editor_at_work_has_no_barriers(
    page: Page, newsroom: Newsroom, editor: User, sign_in: Callable[[User], None], scheme: Literal["light", "dark"]
) -> None:
    sign_in(editor)
    page.emulate_media(color_scheme=scheme)
    page.goto("/desk/newsroom/")
    page.get_by_role("textbox", name="Text").fill(FOOTBALL_TEXT)
    page.locator("#less-likely-summary").click()
    page.get_by_role("button", name="Reject: cooking").click()
    page.locator(".suggestion-main").first.click()
    page.locator(".why").first.click()
    expect(page.get_by_role("region", name="Why this tag")).to_contain_text("speak for it")

    assert violations(page) == []


@pytest.mark.parametrize("address", ["/desk/newsroom/", "/desk/newsroom/queue/", "/desk/newsroom/history/"])
def test_pages_have_no_barriers_and_do_not_scroll_sideways(
    page: Page, newsroom: Newsroom, editor: User, sign_in: Callable[[User], None], address: str
) -> None:
    DocumentFactory(title="A very long title " * 8, body=FOOTBALL_TEXT)
    sign_in(editor)
    page.set_viewport_size(NARROW)

    page.goto(address)

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_signing_in_has_no_barriers(page: Page, newsroom: Newsroom) -> None:
    page.goto("/sign-in/")

    assert violations(page) == []
