"""Every error of the API as application/problem+json (RFC 9457)."""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from tagplatform.common.errors import DomainError, FieldError, Unavailable
from tagplatform.common.parsers import too_large
from tagplatform.common.text import clean_text

logger = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"
DATABASE_AWAY = (OperationalError, InterfaceError)


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """The exception handler of the API: what the caller may be told; None lets Django answer 500."""
    known = as_problem(error)
    if known is None:
        return None
    body, status, headers = known
    set_rollback()
    response = Response(body, status=status, headers=headers)
    response.content_type = PROBLEM_TYPE
    return response


def problem_json(error: DomainError) -> JsonResponse:
    """The same answer outside of the API's views."""
    body, status, headers = _of_domain_error(error)
    return JsonResponse(body, status=status, headers=headers, content_type=PROBLEM_TYPE)


def database_away(error: BaseException) -> Unavailable:
    """What a caller is told while the database does not answer."""
    logger.warning("database away: %s", error)
    return Unavailable(
        _("The database cannot be reached at the moment. Try again in a few seconds."), code="database_away"
    )


def problem_body(
    status: int, code: str, title: str, detail: str, errors: tuple[FieldError, ...] = ()
) -> dict[str, Any]:
    """The members of a problem; `errors` points at each wrong place of the input."""
    return {
        "type": "about:blank",
        "status": status,
        "code": code,
        "title": title,
        "detail": clean_text(detail),
        "errors": [{"pointer": clean_text(e.pointer), "code": e.code, "detail": clean_text(e.detail)} for e in errors],
    }


Answer = tuple[dict[str, Any], int, dict[str, str]]


def as_problem(error: Exception) -> Answer | None:
    """Body, status and headers of what a caller may be told; None for a defect of the platform."""
    if isinstance(error, DATABASE_AWAY):
        error = database_away(error)
    if isinstance(error, RequestDataTooBig):
        error = too_large()
    if isinstance(error, DomainError):
        return _of_domain_error(error)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _of_api_exception(error)
    return None


def _of_domain_error(error: DomainError) -> Answer:
    body = problem_body(error.status, error.code, _(error.title), error.detail, error.errors)
    wait = getattr(error, "retry_after_seconds", None)
    return body, error.status, {} if wait is None else {"Retry-After": str(wait)}


def _of_api_exception(error: exceptions.APIException) -> Answer:
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    if isinstance(error, exceptions.ValidationError):
        errors = tuple(_field_errors(error.get_full_details(), ""))
        first = errors[0].detail if errors else _("The input is not valid.")
        return problem_body(422, "invalid", _("The input is not valid"), first, errors), 422, headers
    code = str(getattr(error.detail, "code", error.default_code))
    filled_in = "{" in str(error.default_detail)  # a template that only the detail fills in
    title = HTTPStatus(error.status_code).phrase if filled_in else str(error.default_detail)
    body = problem_body(error.status_code, code, title, str(error.detail))
    return body, error.status_code, headers


def _field_errors(details: Any, pointer: str) -> Iterator[FieldError]:
    """Flatten DRF's nested details into JSON pointers."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        yield FieldError(pointer, str(details["code"]), str(details["message"]))
    elif isinstance(details, dict):
        for key, inner in details.items():
            step = "" if key == "non_field_errors" else f"/{str(key).replace('~', '~0').replace('/', '~1')}"
            yield from _field_errors(inner, pointer + step)
    elif isinstance(details, list):
        leaves = all(isinstance(d, dict) and set(d) == {"message", "code"} for d in details)
        for index, inner in enumerate(details):
            yield from _field_errors(inner, pointer if leaves else f"{pointer}/{index}")
