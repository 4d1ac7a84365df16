"""A loaded ranker beside its vocabulary as it stands now: new tags join by their texts, retired ones are left out."""

import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np

from recommender import ml
from recommender.ml.examples import BoolArray
from recommender.ml.exclusion import excluded_by
from recommender.ml.text import tokenise
from recommender.tag_texts import exclusive_groups, tag_text
from tagplatform.taxonomy.snapshot import TagEntry, VocabularySnapshot

NEW_TAGS_PUT_IN = 2
_SEARCHED_WORDS = 2000
_WHOLE_NAME = 0.999  # of its letters: neither a facet's value alone nor a heading without its qualifier


@dataclass(frozen=True)
class PresentRanker:
    """Labels 0 … n_learnt - 1 were learnt in training; the ranker knows those behind them by name and text alone."""

    ranker: ml.Ranker
    snapshot: VocabularySnapshot
    n_learnt: int
    tag_ids: Sequence[uuid.UUID]
    label_by_tag_id: Mapping[uuid.UUID, int]

    @classmethod
    def of(cls, ranker: ml.Ranker, snapshot: VocabularySnapshot, *, n_learnt: int) -> "PresentRanker":
        ranker = ranker.with_exclusive_groups(exclusive_groups(ranker.label_space.tag_ids, snapshot))
        tag_ids = [uuid.UUID(tag_id) for tag_id in ranker.label_space.tag_ids]
        return cls(ranker, snapshot, n_learnt, tag_ids, {tag_id: label for label, tag_id in enumerate(tag_ids)})

    @cached_property
    def recommendable(self) -> BoolArray:
        """Which labels an answer may contain now, shape (n_labels,): a retired tag is gone at once."""
        tags = (self.snapshot.tags.get(tag_id) for tag_id in self.tag_ids)
        return np.fromiter((tag is not None and tag.recommendable for tag in tags), bool, len(self.tag_ids))

    def rank(
        self,
        text: ml.Text,
        *,
        limit: int,
        allowed: BoolArray,
        chosen: Sequence[int],
        offsets: Mapping[int, float] = MappingProxyType({}),
    ) -> ml.Ranking:
        """At most `limit` of the allowed labels, surest first, after `offsets` were added to calibrated logits.

        New tags whose names stand in the text are among them, the surest ones in the last places if need be: a model
        that has met none of their documents may think too little of them.
        """
        ranker = _moved(self.ranker, offsets) if offsets else self.ranker
        ranking = ranker.rank([text], limit=limit, allowed=allowed, chosen=[chosen])[0]
        taken = excluded_by([*ranking.labels.tolist(), *chosen], self.ranker.label_space)
        missing = [label for label in self._named(text, allowed) if not taken[label]]
        n_places = min(len(missing), NEW_TAGS_PUT_IN, limit - 1)
        if n_places <= 0:
            return ranking
        among_missing = np.zeros(len(allowed), bool)
        among_missing[missing] = True
        new = ranker.rank([text], limit=n_places, allowed=among_missing, chosen=[chosen])[0]
        return _joined(ranking, new, limit)

    def _named(self, text: ml.Text, allowed: BoolArray) -> list[int]:
        """Allowed labels behind the learnt ones with a name in the text."""
        if not allowed[self.n_learnt :].any():
            return []
        found = self._new_names.matches(tokenise(text, max_tokens=_SEARCHED_WORDS), text)
        whole = (found.n_in_title + found.n_in_body > 0) & (found.share >= _WHOLE_NAME)
        labels = self.n_learnt + found.labels[whole]
        return [int(label) for label in labels if allowed[label]]

    @cached_property
    def _new_names(self) -> ml.LexicalIndex:
        """Names of the labels behind the learnt ones; those of a tag that is gone are empty."""
        tags = (self.snapshot.tags.get(tag_id) for tag_id in self.tag_ids[self.n_learnt :])
        return ml.LexicalIndex.build([ml.TagText("") if tag is None else tag_text(tag) for tag in tags])

    def beside(self, tag_ids: Sequence[uuid.UUID]) -> BoolArray:
        """Labels of facets that allow one tag and have it in these, known to the ranker or not; shape (n_labels,)."""
        chosen = [self.snapshot.tags[tag_id] for tag_id in tag_ids if tag_id in self.snapshot.tags]
        full = {tag.exclusive_facet for tag in chosen} - {None}
        if not full:
            return np.zeros(len(self.tag_ids), bool)
        tags = (self.snapshot.tags.get(tag_id) for tag_id in self.tag_ids)
        return np.fromiter((tag is not None and tag.exclusive_facet in full for tag in tags), bool, len(self.tag_ids))

    def tag(self, label: int) -> TagEntry:
        return self.snapshot.tags[self.tag_ids[label]]

    def labels_of(self, tag_ids: Iterable[uuid.UUID]) -> list[int]:
        """Of those tags that the ranker knows."""
        return [self.label_by_tag_id[tag_id] for tag_id in tag_ids if tag_id in self.label_by_tag_id]


