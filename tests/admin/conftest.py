"""People for the admin's tests, and a version that could answer."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from recommender.models import ModelVersion
from tagplatform.access.models import User
from tests.factories import UserFactory, VocabularyFactory
from tests.tiny_model import add_version


@pytest.fixture
def admin(db: None) -> User:
    """Somebody who may do everything."""
    user: User = UserFactory(is_staff=True, is_superuser=True)
    return user


@pytest.fixture
def admin_client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def reader_client(db: None) -> Client:
    """Staff who may look at everything and change nothing."""
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny-model")


@pytest.fixture
def ready_version(db: None, bundle_folder: Path) -> ModelVersion:
    """Its bundle opens."""
    return add_version(VocabularyFactory(), bundle_folder, number=1)
