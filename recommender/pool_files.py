"""The pool of decided cells as Parquet: written in pieces, asked with filters, never loaded whole."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback.states import State
from recommender.example_files import SnapshotUnreadable
from recommender.weighing import WeighedCell

if TYPE_CHECKING:  # 100 MB of libraries that no web process needs
    import pyarrow as pa

ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class PoolFilter:
    """Which cells of a pool are wanted; None and empty mean all."""

    states: tuple[str, ...] = ()
    tag_id: uuid.UUID | None = None
    source_id: uuid.UUID | None = None
    actor_id: int | None = None

    def expression(self) -> Any:
        """As pyarrow takes it; None where everything is wanted."""
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = [pc.field("state").isin(list(self.states))] if self.states else []
        for name, key in (("tag", self.tag_id), ("source", self.source_id)):
            if key is not None:
                wanted.append(pc.field(name) == pa.scalar(key.bytes, pa.binary(16)))
        if self.actor_id is not None:
            wanted.append(pc.field("actor") == self.actor_id)
        together = None
        for each in wanted:
            together = each if together is None else together & each
        return together


@dataclass(frozen=True)
class PoolTotal:
    """Cells of one kind: how many, and what they weigh before and after the caps."""

    key: Any
    n_cells: int
    uncapped: float
    weight: float


@cache
def schema() -> "pa.Schema":
    """The columns of a pool."""
    import pyarrow as pa

    return pa.schema(
        [
            ("document", pa.binary(16)),
            ("tag", pa.binary(16)),
            ("state", pa.string()),
            ("moment", pa.float64()),
            ("rank", pa.int32()),
            ("actor", pa.int64()),
            ("source", pa.binary(16)),
            ("uncapped", pa.float64()),
            ("weight", pa.float64()),
        ]
    )


def write_pool(path: Path, cells: Iterable[WeighedCell]) -> int:
    """Write the cells in their order; returns their number."""
    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetWriter

    n_rows = 0
    with ParquetWriter(path, schema(), compression="zstd") as writer:
        rows = iter(cells)
        while batch := [_row(each) for each in islice(rows, ROWS_AT_ONCE)]:
            writer.write_batch(RecordBatch.from_pylist(batch, schema=schema()))
            n_rows += len(batch)
    return n_rows


def read_cells(path: Path, wanted: PoolFilter, *, start: int, limit: int) -> list[WeighedCell]:
    """`limit` of the wanted cells after the first `start`, in the file's order. Raises SnapshotUnreadable."""
    table = _scanned(path, wanted, schema().names, limit=start + limit)
    return [_cell(row) for row in table.slice(start, limit).to_pylist()]


def totals(path: Path, wanted: PoolFilter, *, by: str) -> list[PoolTotal]:
    """Sums of the wanted cells by "state", "tag", "source" or "actor", heaviest first. Raises SnapshotUnreadable."""
    table = _scanned(path, wanted, [by, "uncapped", "weight"])
    summed = table.group_by(by).aggregate([("weight", "count"), ("uncapped", "sum"), ("weight", "sum")])
    found = [
        PoolTotal(_key(by, row[by]), row["weight_count"], row["uncapped_sum"], row["weight_sum"])
        for row in summed.to_pylist()
    ]
    return sorted(found, key=lambda each: (-each.weight, -each.n_cells, str(each.key)))


def _scanned(path: Path, wanted: PoolFilter, columns: list[str], *, limit: int | None = None) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.dataset as ds

    try:
        if not path.is_file():
            raise FileNotFoundError(path)
        dataset = ds.dataset(path, format="parquet")
        options: dict[str, Any] = {"columns": columns, "filter": wanted.expression()}
        return dataset.to_table(**options) if limit is None else dataset.head(limit, **options)
    except (OSError, pa.ArrowException) as error:
        raise SnapshotUnreadable(f"{path} cannot be read ({error})") from error


def _row(cell: WeighedCell) -> dict[str, Any]:
    return {
        "document": cell.document_id.bytes,
        "tag": cell.tag_id.bytes,
        "state": str(cell.state),
        "moment": cell.moment,
        "rank": cell.rank,
        "actor": cell.actor_id,
        "source": cell.source_id.bytes if cell.source_id else None,
        "uncapped": cell.uncapped,
        "weight": cell.weight,
    }


def _cell(row: Mapping[str, Any]) -> WeighedCell:
    return WeighedCell(
        uuid.UUID(bytes=row["document"]),
        uuid.UUID(bytes=row["tag"]),
        State(row["state"]),
        row["moment"],
        row["rank"],
        row["actor"],
        _key("source", row["source"]),
        row["uncapped"],
        row["weight"],
    )


def _key(name: str, value: Any) -> Any:
    return uuid.UUID(bytes=value) if name in ("tag", "source") and value is not None else value
