"""Rows of a CSV file with a header line; the separator is the comma, semicolon or tab that the header uses most."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from tagplatform.common.errors import InvalidInput
from tagplatform.imports.readers.lines import (
    MAX_LINE_BYTES,
    LineRejected,
    count_lines,
    decode_line,
    numbered_lines,
    opened,
)
from tagplatform.imports.rows import Row, RowRejected, unreadable

SEPARATORS = ",;\t"


def count_rows(path: Path) -> int:
    """Lines under the header: as many as there are rows where no field contains a line end."""
    return max(count_lines(path) - 1, 0)


def read_rows(path: Path, encoding: str) -> Iterator[Row]:
    """Every record under the header, as a row of texts; one that does not fit the header has a fault."""
    with opened(path) as stream:
        lines = _Lines(stream, encoding)
        header_line = _header_line(path, lines)
        separator = max(SEPARATORS, key=header_line.count)
        header = _header(path, next(csv.reader([header_line], delimiter=separator)))
        yield from _records(lines, header, separator)


class _Lines:
    """Decoded lines for the CSV reader; remembers which line came last."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._lines = numbered_lines(stream)
        self._encoding = encoding
        self.number = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        self.number, raw, whole = next(self._lines)
        return decode_line(raw, whole=whole, encoding=self._encoding)


def _header_line(path: Path, lines: _Lines) -> str:
    try:
        return next(lines)
    except LineRejected as rejected:
        detail = _("The header of “%(path)s” cannot be read. %(cause)s")
        raise InvalidInput(
            detail % {"path": path, "cause": rejected.fault.reason}, code=rejected.fault.code
        ) from rejected


def _header(path: Path, names: list[str]) -> list[str]:
    header = [name.strip().lower() for name in names]
    if not all(header) or len(set(header)) < len(header):
        detail = _("The first line of “%(path)s” must name every column, each name once.")
        raise InvalidInput(detail % {"path": path}, code="bad_header")
    return header


def _records(lines: _Lines, header: list[str], separator: str) -> Iterator[Row]:
    csv.field_size_limit(MAX_LINE_BYTES)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    index = 0
    while True:
        first_line = lines.number + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except RowRejected as rejected:
            index += 1
            yield unreadable(index, lines.number, rejected, getattr(rejected, "raw", b""))
        except csv.Error as error:
            index += 1
            yield unreadable(index, first_line, _not_csv(error, lines.number))
        else:
            if record:
                index += 1
                yield _row(index, first_line, header, record)


def _not_csv(error: csv.Error, last_line: int) -> RowRejected:
    detail = _("The record that ends in line %(line)d is not valid CSV: %(cause)s. Is a quotation mark not closed?")
    return RowRejected("bad_csv", detail % {"line": last_line, "cause": error})


def _row(index: int, line: int, header: list[str], record: list[str]) -> Row:
    if len(record) == len(header):
        return Row(index, line, dict(zip(header, record, strict=True)))
    detail = _("The record has %(found)d fields, the header %(expected)d.")
    rejected = RowRejected("wrong_columns", detail % {"found": len(record), "expected": len(header)})
    return unreadable(index, line, rejected, " | ".join(record))
