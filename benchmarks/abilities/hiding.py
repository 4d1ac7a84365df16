"""A data set without some of its tags: never in train or dev, their texts kept or not."""

import math
import random
from collections.abc import Collection, Iterator
from typing import Any

from benchmarks.compare.documents import DataSet, read_rows, write_rows

SHARE = 0.1


def hidden_tags(data: DataSet, seed: int) -> list[str]:
    """A tenth (rounded up) of the tags that test documents bear."""
    used = sorted({tag for document in data.documents("test") for tag in document.tags})
    return sorted(random.Random(seed).sample(used, math.ceil(SHARE * len(used))))


def write_without_tags(data: DataSet, hidden: Collection[str], cut: DataSet, *, keep_texts: bool) -> None:
    """Write train, dev and vocabulary of `cut`; a document that loses its last tag is left out.

    The vocabulary has the hidden tags where their texts are kept, by their names alone where there is no tags file.
    """
    for part in ("train", "dev"):
        write_rows(cut.part(part), _documents(data, part, hidden))
    write_rows(cut.part("tags"), _tags(data, hidden, keep_texts))


def _documents(data: DataSet, part: str, hidden: Collection[str]) -> Iterator[dict[str, Any]]:
    for row in read_rows(data.part(part)):
        tags = [tag for tag in row.get("tags") or () if tag not in hidden]
        if tags or not row.get("tags"):
            yield row | {"tags": tags}


def _tags(data: DataSet, hidden: Collection[str], keep_texts: bool) -> Iterator[dict[str, Any]]:
    rows = {row["name"]: row for row in read_rows(data.tags_file)} if data.tags_file else {}
    for name in dict.fromkeys([*rows, *sorted(hidden)]):
        if keep_texts or name not in hidden:
            yield rows.get(name, {"name": name})
