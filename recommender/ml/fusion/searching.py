"""What settings of the regression are worth on dev, measured on a part of the documents."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.fusion.config import RidgeConfig
from recommender.ml.fusion.corpus import Corpus
from recommender.ml.fusion.ridge import fit_ridge
from recommender.ml.highest import top_labels
from recommender.ml.metrics import ndcg_at_k

_FACTORS = (1 / 3, 1.0, 10 / 3)
_DOCUMENTS, _DEV_DOCUMENTS, _LABELS = 4_000, 1_000, 2_000
_K = 5


@dataclass(frozen=True)
class Trial:
    """A penalty, and what the regression alone makes of dev with it."""

    penalty: float
    ndcg: NDArray[np.float64]  # (n_documents,) nDCG@5

    def gain_over(self, other: "Trial") -> tuple[float, float]:
        """Mean difference over the documents and its standard error; an error of 0 with fewer than two documents."""
        differences = self.ndcg - other.ndcg
        error = differences.std(ddof=1) / np.sqrt(len(differences)) if len(differences) > 1 else 0.0
        return float(differences.mean()), float(error)


@dataclass(frozen=True)
class Search:
    """What was tried, in ascending order of the penalty, and the one of it that is taken."""

    trials: Sequence[Trial]
    taken: Trial
    usual: Trial

    @property
    def rows(self) -> list[dict[str, Any]]:
        """For the training report."""
        return [self._row(trial) for trial in self.trials]

    def _row(self, trial: Trial) -> dict[str, Any]:
        gain, error = trial.gain_over(self.usual)
        return {
            "config": {"penalty": trial.penalty},
            "ndcg_at_5": float(trial.ndcg.mean()),
            "gain": gain,
            "standard_error": error,
            "taken": trial is self.taken,
        }


def search_penalty(train: Corpus, dev: Corpus, config: RidgeConfig) -> Search | None:
    """The usual penalty, a third and three times of it on dev, with the regression alone; None where dev bears no tags.

    Another one than the usual is taken only where it ranks dev better by more than a standard error of the paired
    difference: fewer than a few hundred documents cannot tell such settings apart, and what they seem to say does not
    hold for the next ones (after the rule of one standard error, Breiman et al., Classification and Regression Trees,
    1984). At most the 4,000 newest documents (any, without dates) and the 2,000 most used tags are looked at: it is a
    number of documents and not a number of seconds that bounds the search, so that equal data give equal models.
    """
    rows = np.flatnonzero(np.diff(dev.gold.indptr) > 0)[:_DEV_DOCUMENTS]
    if len(rows) == 0:
        return None
    newest, dev = train.rows(np.sort(train.oldest_first[-_DOCUMENTS:])), dev.rows(rows)
    small = replace(config, max_labels=min(_LABELS, config.max_labels))
    trials = [_trial(newest, dev, replace(small, penalty=round(config.penalty * factor, 6))) for factor in _FACTORS]
    usual = trials[_FACTORS.index(1.0)]
    best = max(trials, key=lambda trial: float(trial.ndcg.mean()))
    gain, error = best.gain_over(usual)
    return Search(trials, best if gain > error else usual, usual)


def _trial(train: Corpus, dev: Corpus, config: RidgeConfig) -> Trial:
    ridge = fit_ridge(train, config, lambda _fraction: None)
    scores = (dev.features @ ridge.weights).toarray() + ridge.intercepts
    ranked = ridge.labels[top_labels(scores, _K)]
    return Trial(config.penalty, np.asarray(ndcg_at_k(dev.gold.toarray() > 0, ranked, _K), np.float64))
