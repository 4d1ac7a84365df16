"""The body of a request: JSON in UTF-8, at most MAX_REQUEST_BYTES long."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from tagplatform.common.errors import DomainError


class TooLarge(DomainError):
    """The request is longer than this API takes."""

    status = 413
    code = "too_large"
    title = "The request is too large"


class LimitedJSONParser(BaseParser):
    """Reads no more than the limit, whatever Content-Length says."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit: int = settings.MAX_REQUEST_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise too_large()
        try:
            return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            detail = _("The body is not valid JSON in UTF-8: %(reason)s") % {"reason": str(error)[:200]}
            raise ParseError(detail, code="invalid_json") from error


def too_large() -> TooLarge:
    """The error with a sentence that names the limit."""
    return TooLarge(
        _("The request has more than %(limit)d bytes. Send less text, or fewer documents at a time.")
        % {"limit": settings.MAX_REQUEST_BYTES}
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
