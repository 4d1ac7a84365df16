"""Answers outside of views: under /api/ they are problems too, elsewhere Django's own pages."""

import sys

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt

from tagplatform.common.errors import DomainError, NotFound
from tagplatform.common.parsers import too_large
from tagplatform.common.problems import DATABASE_AWAY, database_away, problem_json

API_ROOT = "/api/"


class BadRequest(DomainError):
    """The request cannot be read at all: a host that is not served, a broken cookie or header."""

    code = "bad_request"
    title = "The request cannot be read"


class Forbidden(DomainError):
    """Refused before any view was asked."""

    status = 403
    code = "permission_denied"
    title = "Not allowed"


class InternalError(DomainError):
    """A defect of the platform; what it was stands in the server's log only."""

    status = 500
    code = "internal_error"
    title = "An error inside the platform"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if not _is_api(request):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return problem_json(too_large())
    return problem_json(BadRequest(_("The request cannot be read. Check the address, the host and the headers.")))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if not _is_api(request):
        return defaults.permission_denied(request, exception)
    return problem_json(Forbidden(_("This is not allowed.")))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return unknown_address(request) if _is_api(request) else defaults.page_not_found(request, exception)


@csrf_exempt
def unknown_address(request: HttpRequest, rest: str = "") -> HttpResponseBase:
    """Whatever stands under /api/ and is nothing."""
    detail = _("There is nothing at this address. The operations are listed at /api/docs/.")
    return problem_json(NotFound(detail, code="unknown_address"))


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django calls this while the exception is being handled, also for one that a middleware raised."""
    error = sys.exc_info()[1]
    if not _is_api(request):
        return defaults.server_error(request)
    if isinstance(error, DATABASE_AWAY):
        return problem_json(database_away(error))
    return problem_json(InternalError(_("Something went wrong inside the platform. Its log has the details.")))


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith(API_ROOT)
