"""A newsroom with a real, tiny model, and callers of the API."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from recommender.serving import rankers
from tagplatform.access.models import ApiKey, User
from tagplatform.access.services import create_api_key
from tagplatform.common.scopes import Scope
from tagplatform.content.models import Source
from tests.factories import SourceFactory, UserFactory
from tests.tiny_model import Newsroom, newsroom_with_model

ROOT = "/api/v1"


@dataclass
class Caller:
    """A program with a key: sends JSON, gives back the answer as it came."""

    key: ApiKey
    secret: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    @property
    def source(self) -> Source:
        return self.key.source

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.client.generic(
            method,
            ROOT + path,
            data,
            content_type="application/json",
            headers={"authorization": f"Bearer {self.secret}", **headers},
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.send("DELETE", path, **headers)


def new_caller(*scopes: str, source: Source | None = None) -> Caller:
    """A caller with a fresh key; with every scope if none is given."""
    key, secret = create_api_key(name="a test", source=source or SourceFactory(), scopes=list(scopes or Scope.values))
    return Caller(key, secret)


@pytest.fixture
def caller(db: None) -> Caller:
    return new_caller()


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny-model")


@pytest.fixture
def newsroom(db: None, bundle_folder: Path) -> Iterator[Newsroom]:
    rankers.forget()
    yield newsroom_with_model(bundle_folder)
    rankers.forget()


@pytest.fixture
def editor(db: None) -> User:
    """A person with the role that editors have."""
    person: User = UserFactory()
    person.groups.add(Group.objects.get(name="editor"))
    return person
