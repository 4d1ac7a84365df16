"""Who looks at reports, and at what."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from tests.audit.world import World
from tests.factories import UserFactory
from tests.reports.world import make_reported_world


@pytest.fixture
def world(db: None) -> World:
    return make_reported_world()


def staff_with(*codenames: str) -> Client:
    """A client of somebody with just these permissions."""
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def reader(db: None) -> Client:
    """Staff who may look at models and documents, and nothing else."""
    return staff_with("view_modelversion", "view_document")
