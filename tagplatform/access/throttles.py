"""A limit of requests for each API key, person or (without either) address, told in headers."""

import logging
import time
from functools import cache
from typing import Any

from django.conf import settings
from django.core.cache import cache as shared_cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from tagplatform.access.models import ApiKey

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}

logger = logging.getLogger(__name__)


class PerKeyThrottle(BaseThrottle):
    """API_RATE_PER_KEY over a sliding window: this window's count and the fading share of the one before.

    Two numbers in the cache for each caller, added to atomically, however high the limit. Without a shared cache
    (CACHE_URL) every web process counts for itself.
    """

    retry_after = 1.0

    def allow_request(self, request: Request, view: Any) -> bool:
        limit, window = parse_rate(settings.API_RATE_PER_KEY)
        number, elapsed = divmod(time.time(), window)
        try:
            used = _count(_caller(request), int(number), window, elapsed / window)
        except Exception as error:
            logger.warning("requests are not counted: the cache does not answer (%s)", type(error).__name__)
            return True  # a limit is a courtesy; a cache that is away must not stop the API
        self.retry_after = window - elapsed
        request._request.rate_limit = {  # type: ignore[attr-defined]
            "RateLimit-Limit": limit,
            "RateLimit-Remaining": max(0, int(limit - used)),
            "RateLimit-Reset": int(window - elapsed) + 1,
        }
        return used <= limit

    def wait(self) -> float:
        return self.retry_after


@cache
def parse_rate(rate: str) -> tuple[int, int]:
    """`1200/minute` → (1200, 60)."""
    count, _, unit = rate.partition("/")
    return int(count), SECONDS[unit]


def _count(caller: str, number: int, window: int, elapsed_share: float) -> float:
    """Requests in the last `window` seconds, this one included."""
    name = f"rate:{caller}:{number}"
    shared_cache.add(name, 0, 2 * window)
    current = shared_cache.incr(name)
    before = shared_cache.get(f"rate:{caller}:{number - 1}", 0)
    return float(current + before * (1 - elapsed_share))


def _caller(request: Request) -> str:
    if isinstance(request.auth, ApiKey):
        return request.auth.prefix
    if request.user.is_authenticated:
        return f"user-{request.user.pk}"
    return f"address-{request.META.get('REMOTE_ADDR', '')}"
