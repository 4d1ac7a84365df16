"""An older model in a label space that has grown since: tags that it never learnt score lowest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recommender.ml.calibration import Calibration
from recommender.ml.examples import BoolArray, FloatArray, LabelSpace, Text
from recommender.ml.parts import Scorer
from recommender.ml.ranker import Ranker

UNKNOWN_LOGIT = -30.0


@dataclass(frozen=True)
class _WideScorer:
    inner: Scorer
    n_added: int

    def logits(self, texts: Sequence[Text]) -> tuple[FloatArray, BoolArray]:
        known, truncated = self.inner.logits(texts)
        unknown = np.full((len(texts), self.n_added), UNKNOWN_LOGIT, np.float32)
        return np.concatenate([known, unknown], axis=1), truncated

    def word_contributions(self, text: Text, label: int) -> Mapping[str, float]:
        return self.inner.word_contributions(text, label)


def widened(ranker: Ranker, label_space: LabelSpace) -> Ranker:
    """The ranker with the columns of `label_space`, which must begin with its own (they are append-only).

    Raises ValueError where they do not.
    """
    if label_space.tag_ids[: ranker.n_labels] != ranker.label_space.tag_ids:
        raise ValueError(f"the {ranker.n_labels} labels of the ranker are not the first of {label_space.n_labels}")
    n_added = label_space.n_labels - ranker.n_labels
    ones = np.ones(n_added, np.float32)
    old = ranker.calibration
    calibration = Calibration(
        np.concatenate([old.slopes, ones]),
        np.concatenate([old.offsets, 0 * ones]),
        np.concatenate([old.thresholds, ones]),
    )
    return Ranker(
        label_space=label_space,
        recipe=ranker.recipe,
        scorer=_WideScorer(ranker.scorer, n_added),
        calibration=calibration,
        digest=ranker.digest,
    )
