"""Platforms for end-to-end tests: embedded, and on the services of this machine."""

import os
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tagplatform.launcher.embedded import start_embedded_database
from tests.conftest import require
from tests.end_to_end.platform import Platform

POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
BROKER_URLS = {
    "redis": os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9"),
    "rabbitmq": os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
}

MakePlatform = Callable[..., Platform]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "end_to_end" in item.path.parts:
            item.add_marker(pytest.mark.end_to_end)


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 0), timeout=2).close()
    except OSError:
        return False
    return True


@pytest.fixture
def make_platform(tmp_path: Path) -> Iterator[MakePlatform]:
    """`make_platform("embedded" | "redis" | "rabbitmq", **settings)`: migrated, with the newsroom loaded."""
    endings: list[Callable[[], object]] = []

    def make(kind: str = "embedded", **settings: str) -> Platform:
        database_url, broker_url, drop = _database_and_broker(kind, tmp_path)
        endings.append(drop)
        prefix = f"test-{uuid.uuid4().hex[:8]}-"
        platform = Platform(tmp_path, database_url, broker_url, prefix, settings)
        endings.append(platform.stop)
        platform.manage("migrate", "--verbosity", "0")
        platform.manage("import_newsroom")
        return platform

    yield make
    for end in reversed(endings):
        end()


def _database_and_broker(kind: str, folder: Path) -> tuple[str, str, Callable[[], object]]:
    if kind == "embedded":
        database = start_embedded_database(folder / "postgres", for_tests=True)
        return database.url, "", database.stop
    require(_listens(POSTGRES_URL), "PostgreSQL on its usual local port")
    require(_listens(BROKER_URLS[kind]), f"{kind} on its usual local port")
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return POSTGRES_URL.rsplit("/", 1)[0] + f"/{name}", BROKER_URLS[kind], lambda: _drop(name)


def _drop(name: str) -> None:
    with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
