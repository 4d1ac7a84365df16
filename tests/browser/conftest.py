"""A real Chromium in front of the live server; every page is watched for strangers and errors."""

import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, ViewportSize, sync_playwright
from pytest_django.live_server_helper import LiveServer

from recommender.serving import rankers
from tagplatform.access.models import User
from tests.conftest import require
from tests.factories import SourceFactory, UserFactory
from tests.tiny_model import Newsroom, newsroom_with_fusion, newsroom_with_model

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright keeps an event loop in this thread

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = "--no-sandbox --disable-background-networking --disable-component-update --disable-sync"
WIDE = ViewportSize(width=1440, height=900)


@dataclass
class Watch:
    """What the pages of one test asked for and complained about."""

    home: str
    urls: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    """Parts of complaints that the test provokes."""

    def strangers(self) -> list[str]:
        """Requests to any host but the live server."""
        return [url for url in self.urls if urlsplit(url).netloc not in ("", urlsplit(self.home).netloc)]

    def surprises(self) -> list[str]:
        """Errors of the console and of scripts that nobody expected."""
        return [text for text in self.complaints if not any(part in text for part in self.expected)]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    require(found is not None, "Chromium")
    browser = playwright.chromium.launch(executable_path=found, args=QUIET.split())
    yield browser
    browser.close()


@pytest.fixture
def watch(live_server: LiveServer) -> Watch:
    return Watch(home=live_server.url)


@pytest.fixture
def context(browser: Browser, live_server: LiveServer, watch: Watch) -> Iterator[BrowserContext]:
    """A fresh profile at the live server; at the end no stranger and no error may be left."""
    context = browser.new_context(base_url=live_server.url, viewport=WIDE, locale="en-GB")
    context.set_default_timeout(15_000)
    context.on("request", lambda request: watch.urls.append(request.url))
    context.on("console", lambda message: _note(watch, message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: _note(watch, str(error.error)))
    unanswered: set[Request] = set()
    context.on("request", lambda request: unanswered.add(request))
    context.on("requestfinished", lambda request: unanswered.discard(request))
    context.on("requestfailed", lambda request: unanswered.discard(request))
    yield context
    _wait_for_answers(context, unanswered)
    context.close()
    assert watch.strangers() == []
    assert watch.surprises() == []


def _wait_for_answers(context: BrowserContext, unanswered: Collection[Request]) -> None:
    """What the server still writes would stand in the way of emptying the database."""
    patience = time.monotonic() + 5
    while unanswered and context.pages and time.monotonic() < patience:
        context.pages[0].wait_for_timeout(50)


def _note(watch: Watch, complaint: str) -> None:
    watch.complaints.append(complaint)


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def sign_in(context: BrowserContext, live_server: LiveServer) -> Callable[[User], None]:
    """Give the browser a session of a person without the form."""

    def _sign_in(user: User) -> None:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])

    return _sign_in


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny-model")


@pytest.fixture
def newsroom(live_server: LiveServer, bundle_folder: Path) -> Iterator[Newsroom]:
    """A vocabulary of three tags with a real model, behind the live server."""
    rankers.forget()
    yield newsroom_with_model(bundle_folder)
    rankers.forget()


@pytest.fixture
def fused(live_server: LiveServer, bundle_folder: Path) -> Iterator[Newsroom]:
    """The same with a fusion, which knows similar documents."""
    rankers.forget()
    yield newsroom_with_fusion(bundle_folder, source=SourceFactory())
    rankers.forget()


@pytest.fixture
def editor(live_server: LiveServer) -> User:
    """A person who may work at the desk; the password is “right horse”."""
    person: User = UserFactory(username="mara")
    person.set_password("right horse")
    person.save()
    person.groups.add(Group.objects.get(name="editor"))
    return person
