"""Trains the fusion: sources on train, trees on documents that the sources did not see, all checked on dev."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.errors import NotEnoughExamples
from recommender.ml.examples import BoolArray, Example, FloatArray, IntArray, label_counts
from recommender.ml.features import FeatureSpace, fit_feature_space
from recommender.ml.fusion.boosting import Boosted, TrainingPairs, boost
from recommender.ml.fusion.config import BoostingConfig
from recommender.ml.fusion.corpus import Corpus, corpus_of, siblings
from recommender.ml.fusion.pairs import Document, PairFeatures, PairTable, as_if_unseen, concatenated
from recommender.ml.fusion.searching import penalty_search
from recommender.ml.fusion.sources import SourceLimits, Sources, fit_sources
from recommender.ml.fusion.sparse_rows import ranks_within, rows_of_bags
from recommender.ml.fusion.tag_side import TagSide, tag_side
from recommender.ml.parts import OnProgress, TrainingTask, tokenised
from recommender.ml.recipes import FusionConfig, feature_limits
from recommender.ml.text import Tokens

_DEV_FOLDS = 3
_HIDDEN_SHARE = 0.15  # of the tags are shown a second time as if they were new
_FIRST_PREFIX = 0.5  # share of the dated documents that the first forward fold learns from
_CHOSEN_SHARE = 0.25  # of the documents, in training, have one tag given
_NDCG_DISCOUNTS = 1.0 / np.log2(np.arange(5) + 2.0)


@dataclass(frozen=True)
class LearntPairs:
    """Pairs of documents that their sources did not see, and what is true of them."""

    table: PairTable
    hits: NDArray[np.bool_]  # (n_pairs,)
    weights: FloatArray  # (n_pairs,) 0 where nobody looked
    n_gold: IntArray  # (n_texts,) right tags, found or not

    def of_texts(self, texts: IntArray) -> "LearntPairs":
        kept = np.isin(self.table.rows, texts)
        return LearntPairs(self.table.of_texts(texts), self.hits[kept], self.weights[kept], self.n_gold[texts])


@dataclass(frozen=True)
class Fitted:
    """All that was fitted, still in memory."""

    space: FeatureSpace
    tags: TagSide
    sources: Sources
    boosted: Boosted
    dev: LearntPairs
    dev_logits: FloatArray  # (n_dev_pairs,) from trees that did not see the document
    dev_siblings: IntArray  # (n_dev_texts,) equal where texts are siblings
    n_crossfitted_pairs: int
    n_trees: int
    penalty: float
    search: list[dict[str, Any]]


class FusionTraining:
    """One training, step by step; every step tells how far it is."""

    def __init__(self, task: TrainingTask) -> None:
        self.task = task
        self.config: FusionConfig = task.config
        self.n_labels = task.label_space.n_labels
        self.used = label_counts([*task.train, *task.dev], self.n_labels) > 0
        self.limits = SourceLimits(
            self.config.ridge, self.config.features_a_document, self._wants_label_trees(), self.config.threads
        )

    def fit(self) -> Fitted:
        """Sources on all of train, trees on cross-fitted train documents and dev."""
        space, tags, corpus, documents = self.prepared(self.task.train)
        dev_tokens = tokenised(self.task.dev, self.config.max_tokens, self._part_of(0.1, 0.1))
        dev_features = rows_of_bags([space.bag_of(tokens) for tokens in dev_tokens], space.n_features)
        dev_corpus = corpus_of(self.task.dev, dev_features, self.n_labels)
        search = self._search(corpus, dev_corpus)
        crossfitted = list(self._crossfitted(space, corpus, documents, tags))
        self._say("fitting sources", 0.5)
        sources = fit_sources(corpus, self.limits, self._part_of(0.5, 0.7))
        dev = self._pairs(PairFeatures(space, sources, tags), self.task.dev, dev_tokens, give_tags=False)
        train = _joined(crossfitted)
        self._say("learning how to weigh", 0.75)
        sibling_of = siblings(dev_corpus)
        n_trees, dev_logits = self._dev_predictions(train, dev, sibling_of)
        self._say("learning how to weigh", 0.92)
        pairs = self.weighed(train, dev)
        if not _both_kinds(pairs):
            raise NotEnoughExamples(
                f"{dev.table.n_texts} dev documents show no right and wrong tags to learn from; tag more documents"
            )
        boosted = self.boosted(pairs, replace(self.config.boosting, n_trees=n_trees))
        n_pairs = 0 if train is None else len(train.hits)
        penalty = self.limits.ridge.penalty
        return Fitted(space, tags, sources, boosted, dev, dev_logits, sibling_of, n_pairs, n_trees, penalty, search)

    def prepared(self, examples: Sequence[Example]) -> tuple[FeatureSpace, TagSide, Corpus, list[Tokens]]:
        """Feature space, tags, matrices and tokens of examples."""
        documents = tokenised(examples, self.config.max_tokens, self._part_of(0.0, 0.1))
        space = fit_feature_space(documents, feature_limits(self.config))
        self._say("weighing words", 0.1)
        features = rows_of_bags([space.bag_of(tokens) for tokens in documents], space.n_features)
        tags = tag_side(self.task.tag_texts_or_ids(), space)
        named = tags.named_in(documents, [example.text for example in examples])
        return space, tags, corpus_of(examples, features, self.n_labels, named), documents

    def _wants_label_trees(self) -> bool:
        chosen = self.config.label_trees
        return self.n_labels > self.config.ridge.max_labels if chosen == "auto" else chosen == "yes"

    def _crossfitted(
        self, space: FeatureSpace, corpus: Corpus, documents: Sequence[Tokens], tags: TagSide
    ) -> Iterator[LearntPairs]:
        enough = sum(bool(example.labels) for example in self.task.dev) >= self.config.enough_dev_documents
        folds = [] if enough else crossfit_folds(corpus, self.config, self.task.seed)
        for number, (seen, unseen) in enumerate(folds):
            start, end = 0.1 + 0.4 * number / len(folds), 0.1 + 0.4 * (number + 1) / len(folds)
            sources = fit_sources(corpus.rows(seen), self.limits, self._part_of(start, end))
            examples = [self.task.train[row] for row in unseen]
            yield self._pairs(PairFeatures(space, sources, tags), examples, [documents[row] for row in unseen])

    def _search(self, corpus: Corpus, dev: Corpus) -> list[dict[str, Any]]:
        """Take the penalty that ranks dev best with the regression alone."""
        if not self.config.search:
            return []
        rows = penalty_search(corpus, dev, self.config.ridge)
        best = max(rows, key=lambda row: float(row["ndcg_at_5"]), default=None)
        if best is not None:
            self.limits = replace(self.limits, ridge=replace(self.limits.ridge, penalty=best["config"]["penalty"]))
        return rows

    def _pairs(
        self, features: PairFeatures, examples: Sequence[Example], tokens: Sequence[Tokens], *, give_tags: bool = True
    ) -> LearntPairs:
        chosen = self._given_tags(examples) if give_tags else [()] * len(examples)
        documents = [
            Document(example.text, each, given) for example, each, given in zip(examples, tokens, chosen, strict=True)
        ]
        table = features.table(documents)
        gold = [frozenset(e.labels).difference(given) for e, given in zip(examples, chosen, strict=True)]
        pairs = list(zip(table.rows.tolist(), table.labels.tolist(), strict=True))
        hits = np.array([label in gold[row] for row, label in pairs], np.bool_)
        weights = [
            1.0 if hit else examples[row].label_weights.get(label, examples[row].unlabelled_weight)
            for hit, (row, label) in zip(hits.tolist(), pairs, strict=True)
        ]
        n_gold = np.array([len(labels) for labels in gold], np.int64)
        looked_at = self.used[table.labels]  # that nobody used a tag yet is no evidence against it
        return LearntPairs(table, hits, np.where(looked_at, weights, 0.0).astype(np.float32), n_gold)

    def _given_tags(self, examples: Sequence[Example]) -> list[tuple[int, ...]]:
        """One of the right tags is given for some documents, so that the trees learn what it says of the others."""
        if self.task.label_space.selection_mode == "one":
            return [()] * len(examples)
        rng = np.random.default_rng(self.task.seed)
        return [
            (int(rng.choice(e.labels)),) if len(e.labels) > 1 and rng.random() < _CHOSEN_SHARE else () for e in examples
        ]

    def _dev_predictions(
        self, train: LearntPairs | None, dev: LearntPairs, sibling_of: IntArray
    ) -> tuple[int, FloatArray]:
        """How many trees are best, and logits of dev from trees that never saw the document."""
        folds = _folds(sibling_of, _DEV_FOLDS, self.task.seed)
        staged: list[tuple[NDArray[np.bool_], list[FloatArray]]] = []
        for number, held_out in enumerate(folds):
            self._say("learning how to weigh", 0.75 + 0.17 * number / len(folds))
            rest = np.setdiff1d(np.arange(dev.table.n_texts), held_out)
            pairs = self.weighed(train, dev.of_texts(rest))
            mine = np.isin(dev.table.rows, held_out)
            if not mine.any() or not _both_kinds(pairs):
                continue
            boosted = self.boosted(pairs, self.config.boosting)
            staged.append((mine, boosted.staged_logits(dev.table.features[mine])))
        return _best_stage(staged, dev, self.config.boosting)

    def boosted(self, pairs: TrainingPairs, config: BoostingConfig) -> Boosted:
        """Trees with the training's seed and threads."""
        return boost(pairs, config, seed=self.task.seed, threads=self.config.threads)

    def weighed(self, train: LearntPairs | None, dev: LearntPairs) -> TrainingPairs:
        """Dev counts more a pair: its sources are those that serve. Some tags are shown as if they were new, too."""
        own = [(dev, self.config.dev_weight), (self._as_unseen(dev), self.config.dev_weight)]
        if train is not None:
            own += [(train, 1.0), (self._as_unseen(train), 1.0)]
        known = [part.weights > 0 for part, _ in own]
        return TrainingPairs(
            np.concatenate([part.table.features[k] for (part, _), k in zip(own, known, strict=True)]),
            np.concatenate([part.hits[k] for (part, _), k in zip(own, known, strict=True)]),
            np.concatenate([part.weights[k] * np.float32(w) for (part, w), k in zip(own, known, strict=True)]),
        )

    def _as_unseen(self, pairs: LearntPairs) -> LearntPairs:
        """Pairs of some tags once more, as they would be if no document had ever borne the tag."""
        hidden = np.random.default_rng(self.task.seed).random(self.n_labels) < _HIDDEN_SHARE
        features, places = as_if_unseen(pairs.table, hidden)
        table = PairTable(pairs.table.n_texts, pairs.table.rows[places], pairs.table.labels[places], features)
        return LearntPairs(table, pairs.hits[places], pairs.weights[places], pairs.n_gold)

    def _say(self, stage: str, fraction: float) -> None:
        self.task.on_progress(stage, fraction)

    def _part_of(self, start: float, end: float) -> OnProgress:
        return lambda stage, fraction: self.task.on_progress(stage, start + (end - start) * fraction)


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


