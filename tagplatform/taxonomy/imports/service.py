"""Import the tags of a file into a vocabulary."""

from pathlib import Path

from django.utils.translation import gettext as _

from tagplatform.common.errors import NotFound
from tagplatform.imports.models import ImportRun
from tagplatform.imports.readers import open_table
from tagplatform.imports.services import DEFAULT_OPTIONS, ImportOptions, ImportSummary, import_table
from tagplatform.taxonomy.imports.loader import TagLoader
from tagplatform.taxonomy.imports.plan import plan_tags
from tagplatform.taxonomy.imports.present import present_tags
from tagplatform.taxonomy.models import Vocabulary


def import_tags(*, path: Path, vocabulary: Vocabulary, options: ImportOptions = DEFAULT_OPTIONS) -> ImportSummary:
    """Create or update the file's tags; tags that the file does not mention stay as they are."""
    table = open_table(path, encoding=options.encoding)
    plan = plan_tags(table.rows(), present_tags(vocabulary))
    return import_table(
        table=table,
        kind=ImportRun.Kind.TAGS,
        target=vocabulary.slug,
        loader=TagLoader(vocabulary, plan),
        options=options,
    )


def target_vocabulary(slug: str, *, create: bool = False, language: str = "en") -> Vocabulary:
    """The vocabulary that rows go into; NotFound names those there are."""
    found = Vocabulary.objects.filter(slug=slug).first()
    if found is None and create:
        found = Vocabulary.objects.create(slug=slug, name=slug.replace("-", " ").capitalize(), language=language)
    if found is None:
        known = ", ".join(Vocabulary.objects.values_list("slug", flat=True)) or _("none yet")
        detail = _("There is no vocabulary “%(slug)s” (there are: %(known)s). To make it, add --create.")
        raise NotFound(detail % {"slug": slug, "known": known}, code="unknown_vocabulary")
    return found
