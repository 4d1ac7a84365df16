"""Import the documents of a file into a source, with their tags of one vocabulary."""

from pathlib import Path

from django.utils.translation import gettext as _

from tagplatform.common.errors import NotFound
from tagplatform.content.imports.loader import DocumentLoader, DocumentTarget
from tagplatform.content.models import Source
from tagplatform.imports.models import ImportRun
from tagplatform.imports.readers import open_table
from tagplatform.imports.services import DEFAULT_OPTIONS, ImportOptions, ImportSummary, import_table


def import_documents(*, path: Path, target: DocumentTarget, options: ImportOptions = DEFAULT_OPTIONS) -> ImportSummary:
    """Create or update the file's documents; documents that the file does not mention stay as they are."""
    return import_table(
        table=open_table(path, encoding=options.encoding),
        kind=ImportRun.Kind.DOCUMENTS,
        target=f"{target.source.slug} / {target.vocabulary.slug}",
        loader=DocumentLoader(target),
        options=options,
    )


def target_source(slug: str, *, create: bool = False) -> Source:
    """The source that documents go into; NotFound names those there are."""
    found = Source.objects.filter(slug=slug).first()
    if found is None and create:
        found = Source.objects.create(slug=slug, name=slug.replace("-", " ").capitalize())
    if found is None:
        known = ", ".join(Source.objects.values_list("slug", flat=True)) or _("none yet")
        detail = _("There is no source “%(slug)s” (there are: %(known)s). To make it, add --create.")
        raise NotFound(detail % {"slug": slug, "known": known}, code="unknown_source")
    return found
