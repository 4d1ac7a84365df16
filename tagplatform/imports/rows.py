"""A row of a file on its way in, and what may be wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EXCERPT_CHARACTERS = 2_000


@dataclass(frozen=True)
class Fault:
    """What is wrong: a stable code and a sentence for people."""

    code: str
    reason: str


class RowRejected(Exception):
    """A row cannot be taken; the fault says why."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.fault = Fault(code, reason)


@dataclass(frozen=True)
class Row:
    """The `index`-th row of a file (from 1), which begins in `line`; one that could not be read has a fault."""

    index: int
    line: int
    values: Mapping[str, Any] = field(default_factory=dict)
    fault: Fault | None = None


@dataclass(frozen=True)
class Problem:
    """A fault of a row: `fatal` where the row was refused, else a warning about a row that was taken."""

    row: Row
    fault: Fault
    fatal: bool = True


def unreadable(index: int, line: int, rejected: RowRejected, raw: bytes | str = b"") -> Row:
    """A row that could not be read, with the beginning of what stands there."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return Row(index, line, {"text": text[:EXCERPT_CHARACTERS]}, rejected.fault)
