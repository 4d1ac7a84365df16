"""Nearest tagged documents: an inverted index, votes of neighbours, and a ridge regression local to a text."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recommender.ml.examples import FloatArray, IntArray
from recommender.ml.fusion.corpus import Corpus
from recommender.ml.fusion.sparse_rows import (
    Csr,
    entries_a_column,
    entries_of,
    largest_per_row,
    normalised_rows,
    product,
)
from recommender.ml.highest import top_labels

N_NEIGHBOURS = 50
_N_VOTERS, _N_CLOSEST = 30, 5
_RECENCY = 5.0  # a document as old as the corpus has exp(-5) of the newest one's vote
_LOCAL_PENALTY = 0.3
_MOST_PAIRED_LABELS = 2_000  # with so many, counts of all pairs take 16 MB; with more, each tag has fewer documents


@dataclass(frozen=True)
class Neighbours:
    """The nearest documents of each text, nearest first; shapes (n_texts, n_neighbours)."""

    documents: IntArray
    similarities: FloatArray  # cosine; 0 where a text has fewer neighbours


@dataclass(frozen=True)
class Votes:
    """Shares of the neighbours' votes that labels get, shape (n_texts, n_labels)."""

    weighted: FloatArray  # the 30 nearest by squared cosine (distance-weighted k-NN, Dudani, 1976)
    closest: FloatArray  # the same of the 5 nearest
    recent: FloatArray  # the 30 nearest, newer ones with more weight
    local: FloatArray | None  # ridge regression on the 50 nearest alone


@dataclass(frozen=True)
class DocumentIndex:
    """Tagged documents by feature: each with its heaviest features only, so that common words cost nothing."""

    documents: Csr  # (n_documents, n_features), L2-normalised
    gold: Csr  # (n_documents, n_labels)
    ages: FloatArray  # (n_documents,)

    @property
    def n_documents(self) -> int:
        return int(self.documents.shape[0])

    @property
    def n_labels(self) -> int:
        return int(self.gold.shape[1])

    @cached_property
    def counts(self) -> IntArray:
        """Documents a label, shape (n_labels,)."""
        return entries_a_column(self.gold)

    def bearing(self, label: int) -> IntArray:
        """Places of the documents that bear the label."""
        found: IntArray = self._by_label.indices[self._by_label.indptr[label] : self._by_label.indptr[label + 1]]
        return found

    def together(self, label: int) -> FloatArray:
        """Documents that bear the label and each of the others, shape (n_labels,)."""
        if self.n_labels <= _MOST_PAIRED_LABELS:
            row: FloatArray = self._together[label]
            return row
        places, _ = entries_of(self.gold, self.bearing(label))
        return np.bincount(self.gold.indices[places], minlength=self.n_labels).astype(np.float32)

    @cached_property
    def _together(self) -> FloatArray:
        """(n_labels, n_labels)"""
        counted: FloatArray = (self._by_label @ self.gold).toarray().astype(np.float32)
        return counted

    @cached_property
    def _by_label(self) -> Csr:
        return self.gold.T.tocsr()

    @cached_property
    def by_feature(self) -> Csr:
        return self.documents.T.tocsr()

    def neighbours(self, texts: Csr) -> Neighbours:
        """The nearest documents by cosine, at most 50; memory is n_texts * n_documents * 4 bytes for a moment."""
        n_neighbours = min(N_NEIGHBOURS, self.n_documents)
        cosines = product(texts, self.by_feature)
        found = top_labels(cosines, n_neighbours)
        return Neighbours(found, np.take_along_axis(cosines, found, 1))

    def votes(self, neighbours: Neighbours, n_labels: int, *, local: bool) -> Votes:
        """What the neighbours say; `local` adds the local regression, which costs most."""
        n_texts = len(neighbours.documents)
        weighted, closest, recent = (np.zeros((n_texts, n_labels), np.float32) for _ in range(3))
        regression = np.zeros((n_texts, n_labels), np.float32) if local else None
        for row in range(n_texts):
            documents, cosines = neighbours.documents[row], neighbours.similarities[row]
            squared = cosines[:_N_VOTERS] ** 2
            newer = squared * np.exp(-_RECENCY * self.ages[documents[:_N_VOTERS]])
            places, lengths = entries_of(self.gold, documents)
            labels = self.gold.indices[places]
            of_voters = int(lengths[:_N_VOTERS].sum())
            of_closest = int(lengths[:_N_CLOSEST].sum())
            for votes, weights, n_entries in (
                (weighted, squared, of_voters),
                (closest, squared[:_N_CLOSEST], of_closest),
                (recent, newer, of_voters),
            ):
                shares = weights / max(float(weights.sum()), 1e-9)
                cast = np.repeat(shares, lengths[: len(shares)])
                votes[row] = np.bincount(labels[:n_entries], cast, n_labels)
            if regression is not None:
                weights = self._local_weights(documents, cosines)
                regression[row] = np.bincount(labels, np.repeat(weights, lengths), n_labels)
        return Votes(weighted, closest, recent, regression)

    def _local_weights(self, documents: IntArray, cosines: FloatArray) -> FloatArray:
        """Kernel ridge regression on the neighbours alone (local learning, Bottou and Vapnik, 1992).

        Approximates the regression on all documents where that cannot be computed for all tags, and like it
        discounts neighbours that repeat each other.
        """
        places, lengths = entries_of(self.documents, documents)
        features, columns = np.unique(self.documents.indices[places], return_inverse=True)
        near = np.zeros((len(documents), len(features)), np.float32)
        near[np.repeat(np.arange(len(documents)), lengths), columns] = self.documents.data[places]
        gram = near @ near.T
        gram[np.diag_indices_from(gram)] += np.float32(_LOCAL_PENALTY)
        weights: FloatArray = np.linalg.solve(gram, cosines)
        return weights


def fit_index(corpus: Corpus, *, features_a_document: int) -> DocumentIndex:
    """All tagged documents with their heaviest features."""
    kept = normalised_rows(largest_per_row(corpus.features, features_a_document))
    return DocumentIndex(kept, corpus.gold, corpus.ages)
