"""The base of every view of the API: who asks, how often, with which scope; what is sent twice is done once."""

import uuid
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, ClassVar, Protocol, TypeVar

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tagplatform.common.errors import InvalidInput, NotFound
from tagplatform.common.fields import QuerySerializer
from tagplatform.common.ids import parse_public_id
from tagplatform.common.pagination import NewestFirst

Row = TypeVar("Row", bound=Model)


class ApiView(APIView):
    """A view names the scopes that it needs; classes for keys, permissions and limits come from the settings."""

    read_scope: ClassVar[str]
    write_scope: ClassVar[str]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Count a request before it is judged, so that refused ones bear the limit's headers and count too."""
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        try:
            self.perform_authentication(request)
        except exceptions.AuthenticationFailed:
            self.check_throttles(request)
            raise
        self.check_throttles(request)
        if request.method not in self.allowed_methods:
            raise exceptions.MethodNotAllowed(request.method or "")
        if request.method != "OPTIONS":  # its answer says no more than the API's public description
            self.check_permissions(request)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """What may be done here stands in the header `Allow`."""
        return Response(status=204)


class PagedView(ApiView):
    """A view that answers with a page of a list."""

    pagination_class: ClassVar[type[NewestFirst]] = NewestFirst

    def filters(self, serializer: type[QuerySerializer] = QuerySerializer) -> dict[str, Any]:
        """The validated parameters of the address, those of the pagination left out."""
        return query_of(self.request, serializer, ignoring=("cursor", "limit"))

    def page(self, rows: QuerySet[Row]) -> list[Row]:
        """The rows of the page that the request asks for."""
        self.paginator = self.pagination_class()
        found: list[Row] = self.paginator.paginate_queryset(rows, self.request, view=self) or []
        return found

    def answer(self, presented: list[dict[str, Any]]) -> Response:
        """The page as it is sent, with the addresses of its neighbours."""
        return self.paginator.get_paginated_response(presented)


class AnswersOnce(Protocol):
    """Carries out a request once for each `Idempotency-Key`; settings.API_IDEMPOTENCY names the implementation."""

    def __call__(
        self,
        request: Request,
        answer: Callable[[], Response],
        *,
        in_transaction: bool,
        again: Callable[[], Response] | None,
    ) -> Response: ...


def answered_once(
    *, in_transaction: bool = True, again: Callable[..., Response] | None = None
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """For POSTs that create: the answer is kept in one transaction with the work, unless a model computes in it.

    A view whose answer holds what may have to be erased gives the method `again`: the body is not kept, and that method
    makes it anew for a repeated request.
    """

    def decorate(post: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(post)
        def post_once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
            answer_once: AnswersOnce = import_string(settings.API_IDEMPOTENCY)
            return answer_once(
                request,
                lambda: post(view, request, *args, **kwargs),
                in_transaction=in_transaction,
                again=again and (lambda: again(view, request, *args, **kwargs)),
            )

        post_once.is_answered_once = True  # type: ignore[attr-defined]
        return post_once

    return decorate


def actor_of(request: Request) -> Any | None:
    """The person who asks; None for an API key."""
    return request.user if request.user.is_authenticated else None


def body_of(request: Request, serializer: type[serializers.BaseSerializer[Any]]) -> dict[str, Any]:
    """The validated body; its errors point into it."""
    checked = serializer(data=request.data)
    checked.is_valid(raise_exception=True)
    valid: dict[str, Any] = checked.validated_data
    return valid


def query_of(request: Request, serializer: type[QuerySerializer], *, ignoring: Collection[str] = ()) -> dict[str, Any]:
    """The validated parameters of the address; one that is given twice is refused."""
    for name, values in request.query_params.lists():
        if len(values) > 1:
            raise InvalidInput(_("Give “%(name)s” once.") % {"name": name[:80]}, code="repeated", pointer=f"/{name}")
    checked = serializer(data={k: v for k, v in request.query_params.items() if k not in ignoring})
    checked.is_valid(raise_exception=True)
    valid: dict[str, Any] = checked.validated_data
    return valid


def id_in_path(prefix: str, text: str) -> uuid.UUID:
    """The UUID of a public id in the address; what is no such id is not found."""
    try:
        return parse_public_id(prefix, text)
    except InvalidInput as error:
        raise NotFound(_("There is nothing with the id “%(id)s”.") % {"id": text[:80]}, code="unknown_id") from error
