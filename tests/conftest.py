"""What every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def own_folders(settings: Settings, tmp_path: Path) -> None:
    """Bundles and media of a test live and die with it."""
    settings.BUNDLES_DIR = tmp_path / "bundles"
    settings.BUNDLES_CACHE_DIR = tmp_path / "bundle-cache"
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def clear_caches() -> Iterator[None]:
    """Rate limits and snapshots of one test do not reach the next."""
    from django.core.cache import cache

    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def no_language_of_another_test() -> Iterator[None]:
    """A request leaves its language active in the thread; the next test begins with the installation's own."""
    from django.utils import translation

    translation.deactivate()
    yield
    translation.deactivate()


def require(service_is_there: bool, what: str) -> None:
    """Skip a test whose service or browser is missing; with REQUIRE_SERVICES=1 (CI) that is a failure."""
    if service_is_there:
        return
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"{what} is missing and REQUIRE_SERVICES=1 forbids skipping")
    pytest.skip(f"{what} is missing")
