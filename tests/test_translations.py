"""The Simplified Chinese catalogues: complete, with the placeholders of the English, and compiled."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

import pytest
import unfold
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


def entries(domain: str, catalogues: Path = CATALOGUES) -> Iterator[Entry]:
    """All entries of a .po file but its header, the first."""
    blocks = (catalogues / f"{domain}.po").read_text(encoding="utf-8").strip().split("\n\n")
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


EXTRACT = """
from django.conf import settings
settings.configure(LOCALE_PATHS=["locale"])
import django
django.setup()
from django.core.management import call_command
call_command("makemessages", locale=["zh_Hans"], no_location=True, no_wrap=True, no_obsolete=True, verbosity=0)
"""


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="needs gettext: apt install gettext")
def test_every_string_of_pages_and_code_is_in_the_catalogue(tmp_path: Path) -> None:
    base = Path(settings.BASE_DIR)
    for package in ("tagplatform", "feedback", "recommender", "templates", "locale"):
        shutil.copytree(base / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    written = {(entry.context, entry.source) for entry in entries("django")}

    subprocess.run([sys.executable, "-c", EXTRACT], cwd=tmp_path, check=True)

    needed = {(entry.context, entry.source) for entry in entries("django", tmp_path / CATALOGUES.relative_to(base))}
    assert sorted(needed - written) == []


THEME = Path(unfold.__file__).parent
SAID_BY_THE_THEME = re.compile(r"""{%\s*trans(?:late)?\s+(?P<quote>["'])(?P<text>.+?)(?P=quote)""")


def test_what_the_theme_of_the_admin_says_is_chinese_too() -> None:
    folders = THEME / "templates", THEME / "contrib" / "filters" / "templates"
    templates = [file.read_text(encoding="utf-8") for folder in folders for file in folder.rglob("*.html")]
    said = {found["text"] for text in templates for found in SAID_BY_THE_THEME.finditer(text)}

    with override("zh-hans"):
        untranslated = sorted(text for text in said if gettext(text) == text)

    assert len(said) > 50
    assert untranslated == []
