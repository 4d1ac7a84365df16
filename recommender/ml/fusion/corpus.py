"""Training documents as matrices: what every source is fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from recommender.ml.examples import Example, FloatArray, IntArray
from recommender.ml.fusion.sparse_rows import Csr, entries_a_column

_DATED_SHARE = 0.95
_ALIKE = 0.45  # cosine of TF-IDF rows
_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Corpus:
    """Tagged documents; `features` are L2-normalised TF-IDF rows, `gold` has a 1 for each tag of a document and
    `named` one for each tag whose name stands in it.

    `rejected` holds the loss weight of each cell that an editor refused (or left), `confirmed` what a tag that bears
    more than the usual loss weight has above 1. `completeness` is the loss weight of a cell without any of these: the
    chance that a right tag would have been put there. `published` is in Unix seconds, nan where unknown.
    """

    features: Csr  # (n_documents, n_features)
    gold: Csr  # (n_documents, n_labels)
    named: Csr  # (n_documents, n_labels)
    rejected: Csr  # (n_documents, n_labels)
    confirmed: Csr  # (n_documents, n_labels)
    completeness: FloatArray  # (n_documents,) 0 to 1
    published: NDArray[np.float64]  # (n_documents,)
    groups: tuple[str, ...]

    @property
    def n_documents(self) -> int:
        return int(self.gold.shape[0])

    @property
    def n_labels(self) -> int:
        return int(self.gold.shape[1])

    @cached_property
    def counts(self) -> IntArray:
        """Documents a label, shape (n_labels,)."""
        return entries_a_column(self.gold)

    @cached_property
    def dated(self) -> bool:
        """Whether (nearly) all documents have a date, and not all the same."""
        known = self.published[~np.isnan(self.published)]
        return bool(len(known) >= _DATED_SHARE * max(self.n_documents, 1) and len(np.unique(known)) > 1)

    @cached_property
    def oldest_first(self) -> IntArray:
        """Row order by date; an undated document counts as oldest."""
        return np.argsort(np.nan_to_num(self.published, nan=-np.inf), kind="stable").astype(np.int64)

    @cached_property
    def ages(self) -> FloatArray:
        """Share of the documents that are newer, 0 for the newest; zeros without dates."""
        ages = np.zeros(self.n_documents, np.float32)
        if self.dated:
            ages[self.oldest_first] = 1.0 - (np.arange(self.n_documents) + 1) / self.n_documents
        return ages

    def rows(self, rows: IntArray) -> "Corpus":
        """Some of the documents, in the order given."""
        return Corpus(
            self.features[rows],
            self.gold[rows],
            self.named[rows],
            self.rejected[rows],
            self.confirmed[rows],
            self.completeness[rows],
            self.published[rows],
            tuple(self.groups[row] for row in rows),
        )


def siblings(corpus: Corpus) -> IntArray:
    """The same number for documents that must stay on one side of a fold, shape (n_documents,).

    They share a group, or their texts are nearly the same (cosine of at least 0.45): on such a document a model shows
    what it remembers, not what it knows.
    """
    n = corpus.n_documents
    _, group_of = np.unique(np.array(corpus.groups), return_inverse=True)
    order = np.argsort(group_of, kind="stable")
    chained = group_of[order][1:] == group_of[order][:-1]
    pairs = [(order[:-1][chained], order[1:][chained])]
    transposed = corpus.features.T.tocsr()
    for start in range(0, n, _ROWS_AT_ONCE):
        near = (corpus.features[start : start + _ROWS_AT_ONCE] @ transposed).tocoo()
        alike = near.data >= _ALIKE
        pairs.append((near.row[alike] + start, near.col[alike]))
    rows, columns = (np.concatenate(side) for side in zip(*pairs, strict=True))
    links = sparse.csr_matrix((np.ones(len(rows), np.int8), (rows, columns)), (n, n))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def corpus_of(examples: Sequence[Example], features: Csr, n_labels: int, named: Csr | None = None) -> Corpus:
    """The examples in their order; `features` and `named` (none: no names are known) have one row each."""
    return Corpus(
        features,
        _cells([[(label, 1.0) for label in sorted(set(example.labels))] for example in examples], n_labels),
        sparse.csr_matrix((len(examples), n_labels), dtype=np.float32) if named is None else named,
        _cells(
            [
                sorted((label, w) for label, w in e.label_weights.items() if label not in e.labels and w > 0)
                for e in examples
            ],
            n_labels,
        ),
        _cells(
            [
                sorted((label, w - 1.0) for label, w in e.label_weights.items() if label in e.labels and w > 1)
                for e in examples
            ],
            n_labels,
        ),
        np.array([min(example.unlabelled_weight, 1.0) for example in examples], np.float32),
        np.array([np.nan if e.published_at is None else e.published_at for e in examples], np.float64),
        tuple(e.group or e.document_id or f"place {place}" for place, e in enumerate(examples)),
    )


def _cells(rows: Sequence[Sequence[tuple[int, float]]], n_labels: int) -> Csr:
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)]).astype(np.int32)
    flat: list[Any] = [cell for row in rows for cell in row]
    columns = np.array([label for label, _ in flat], np.int32)
    return sparse.csr_matrix(
        (np.array([value for _, value in flat], np.float32), columns, offsets), (len(rows), n_labels)
    )
