"""Training examples as Parquet: written and read some rows at a time, equal bytes for equal examples."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recommender import ml

if TYPE_CHECKING:  # 100 MB of libraries that no web process needs
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

FORMAT_VERSION = 1
ROWS_AT_ONCE = 1000
_CHUNK_BYTES = 1 << 20
_ABOUT = b"tag_platform"


class SnapshotUnreadable(Exception):
    """A file of examples is missing, damaged, or of a format that this program does not know."""


@dataclass(frozen=True)
class PlacedExample:
    """An example and the part of the split in which it stood: train, dev, test or blind."""

    part: str
    example: ml.Example


@cache
def schema() -> "pa.Schema":
    """The columns of a file of examples."""
    import pyarrow as pa

    return pa.schema(
        [
            ("part", pa.string()),
            ("document_id", pa.string()),
            ("title", pa.string()),
            ("body", pa.string()),
            ("language", pa.string()),
            ("labels", pa.list_(pa.int32())),
            ("weighed_labels", pa.list_(pa.int32())),
            ("weights", pa.list_(pa.float64())),
            ("unlabelled_weight", pa.float64()),
            ("group", pa.string()),
            ("published_at", pa.float64()),
        ]
    )


def write_examples(path: Path, examples: Iterable[PlacedExample], about: Mapping[str, Any]) -> int:
    """Write the examples in their order, and what else a training needs; returns their number."""
    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetWriter

    described = json.dumps({"format_version": FORMAT_VERSION, **about}, ensure_ascii=False, sort_keys=True)
    columns = schema().with_metadata({_ABOUT: described.encode()})
    n_rows = 0
    with ParquetWriter(path, columns, compression="zstd") as writer:
        rows = iter(examples)
        while batch := [_row(each) for each in islice(rows, ROWS_AT_ONCE)]:
            writer.write_batch(RecordBatch.from_pylist(batch, schema=columns))
            n_rows += len(batch)
    return n_rows


def read_about(path: Path) -> dict[str, Any]:
    """What stands beside the examples. Raises SnapshotUnreadable."""
    with _opened(path) as file:
        about: dict[str, Any] = json.loads(file.schema_arrow.metadata[_ABOUT])
    if about.get("format_version") != FORMAT_VERSION:
        raise SnapshotUnreadable(
            f"{path} has format {about.get('format_version')}, this program reads {FORMAT_VERSION}"
        )  # fmt: skip
    return about


def read_examples(path: Path) -> Iterator[PlacedExample]:
    """The examples in the order in which they were written. Raises SnapshotUnreadable."""
    with _opened(path) as file:
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
            yield from map(_placed, batch.to_pylist())


def document_ids(path: Path) -> Iterator[list[str]]:
    """The documents of the examples, some at a time. Raises SnapshotUnreadable."""
    with _opened(path) as file:
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=["document_id"]):
            yield batch.column("document_id").to_pylist()


def rewrite_without(path: Path, erased: Collection[str]) -> None:
    """Put a file without the examples of these documents in its place; everything else stays."""
    about = read_about(path)
    del about["format_version"]
    aside = path.with_name(f".{path.name}.part")
    kept = (each for each in read_examples(path) if each.example.document_id not in erased)
    try:
        write_examples(aside, kept, about)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def file_digest(path: Path) -> str:
    """SHA-256 (hex) of the file, read in pieces. Raises SnapshotUnreadable."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise SnapshotUnreadable(f"{path} cannot be read ({error})") from error
    return digest.hexdigest()


@contextmanager
def _opened(path: Path) -> "Iterator[ParquetFile]":
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            yield file
    except (OSError, ValueError, KeyError, TypeError, ArrowException) as error:
        raise SnapshotUnreadable(f"{path} cannot be read ({error})") from error


def _row(placed: PlacedExample) -> dict[str, Any]:
    example = placed.example
    return {
        "part": placed.part,
        "document_id": example.document_id,
        "title": example.text.title,
        "body": example.text.body,
        "language": example.text.language,
        "labels": list(example.labels),
        "weighed_labels": list(example.label_weights),
        "weights": list(example.label_weights.values()),
        "unlabelled_weight": example.unlabelled_weight,
        "group": example.group,
        "published_at": example.published_at,
    }


def _placed(row: Mapping[str, Any]) -> PlacedExample:
    example = ml.Example(
        text=ml.Text(row["title"], row["body"], row["language"]),
        labels=tuple(row["labels"]),
        document_id=row["document_id"],
        group=row["group"],
        published_at=row["published_at"],
        label_weights=dict(zip(row["weighed_labels"], row["weights"], strict=True)),
        unlabelled_weight=row["unlabelled_weight"],
    )
    return PlacedExample(row["part"], example)
