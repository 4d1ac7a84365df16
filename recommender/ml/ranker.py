"""A model that serves: texts in, rankings with calibrated probabilities out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from recommender.ml.calibration import Calibration
from recommender.ml.examples import BoolArray, FloatArray, IntArray, LabelSpace, Text
from recommender.ml.exclusion import coupled, excluded_by, without_rivals
from recommender.ml.highest import top_labels
from recommender.ml.parts import Scorer, SimilarDocument
from recommender.ml.spans import Evidence, located

_BATCH = 256


@dataclass(frozen=True)
class Ranking:
    """The best labels of one text, surest first; all arrays of shape (n_ranked,)."""

    labels: IntArray
    logits: FloatArray
    probabilities: FloatArray
    above_threshold: BoolArray
    truncated: bool


@runtime_checkable
class KeepsDocuments(Protocol):
    """A scorer that remembers the documents it learnt from."""

    def similar_documents(self, text: Text, label: int, limit: int) -> list[SimilarDocument]: ...


@runtime_checkable
class HasTagVectors(Protocol):
    """A scorer that has a place in some space for each tag (None: this bundle has none)."""

    def tag_vectors(self) -> FloatArray | None: ...


class Ranker:
    """Ranks the tags of a label space; safe to share between threads, it keeps no state of a call."""

    def __init__(
        self, *, label_space: LabelSpace, recipe: str, scorer: Scorer, calibration: Calibration, digest: str = ""
    ) -> None:
        self.label_space = label_space
        self.recipe = recipe
        self.digest = digest
        self.calibration = calibration
        self.scorer = scorer

    @property
    def n_labels(self) -> int:
        return self.label_space.n_labels

    def rank(
        self,
        texts: Sequence[Text],
        *,
        limit: int,
        allowed: BoolArray | None = None,
        chosen: Sequence[Iterable[int]] = (),
    ) -> list[Ranking]:
        """At most `limit` labels a text, in order of calibrated logit.

        `allowed` (n_labels,) leaves labels out everywhere; `chosen` has the labels already taken, one
        collection a text (or is empty). Of labels that exclude each other the best one alone is ranked, and none
        where one of them is chosen.
        """
        if chosen and len(chosen) != len(texts):
            raise ValueError(f"{len(texts)} texts, but chosen labels for {len(chosen)}")
        if allowed is not None and allowed.shape != (self.n_labels,):
            raise ValueError(f"{self.n_labels} labels, but allowed has shape {allowed.shape}")
        logits, truncated = self.scorer.logits(texts, [tuple(labels) for labels in chosen])
        rankings = []
        for row in range(len(texts)):
            open_labels = np.ones(self.n_labels, np.bool_) if allowed is None else allowed.copy()
            if chosen:
                open_labels &= ~excluded_by(chosen[row], self.label_space)
            rankings.append(self._ranking(logits[row], open_labels, limit, bool(truncated[row])))
        return rankings

    def probabilities(self, texts: Sequence[Text]) -> FloatArray:
        """Calibrated probabilities of every label, shape (n_texts, n_labels)."""
        return self.calibrated(self.logits(texts))

    def calibrated(self, logits: FloatArray) -> FloatArray:
        """Probabilities of raw output, those of labels that exclude each other adding up to one at most.

        Shape (n_texts, n_labels) in and out.
        """
        alone = self.calibration.probabilities(logits, self.label_space.selection_mode)
        return coupled(alone, self.label_space)

    def with_exclusive_groups(self, groups: Sequence[tuple[int, ...]]) -> "Ranker":
        """The same model, of whose labels these exclude each other."""
        if tuple(groups) == self.label_space.exclusive_groups:
            return self
        return Ranker(
            label_space=replace(self.label_space, exclusive_groups=tuple(groups)),
            recipe=self.recipe,
            scorer=self.scorer,
            calibration=self.calibration,
            digest=self.digest,
        )

    def logits(self, texts: Sequence[Text]) -> FloatArray:
        """Raw model output, shape (n_texts, n_labels)."""
        parts = [self.scorer.logits(texts[start : start + _BATCH])[0] for start in range(0, len(texts), _BATCH)]
        return np.concatenate(parts) if parts else np.empty((0, self.n_labels), np.float32)

    def explain(self, text: Text, label: int, limit: int = 5) -> list[Evidence]:
        """The words that lift the label's logit most, in raw character offsets; only helping words."""
        contributions = self.scorer.word_contributions(text, label)
        evidence: list[Evidence] = []
        for token, contribution in sorted(contributions.items(), key=lambda entry: (-entry[1], entry[0])):
            if contribution <= 0 or len(evidence) == limit:
                break
            found = located(text, token, contribution)
            if found is not None:
                evidence.append(found)
        return evidence

    def similar_documents(self, text: Text, label: int, limit: int = 3) -> list[SimilarDocument]:
        """Training documents with the label that are nearest to the text; none where the model keeps no documents."""
        if not isinstance(self.scorer, KeepsDocuments):
            return []
        return self.scorer.similar_documents(text, label, limit)

    def tag_vectors(self) -> FloatArray | None:
        """Tags in the model's own space, shape (n_labels, n_dimensions), or None where it has none."""
        return self.scorer.tag_vectors() if isinstance(self.scorer, HasTagVectors) else None

    def _ranking(self, logits: FloatArray, open_labels: BoolArray, limit: int, truncated: bool) -> Ranking:
        scores = np.where(open_labels, self.calibration.calibrated_logits(logits), -np.inf)
        scores = without_rivals(scores, self.label_space)
        labels = top_labels(scores[None, :], max(0, min(limit, int(np.isfinite(scores).sum()))))[0]
        probabilities = self._probabilities_of(logits, labels)
        above = probabilities >= self.calibration.thresholds[labels]
        return Ranking(labels, logits[labels], probabilities, above, truncated)

    def _probabilities_of(self, logits: FloatArray, labels: IntArray) -> FloatArray:
        if self.label_space.exclusive_groups:
            return np.asarray(self.calibrated(logits[None, :])[0, labels], np.float32)
        return self.calibration.of_labels(logits, labels, self.label_space.selection_mode)
