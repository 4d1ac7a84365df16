"""What a peer is given and what it gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.compare.documents import Document, Tag

Ranked = list[tuple[str, float]]
Rank = Callable[[Sequence[Document], int], list[Ranked]]


@dataclass(frozen=True)
class Lesson:
    """All that a peer may learn from: the training part and the vocabulary, never dev or test."""

    documents: Sequence[Document]
    vocabulary: Sequence[Tag]
    settings: Mapping[str, Any]
    folder: Path


def used_tags(documents: Sequence[Document]) -> list[str]:
    """Tags with at least one training document, in the order of first use."""
    return list(dict.fromkeys(tag for document in documents for tag in document.tags))
