"""Nearest tagged documents: an inverted index, votes of neighbours, and a ridge regression local to a text."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from recommender.ml.examples import FloatArray, IntArray
from recommender.ml.fusion.corpus import Corpus
from recommender.ml.fusion.sparse_rows import Csr, best_columns, largest_per_row, normalised_rows

N_NEIGHBOURS = 50
_N_VOTERS, _N_CLOSEST = 30, 5
_RECENCY = 5.0  # a document as old as the corpus has exp(-5) of the newest one's vote
_LOCAL_PENALTY = 0.3
_MAX_DENSE_CELLS = 8_000_000


@dataclass(frozen=True)
class Neighbours:
    """The nearest documents of each text, nearest first; shapes (n_texts, n_neighbours)."""

    documents: IntArray
    similarities: FloatArray  # cosine; 0 where a text has fewer neighbours


@dataclass(frozen=True)
class Votes:
    """Shares of the neighbours' votes that labels get, as matrices of shape (n_texts, n_labels)."""

    weighted: Csr  # the 30 nearest by squared cosine (distance-weighted k-NN, Dudani, 1976)
    closest: Csr  # the same of the 5 nearest
    recent: Csr  # the 30 nearest, newer ones with more weight
    local: Csr | None  # ridge regression on the 50 nearest alone


@dataclass(frozen=True)
class DocumentIndex:
    """Tagged documents by feature: each with its heaviest features only, so that common words cost nothing."""

    documents: Csr  # (n_documents, n_features), L2-normalised
    gold: Csr  # (n_documents, n_labels)
    ages: FloatArray  # (n_documents,)

    @property
    def n_documents(self) -> int:
        return int(self.documents.shape[0])

    @cached_property
    def by_feature(self) -> Csr:
        return self.documents.T.tocsr()

    def neighbours(self, texts: Csr) -> Neighbours:
        """The nearest documents by cosine; at most 50."""
        n_neighbours = min(N_NEIGHBOURS, self.n_documents)
        found = [np.empty((0, n_neighbours), np.int64)]
        similarities = [np.empty((0, n_neighbours), np.float32)]
        step = max(1, _MAX_DENSE_CELLS // max(self.n_documents, 1))
        for start in range(0, texts.shape[0], step):
            cosines = self._cosines(texts[start : start + step])
            found.append(best_columns(cosines, n_neighbours))
            similarities.append(np.take_along_axis(cosines, found[-1], 1))
        return Neighbours(np.concatenate(found), np.concatenate(similarities))

    def votes(self, texts: Csr, neighbours: Neighbours, *, local: bool) -> Votes:
        """What the neighbours say; `local` adds the local regression, which costs most."""
        squared = neighbours.similarities**2
        voters = squared[:, :_N_VOTERS]
        closest = voters.copy()
        closest[:, _N_CLOSEST:] = 0.0
        newer = voters * np.exp(-_RECENCY * self.ages[neighbours.documents[:, :_N_VOTERS]])
        return Votes(
            self._shares(neighbours, voters),
            self._shares(neighbours, closest),
            self._shares(neighbours, newer),
            self._local_scores(texts, neighbours) if local else None,
        )

    def _cosines(self, texts: Csr) -> FloatArray:
        cosines: FloatArray = (texts @ self.by_feature).toarray()
        return cosines

    def _shares(self, neighbours: Neighbours, weights: FloatArray) -> Csr:
        total = np.maximum(weights.sum(axis=1, keepdims=True), np.float32(1e-9))
        return self._weighted_gold(neighbours.documents[:, : weights.shape[1]], weights / total)

    def _weighted_gold(self, documents: IntArray, weights: FloatArray) -> Csr:
        n_texts, width = documents.shape
        offsets = np.arange(0, n_texts * width + 1, max(width, 1), dtype=np.int64)[: n_texts + 1]
        chosen = sparse.csr_matrix(
            (weights.ravel().astype(np.float32), documents.ravel(), offsets), (n_texts, self.n_documents)
        )
        return sparse.csr_matrix(chosen @ self.gold)

    def _local_scores(self, texts: Csr, neighbours: Neighbours) -> Csr:
        """Kernel ridge regression on the neighbours of each text alone (local learning, Bottou, Vapnik, 1992).

        Approximates the regression on all documents where that cannot be computed for all tags, and like it
        discounts neighbours that repeat each other.
        """
        weights = np.zeros(neighbours.documents.shape, np.float32)
        width = neighbours.documents.shape[1]
        diagonal = np.arange(width)
        for row, (documents, cosines) in enumerate(zip(neighbours.documents, neighbours.similarities, strict=True)):
            near = self.documents[documents]
            gram = (near @ near.T).toarray()
            gram[diagonal, diagonal] += _LOCAL_PENALTY
            weights[row] = np.linalg.solve(gram, cosines)
        return self._weighted_gold(neighbours.documents, weights)


def fit_index(corpus: Corpus, *, features_a_document: int) -> DocumentIndex:
    """All tagged documents with their heaviest features."""
    kept = normalised_rows(largest_per_row(corpus.features, features_a_document))
    return DocumentIndex(kept, corpus.gold, corpus.ages)
