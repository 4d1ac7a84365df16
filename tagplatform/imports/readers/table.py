"""A file of rows that has been looked at: what it is, its digest, about how many rows it has."""

import codecs
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.utils.translation import gettext as _

from tagplatform.common.errors import InvalidInput, NotFound
from tagplatform.imports.readers import delimited, jsonl, parquet
from tagplatform.imports.rows import Row

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Format:
    """How one kind of file is counted and read."""

    count: Callable[[Path], int]
    read: Callable[[Path, str], Iterator[Row]]


SUFFIXES = {
    ".jsonl": Format(jsonl.count_rows, jsonl.read_rows),
    ".jsonl.gz": Format(jsonl.count_rows, jsonl.read_rows),
    ".csv": Format(delimited.count_rows, delimited.read_rows),
    ".csv.gz": Format(delimited.count_rows, delimited.read_rows),
    ".parquet": Format(parquet.count_rows, parquet.read_rows),
}
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Table:
    """A readable file of rows; `rows_total` counts lines where only reading would tell the rows."""

    path: Path
    digest: str
    rows_total: int
    encoding: str

    def rows(self, *, skip: int = 0) -> Iterator[Row]:
        """Every row after the first `skip`, from the file's beginning each time."""
        return islice(_format_of(self.path).read(self.path, self.encoding), skip, None)


def open_table(path: Path, *, encoding: str = "utf-8") -> Table:
    """Look at a file; NotFound or InvalidInput where it cannot be a table."""
    file_format = _format_of(path)
    if not path.is_file():
        raise NotFound(_("There is no file “%(path)s”.") % {"path": path}, code="no_file")
    _check_encoding(path, encoding)
    try:
        digest, rows_total = _digest(path), file_format.count(path)
    except OSError as error:
        detail = _("“%(path)s” cannot be read: %(cause)s.") % {"path": path, "cause": error.strerror or error}
        raise InvalidInput(detail, code="unreadable_file") from error
    if not rows_total:
        raise InvalidInput(_("“%(path)s” is empty: there is nothing to import.") % {"path": path}, code="empty_file")
    return Table(path, digest, rows_total, encoding)


def _format_of(path: Path) -> Format:
    name = path.name.lower()
    for suffix, file_format in SUFFIXES.items():
        if name.endswith(suffix):
            return file_format
    known = ", ".join(SUFFIXES)
    detail = _("“%(name)s” has none of the endings that can be imported: %(known)s.")
    raise InvalidInput(detail % {"name": path.name, "known": known}, code="unknown_format")


def _check_encoding(path: Path, encoding: str) -> None:
    try:
        reads_ascii = "\n,{".encode(encoding) == b"\n,{"
    except LookupError as error:
        detail = _("There is no encoding “%(encoding)s”.") % {"encoding": encoding}
        raise InvalidInput(detail, code="unknown_encoding") from error
    with path.open("rb") as stream:
        marked = stream.read(2) in UTF_16_MARKS
    if marked or not reads_ascii:
        detail = _("“%(path)s” is written in UTF-16 or UTF-32. Save it as UTF-8 and import it again.")
        raise InvalidInput(detail % {"path": path}, code="wrong_encoding")


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
