"""API keys in the admin: shown once, rotated, revoked."""

from django.test import Client
from django.urls import reverse

from tagplatform.access.models import ApiKey
from tagplatform.access.services import find_api_key
from tests.admin.addresses import page_of
from tests.admin.rows import api_key
from tests.factories import (
    SourceFactory,
)


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
