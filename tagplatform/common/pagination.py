"""Pages of a list, newest first, with a cursor that stays right while rows are added."""

import uuid
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound as InvalidCursor
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from tagplatform.common.errors import InvalidInput

MAX_PAGE_SIZE = 200


class NewestFirst(CursorPagination):
    """Follow `next` until it is null; `limit` sets the size of a page (1–200)."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "limit"
    page_size_query_description = "rows on a page, 1 to 200"
    max_page_size = MAX_PAGE_SIZE
    cursor_query_param = "cursor"
    cursor_query_description = "opaque; taken from `next` or `previous` of an answer"

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get("limit")
        if given is None:
            return self.page_size
        if not (given.isascii() and given.isdigit() and 1 <= int(given[:6]) <= MAX_PAGE_SIZE):
            detail = _("“limit” is a number from 1 to %(max)d.") % {"max": MAX_PAGE_SIZE}
            raise InvalidInput(detail, code="invalid_limit", pointer="/limit")
        return int(given)

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor: Cursor | None = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                uuid.UUID(str(cursor.position))
        except (InvalidCursor, ValueError) as error:
            detail = _("This cursor is not one that the API gave. Start again without “cursor”.")
            raise InvalidInput(detail, code="invalid_cursor", pointer="/cursor") from error
        return cursor

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            _query_parameter("cursor", self.cursor_query_description, {"type": "string"}),
            _query_parameter(
                "limit",
                self.page_size_query_description,
                {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": self.page_size},
            ),
        ]


def _query_parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
