"""Fetch, read and import Debian's packages: the real content of the demo."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from django.conf import settings
from django.utils.translation import gettext as _

from tagplatform.common.errors import InvalidInput
from tagplatform.content.debtags.apt import AptUnavailable, IndexFiles, PrivateApt
from tagplatform.content.debtags.control import Package, descriptions, tagged_packages, vocabulary_rows
from tagplatform.content.imports import DocumentTarget, LoadSummary, import_documents
from tagplatform.content.models import Source
from tagplatform.imports.services import ImportOptions, OnProgress, Progress, silent
from tagplatform.taxonomy.imports import import_tags
from tagplatform.taxonomy.models import Vocabulary

LANGUAGE_BY_APT_NAME = {"en": "en", "zh_CN": "zh-hans"}


def load_debtags(
    language: str = "en", limit: int | None = None, on_progress: OnProgress = silent, var_dir: Path | None = None
) -> LoadSummary:
    """Load the tagged packages described in this language (`en` or `zh_CN`); AptUnavailable where apt cannot.

    All binary packages of one source package share a split group, whatever their language.
    """
    if language not in LANGUAGE_BY_APT_NAME:
        known = ", ".join(LANGUAGE_BY_APT_NAME)
        raise InvalidInput(_("Debian's packages can be loaded in these languages: %(known)s.") % {"known": known})
    began = time.monotonic()
    folder = (var_dir or settings.VAR_DIR) / "debtags"
    tags_path, documents_path = _fetch(folder, language, limit, on_progress)
    vocabulary, _made = Vocabulary.objects.get_or_create(slug="debtags", defaults={"name": "Debtags"})
    source, _made = Source.objects.get_or_create(slug="debian", defaults={"name": "Debian packages"})
    options = ImportOptions(on_progress=on_progress)
    tags = import_tags(path=tags_path, vocabulary=vocabulary, options=options)
    documents = import_documents(path=documents_path, target=DocumentTarget(source, vocabulary), options=options)
    return LoadSummary(tags, documents, time.monotonic() - began)


def _fetch(folder: Path, language: str, limit: int | None, on_progress: OnProgress) -> tuple[Path, Path]:
    """Two files for the ordinary imports: tags and documents."""
    on_progress(Progress(_("fetching Debian's package lists"), 0, 1))
    apt = PrivateApt(folder, list(dict.fromkeys(["en", language])))
    files, vocabulary_lines = apt.refresh(), apt.debtags_vocabulary()
    on_progress(Progress(_("fetching Debian's package lists"), 1, 1))
    packages = _packages(files)
    used = {tag for package in packages.values() for tag in package.tags}
    tags_path, documents_path = folder / "tags.jsonl", folder / f"documents-{language}.jsonl"
    _write(tags_path, vocabulary_rows(vocabulary_lines, used))
    _write(documents_path, islice(_documents(packages, files, language), limit))
    return tags_path, documents_path


def _packages(files: IndexFiles) -> dict[str, Package]:
    """Tagged packages by name, the first list that has one counts; AptUnavailable where no list has tags."""
    packages: dict[str, Package] = {}
    with ExitStack() as stack:
        for package in chain.from_iterable(tagged_packages(_opened(stack, path)) for path in files.packages):
            packages.setdefault(package.name, package)
    if not packages:
        raise AptUnavailable(
            _("apt's sources hold no tagged packages; Debian's own do, those of derivatives often not.")
        )
    return dict(sorted(packages.items()))


def _documents(packages: Mapping[str, Package], files: IndexFiles, language: str) -> Iterator[dict[str, object]]:
    """Rows for the import of documents; in English every package, else those that are translated."""
    digests = {package.description_digest for package in packages.values()}
    text_by_digest: dict[str, tuple[str, str]] = {}
    with ExitStack() as stack:
        for path in files.translations:
            for digest, title, body in descriptions(_opened(stack, path), language, digests):
                text_by_digest[digest] = (title, body)
    for package in packages.values():
        text = text_by_digest.get(package.description_digest) or ((package.summary, "") if language == "en" else None)
        if text is not None:
            yield _document(package, text, LANGUAGE_BY_APT_NAME[language])


def _document(package: Package, text: tuple[str, str], language: str) -> dict[str, object]:
    suffix = "" if language == "en" else f"@{language}"
    return {
        "id": package.name + suffix,
        "title": text[0],
        "text": text[1],
        "tags": package.tags,
        "language": language,
        "group": package.source,
    }


def _opened(stack: ExitStack, path: Path) -> TextIO:
    return stack.enter_context(path.open(encoding="utf-8", errors="replace"))


def _write(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
