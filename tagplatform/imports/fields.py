"""Values of a row, checked and cleaned: texts, lists, dates, languages, flags."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.utils.translation import gettext as _

from tagplatform.imports.rows import Fault, RowRejected

FIRST_YEAR = 1900
MAX_EXTRA_CHARACTERS = 100_000
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LONE_SURROGATES = re.compile(r"[\ud800-\udfff]")
LIST_SEPARATORS = re.compile(r"[|;]")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
LANGUAGE_BY_ALIAS = {"zh": "zh-hans", "zh-cn": "zh-hans", "zh-sg": "zh-hans", "zh-tw": "zh-hant", "zh-hk": "zh-hant"}
FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
SLASHED_DATE = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(.*)", re.DOTALL)


class Fields:
    """The fields of one row; each is asked for by its names, `notes` gathers what was repaired on the way."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._asked: set[str] = set()
        self.notes: list[Fault] = []

    def note(self, code: str, reason: str) -> None:
        """Remember something that the people who import should know, without refusing the row."""
        self.notes.append(Fault(code, reason))

    def value(self, *names: str) -> Any:
        """The first of these fields that is given; None where none is."""
        self._asked.update(names)
        return next((self._values[name] for name in names if self._values.get(name) is not None), None)

    def rest(self) -> dict[str, Any]:
        """Every field that nobody has asked for, without the empty ones."""
        return {
            str(name): value
            for name, value in self._values.items()
            if name not in self._asked and value not in (None, "")
        }

    def name(self, *names: str, max_length: int) -> str:
        """An identifying text on one line; RowRejected where it contains what no name may."""
        text = _text(names[0], self.value(*names))
        if CONTROL_CHARACTERS.search(text) or LONE_SURROGATES.search(text):
            detail = _("“%(field)s” contains control characters or broken Unicode.") % {"field": names[0]}
            raise RowRejected("bad_characters", detail)
        return _short_enough(names[0], " ".join(text.split()), max_length)

    def text(self, *names: str, max_length: int | None = None) -> str:
        """A text for reading; control characters are left out and broken Unicode is marked, with a note."""
        text = self._repaired(names[0], _text(names[0], self.value(*names)))
        return text if max_length is None else _short_enough(names[0], text, max_length)

    def _repaired(self, name: str, text: str) -> str:
        if CONTROL_CHARACTERS.search(text):
            text = CONTROL_CHARACTERS.sub("", text)
            self.note("control_characters", _("Control characters in “%(field)s” were left out.") % {"field": name})
        if LONE_SURROGATES.search(text):
            text = LONE_SURROGATES.sub("\ufffd", text)
            self.note("lone_surrogates", _("Broken Unicode in “%(field)s” was replaced by “�”.") % {"field": name})
        return text.replace("\r\n", "\n").strip()

    def texts(self, *names: str) -> list[str] | None:
        """A list of short texts, or one text with `|` or `;` between them; None where the field is missing."""
        value = self.value(*names)
        if value is None:
            return None
        items = LIST_SEPARATORS.split(value) if isinstance(value, str) else value
        if not isinstance(items, list | tuple):
            raise _wrong_type(names[0], _("a list of texts"), value)
        texts = (" ".join(self._repaired(names[0], _text(names[0], item)).split()) for item in items)
        return list(dict.fromkeys(text for text in texts if text))

    def flag(self, name: str, *, default: bool) -> bool:
        """true or false, also as yes/no and 1/0."""
        value = self.value(name)
        if value is None or value == "":
            return default
        flag = FLAGS.get(str(value).strip().lower())
        if flag is None:
            raise _wrong_type(name, _("true or false"), value)
        return flag

    def moment(self, *names: str, now: datetime) -> datetime | None:
        """A date or time from 1900 to the next year, in UTC where it names no zone."""
        value = self.value(*names)
        if value is None or value == "":
            return None
        moment = _moment(names[0], value)
        if not FIRST_YEAR <= moment.year <= now.year + 1:
            detail = _("“%(field)s” is the year %(year)d; dates from %(first)d to %(last)d are believed.")
            bounds = {"field": names[0], "year": moment.year, "first": FIRST_YEAR, "last": now.year + 1}
            raise RowRejected("absurd_date", detail % bounds)
        return moment

    def language(self, *names: str) -> str:
        """A BCP 47 tag in lower case; empty, with a note, where the value is none."""
        given = _text(names[0], self.value(*names)).strip()
        language = as_language(given)
        if given and not language:
            detail = _("“%(value)s” is not a language tag such as en or zh-hans; the language was left empty.")
            self.note("bad_language", detail % {"value": given[:40]})
        return language

    def json_object(self, name: str) -> dict[str, Any]:
        """An object, or its JSON text; every value storable."""
        value = self.value(name)
        if isinstance(value, str) and value.strip():
            try:
                value = json.loads(value)
            except (ValueError, RecursionError) as error:
                raise _wrong_type(name, _("a JSON object"), value) from error
        if value is None or value == "":
            return {}
        if not isinstance(value, dict):
            raise _wrong_type(name, _("a JSON object"), value)
        return value

    def storable(self, name: str, value: dict[str, Any]) -> dict[str, Any]:
        """The object without what PostgreSQL's JSON cannot hold; RowRejected where it is too long."""
        stored: dict[str, Any] = self._storable(name, value)
        if len(json.dumps(stored, ensure_ascii=False)) > MAX_EXTRA_CHARACTERS:
            detail = _("“%(field)s” is longer than %(max)d characters.")
            raise RowRejected("too_long", detail % {"field": name, "max": MAX_EXTRA_CHARACTERS})
        return stored

    def _storable(self, name: str, value: Any) -> Any:
        if isinstance(value, str):
            return self._repaired(name, value)
        if isinstance(value, dict):
            return {self._repaired(name, str(key)): self._storable(name, item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._storable(name, item) for item in value]
        if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
            return value
        return str(value)


def as_language(text: str) -> str:
    """“zh_CN” → “zh-hans”, “EN-us” → “en-us”; empty where it is no language tag."""
    tag = text.strip().lower().replace("_", "-")
    tag = LANGUAGE_BY_ALIAS.get(tag, tag)
    return tag if LANGUAGE.fullmatch(tag) and len(tag) <= 20 else ""


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _wrong_type(name, _("a text"), value)


def _short_enough(name: str, text: str, max_length: int) -> str:
    if len(text) <= max_length:
        return text
    detail = _("“%(field)s” has %(length)d characters; at most %(max)d fit.")
    raise RowRejected("too_long", detail % {"field": name, "length": len(text), "max": max_length})


def _wrong_type(name: str, expected: str, value: Any) -> RowRejected:
    detail = _("“%(field)s” must be %(expected)s, but is %(found)s.")
    found = f"{type(value).__name__} {str(value)[:60]!r}"
    return RowRejected("wrong_type", detail % {"field": name, "expected": expected, "found": found})


def _moment(name: str, value: Any) -> datetime:
    if isinstance(value, str):
        value = _parsed(name, value.strip())
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone follows below
    if not isinstance(value, datetime):
        raise _wrong_type(name, _("a date"), value)
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError as error:
        raise _no_date(name, str(value)) from error


def _parsed(name: str, text: str) -> datetime:
    slashed = SLASHED_DATE.fullmatch(text)
    if slashed:
        year, month, day, time = slashed.groups()
        text = f"{year}-{month:0>2}-{day:0>2}{time}"
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise _no_date(name, text) from error


def _no_date(name: str, text: str) -> RowRejected:
    detail = _("“%(field)s” is “%(value)s”, which is not a date such as 2024-05-31 or 2024-05-31T08:00:00Z.")
    return RowRejected("bad_date", detail % {"field": name, "value": text[:60]})