def _moved(ranker: ml.Ranker, offsets: Mapping[int, float]) -> ml.Ranker:
    """The same model with some calibrated logits moved."""
    moved = ranker.calibration.offsets.copy()
    moved[list(offsets)] += np.fromiter(offsets.values(), np.float32, len(offsets))
    return ml.Ranker(
        label_space=ranker.label_space,
        recipe=ranker.recipe,
        scorer=ranker.scorer,
        calibration=replace(ranker.calibration, offsets=moved),
        digest=ranker.digest,
    )


def _joined(ranking: ml.Ranking, new: ml.Ranking, limit: int) -> ml.Ranking:
    """The new labels behind as many of the others as the limit leaves room for."""
    n_kept = min(len(ranking.labels), limit - len(new.labels))
    return ml.Ranking(
        np.concatenate([ranking.labels[:n_kept], new.labels]),
        np.concatenate([ranking.logits[:n_kept], new.logits]),
        np.concatenate([ranking.probabilities[:n_kept], new.probabilities]),
        np.concatenate([ranking.above_threshold[:n_kept], new.above_threshold]),
        ranking.truncated,
    )


class RankerInVocabulary:
    """Widens one ranker once for each version of the vocabulary; safe between threads.

    Only a change of the tags that came after training, or of their texts, costs more than a look at every tag.
    """

    def __init__(self, learnt: ml.Ranker) -> None:
        self._learnt = learnt
        self._learnt_ids = frozenset(learnt.label_space.tag_ids)
        self._added: dict[str, ml.TagText] = {}
        self._present: PresentRanker | None = None
        self._renewal = threading.Lock()

    def at(self, snapshot: VocabularySnapshot) -> PresentRanker:
        """The ranker for the vocabulary as the snapshot has it."""
        present = self._present
        if present is None or present.snapshot is not snapshot:
            with self._renewal:
                present = self._present
                if present is None or present.snapshot is not snapshot:
                    self._present = present = self._renewed(present, snapshot)
        return present

    def _renewed(self, before: PresentRanker | None, snapshot: VocabularySnapshot) -> PresentRanker:
        added = self._added_tags(snapshot)
        if before is not None and added == self._added:
            return PresentRanker.of(before.ranker, snapshot, n_learnt=before.n_learnt)
        self._added = added
        return PresentRanker.of(_widened(self._learnt, added), snapshot, n_learnt=self._learnt.n_labels)

    def _added_tags(self, snapshot: VocabularySnapshot) -> dict[str, ml.TagText]:
        """What came after training, by id, oldest first; nothing where the ranker does not read texts."""
        if not isinstance(self._learnt.scorer, ml.ReadsTagTexts):
            return {}
        added = (tag for tag in snapshot.tags.values() if tag.recommendable and str(tag.id) not in self._learnt_ids)
        return {str(tag.id): tag_text(tag) for tag in sorted(added, key=lambda tag: tag.id)}


def _widened(learnt: ml.Ranker, added: Mapping[str, ml.TagText]) -> ml.Ranker:
    if not added:
        return learnt
    return ml.widened(learnt, learnt.label_space.extended(list(added)), list(added.values()))
