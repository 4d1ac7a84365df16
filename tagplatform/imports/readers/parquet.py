"""Rows of a Parquet file, read in batches."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from tagplatform.common.errors import InvalidInput
from tagplatform.imports.rows import Row, RowRejected, unreadable

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetFile

ROWS_A_BATCH = 500


def count_rows(path: Path) -> int:
    """Rows by the file's own account."""
    with _opened(path) as file:
        return int(file.metadata.num_rows)


def read_rows(path: Path, encoding: str) -> Iterator[Row]:
    """Every row; one whose text is not UTF-8 has a fault. A Parquet file says its encoding itself."""
    index = 0
    with _opened(path) as file:
        for batch in file.iter_batches(batch_size=ROWS_A_BATCH):
            for values in _values(batch):
                index += 1
                if isinstance(values, RowRejected):
                    yield unreadable(index, index, values)
                else:
                    yield Row(index, index, values)


@contextmanager
def _opened(path: Path) -> "Iterator[ParquetFile]":
    from pyarrow import ArrowException  # 100 MB of libraries, only for this format
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            yield file
    except (ArrowException, OSError) as error:
        detail = _("“%(path)s” is not a whole Parquet file: %(cause)s")
        raise InvalidInput(detail % {"path": path, "cause": str(error)[:300]}, code="broken_parquet") from error


def _values(batch: "RecordBatch") -> "Iterator[dict[str, Any] | RowRejected]":
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        for position in range(batch.num_rows):
            yield _values_of_one(batch.slice(position, 1))


def _values_of_one(batch: "RecordBatch") -> "dict[str, Any] | RowRejected":
    try:
        values: dict[str, Any] = batch.to_pylist()[0]
    except UnicodeDecodeError as error:
        detail = _("A text of the row is not UTF-8: %(cause)s.") % {"cause": error.reason}
        return RowRejected("wrong_encoding", detail)
    return values
