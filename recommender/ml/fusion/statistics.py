"""What is known of a tag before any text is read: how often, how lately, with which others it is used."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommender.ml.examples import FloatArray
from recommender.ml.fusion.corpus import Corpus
from recommender.ml.fusion.sparse_rows import Csr, entries_a_column, largest_per_row, normalised_rows

_LATEST_SHARES = (0.1, 0.3)
_COMPANIONS = 50
_PRIOR_DOCUMENTS = 2.0  # of the common share, in the share of each tag
_CENTROID_FEATURES = 64


@dataclass(frozen=True)
class TagStatistics:
    """All of shape (n_labels,) unless said otherwise."""

    log_counts: FloatArray  # ln(1 + documents)
    newest_share: FloatArray  # share of the newest tenth of the documents that bear the tag
    newer_share: FloatArray  # the same of the newest three tenths
    unused_for: FloatArray  # share of the documents that came after its last use; 1 for unused tags
    log_named: FloatArray  # ln(1 + documents in which a name of the tag stands)
    keyphraseness: FloatArray  # share of these that bear the tag (Mihalcea and Csomai, CIKM 2007), smoothed
    companions: Csr  # (n_labels, n_labels): row t holds P(label | t) of the tags that go with t
    centroids: Csr  # (n_labels, n_features): mean text of a tag, L2-normalised (Rocchio, 1971)

    def vectors(self) -> dict[str, FloatArray]:
        return {
            "log_counts": self.log_counts,
            "newest_share": self.newest_share,
            "newer_share": self.newer_share,
            "unused_for": self.unused_for,
            "log_named": self.log_named,
            "keyphraseness": self.keyphraseness,
        }


def fit_statistics(corpus: Corpus) -> TagStatistics:
    """Without dates all documents count as the newest."""
    newest, newer = (_share_of_newest(corpus, share) for share in _LATEST_SHARES)
    centroids = largest_per_row(sparse.csr_matrix(corpus.gold.T @ corpus.features), _CENTROID_FEATURES)
    return TagStatistics(
        np.log1p(corpus.counts).astype(np.float32),
        newest,
        newer,
        _unused_for(corpus),
        np.log1p(entries_a_column(corpus.named)).astype(np.float32),
        _keyphraseness(corpus),
        _companions(corpus),
        normalised_rows(centroids),
    )


def _share_of_newest(corpus: Corpus, share: float) -> FloatArray:
    n_newest = max(1, round(share * corpus.n_documents)) if corpus.dated else max(1, corpus.n_documents)
    newest = corpus.oldest_first[-n_newest:]
    counts = entries_a_column(corpus.gold[newest])
    shares: FloatArray = (counts / n_newest).astype(np.float32)
    return shares


def _unused_for(corpus: Corpus) -> FloatArray:
    unused = np.ones(corpus.n_labels, np.float32)
    by_label = corpus.gold.tocoo()
    np.minimum.at(unused, by_label.col, corpus.ages[by_label.row])
    return unused


def _keyphraseness(corpus: Corpus) -> FloatArray:
    named = entries_a_column(corpus.named)
    both = entries_a_column(corpus.named.multiply(corpus.gold).tocsr())
    common = both.sum() / max(named.sum(), 1)
    shares: FloatArray = ((both + _PRIOR_DOCUMENTS * common) / (named + _PRIOR_DOCUMENTS)).astype(np.float32)
    return shares


def _companions(corpus: Corpus) -> Csr:
    together = sparse.csr_matrix(corpus.gold.T @ corpus.gold)
    together.setdiag(0)
    together.eliminate_zeros()
    chances = sparse.csr_matrix(sparse.diags(1.0 / np.maximum(corpus.counts, 1)).astype(np.float32) @ together)
    return largest_per_row(chances, _COMPANIONS)
