"""The translations for the desk's scripts, revalidated whenever the language or the server changes."""

import hashlib
import time

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import get_language
from django.views.decorators.http import condition
from django.views.i18n import JavaScriptCatalog

_started = str(time.time())


def _etag(request: HttpRequest) -> str:
    return f'"{hashlib.sha256(f"{_started} {get_language()}".encode()).hexdigest()[:24]}"'


@condition(etag_func=_etag)
def javascript_catalog(request: HttpRequest) -> HttpResponseBase:
    """A script that defines gettext and its kin in this person's language."""
    response = JavaScriptCatalog.as_view(packages=["tagplatform.desk"])(request)
    response.headers["Cache-Control"] = "private, no-cache"
    return response
