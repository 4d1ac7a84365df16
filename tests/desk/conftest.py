"""A newsroom with a real, tiny model, and an editor who has signed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from recommender.serving import rankers
from tagplatform.access.models import User
from tests.factories import SourceFactory, UserFactory
from tests.tiny_model import Newsroom, newsroom_with_fusion, newsroom_with_model


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny-model")


@pytest.fixture
def newsroom(db: None, bundle_folder: Path) -> Iterator[Newsroom]:
    rankers.forget()
    yield newsroom_with_model(bundle_folder)
    rankers.forget()


@pytest.fixture
def fused(db: None, bundle_folder: Path) -> Iterator[Newsroom]:
    """With a fusion, which knows similar documents."""
    rankers.forget()
    yield newsroom_with_fusion(bundle_folder, source=SourceFactory())
    rankers.forget()


@pytest.fixture
def editor(db: None) -> User:
    person: User = UserFactory()
    person.groups.add(Group.objects.get(name="editor"))
    return person


@pytest.fixture
def desk(client: Client, editor: User) -> Client:
    """A client with the editor's session."""
    client.force_login(editor)
    return client
