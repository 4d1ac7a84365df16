"""Pages of a list, newest first, with a cursor that stays right while rows are added."""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """Follow `next` until it is null; `limit` sets the size of a page (1–200)."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    cursor_query_param = "cursor"
