"""API keys in the admin: shown once, rotated, revoked."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from tagplatform.access.models import ApiKey, User
from tagplatform.access.services import create_api_key, find_api_key, revoke_api_key
from tagplatform.common.scopes import Scope
from tests.admin.addresses import page_of
from tests.admin.rows import api_key
from tests.factories import SourceFactory, UserFactory


@pytest.fixture
def integrator_client(db: None) -> Client:
    """Somebody who makes keys and may not change models."""
    person: User = UserFactory(is_staff=True)
    person.groups.add(Group.objects.get(name="integrator"))
    client = Client()
    client.force_login(person)
    return client


def stronger_key() -> ApiKey:
    """A key that may do more than an integrator."""
    return create_api_key(name="retraining", source=SourceFactory(), scopes=["tags:read", "models:write"])[0]


def test_a_new_api_key_is_shown_once_and_works(admin_client: Client) -> None:
    source = SourceFactory()

    answer = admin_client.post(
        reverse("admin:access_apikey_add"), {"name": "CMS", "source": source.pk, "scopes": ["recommend", "tags:read"]}
    )

    text = answer.context["text"]
    key = find_api_key(text)
    assert key is not None
    assert (key.name, key.scopes, key.source) == ("CMS", ["recommend", "tags:read"], source)
    assert "no-store" in answer["Cache-Control"]
    page = admin_client.get(page_of(key, "change")).content.decode()
    assert text.rsplit("_", 1)[1] not in page
    assert key.secret_hash not in page


def test_a_rotated_key_gets_a_successor_and_works_for_a_day(admin_client: Client) -> None:
    key = api_key()

    answer = admin_client.post(page_of(key, "rotate"))

    successor = find_api_key(answer.context["text"])
    assert successor is not None
    assert successor.rotated_from == key
    assert ApiKey.objects.get(pk=key.pk).expires_at is not None


def test_a_revoked_key_is_refused(admin_client: Client) -> None:
    key = api_key()

    admin_client.post(page_of(key, "revoke"))

    key.refresh_from_db()
    assert not key.usable


def test_changing_a_key_keeps_its_rights(admin_client: Client) -> None:
    key = api_key()

    admin_client.post(page_of(key, "change"), {"name": "renamed", "scopes": ["models:write"], "source": key.source.pk})

    key.refresh_from_db()
    assert (key.name, key.scopes) == ("renamed", ["recommend"])


def test_somebody_gives_a_key_all_that_they_may_do_themselves_and_no_more(integrator_client: Client) -> None:
    address = reverse("admin:access_apikey_add")
    held = [scope.value for scope in Scope if scope != Scope.MODELS_WRITE]

    page = integrator_client.get(address).content.decode()
    refused = integrator_client.post(address, {"name": "a", "source": SourceFactory().pk, "scopes": list(Scope.values)})
    made = integrator_client.post(address, {"name": "b", "source": SourceFactory().pk, "scopes": held})

    assert 'value="models:read"' in page and 'value="models:write"' not in page
    assert "scopes" in refused.context["adminform"].form.errors
    assert made.context["text"]
    assert ApiKey.objects.get().scopes == held


def test_a_key_that_may_do_more_is_not_rotated_nor_prolonged_but_can_be_revoked(integrator_client: Client) -> None:
    key = stronger_key()

    rotated = integrator_client.post(page_of(key, "rotate"), follow=True)
    changed = integrator_client.post(page_of(key, "change"), {"name": "mine", "expires_at_0": "2999-01-01"})
    integrator_client.post(page_of(key, "revoke"))

    assert "models:write" in str(next(iter(rotated.context["messages"])))
    assert changed.status_code == 403
    key = ApiKey.objects.get()
    assert (key.name, key.expires_at, key.usable) == ("retraining", None, False)


def test_a_key_that_opens_nothing_gets_no_successor(admin_client: Client) -> None:
    key = api_key()
    revoke_api_key(key=key)

    answer = admin_client.post(page_of(key, "rotate"), follow=True)

    assert "revoked or expired" in str(next(iter(answer.context["messages"])))
    assert ApiKey.objects.get() == key
