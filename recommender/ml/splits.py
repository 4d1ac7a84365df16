"""Train, dev and test: by time where there are dates, else by a stable hash; siblings stay together."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recommender.ml.examples import Example, IntArray

_DATED_SHARE = 0.95
_HASH_BYTES = 8


@dataclass(frozen=True)
class Split:
    """Indices of the examples on each side, ascending."""

    train: IntArray
    dev: IntArray
    test: IntArray


def split_examples(examples: Sequence[Example], dev_share: float = 0.1, test_share: float = 0.2) -> Split:
    """The newest are test and before them dev when nearly all are dated, otherwise a hash decides.

    A group goes where its newest member belongs, or where its own hash points. Examples without a group are
    their own (by document id, else by place). Equal examples give equal splits.
    """
    if not (dev_share >= 0 and test_share >= 0 and dev_share + test_share < 1):
        raise ValueError(f"shares {dev_share} and {test_share} leave nothing to train on")
    groups = _groups(examples)
    dated = sum(example.published_at is not None for example in examples)
    by_time = bool(examples) and dated >= _DATED_SHARE * len(examples)
    sides = (_sides_by_time if by_time else _sides_by_hash)(examples, groups, dev_share, test_share)
    return Split(*(np.flatnonzero(sides == side).astype(np.int64) for side in range(3)))


def _groups(examples: Sequence[Example]) -> dict[str, list[int]]:
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for row, example in enumerate(examples):
        groups[_group_name(row, example)].append(row)
    return groups


def _group_name(row: int, example: Example) -> str:
    if example.group:
        return f"group {example.group}"
    return f"document {example.document_id}" if example.document_id else f"place {row}"


def _sides_by_hash(
    examples: Sequence[Example], groups: dict[str, list[int]], dev_share: float, test_share: float
) -> IntArray:
    sides = np.zeros(len(examples), np.int64)
    for name, rows in groups.items():
        place = _hash_fraction(name)
        sides[rows] = 2 if place < test_share else int(place < test_share + dev_share)
    return sides


def _sides_by_time(
    examples: Sequence[Example], groups: dict[str, list[int]], dev_share: float, test_share: float
) -> IntArray:
    """Whole groups from the newest backwards until each side has its share."""
    newest_first = sorted(groups, key=lambda name: (-_newest(examples, groups[name]), _hash_fraction(name)))
    sides = np.zeros(len(examples), np.int64)
    n_test, n_dev = round(test_share * len(examples)), round(dev_share * len(examples))
    placed = 0
    for name in newest_first:
        sides[groups[name]] = 2 if placed < n_test else int(placed < n_test + n_dev)
        placed += len(groups[name])
    return sides


def _newest(examples: Sequence[Example], rows: Sequence[int]) -> float:
    """Undated members do not count; a group without any date counts as the oldest."""
    dates = [date for row in rows if (date := examples[row].published_at) is not None]
    return max(dates, default=float("-inf"))


def _hash_fraction(name: str) -> float:
    digest = hashlib.sha256(name.encode()).digest()[:_HASH_BYTES]
    return int.from_bytes(digest, "big") / 2.0 ** (8 * _HASH_BYTES)
