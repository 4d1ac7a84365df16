"""Trains the fusion: sources on train, trees on documents that the sources did not see, all checked on dev."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.ml.configs import FusionConfig, feature_limits
from recommender.ml.errors import NotEnoughExamples
from recommender.ml.examples import BoolArray, Example, FloatArray, IntArray, label_counts
from recommender.ml.features import FeatureSpace, fit_feature_space
from recommender.ml.fusion.blending import Blend, fit_blend
from recommender.ml.fusion.boosting import Boosted, TrainingPairs, boost
from recommender.ml.fusion.calibrating import JudgedPairs, recency_weights, sureness
from recommender.ml.fusion.config import BoostingConfig
from recommender.ml.fusion.corpus import Corpus, corpus_of, siblings
from recommender.ml.fusion.crossfitting import crossfit_folds, sibling_folds
from recommender.ml.fusion.given_tags import GivenTags, RankedTexts, fit_given_tags
from recommender.ml.fusion.learnt_pairs import LearntPairs, best_stage, joined_pairs
from recommender.ml.fusion.network_source import NetworkReader, fit_network, network_reason
from recommender.ml.fusion.pair_table import Document, PairTable
from recommender.ml.fusion.pairs import PairFeatures
from recommender.ml.fusion.readers import reader_trainings
from recommender.ml.fusion.scores import Reader
from recommender.ml.fusion.searching import search_penalty
from recommender.ml.fusion.sources import SourceLimits, Sources, fit_sources
from recommender.ml.fusion.sparse_rows import rows_of
from recommender.ml.fusion.tag_side import TagSide, tag_side
from recommender.ml.parts import ModelParts, OnProgress, TrainingTask, tokenised
from recommender.ml.text import Tokens

_DEV_FOLDS = 3
_HIDDEN_SHARE = 0.15  # of the tags are shown a second time as if they were new
_SMALLEST_WEIGHT_BESIDE_NETWORK = 0.03  # of the regression: a third of its size, on debtags 0.0007 of its nDCG@5


@dataclass(frozen=True)
class Fitted:
    """All that was fitted, still in memory."""

    space: FeatureSpace
    tags: TagSide
    sources: Sources
    network: ModelParts | None
    readers: tuple[Reader, ...]  # beside the network
    boosted: Boosted
    blend: Blend
    given: GivenTags
    dev: LearntPairs
    dev_logits: FloatArray  # (n_dev_pairs,) from trees that did not see the document
    dev_siblings: IntArray  # (n_dev_texts,) equal where texts are siblings
    judged: JudgedPairs  # those of dev that somebody looked at
    n_crossfitted_pairs: int
    n_trees: int
    penalty: float
    search: list[dict[str, Any]]


class FusionTraining:
    """One training, step by step; every step tells how far it is."""

    def __init__(self, task: TrainingTask, fitted: ModelParts | None = None) -> None:
        self.task = task
        self.reader_trainings = reader_trainings(task, fitted)
        self.config: FusionConfig = task.config
        self.n_labels = task.label_space.n_labels
        self.used = label_counts([*task.train, *task.dev], self.n_labels) > 0
        self.without_network = network_reason(
            self.config,
            n_dev_documents=_n_labelled(task.dev),
            n_used_labels=int((label_counts(task.train, self.n_labels) > 0).sum()),
        )
        ridge = self.config.ridge
        if self.without_network is None:
            ridge = replace(ridge, smallest_weight=max(ridge.smallest_weight, _SMALLEST_WEIGHT_BESIDE_NETWORK))
        self.limits = SourceLimits(ridge, self.config.features_a_document, self._wants_label_trees(), self.task.seed)

    def fit(self) -> Fitted:
        """Sources on all of train, trees on cross-fitted train documents and dev."""
        space, tags, corpus, documents = self.prepared(self.task.train)
        dev_tokens = tokenised(self.task.dev, self.config.max_tokens, self._part_of(0.1, 0.1))
        dev_features = rows_of(space, dev_tokens)
        dev_corpus = corpus_of(self.task.dev, dev_features, self.n_labels)
        search = self._search(corpus, dev_corpus)
        network = fit_network(self.task, self._part_of(0.1, 0.5)) if self.without_network is None else None
        crossfitted = list(self._crossfitted(space, corpus, documents, tags))
        self._say("fitting sources", 0.5)
        sources = fit_sources(corpus, self.limits, self._part_of(0.5, 0.65))
        readers = self.fitted_readers(self.task.train, corpus, self._part_of(0.65, 0.7))
        features = PairFeatures(space, sources, tags, (*self._readers(network), *readers))
        dev = self._pairs(features, self.task.dev, dev_tokens)
        train = joined_pairs(crossfitted)
        self._say("learning how to weigh", 0.75)
        sibling_of = siblings(dev_corpus)
        n_trees, of_trees = self._dev_predictions(train, dev, sibling_of)
        blend = fit_blend(of_trees, dev.table.features, dev.hits, dev.weights)
        dev_logits = blend.logits(of_trees, dev.table.features)
        self._say("learning how to weigh", 0.92)
        given = self._given_tags(sources, RankedTexts(dev_features, dev_corpus.gold, dev, dev_logits))
        pairs = self.weighed(train, dev)
        if not pairs.has_both_kinds:
            raise NotEnoughExamples(
                f"{dev.table.n_texts} dev documents show no right and wrong tags to learn from; tag more documents"
            )
        boosted = self.boosted(pairs, replace(self.config.boosting, n_trees=n_trees))
        n_pairs = 0 if train is None else len(train.hits)
        penalty = self.limits.ridge.penalty
        judged = self._judged(dev.table, dev_logits, dev.hits, recency_weights(dev_corpus.ages))
        known = (space, tags, sources, network, readers, boosted, blend, given)
        return Fitted(*known, dev, dev_logits, sibling_of, judged, n_pairs, n_trees, penalty, search)

    def fitted_readers(
        self, examples: Sequence[Example], corpus: Corpus, on_progress: OnProgress
    ) -> tuple[Reader, ...]:
        """Those that the settings ask for, fitted on the examples of the corpus."""
        return tuple(each.fit(examples, corpus, on_progress) for each in self.reader_trainings)

    def prepared(self, examples: Sequence[Example]) -> tuple[FeatureSpace, TagSide, Corpus, list[Tokens]]:
        """Feature space, tags, matrices and tokens of examples."""
        documents = tokenised(examples, self.config.max_tokens, self._part_of(0.0, 0.1))
        space = fit_feature_space(documents, feature_limits(self.config))
        self._say("weighing words", 0.1)
        features = rows_of(space, documents)
        tags = tag_side(self.task.tag_texts_or_ids(), space)
        named = tags.named_in(documents, [example.text for example in examples])
        return space, tags, corpus_of(examples, features, self.n_labels, named), documents

    def _readers(self, network: ModelParts | None) -> tuple[Reader, ...]:
        reader = network and NetworkReader.of_parts(network, self.n_labels, self.config.threads)
        return (reader,) if reader else ()

    def _wants_label_trees(self) -> bool:
        chosen = self.config.label_trees
        return self.n_labels > self.config.ridge.max_labels if chosen == "auto" else chosen == "yes"

    def _crossfitted(
        self, space: FeatureSpace, corpus: Corpus, documents: Sequence[Tokens], tags: TagSide
    ) -> Iterator[LearntPairs]:
        enough = _n_labelled(self.task.dev) >= self.config.enough_dev_documents
        folds = [] if enough or self.without_network is None else crossfit_folds(corpus, self.config, self.task.seed)
        for number, (seen, unseen) in enumerate(folds):
            start, end = 0.1 + 0.4 * number / len(folds), 0.1 + 0.4 * (number + 1) / len(folds)
            known = corpus.rows(seen)
            sources = fit_sources(known, self.limits, self._part_of(start, end))
            readers = self.fitted_readers([self.task.train[row] for row in seen], known, self._part_of(end, end))
            examples = [self.task.train[row] for row in unseen]
            features = PairFeatures(space, sources, tags, readers)
            yield self._pairs(features, examples, [documents[row] for row in unseen])

    def _search(self, corpus: Corpus, dev: Corpus) -> list[dict[str, Any]]:
        """Take the penalty that ranks dev best with the regression alone, where dev can tell; what was tried."""
        search = search_penalty(corpus, dev, self.limits.ridge) if self.config.search else None
        if search is None:
            return []
        self.limits = replace(self.limits, ridge=replace(self.limits.ridge, penalty=search.taken.penalty))
        return search.rows

    def _pairs(self, features: PairFeatures, examples: Sequence[Example], tokens: Sequence[Tokens]) -> LearntPairs:
        table = features.table([Document(e.text, each) for e, each in zip(examples, tokens, strict=True)])
        gold = [frozenset(example.labels) for example in examples]
        pairs = list(zip(table.rows.tolist(), table.labels.tolist(), strict=True))
        hits = np.array([label in gold[row] for row, label in pairs], np.bool_)
        weights = [examples[row].weight_of(label) for row, label in pairs]
        n_gold = np.array([len(labels) for labels in gold], np.int64)
        looked_at = self.used[table.labels]  # that nobody used a tag yet is no evidence against it
        return LearntPairs(table, hits, np.where(looked_at, weights, 0.0).astype(np.float32), n_gold)

    def _given_tags(self, sources: Sources, dev: RankedTexts) -> GivenTags:
        if self.task.label_space.selection_mode == "one":
            return GivenTags()
        return fit_given_tags(sources.index, dev, self.task.seed)

    def _dev_predictions(
        self, train: LearntPairs | None, dev: LearntPairs, sibling_of: IntArray
    ) -> tuple[int, FloatArray]:
        """How many trees are best, and logits of dev from trees that never saw the document."""
        folds = sibling_folds(sibling_of, _DEV_FOLDS, self.task.seed)
        staged: list[tuple[NDArray[np.bool_], list[FloatArray]]] = []
        for number, held_out in enumerate(folds):
            self._say("learning how to weigh", 0.75 + 0.17 * number / len(folds))
            rest = np.setdiff1d(np.arange(dev.table.n_texts), held_out)
            pairs = self.weighed(train, dev.of_texts(rest))
            mine = np.isin(dev.table.rows, held_out)
            if not mine.any() or not pairs.has_both_kinds:
                continue
            boosted = self.boosted(pairs, self.config.boosting)
            staged.append((mine, boosted.staged_logits(dev.table.features[mine])))
        return best_stage(staged, dev, self.config.boosting)

    def _judged(self, table: PairTable, logits: FloatArray, hits: BoolArray, weights: FloatArray) -> JudgedPairs:
        """Pairs of dev, those of tags included that nobody has used yet; `weights` has one for each text."""
        surely = sureness(self.task.dev, table.rows, table.labels, hits)
        is_new = label_counts(self.task.train, self.n_labels) == 0
        judged = JudgedPairs(table.rows, table.labels, logits, hits, weights[table.rows] * surely, is_new)
        return judged.where(surely > 0)

    def boosted(self, pairs: TrainingPairs, config: BoostingConfig) -> Boosted:
        """Trees with the training's seed and threads."""
        return boost(pairs, config, seed=self.task.seed, threads=self.config.threads)

    def weighed(self, train: LearntPairs | None, dev: LearntPairs) -> TrainingPairs:
        """Dev counts more a pair: its sources are those that serve. Some tags are shown as if they were new, too."""
        hidden = np.random.default_rng(self.task.seed).random(self.n_labels) < _HIDDEN_SHARE
        own = [(dev, self.config.dev_weight), (dev.as_if_unseen(hidden), self.config.dev_weight)]
        if train is not None:
            own += [(train, 1.0), (train.as_if_unseen(hidden), 1.0)]
        known = [part.weights > 0 for part, _ in own]
        return TrainingPairs(
            np.concatenate([part.table.features[k] for (part, _), k in zip(own, known, strict=True)]),
            np.concatenate([part.hits[k] for (part, _), k in zip(own, known, strict=True)]),
            np.concatenate([part.weights[k] * np.float32(w) for (part, w), k in zip(own, known, strict=True)]),
        )

    def _say(self, stage: str, fraction: float) -> None:
        self.task.on_progress(stage, fraction)

    def _part_of(self, start: float, end: float) -> OnProgress:
        return lambda stage, fraction: self.task.on_progress(stage, start + (end - start) * fraction)


def _n_labelled(examples: Sequence[Example]) -> int:
    return sum(bool(example.labels) for example in examples)
