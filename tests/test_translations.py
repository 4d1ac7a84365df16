"""The Simplified Chinese catalogues: complete, with the placeholders of the English, and compiled."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.utils.translation import gettext, override

from tagplatform.common.field_names import OWN_PACKAGES

CATALOGUES = Path(settings.BASE_DIR) / "locale" / "zh_Hans" / "LC_MESSAGES"
FIELD = re.compile(r'^(?P<name>msg[a-z_]+)(?:\[\d\])? (?P<text>".*")$')
UNSEEN = {"xx", "xy", "yy"}  # sums that figures are made of
PLACEHOLDER = re.compile(r"%\(\w+\)[.\d]*[a-z]|%[sd%]|\{\w*\}|<[^>]+>")


@dataclass(frozen=True)
class Entry:
    """One string of a .po file; where it has a plural, `source` is the plural."""

    fuzzy: bool
    context: str
    singular: str
    source: str
    translation: str

    def compiled(self, catalogue: GNUTranslations) -> str:
        """What the .mo file says for it."""
        if self.source != self.singular:
            return catalogue.ngettext(self.singular, self.source, 2)
        return catalogue.pgettext(self.context, self.source) if self.context else catalogue.gettext(self.source)


def entries(domain: str) -> Iterator[Entry]:
    """All entries of a .po file but its header, the first."""
    blocks = (CATALOGUES / f"{domain}.po").read_text(encoding="utf-8").strip().split("\n\n")
    return map(_entry, blocks[1:])


def _entry(block: str) -> Entry:
    texts, name, fuzzy = dict[str, str](), "", False
    for line in block.splitlines():
        fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
        if field := FIELD.match(line):
            name = field["name"]
            texts[name] = ast.literal_eval(field["text"])
        elif line.startswith('"'):
            texts[name] += ast.literal_eval(line)
    singular = texts["msgid"]
    source = texts.get("msgid_plural", singular)
    return Entry(fuzzy, texts.get("msgctxt", ""), singular, source, texts["msgstr"])


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_nothing_is_left_untranslated_or_fuzzy(domain: str) -> None:
    found = list(entries(domain))

    unfinished = [entry.source for entry in found if entry.fuzzy or not entry.translation.strip()]

    assert len(found) > 50
    assert unfinished == []


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_a_translation_has_the_placeholders_of_its_source(domain: str) -> None:
    found = list(entries(domain))

    different = [
        entry
        for entry in found
        if sorted(PLACEHOLDER.findall(entry.source)) != sorted(PLACEHOLDER.findall(entry.translation))
    ]

    assert different == []


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_the_compiled_catalogue_says_what_the_written_one_says(domain: str) -> None:
    with (CATALOGUES / f"{domain}.mo").open("rb") as file:
        catalogue = GNUTranslations(file)

    stale = [entry for entry in entries(domain) if entry.compiled(catalogue) != entry.translation]

    assert stale == []


def own_fields() -> Iterator[Any]:
    """The fields of our models that people may come to see; Django's and other libraries' have their own catalogues."""
    for model in apps.get_models():
        if f"{model.__module__}.".startswith(OWN_PACKAGES):
            yield from (*model._meta.local_fields, *model._meta.local_many_to_many)


def test_every_field_has_a_chinese_name() -> None:
    with override("en"):
        names = {str(field.verbose_name) for field in own_fields() if field.name not in UNSEEN}
    with override("zh-hans"):
        untranslated = sorted(name for name in names if gettext(name) == name)

    assert len(names) > 150
    assert untranslated == [], "add the name to tagplatform/common/field_names.py and the catalogue"
