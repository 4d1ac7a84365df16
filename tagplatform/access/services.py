"""API keys are made, rotated and revoked here; the secret leaves this module once."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tagplatform.access.models import ApiKey, User
from tagplatform.access.permissions import scopes_of
from tagplatform.common.errors import Conflict, InvalidInput
from tagplatform.content.models import Source

KEY_START = "tp"
ROTATION_OVERLAP = timedelta(hours=24)


def hash_secret(secret: str) -> str:
    """SHA-256 in hex; the secret has 256 random bits, so no salt and no slow hash are needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_api_key(  # noqa: PLR0913
    *,
    name: str,
    source: Source,
    scopes: list[str],
    expires_at: datetime | None = None,
    created_by: User | None = None,
    rotated_from: ApiKey | None = None,
) -> tuple[ApiKey, str]:
    """The new key's row and its full text, which is not kept anywhere; nobody gives a key more than they may do."""
    _check_may_give(created_by, scopes)
    secret = secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        name=name,
        source=source,
        scopes=scopes,
        expires_at=expires_at,
        created_by=created_by,
        rotated_from=rotated_from,
        prefix=secrets.token_hex(6),
        secret_hash=hash_secret(secret),
    )
    return key, f"{KEY_START}_{key.prefix}_{secret}"


@transaction.atomic
def rotate_api_key(*, key: ApiKey, actor: User | None) -> tuple[ApiKey, str]:
    """A successor with the same rights; the old key works for another day, so that clients can change over."""
    key = ApiKey.objects.select_for_update().get(pk=key.pk)
    if not key.usable:
        raise Conflict(_("This key is revoked or expired. Make a new one instead."), code="key_not_usable")
    successor, text = create_api_key(
        name=key.name,
        source=key.source,
        scopes=list(key.scopes),
        expires_at=key.expires_at,
        created_by=actor,
        rotated_from=key,
    )
    last_moment = timezone.now() + ROTATION_OVERLAP
    key.expires_at = min(key.expires_at or last_moment, last_moment)
    key.save(update_fields=["expires_at"])
    return successor, text


def revoke_api_key(*, key: ApiKey) -> None:
    """Refuse the key from now on."""
    key.revoked_at = key.revoked_at or timezone.now()
    key.save(update_fields=["revoked_at"])


def _check_may_give(person: User | None, scopes: Iterable[str]) -> None:
    """InvalidInput for rights that the person does not have; the command line (nobody) may give them all."""
    beyond = [] if person is None else sorted(set(scopes) - scopes_of(person))
    if beyond:
        raise InvalidInput(
            _("A key gets only rights that you have yourself; you do not have: %(scopes)s.")
            % {"scopes": ", ".join(beyond)},
            code="scope_not_held",
            pointer="/scopes",
        )


def find_api_key(text: str) -> ApiKey | None:
    """The usable key that `text` belongs to; None where there is none."""
    start, _separator, rest = text.partition("_")
    prefix, _separator, secret = rest.partition("_")
    if start != KEY_START or not prefix.isalnum() or not secret:
        return None
    key = ApiKey.objects.select_related("source").filter(prefix=prefix).first()
    if key is None or not hmac.compare_digest(key.secret_hash, hash_secret(secret)):
        return None
    return key if key.usable else None
