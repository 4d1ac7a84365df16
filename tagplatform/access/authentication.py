"""Bearer API keys for programs; people at the desk come with their session."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from tagplatform.access.models import ApiKey
from tagplatform.access.services import find_api_key

LAST_USED_PRECISION = timedelta(minutes=5)


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer tp_…`; `request.auth` is then the ApiKey."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        key = find_api_key(parts[1].decode("latin-1")) if len(parts) == 2 else None
        if key is None:
            raise exceptions.AuthenticationFailed(
                _("This API key is not known, or it has expired or been revoked."), code="invalid_api_key"
            )
        _remember_use(key)
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def _remember_use(key: ApiKey) -> None:
    """Keep `last_used_at` to five minutes, so that not every request writes."""
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > LAST_USED_PRECISION:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_PRECISION)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tells the OpenAPI document about bearer keys."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "tp_<prefix>_<secret>"}
