"""Content-Security-Policy: no page asks any other machine for anything."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

HEADER = "Content-Security-Policy"
STRICT = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""For pages of our own: no inline script or style."""
OF_THIRD_PARTIES = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'"
)
"""For the admin, its figures and the API's pages, whose libraries write scripts and styles into the page."""
ADDRESSES_OF_THIRD_PARTIES = ("/admin/", "/api/")


class ContentPolicy:
    """Middleware; a view that sets its own policy keeps it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        third_party = request.path_info.startswith(ADDRESSES_OF_THIRD_PARTIES)
        response.headers.setdefault(HEADER, OF_THIRD_PARTIES if third_party else STRICT)
        return response
