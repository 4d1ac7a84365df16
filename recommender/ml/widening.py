"""An older model in a label space that has grown since: tags that it never learnt score lowest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from recommender.ml.calibration import Calibration
from recommender.ml.examples import BoolArray, FloatArray, LabelSpace, Text
from recommender.ml.parts import Scorer
from recommender.ml.ranker import Ranker
from recommender.ml.tag_texts import TagText

UNKNOWN_LOGIT = -30.0


@dataclass(frozen=True)
class _WideScorer:
    inner: Scorer
    n_known: int
    n_added: int

    def logits(self, texts: Sequence[Text], chosen: Sequence[Iterable[int]] = ()) -> tuple[FloatArray, BoolArray]:
        known, truncated = self.inner.logits(texts, [self._known(labels) for labels in chosen])
        unknown = np.full((len(texts), self.n_added), UNKNOWN_LOGIT, np.float32)
        return np.concatenate([known, unknown], axis=1), truncated

    def _known(self, labels: Iterable[int]) -> list[int]:
        return [label for label in labels if label < self.n_known]

    def word_contributions(self, text: Text, label: int) -> Mapping[str, float]:
        return self.inner.word_contributions(text, label)


@runtime_checkable
class ReadsTagTexts(Protocol):
    """A scorer that suggests tags from their texts, without a single document."""

    def with_tags(self, tag_texts: Sequence[TagText]) -> Scorer: ...


def widened(ranker: Ranker, label_space: LabelSpace, tag_texts: Sequence[TagText] = ()) -> Ranker:
    """The ranker with the columns of `label_space`, which must begin with its own (they are append-only).

    `tag_texts` are those of the added tags: a model that reads them suggests these tags at once; without them, and by
    other models, they are ranked last. Raises ValueError where the columns do not fit.
    """
    if label_space.tag_ids[: ranker.n_labels] != ranker.label_space.tag_ids:
        raise ValueError(f"the {ranker.n_labels} labels of the ranker are not the first of {label_space.n_labels}")
    n_added = label_space.n_labels - ranker.n_labels
    old = ranker.calibration
    reads_texts = bool(tag_texts) and isinstance(ranker.scorer, ReadsTagTexts)
    calibration = Calibration(
        _extended(old.slopes, n_added, float(np.median(old.slopes)) if reads_texts and len(old.slopes) else 1.0),
        _extended(old.offsets, n_added, float(np.median(old.offsets)) if reads_texts and len(old.offsets) else 0.0),
        _extended(old.thresholds, n_added, float(np.median(old.thresholds)) if reads_texts else 1.0),
    )
    return Ranker(
        label_space=label_space,
        recipe=ranker.recipe,
        scorer=_wide_scorer(ranker.scorer, ranker.n_labels, n_added, tag_texts),
        calibration=calibration,
        digest=ranker.digest,
    )


def _wide_scorer(scorer: Scorer, n_known: int, n_added: int, tag_texts: Sequence[TagText]) -> Scorer:
    if not tag_texts or not isinstance(scorer, ReadsTagTexts):
        return _WideScorer(scorer, n_known, n_added)
    if len(tag_texts) != n_added:
        raise ValueError(f"{len(tag_texts)} tag texts for {n_added} added labels")
    return scorer.with_tags(tag_texts)


def _extended(values: FloatArray, n_added: int, value: float) -> FloatArray:
    return np.concatenate([values, np.full(n_added, value, np.float32)])
