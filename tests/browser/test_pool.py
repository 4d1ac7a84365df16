"""The negative pool in a real browser: drawn, without barriers, wide and narrow."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tagplatform.access.models import User
from tests.factories import UserFactory
from tests.reports.test_pool_page import address, make_pool

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("width", [1400, 390])
def test_the_pool_is_drawn_without_barriers(
    page: Page, sign_in: Callable[[User], None], width: int, language: str
) -> None:
    snapshot = make_pool(30)
    sign_in(UserFactory(is_staff=True, is_superuser=True))
    page.set_viewport_size({"width": width, "height": 900})
    page.set_extra_http_headers({"Accept-Language": language})

    page.goto(address(snapshot))
    expect(page.locator("html[data-report=drawn]")).to_be_attached()

    found = Axe().run(page, context="#report").response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
    assert page.locator(".report-chart svg.main-svg").count() >= 2
    assert page.evaluate("document.documentElement.scrollWidth") <= width
