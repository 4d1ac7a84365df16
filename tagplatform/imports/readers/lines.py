"""Numbered lines of a file that may be gzipped; no line takes more memory than the limit."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from django.utils.translation import gettext as _

from tagplatform.common.errors import InvalidInput
from tagplatform.imports.rows import EXCERPT_CHARACTERS, RowRejected

MAX_LINE_BYTES = 4_000_000
CHUNK_BYTES = 1 << 20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class LineRejected(RowRejected):
    """A line cannot be read; `raw` is its beginning."""

    def __init__(self, code: str, reason: str, raw: bytes) -> None:
        super().__init__(code, reason)
        self.raw = raw[: 4 * EXCERPT_CHARACTERS]


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked; InvalidInput where the gzip stream is broken or cut off."""
    try:
        if path.name.lower().endswith(".gz"):
            with gzip.open(path, "rb") as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            with path.open("rb") as plain:
                yield plain
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        detail = _("“%(path)s” is no whole gzip file: it is cut off or damaged. Copy it again.")
        raise InvalidInput(detail % {"path": path}, code="broken_gzip") from error


def count_lines(path: Path) -> int:
    """Number of lines, a last one without its line end included."""
    count, last = 0, b"\n"
    with opened(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            count += chunk.count(b"\n")
            last = chunk[-1:]
    return count + (last != b"\n")


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Number, bytes, and whether the line is whole; of one that is too long only the beginning is kept."""
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        whole = line.endswith(b"\n") or len(line) <= MAX_LINE_BYTES
        if not whole:
            _skip_to_line_end(stream)
        yield number, line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line, whole


def _skip_to_line_end(stream: BinaryIO) -> None:
    while (rest := stream.readline(CHUNK_BYTES)) and not rest.endswith(b"\n"):
        continue


def decode_line(line: bytes, *, whole: bool, encoding: str) -> str:
    """The text of a line; LineRejected where it is too long or not in this encoding."""
    if not whole:
        detail = _("The line is longer than %(max)d bytes.") % {"max": MAX_LINE_BYTES}
        raise LineRejected("line_too_long", detail, line)
    try:
        return line.decode(encoding)
    except UnicodeDecodeError as error:
        detail = _("Byte %(at)d of the line is not %(encoding)s. Save the file as UTF-8, or say its encoding.")
        raise LineRejected("wrong_encoding", detail % {"at": error.start + 1, "encoding": encoding}, line) from error