def _joined(parts: Sequence[LearntPairs]) -> LearntPairs | None:
    if not parts:
        return None
    return LearntPairs(
        concatenated([part.table for part in parts]),
        np.concatenate([part.hits for part in parts]),
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.n_gold for part in parts]),
    )


def _folds(sibling_of: IntArray, n_folds: int, seed: int) -> list[IntArray]:
    """Rows of each fold, siblings together."""
    n_groups = int(sibling_of.max(initial=-1)) + 1
    fold_of = (np.random.default_rng(seed).permutation(n_groups) % n_folds)[sibling_of]
    return [np.flatnonzero(fold_of == fold) for fold in range(n_folds)]


def _both_kinds(pairs: TrainingPairs) -> bool:
    return bool(pairs.hits.any() and not pairs.hits.all())


def _best_stage(
    staged: Sequence[tuple[BoolArray, Sequence[FloatArray]]], dev: LearntPairs, config: BoostingConfig
) -> tuple[int, FloatArray]:
    """The number of trees with the lowest log loss on dev (at least a tenth of all), and dev's logits with it."""
    logits = np.zeros(len(dev.hits), np.float32)
    if not staged:
        return config.n_trees, logits
    losses = np.zeros(config.n_trees)
    for mine, stages in staged:
        for stage, each in enumerate(stages):
            losses[stage] += _log_loss(each, dev.hits[mine], dev.weights[mine])
    first = config.n_trees // 10
    best = first + int(np.argmin(losses[first:]))
    for mine, stages in staged:
        logits[mine] = stages[best]
    return best + 1, logits


def _log_loss(logits: FloatArray, hits: BoolArray, weights: FloatArray) -> float:
    signed = np.where(hits, -logits, logits).astype(np.float64)
    return float((weights * np.logaddexp(0.0, signed)).sum())


def ndcg_at_5(pairs: LearntPairs, logits: FloatArray) -> float:
    """Mean nDCG@5 over the texts with a right tag (Järvelin and Kekäläinen, 2002)."""
    ranks = ranks_within(pairs.table.rows, logits)
    counted = pairs.hits & (ranks < len(_NDCG_DISCOUNTS))
    gained = np.bincount(pairs.table.rows[counted], _NDCG_DISCOUNTS[ranks[counted]], pairs.table.n_texts)
    labelled = pairs.n_gold > 0
    ideal = np.cumsum(_NDCG_DISCOUNTS)[np.minimum(pairs.n_gold[labelled], len(_NDCG_DISCOUNTS)) - 1]
    return float((gained[labelled] / ideal).mean()) if labelled.any() else float("nan")
