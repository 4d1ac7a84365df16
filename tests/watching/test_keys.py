"""Webhooks' secrets at rest: encrypted, readable through former keys, and said clearly when they are not."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from recommender.models import AlertDelivery, WebhookEndpoint
from recommender.watching.deliveries import deliver
from tagplatform.access.models import User
from tagplatform.common.encryption import encrypted
from tests.watching.test_webhooks import SECRET, Receiver, delivery, private_allowed, receiver, wait_for_next

__all__ = ["delivery", "private_allowed", "receiver"]

pytestmark = pytest.mark.django_db


def chat() -> WebhookEndpoint:
    made: WebhookEndpoint = WebhookEndpoint.objects.create(
        name="Chat", url="https://chat.example.org", encrypted_secret=encrypted(SECRET)
    )
    return made


def endpoint_in_the_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(kept)::text FROM recommender_webhookendpoint kept")
        [[row]] = cursor.fetchall()
    return str(row)


def test_the_database_does_not_hold_the_secret() -> None:
    endpoint = WebhookEndpoint.objects.create(
        name="Chat", url="https://chat.example.org", encrypted_secret=encrypted(SECRET)
    )

    kept = endpoint_in_the_database()

    assert SECRET.removeprefix("whsec_") not in kept
    assert "whsec_" not in kept
    endpoint.refresh_from_db()
    assert endpoint.secret == SECRET


def test_a_former_key_reads_it_until_it_is_encrypted_anew(settings: Settings) -> None:
    endpoint = WebhookEndpoint.objects.create(
        name="Chat", url="https://chat.example.org", encrypted_secret=encrypted(SECRET)
    )
    former, settings.SECRET_KEY = settings.SECRET_KEY, "a new key"
    settings.SECRET_KEY_FALLBACKS = [former]
    assert endpoint.secret == SECRET

    call_command("reencrypt_secrets", stdout=StringIO())
    settings.SECRET_KEY_FALLBACKS = []

    endpoint.refresh_from_db()
    assert endpoint.secret == SECRET


def test_the_command_names_what_no_key_reads(settings: Settings) -> None:
    chat()
    settings.SECRET_KEY = "a new key"
    mine = WebhookEndpoint.objects.create(name="Desk", url="https://desk.example.org")
    said = StringIO()

    with pytest.raises(CommandError, match="cannot be read: Chat;"):
        call_command("reencrypt_secrets", stdout=said)

    assert said.getvalue() == "1 encrypted under SECRET_KEY\n"
    mine.refresh_from_db()
    assert mine.secret.startswith("whsec_")


def test_a_message_waits_and_says_why_until_the_secret_can_be_read(
    delivery: AlertDelivery, receiver: Receiver, settings: Settings
) -> None:
    former, settings.SECRET_KEY = settings.SECRET_KEY, "a new key"

    first = deliver(delivery.pk)
    delivery.refresh_from_db()
    settings.SECRET_KEY_FALLBACKS = [former]
    wait_for_next(delivery)
    second = deliver(delivery.pk)

    assert (first, second) == (False, True)
    assert "“Chat” cannot be read: SECRET_KEY has changed" in delivery.last_error
    assert "SECRET_KEY_FALLBACKS, or make a new secret" in delivery.last_error
    assert len(receiver.received) == 1


def test_the_admin_says_what_to_do_and_a_new_secret_helps(
    admin: User, admin_client: Client, settings: Settings
) -> None:
    endpoint = WebhookEndpoint.objects.create(
        name="Chat", url="https://chat.example.org", encrypted_secret=encrypted(SECRET)
    )
    settings.SECRET_KEY = "a new key"
    page = reverse("admin:recommender_webhookendpoint_change", args=[endpoint.pk])
    admin_client.force_login(admin)  # the session was signed with the former key

    before = admin_client.get(page).content.decode()
    listed = admin_client.get(reverse("admin:recommender_webhookendpoint_changelist")).content.decode()
    admin_client.post(reverse("admin:recommender_webhookendpoint_renew_secret", args=[endpoint.pk]))
    after = admin_client.get(page).content.decode()

    assert "SECRET_KEY_FALLBACKS, or make a new secret" in before
    assert "cannot be read" in listed
    assert "cannot be read" not in after


def test_the_migration_encrypts_what_is_there_and_goes_back() -> None:
    before, after = [("recommender", "0020_enough_documents")], [("recommender", "0021_encrypted_secrets")]
    newest = [node for node in MigrationExecutor(connection).loader.graph.leaf_nodes() if node[0] == "recommender"]
    MigrationExecutor(connection).migrate(before)
    plain = MigrationExecutor(connection).loader.project_state(before).apps.get_model("recommender", "WebhookEndpoint")
    plain.objects.create(name="Chat", url="https://chat.example.org", secret=SECRET)

    MigrationExecutor(connection).migrate(after)
    kept = endpoint_in_the_database()
    MigrationExecutor(connection).migrate(before)
    back = plain.objects.get().secret
    MigrationExecutor(connection).migrate(newest)

    assert "whsec_" not in kept
    assert back == SECRET
    assert WebhookEndpoint.objects.get().secret == SECRET
