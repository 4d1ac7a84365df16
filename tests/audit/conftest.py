"""Auditors and what they look at."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from tests.audit.world import World, make_world
from tests.factories import UserFactory


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def auditor(db: None) -> Client:
    """Staff who may look at models and documents, and nothing else."""
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_modelversion", "view_document"]))
    client = Client()
    client.force_login(user)
    return client
