"""The watching page in a real browser: drawn, without barriers, wide and narrow."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from recommender.watching.names import GROUPS
from tagplatform.access.models import User
from tests.factories import UserFactory
from tests.watching.test_page import fill

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("width", [1400, 390])
def test_the_figures_are_drawn_without_barriers(
    page: Page, sign_in: Callable[[User], None], width: int, language: str, live_server: LiveServer
) -> None:
    fill(20)
    sign_in(UserFactory(is_staff=True, is_superuser=True))
    page.set_viewport_size({"width": width, "height": 900})
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}])

    page.goto(reverse("watching:page"))
    expect(page.locator("html[data-report=drawn]")).to_be_attached()

    found = Axe().run(page, context="#report").response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
    assert page.locator(".report-chart svg.main-svg").count() >= len(GROUPS)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
