"""Whose documents a caller means: an API key speaks for its own source, a person names one."""

from django.utils.translation import gettext as _
from rest_framework.request import Request

from tagplatform.common.errors import NotFound
from tagplatform.common.text import clean_text
from tagplatform.content.models import Document, Source
from tagplatform.content.selectors import find_document


def own_source(request: Request) -> Source | None:
    """The source of the API key; None for a person, who may see them all."""
    source: Source | None = getattr(request.auth, "source", None)
    return source


def chosen_source(request: Request, slug: str | None) -> Source:
    """The source that a request is about; NotFound where the caller has none of that name."""
    own = own_source(request)
    if own is not None:
        if slug not in (None, own.slug):
            raise NotFound(
                _("This API key speaks for the source “%(own)s” only. Leave “source” out.") % {"own": own.slug},
                code="unknown_source",
                pointer="/source",
            )
        return own
    sources = list((Source.objects.filter(slug=slug) if slug else Source.objects.all())[:2])
    if len(sources) != 1:
        detail = _("There is no source “%(slug)s”.") % {"slug": slug} if slug else _("Say which source you mean.")
        raise NotFound(detail, code="unknown_source", pointer="/source")
    return sources[0]


def document_in_path(source: Source, external_id: str) -> Document:
    """The source's document of an id in the address."""
    return find_document(source=source, external_id=clean_text(external_id))
