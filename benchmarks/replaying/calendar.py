"""A dated data set as a history and the months that are played after it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.compare.documents import read_rows

PARTS = ("train", "dev", "test")


@dataclass(frozen=True)
class DatedDocument:
    """A document with the tags that its editors truly gave it, in their order."""

    document_id: str
    title: str
    body: str
    language: str
    published: date
    tags: tuple[str, ...]

    @property
    def month(self) -> str:
        """`2014-03`."""
        return f"{self.published:%Y-%m}"


@dataclass(frozen=True)
class Month:
    """One calendar month with its documents in their order."""

    name: str
    documents: tuple[DatedDocument, ...]


@dataclass(frozen=True)
class Plan:
    """What is known at the beginning, and what happens then."""

    history: tuple[DatedDocument, ...]
    months: tuple[Month, ...]


def dated_documents(folder: Path) -> list[DatedDocument]:
    """The tagged and dated documents of all parts, oldest first; the order within a day is that of their ids."""
    rows = (row for part in PARTS for row in read_rows(folder / f"{part}.jsonl.gz"))
    documents = [_document(row) for row in rows if row.get("published") and row.get("tags")]
    return sorted(documents, key=lambda each: (each.published, each.document_id))


def _document(row: dict[str, Any]) -> DatedDocument:
    return DatedDocument(
        row["id"],
        row.get("title") or "",
        row.get("text") or "",
        row.get("lang") or "",
        date.fromisoformat(row["published"][:10]),
        tuple(dict.fromkeys(row["tags"])),
    )


def plan(documents: Sequence[DatedDocument], *, n_documents: int, n_months: int) -> Plan:
    """The last months of the first documents are played, those before are history; a month that is cut is left out.

    Raises ValueError where nothing is left to begin with.
    """
    taken = list(documents[:n_documents])
    if len(documents) > n_documents and taken and documents[n_documents].month == taken[-1].month:
        taken = [each for each in taken if each.month != taken[-1].month]
    names = sorted({each.month for each in taken})
    played = names[-n_months:]
    history = tuple(each for each in taken if each.month not in played)
    if not history or not played:
        raise ValueError(f"{len(taken)} documents in {len(names)} months leave no history before {n_months} months")
    months = (Month(name, tuple(each for each in taken if each.month == name)) for name in played)
    return Plan(history, tuple(months))


def tail_tags(before: Sequence[DatedDocument], *, below: int) -> frozenset[str]:
    """The tags that some, but fewer than `below` of these documents bear."""
    counts = Counter(tag for each in before for tag in each.tags)
    return frozenset(tag for tag, count in counts.items() if count < below)
