"""Texts, training examples and the label space: everything the models take in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SelectionMode = Literal["many", "one"]
FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Text:
    """A text to be tagged; title and body are different fields and stay apart.

    `language` is a hint (BCP 47) for people; the tokeniser looks at the characters instead.
    """

    title: str
    body: str
    language: str = ""


@dataclass(frozen=True)
class Example:
    """One training pair.

    `label_weights` are loss weights of single cells (this example, that label): above 1 for an explicit
    rejection, below 1 for a suggestion that was shown and left. `unlabelled_weight` is the weight of every
    other negative cell; 0 says that nobody looked, so absence is no evidence.
    `group` names siblings that must stay on one side of a split; `published_at` is in Unix seconds.
    """

    text: Text
    labels: tuple[int, ...]
    document_id: str = ""
    group: str = ""
    published_at: float | None = None
    label_weights: Mapping[int, float] = field(default_factory=dict)
    unlabelled_weight: float = 1.0

    def weight_of(self, label: int) -> float:
        """The loss weight of the label's cell."""
        return self.label_weights.get(label, 1.0 if label in self.labels else self.unlabelled_weight)


@dataclass(frozen=True)
class LabelSpace:
    """Which tag each column stands for; a label never changes its tag, new tags are appended.

    Of the labels of one of the `exclusive_groups` a document bears one at most; no label is in two of them.
    """

    tag_ids: tuple[str, ...]
    selection_mode: SelectionMode = "many"
    exclusive_groups: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.tag_ids)) != len(self.tag_ids):
            raise ValueError(f"{len(self.tag_ids)} tag ids, {len(set(self.tag_ids))} of them different")
        if self.selection_mode not in ("many", "one"):
            raise ValueError(f"selection mode is 'many' or 'one', not {self.selection_mode!r}")
        grouped = [label for group in self.exclusive_groups for label in group]
        if len(set(grouped)) != len(grouped) or not all(0 <= label < len(self.tag_ids) for label in grouped):
            raise ValueError(f"groups hold each of {len(self.tag_ids)} labels once at most, not {grouped}")

    @property
    def n_labels(self) -> int:
        return len(self.tag_ids)

    @property
    def label_by_tag_id(self) -> dict[str, int]:
        return {tag_id: label for label, tag_id in enumerate(self.tag_ids)}

    @cached_property
    def group_by_label(self) -> IntArray:
        """The place of each label's exclusive group, -1 where it is in none; shape (n_labels,)."""
        groups = np.full(len(self.tag_ids), -1, np.int64)
        for place, group in enumerate(self.exclusive_groups):
            groups[list(group)] = place
        return groups

    def extended(self, tag_ids: Sequence[str]) -> "LabelSpace":
        """The same columns, with the tags that are new behind them in the order given."""
        known = set(self.tag_ids)
        new = tuple(tag_id for tag_id in dict.fromkeys(tag_ids) if tag_id not in known)
        return LabelSpace(self.tag_ids + new, self.selection_mode, self.exclusive_groups)


def label_matrix(examples: Sequence[Example], n_labels: int) -> FloatArray:
    """Gold cells as 0 and 1, shape (n_examples, n_labels)."""
    matrix = np.zeros((len(examples), n_labels), np.float32)
    for row, example in enumerate(examples):
        matrix[row, list(example.labels)] = 1.0
    return matrix


def weight_matrix(examples: Sequence[Example], n_labels: int) -> FloatArray:
    """Loss weight of every cell, shape (n_examples, n_labels)."""
    weights = np.ones((len(examples), n_labels), np.float32)
    for row, example in enumerate(examples):
        weights[row] = example.unlabelled_weight
        weights[row, list(example.labels)] = 1.0
        for label, weight in example.label_weights.items():
            weights[row, label] = weight
    return weights


def label_counts(examples: Sequence[Example], n_labels: int) -> IntArray:
    """Examples that bear each label, shape (n_labels,)."""
    labels = [label for example in examples for label in set(example.labels)]
    return np.bincount(np.asarray(labels, np.int64), minlength=n_labels).astype(np.int64)
