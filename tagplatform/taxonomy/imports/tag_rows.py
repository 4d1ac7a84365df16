"""A row of a tags file, checked and cleaned."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from tagplatform.imports.fields import Fields, as_language
from tagplatform.imports.rows import Fault, Row, RowRejected
from tagplatform.taxonomy.labels import MAX_LABEL_LENGTH, normalise_label
from tagplatform.taxonomy.models import Tag, TagLabel

MAX_NOTE_LENGTH = 20_000
Kind = TagLabel.Kind


@dataclass(frozen=True)
class LabelRow:
    """A name that a file gives a tag."""

    language: str
    kind: str
    text: str

    @property
    def normalised_text(self) -> str:
        return normalise_label(self.text)


@dataclass(frozen=True)
class TagRow:
    """A tag as a file describes it; `None` where the file says nothing."""

    row: Row
    notation: str
    labels: tuple[LabelRow, ...]
    parent: str
    definition: str | None
    scope_note: str | None
    recommendable: bool | None
    at_most_one_below: bool | None
    status: str | None
    notes: tuple[Fault, ...]


def read_tag_row(row: Row, *, language: str, known: Container[str]) -> TagRow:
    """The tag that a row describes; RowRejected where it has no name or a field is wrong.

    A tag without a preferred label in `language` is called by its notation, unless it is `known` and has a name.
    """
    fields = Fields(row.values)
    notation = fields.name("name", "notation", max_length=300)
    label = fields.name("label", "prefLabel", max_length=MAX_LABEL_LENGTH)
    if not (notation or label):
        raise RowRejected("no_name", _("The row has neither “name” nor “label”: nothing says which tag it is."))
    labels = tuple(_labels(fields, label, language))
    given_preferred = any(entry.kind == Kind.PREFERRED and entry.language == language for entry in labels)
    if not given_preferred and notation not in known:
        labels = (LabelRow(language, Kind.PREFERRED, notation[:MAX_LABEL_LENGTH]), *labels)
    return TagRow(
        row=row,
        notation=notation or label,
        labels=_one_preferred_a_language(labels, fields),
        parent=_first_parent(fields),
        definition=_note(fields, "definition", "description"),
        scope_note=_note(fields, "scope_note"),
        recommendable=_flag(fields, "recommendable", default=True),
        at_most_one_below=_flag(fields, "at_most_one_below", default=False),
        status=_status(fields),
        notes=tuple(fields.notes),
    )


def _labels(fields: Fields, label: str, language: str) -> Iterator[LabelRow]:
    if label:
        yield LabelRow(language, Kind.PREFERRED, label)
    listed = fields.value("labels")
    if listed is not None and not isinstance(listed, list | tuple):
        raise RowRejected("wrong_type", _("“labels” must be a list of objects with language, kind and text."))
    for entry in listed or ():
        yield _label(fields, entry, language)
    for text in fields.texts("synonyms", "altLabels") or ():
        if len(text) > MAX_LABEL_LENGTH:
            fields.note("too_long", _("A synonym of %(length)d characters was left out.") % {"length": len(text)})
        else:
            yield LabelRow(language, Kind.ALTERNATIVE, text)


def _label(fields: Fields, entry: Any, language: str) -> LabelRow:
    if not isinstance(entry, dict):
        raise RowRejected("wrong_type", _("“labels” must be a list of objects with language, kind and text."))
    parts = Fields(entry)
    text = parts.name("text", max_length=MAX_LABEL_LENGTH)
    kind = parts.name("kind", max_length=20) or Kind.ALTERNATIVE
    if not text or kind not in Kind.values:
        detail = _("A label needs a text, and a kind out of %(kinds)s.") % {"kinds": ", ".join(Kind.values)}
        raise RowRejected("bad_label", detail)
    given = parts.name("language", "lang", max_length=40)
    if given and not as_language(given):
        detail = _("The label “%(text)s” has “%(language)s”, which is no language tag such as en or zh-hans.")
        raise RowRejected("bad_language", detail % {"text": text, "language": given})
    return LabelRow(as_language(given) or language, kind, text)


def _one_preferred_a_language(labels: tuple[LabelRow, ...], fields: Fields) -> tuple[LabelRow, ...]:
    """The labels, each text once; a second preferred one of a language becomes an alternative, with a note."""
    kept: dict[str, LabelRow] = {}
    languages: set[str] = set()
    for label in sorted(labels, key=lambda entry: entry.kind != Kind.PREFERRED):
        if not label.normalised_text or label.normalised_text in kept:
            continue
        if label.kind == Kind.PREFERRED and label.language in languages:
            detail = _("“%(text)s” is a second preferred label in %(language)s; it was kept as an alternative.")
            fields.note("second_preferred", detail % {"text": label.text, "language": label.language})
            label = LabelRow(label.language, Kind.ALTERNATIVE, label.text)
        elif label.kind == Kind.PREFERRED:
            languages.add(label.language)
        kept[label.normalised_text] = label
    return tuple(kept.values())


def _first_parent(fields: Fields) -> str:
    parents = fields.texts("parents", "parent", "broader") or []
    if len(parents) > 1:
        detail = _("A tag has one parent: “%(first)s” was taken, left out: %(others)s.")
        fields.note("several_parents", detail % {"first": parents[0], "others": ", ".join(parents[1:])[:500]})
    return parents[0] if parents else ""


def _note(fields: Fields, *names: str) -> str | None:
    return None if fields.value(*names) is None else fields.text(*names, max_length=MAX_NOTE_LENGTH)


def _flag(fields: Fields, name: str, *, default: bool) -> bool | None:
    return None if fields.value(name) is None else fields.flag(name, default=default)


def _status(fields: Fields) -> str | None:
    status = fields.name("status", max_length=40).lower()
    if status and status not in Tag.Status.values:
        detail = _("“%(status)s” is no status; there are %(known)s.")
        raise RowRejected("bad_status", detail % {"status": status, "known": ", ".join(Tag.Status.values)})
    return status or None
