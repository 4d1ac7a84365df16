"""Which documents are learnt from and which are predicted, so that no pair comes from sources that saw its text."""

import itertools

import numpy as np

from recommender.ml.configs import FusionConfig
from recommender.ml.examples import IntArray
from recommender.ml.fusion.corpus import Corpus, siblings

_FIRST_PREFIX = 0.5  # share of the dated documents that the first forward fold learns from


def crossfit_folds(corpus: Corpus, config: FusionConfig, seed: int) -> list[tuple[IntArray, IntArray]]:
    """(rows to learn from, rows to predict): forward in time where there are dates, else folds of whole groups.

    Forward folds mimic what serving meets: tags come and go, and the model knows only the past.
    """
    n, n_folds = corpus.n_documents, config.crossfit_folds
    if n_folds == 0 or n < 4 * n_folds:
        return []
    if corpus.dated:
        edges = np.linspace(_FIRST_PREFIX, 1.0, n_folds + 1) * n
        order = corpus.oldest_first
        folds = [(order[: int(a)], order[int(a) : int(b)]) for a, b in itertools.pairwise(edges)]
    else:
        sibling_of = siblings(corpus)
        fold_of = np.random.default_rng(seed).integers(0, n_folds, sibling_of.max() + 1)[sibling_of]
        folds = [(np.flatnonzero(fold_of != k), np.flatnonzero(fold_of == k)) for k in range(n_folds)]
    return _affordable([(seen, unseen) for seen, unseen in folds if len(seen) and len(unseen)], config, seed)


def sibling_folds(sibling_of: IntArray, nsibling_folds: int, seed: int) -> list[IntArray]:
    """Rows of each fold, texts with equal `sibling_of` (n_texts,) together."""
    n_groups = int(sibling_of.max(initial=-1)) + 1
    fold_of = (np.random.default_rng(seed).permutation(n_groups) % nsibling_folds)[sibling_of]
    return [np.flatnonzero(fold_of == fold) for fold in range(nsibling_folds)]


def _affordable(
    folds: list[tuple[IntArray, IntArray]], config: FusionConfig, seed: int
) -> list[tuple[IntArray, IntArray]]:
    """Large corpora have enough with few folds and some documents of each, the last (newest) ones first."""
    if not folds:
        return []
    n_documents = len(folds[-1][0]) + len(folds[-1][1])
    n_kept = int(np.clip(config.crossfit_documents / max(n_documents, 1) * len(folds), 1, len(folds)))
    quota = -(-config.crossfit_documents // n_kept)
    rng = np.random.default_rng(seed)
    return [
        (seen, unseen if len(unseen) <= quota else np.sort(rng.choice(unseen, quota, replace=False)))
        for seen, unseen in folds[-n_kept:]
    ]
