"""Carry the secrets of webhooks from a former SECRET_KEY over to today's."""

from dataclasses import dataclass, field

from django.db import transaction

from recommender.models import WebhookEndpoint
from tagplatform.common.encryption import Undecryptable, encrypted_anew


@dataclass
class Reencrypted:
    """How many secrets SECRET_KEY itself reads now, and the names of the webhooks whose secret no key reads."""

    n_encrypted: int = 0
    unreadable: list[str] = field(default_factory=list)


@transaction.atomic
def reencrypt_secrets() -> Reencrypted:
    """All of them; what no key reads is left as it is."""
    done = Reencrypted()
    for endpoint in WebhookEndpoint.objects.select_for_update().order_by("name"):
        try:
            endpoint.encrypted_secret = encrypted_anew(endpoint.encrypted_secret)
        except Undecryptable:
            done.unreadable.append(endpoint.name)
            continue
        endpoint.save(update_fields=["encrypted_secret"])
        done.n_encrypted += 1
    return done
