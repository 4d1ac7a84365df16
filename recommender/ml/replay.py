"""What an update learns from again: everything new or changed, and a sample of what its parent has learnt already."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recommender.ml.examples import Example, IntArray, label_counts
from recommender.ml.seen import HashedExamples, SeenDocuments

_RARE = 10  # documents: all that bear a tag with fewer are replayed


class LearntExamples(HashedExamples):
    """Examples by what there is to learn from them: an edited text, another tag, a new refusal make another one.

    The sizes of weights do not count, for they fade with every month.
    """

    @staticmethod
    def hashes_of(example: Example) -> set[bytes]:
        """See HashedExamples."""
        taught = (
            example.document_id,
            example.text.title,
            example.text.body,
            sorted(set(example.labels)),
            sorted((label, weight > 0) for label, weight in example.label_weights.items()),
            example.unlabelled_weight > 0,
        )
        return {hashlib.sha256(repr(taught).encode("utf-8", "surrogatepass")).digest()[:8]}


@dataclass(frozen=True)
class ReplayLimits:
    """How many old examples are learnt from again: `share` of them, at most `most_documents`."""

    share: float = 0.3
    most_documents: int = 20_000

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0 or self.most_documents < 0:
            raise ValueError(f"a share in 0…1 and a number from 0 on, not {self.share} and {self.most_documents}")


@dataclass(frozen=True)
class Replay:
    """What the parent has seen and learnt, and how much of it is replayed."""

    seen: SeenDocuments
    learnt: LearntExamples
    limits: ReplayLimits = ReplayLimits()

    def unseen(self, examples: Sequence[Example]) -> list[Example]:
        """Those that the parent has not seen in any form."""
        return [example for example in examples if example not in self.seen]

    def rows(self, examples: Sequence[Example], n_labels: int, *, seed: int) -> IntArray:
        """Places of the examples to learn from, ascending: all new ones, all of rare tags, and a drawn sample."""
        old = np.array([example in self.learnt for example in examples], np.bool_)
        rare = label_counts(examples, n_labels) < _RARE
        always = np.array([bool(rare[list(example.labels)].any()) for example in examples], np.bool_) | ~old
        common = np.flatnonzero(~always)
        n_drawn = min(round(self.limits.share * len(common)), self.limits.most_documents)
        drawn = np.random.default_rng(seed).choice(common, n_drawn, replace=False)
        return np.sort(np.concatenate([np.flatnonzero(always), drawn])).astype(np.int64)
