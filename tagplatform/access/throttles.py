"""A limit of requests for each API key (or person), told in headers."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from tagplatform.access.models import ApiKey


class PerKeyThrottle(SimpleRateThrottle):
    """A sliding window of API_RATE_PER_KEY; the counts live in the cache."""

    scope = "key"

    def get_rate(self) -> str:
        return str(settings.API_RATE_PER_KEY)

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if isinstance(request.auth, ApiKey):
            ident = request.auth.prefix
        elif request.user and request.user.is_authenticated:
            ident = f"user-{request.user.pk}"
        else:
            ident = self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}

    def allow_request(self, request: Request, view: Any) -> bool:
        allowed = super().allow_request(request, view)
        request._request.rate_limit = {  # type: ignore[attr-defined]
            "RateLimit-Limit": self.num_requests,
            "RateLimit-Remaining": max(0, (self.num_requests or 0) - len(self.history)),
            "RateLimit-Reset": int(self.duration or 0),
        }
        return bool(allowed)
