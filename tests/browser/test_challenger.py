"""The challenger's page in a real browser: drawn, without barriers, wide and narrow."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from recommender.challengers import put_up_challenger
from recommender.comparing import start_interleaving
from recommender.models import Interleaving
from tagplatform.access.models import User
from tests.factories import UserFactory
from tests.reports.test_challenger_page import PAGE, answers_in_the_shadow, decided_in_turns
from tests.tiny_model import Newsroom, add_version

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("width", [1400, 390])
def test_the_challenger_is_shown_without_barriers(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    newsroom: Newsroom,
    bundle_folder: Path,
    sign_in: Callable[[User], None],
    width: int,
    language: str,
) -> None:
    tried = add_version(newsroom.vocabulary, bundle_folder, number=2)
    add_version(newsroom.vocabulary, bundle_folder, number=3)
    put_up_challenger(version=tried, actor=None, reason="promising")
    answers_in_the_shadow(newsroom, tried, 12)
    for ending in ("stopped", "running"):
        begun = start_interleaving(vocabulary=newsroom.vocabulary, actor=None)
        Interleaving.objects.filter(pk=begun.pk).update(state=ending, created_at=timezone.now() - timedelta(days=1))
    decided_in_turns(newsroom, ["challenger", "champion", "challenger", "challenger"] * 5)
    sign_in(UserFactory(is_staff=True, is_superuser=True))
    page.set_viewport_size({"width": width, "height": 900})
    context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}])

    page.goto(reverse(PAGE))
    expect(page.locator("html[data-report=drawn]")).to_be_attached(timeout=60_000)

    found = Axe().run(page, context="#report").response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
