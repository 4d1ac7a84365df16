"""What Prometheus reads: open to this machine alone, or to whoever has METRICS_TOKEN."""

import hmac
import ipaddress

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import CollectorRegistry, generate_latest

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Requests, database and the platform's own numbers, in Prometheus's text format."""
    if not _may_read(request):
        raise PermissionDenied
    exported: HttpResponse = ExportToDjangoView(request)
    exported.content += generate_latest(_collected())
    return exported


def _collected() -> CollectorRegistry:
    """What the collectors of METRICS_COLLECTORS find when they are asked: the same in every process."""
    registry = CollectorRegistry()
    for path in settings.METRICS_COLLECTORS:
        registry.register(import_string(path)())
    return registry


def _may_read(request: HttpRequest) -> bool:
    """Behind a proxy everybody seems to come from this machine, so a forwarded request needs the token."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode())
    return _is_loopback(request.META.get("REMOTE_ADDR", "")) and not any(name in request.META for name in FORWARDED)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
