"""Data sets as folders: train, dev and test as .jsonl.gz and, if there is one, tags.jsonl.gz."""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any


@dataclass(frozen=True)
class Document:
    """One line of a part of a data set."""

    document_id: str
    title: str
    body: str
    language: str
    tags: tuple[str, ...]

    @property
    def text(self) -> str:
        """Title and body as one text, which is what the peers read."""
        return f"{self.title}\n{self.body}" if self.title else self.body


@dataclass(frozen=True)
class Tag:
    """One line of tags.jsonl.gz; the names by which people know the tag begin with the preferred one."""

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class DataSet:
    """One folder."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    def part(self, name: str) -> Path:
        return self.folder / f"{name}.jsonl.gz"

    @property
    def tags_file(self) -> Path | None:
        path = self.part("tags")
        return path if path.is_file() else None

    def documents(self, part: str) -> list[Document]:
        return list(read_documents(self.part(part)))


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """One JSON object a line, gzip-compressed or not."""
    with _opened(path, "rt") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """One JSON object a line, gzip-compressed when the name ends in .gz."""
    with _opened(path, "wt") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read_documents(path: Path) -> Iterator[Document]:
    """Documents of one part in order; a tag that a row names twice counts once."""
    for row in read_rows(path):
        tags = tuple(dict.fromkeys(row.get("tags") or ()))
        yield Document(row["id"], row.get("title") or "", row.get("text") or "", row.get("lang") or "", tags)


def vocabulary(data: DataSet, documents: Sequence[Document]) -> list[Tag]:
    """The tags file's tags, then those that only training documents use; names without a file are the labels."""
    rows = list(read_rows(data.tags_file)) if data.tags_file else []
    tags = {row["name"]: Tag(row["name"], _names(row)) for row in rows}
    for document in documents:
        for name in document.tags:
            tags.setdefault(name, Tag(name, (name,)))
    return list(tags.values())


def _opened(path: Path, mode: str) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, mode, encoding="utf-8")  # type: ignore[return-value]
    return path.open(mode, encoding="utf-8")


def _names(row: dict[str, Any]) -> tuple[str, ...]:
    names = (row.get("label") or row["name"], *(row.get("synonyms") or ()))
    return tuple(dict.fromkeys(name for name in names if name))
