"""Rows of a JSONL file: one JSON object a line, blank lines skipped."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from tagplatform.imports.readers.lines import LineRejected, count_lines, decode_line, numbered_lines, opened
from tagplatform.imports.rows import Row, unreadable


def count_rows(path: Path) -> int:
    """Lines of the file, blank ones included."""
    return count_lines(path)


def read_rows(path: Path, encoding: str) -> Iterator[Row]:
    """Every line that is not blank, as a row; one that is no JSON object has a fault."""
    index = 0
    with opened(path) as stream:
        for line, raw, whole in numbered_lines(stream):
            if raw.isspace() or not raw:
                continue
            index += 1
            try:
                yield Row(index, line, _object(raw, decode_line(raw, whole=whole, encoding=encoding)))
            except LineRejected as rejected:
                yield unreadable(index, line, rejected, rejected.raw)


def _object(raw: bytes, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise LineRejected("bad_json", _("The JSON of the line is nested too deeply."), raw) from error
    except ValueError as error:
        detail = _("The line is not valid JSON: %(cause)s.") % {"cause": error}
        raise LineRejected("bad_json", detail, raw) from error
    if not isinstance(value, dict):
        detail = _("The line is JSON, but not an object in braces with named fields.")
        raise LineRejected("not_an_object", detail, raw)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(_("%(name)s is not a JSON value") % {"name": name})
