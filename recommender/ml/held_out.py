"""Predictions over held-out documents, kept so that audits need not predict again."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recommender.ml.errors import BundleCorrupt
from recommender.ml.examples import Example, FloatArray, IntArray, LabelSpace
from recommender.ml.highest import top_labels
from recommender.ml.ranker import Ranker
from recommender.ml.tensors import mapped_tensors, tensors_as_bytes

_SMALLEST_KEPT = 0.001
_FEWEST_KEPT = 100
_BATCH = 256
FORMAT_VERSION = 1


@dataclass(frozen=True)
class HeldOutPredictions:
    """Gold labels and probabilities of documents as two compressed sparse matrices with equal rows.

    Row i of gold is `gold_labels[gold_offsets[i]:gold_offsets[i + 1]]`; a cell that is not kept has a
    probability below 0.001 and is not among its document's best hundred.
    """

    document_ids: tuple[str, ...]
    label_space: LabelSpace
    gold_offsets: IntArray  # (n_documents + 1,)
    gold_labels: IntArray  # (n_gold,)
    offsets: IntArray  # (n_documents + 1,)
    labels: IntArray  # (n_kept,)
    probabilities: FloatArray  # (n_kept,)

    def save(self, path: Path) -> None:
        """Write `path` with suffix .safetensors, and .json beside it."""
        names = ("gold_offsets", "gold_labels", "offsets", "labels", "probabilities")
        tensors = tensors_as_bytes({name: getattr(self, name) for name in names})
        about = {
            "format_version": FORMAT_VERSION,
            "document_ids": self.document_ids,
            "tag_ids": self.label_space.tag_ids,
            "selection_mode": self.label_space.selection_mode,
        }
        _replace(path.with_suffix(".safetensors"), tensors)
        _replace(path.with_suffix(".json"), json.dumps(about, ensure_ascii=False).encode())

    @classmethod
    def load(cls, path: Path) -> "HeldOutPredictions":
        """Raises BundleCorrupt when either file cannot be read."""
        try:
            about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            tensors = mapped_tensors(path.with_suffix(".safetensors"))
            space = LabelSpace(tuple(about["tag_ids"]), about["selection_mode"])
            return cls(tuple(about["document_ids"]), space, **tensors)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleCorrupt(f"{path} cannot be read ({error}); evaluate the model again") from error

    def gold_matrix(self) -> FloatArray:
        """Gold cells as 0 and 1, shape (n_documents, n_labels)."""
        ones = np.ones(len(self.gold_labels), np.float32)
        return self._dense(self.gold_offsets, self.gold_labels, ones)

    def probability_matrix(self) -> FloatArray:
        """Kept probabilities and 0 elsewhere, shape (n_documents, n_labels)."""
        return self._dense(self.offsets, self.labels, self.probabilities)

    def _dense(self, offsets: IntArray, labels: IntArray, values: FloatArray) -> FloatArray:
        matrix = np.zeros((len(self.document_ids), self.label_space.n_labels), np.float32)
        matrix[np.repeat(np.arange(len(self.document_ids)), np.diff(offsets)), labels] = values
        return matrix


def held_out_predictions(ranker: Ranker, examples: Sequence[Example]) -> HeldOutPredictions:
    """Predict every example in batches and keep the cells that matter."""
    rows = [example.text for example in examples]
    kept = [
        row
        for start in range(0, len(rows), _BATCH)
        for row in kept_rows(ranker.probabilities(rows[start : start + _BATCH]))
    ]
    return assembled(ranker.label_space, examples, kept)


def kept_predictions(
    label_space: LabelSpace, examples: Sequence[Example], probabilities: FloatArray
) -> HeldOutPredictions:
    """The same from probabilities already at hand, shape (n_examples, n_labels)."""
    return assembled(label_space, examples, kept_rows(probabilities))


def assembled(
    label_space: LabelSpace, examples: Sequence[Example], kept: Sequence[tuple[IntArray, FloatArray]]
) -> HeldOutPredictions:
    gold = [sorted(set(example.labels)) for example in examples]
    return HeldOutPredictions(
        tuple(example.document_id for example in examples),
        label_space,
        _offsets(np.array([len(labels) for labels in gold], np.int64)),
        np.array([label for labels in gold for label in labels], np.int64),
        _offsets(np.array([len(labels) for labels, _ in kept], np.int64)),
        np.concatenate([labels for labels, _ in kept] or [np.empty(0, np.int64)]),
        np.concatenate([chances for _, chances in kept] or [np.empty(0, np.float32)]),
    )


def kept_rows(probabilities: FloatArray) -> list[tuple[IntArray, FloatArray]]:
    """(labels, probabilities) of the cells of each row that are kept, labels ascending."""
    return [_kept(row) for row in probabilities]


def _kept(probabilities: FloatArray) -> tuple[IntArray, FloatArray]:
    n_kept = max(int((probabilities >= _SMALLEST_KEPT).sum()), min(_FEWEST_KEPT, len(probabilities)))
    labels = np.sort(top_labels(probabilities[None, :], n_kept)[0])
    return labels, probabilities[labels]


def _offsets(lengths: IntArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _replace(path: Path, content: bytes) -> None:
    aside = path.with_name(f".{path.name}.part")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
