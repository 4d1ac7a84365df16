"""Whether the process lives (/healthz) and whether it can do its work (/readyz)."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Literal

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@dataclass(frozen=True)
class Finding:
    """What one check found; only `failed` makes the process not ready."""

    status: Literal["ok", "warning", "failed"]
    detail: str = ""


Check = Callable[[], Finding]


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Every check of settings.READINESS_CHECKS; 503 where one failed."""
    findings = {name: _run(import_string(path)) for name, path in settings.READINESS_CHECKS.items()}
    ready = all(finding.status != "failed" for finding in findings.values())
    body = {
        "status": "ready" if ready else "not ready",
        "checks": {name: asdict(finding) for name, finding in findings.items()},
    }
    return JsonResponse(body, status=200 if ready else 503)


def _run(check: Check) -> Finding:
    try:
        return check()
    except DatabaseError as error:
        return Finding("failed", f"the database does not answer ({type(error).__name__})")


def database_answers() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Finding("ok")


def migrations_applied() -> Finding:
    """Compares names only; the files are read once in the life of the process."""
    missing = migrations_on_disk() - set(MigrationRecorder(connection).applied_migrations())
    if missing:
        names = ", ".join(f"{app}.{name}" for app, name in sorted(missing)[:5])
        return Finding("failed", f"{len(missing)} migrations are not applied ({names}); run manage.py migrate")
    return Finding("ok")


@cache
def migrations_on_disk() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)
