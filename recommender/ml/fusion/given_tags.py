"""What tags that a text bears already say of the others: how much oftener than by chance they go together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from recommender.ml.examples import BoolArray, FloatArray, IntArray
from recommender.ml.fusion.learnt_pairs import LearntPairs
from recommender.ml.fusion.neighbours import DocumentIndex
from recommender.ml.fusion.sparse_rows import Csr, entries_of, product

_NEAREST = 30
_PRIOR = 1.0  # documents (of mean weight) by which a lift is drawn to chance
_COMMON = 5.0  # documents' weight of the common share beside what the nearest ones say
_MOST_TEXTS, _MOST_GIVEN = 2_000, 3
_FEWEST_HITS = 100
_INVERSE_PENALTY = 1e4
_LARGEST = 2.0

Doubles: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class GivenTags:
    """logit = logit of the text alone + `together` * ln lift of the tags + `nearby` * that among similar documents.

    Bayes' rule adds the whole log of the lift where tag and text are independent (as Lift in Brin et al., SIGMOD 1997).
    They are not, so that dev says how much of it is left. The defaults stand where dev is too small to tell.
    """

    together: float = 0.3
    nearby: float = 0.2

    def added(self, lifts: FloatArray) -> FloatArray:
        """What the two lifts, shape (n_pairs, 2), add to the log-odds, shape (n_pairs,)."""
        found: FloatArray = lifts @ np.array([self.together, self.nearby], np.float32)
        return found


def lifts(
    index: DocumentIndex, features: Csr, rows: IntArray, labels: IntArray, given: Sequence[tuple[int, ...]]
) -> FloatArray:
    """ln lift of each pair's label by the tags given with its text, shape (n_pairs, 2), 0 where nothing is known.

    `features` are the texts' TF-IDF rows, shape (n_texts, n_features); `rows` ascends; `given` has the tags of each
    text. The first column counts all documents that bear a given tag, those of several tags added up and divided by the
    root of their number, for they repeat each other. The second weighs the 30 of these documents that are nearest to
    the text, against the 30 nearest of all. Both are drawn to chance by one document.
    """
    found = np.zeros((len(rows), 2), np.float32)
    texts = [row for row, tags in enumerate(given) if any(tag < index.n_labels for tag in tags)]
    bounds = np.searchsorted(rows, np.arange(len(given) + 1))
    for text in texts:
        mine = slice(bounds[text], bounds[text + 1])
        wanted = labels[mine]
        known = np.flatnonzero(wanted < index.n_labels)
        known = known[index.counts[wanted[known]] > 0]
        tags = [tag for tag in given[text] if tag < index.n_labels]
        cosines = product(features[text], index.by_feature)[0]
        both = np.stack([_together(index, tags), _nearby(index, tags, cosines)], axis=1)
        found[mine][known] = both[wanted[known]]
    return found


def _together(index: DocumentIndex, tags: Sequence[int]) -> FloatArray:
    """Shape (n_labels,)"""
    share = (index.counts / index.n_documents).astype(np.float32)
    logs = np.zeros(index.n_labels, np.float32)
    for tag in tags:
        logs += np.log((index.together(tag) + _PRIOR) / (index.counts[tag] * share + _PRIOR))
    scaled: FloatArray = logs / np.float32(np.sqrt(len(tags)))
    return scaled


def _nearby(index: DocumentIndex, tags: Sequence[int], cosines: FloatArray) -> FloatArray:
    """Shape (n_labels,)"""
    nearest = _heaviest(cosines)
    weights = _squared(cosines[nearest])
    usual = weights.sum() / _NEAREST
    if usual == 0:
        return np.zeros(index.n_labels, np.float32)
    common = _COMMON * usual
    borne_anyhow = _borne(index, nearest, weights) + common * index.counts / index.n_documents
    n_borne = np.bincount(np.concatenate([index.bearing(tag) for tag in tags]), minlength=index.n_documents)
    bearing = np.flatnonzero(n_borne)
    beside = _squared(cosines[bearing] * (n_borne[bearing] / len(tags)))
    chosen = _heaviest(beside)
    seen = _borne(index, bearing[chosen], beside[chosen])
    expected = beside[chosen].sum() * borne_anyhow / (weights.sum() + common)
    prior = _PRIOR * usual
    logs: FloatArray = np.log((seen + prior) / (expected + prior)).astype(np.float32)
    return logs


def _squared(cosines: FloatArray | Doubles) -> Doubles:
    return np.maximum(cosines, 0.0).astype(np.float64) ** 2


def _heaviest(weights: FloatArray | Doubles) -> IntArray:
    """Places of the 30 highest."""
    if len(weights) <= _NEAREST:
        return np.arange(len(weights))
    found: IntArray = np.argpartition(weights, len(weights) - _NEAREST)[-_NEAREST:]
    return found


def _borne(index: DocumentIndex, documents: IntArray, weights: Doubles) -> Doubles:
    """Weight of the documents that bear each label, shape (n_labels,)."""
    places, lengths = entries_of(index.gold, documents)
    return np.bincount(index.gold.indices[places], np.repeat(weights, lengths), index.n_labels).astype(np.float64)


@dataclass(frozen=True)
class RankedTexts:
    """Texts of dev with all that is known of their pairs."""

    features: Csr  # (n_texts, n_features)
    gold: Csr  # (n_texts, n_labels)
    pairs: LearntPairs
    logits: FloatArray  # (n_pairs,) from trees that did not see the text


def fit_given_tags(index: DocumentIndex, dev: RankedTexts, seed: int) -> GivenTags:
    """By logistic regression on the pairs of texts with two tags or more, up to three of these given one at a time.

    A weight below 0 is none, and the other one is fitted alone.
    """
    several = np.flatnonzero(np.diff(dev.gold.indptr) > 1)
    table = dev.pairs.table
    rng = np.random.default_rng(seed)
    parts = []
    for text in np.sort(rng.permutation(several)[:_MOST_TEXTS]):
        start, end = np.searchsorted(table.rows, [text, text + 1])
        tags = rng.permutation(dev.gold.indices[dev.gold.indptr[text] : dev.gold.indptr[text + 1]])[:_MOST_GIVEN]
        for tag in tags.tolist():
            pairs = np.arange(start, end)[table.labels[start:end] != tag]
            rows = np.zeros(len(pairs), np.int64)
            parts.append((pairs, lifts(index, dev.features[text], rows, table.labels[pairs], [(tag,)]), len(tags)))
    if not parts:
        return GivenTags()
    pairs = np.concatenate([each for each, _, _ in parts])
    weights = dev.pairs.weights[pairs] / np.repeat([n for _, _, n in parts], [len(each) for each, _, _ in parts])
    hits, known = dev.pairs.hits[pairs], weights > 0
    if hits[known].sum() < _FEWEST_HITS or hits[known].all():
        return GivenTags()
    described = np.column_stack([dev.logits[pairs], np.concatenate([found for _, found, _ in parts])])
    return _weighed(described[known], hits[known], weights[known])


def _weighed(described: FloatArray, hits: BoolArray, weights: Doubles) -> GivenTags:
    from sklearn.linear_model import LogisticRegression

    found = np.zeros(2)
    kept = [0, 1]
    while kept:
        columns = described[:, [0, *(1 + place for place in kept)]].astype(np.float64)
        slope, *shares = LogisticRegression(C=_INVERSE_PENALTY).fit(columns, hits, weights).coef_[0].tolist()
        if slope <= 0:
            return GivenTags()
        if min(shares) >= 0:
            found[kept] = np.minimum(np.array(shares) / slope, _LARGEST)
            break
        kept.remove(kept[int(np.argmin(shares))])
    return GivenTags(*found.tolist())
