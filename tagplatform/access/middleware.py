"""What every answer of the API bears, whatever view gave it."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase


class RateLimitHeaders:
    """Writes the caller's limit, as the throttle counted it, into the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        limits: dict[str, int] = getattr(request, "rate_limit", {})
        for name, value in limits.items():
            response[name] = str(value)
        return response
