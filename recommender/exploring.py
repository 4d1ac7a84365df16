"""At most one suggestion of an answer tries out a tag of which little is known, where the policy gives it a share."""

import threading
import time
import uuid
from collections.abc import Mapping, Sequence

import numpy as np
from django.db.models import Exists, OuterRef, Q

from feedback.models import Suggestion, TagMonthTotal
from recommender import ml
from recommender.ml.examples import BoolArray
from recommender.ml.exclusion import excluded_by
from recommender.ml.exploring import drawn_trial
from recommender.models import AdjustmentPolicy
from recommender.present import PresentRanker
from recommender.suggesting import RankedTag, ranked
from tagplatform.content.models import TagAssignment
from tagplatform.taxonomy.models import Tag

KEPT_SECONDS = 60.0
CANDIDATES = 20
_ANY = np.ones(1, np.float32)


def with_trial(  # noqa: PLR0913
    suggestions: Sequence[RankedTag],
    *,
    recommendation_id: uuid.UUID,
    policy: AdjustmentPolicy,
    present: PresentRanker,
    text: ml.Text,
    limit: int,
    allowed: BoolArray,
    chosen: Sequence[int],
    offsets: Mapping[int, float],
) -> list[RankedTag]:
    """The same list, in the policy's share of all answers with one under-trained tag in the last place.

    Nothing over its threshold, and no new tag with examples, gives way to it.
    """
    kept = _kept(suggestions, limit)
    if kept is None or drawn_trial(recommendation_id.int, share=policy.exploration_share, chances=_ANY) is None:
        return list(suggestions)
    open_labels = allowed & under_trained.labels(present, policy)
    open_labels &= ~excluded_by(present.labels_of([each.tag.id for each in suggestions]), present.ranker.label_space)
    found = present.rank(text, limit=CANDIDATES, allowed=open_labels, chosen=chosen, offsets=offsets)
    trial = drawn_trial(recommendation_id.int, share=policy.exploration_share, chances=found.probabilities)
    if trial is None:
        return list(suggestions)
    probability = float(found.probabilities[trial.place])
    tried = RankedTag(
        rank=0,
        tag=present.tag(int(found.labels[trial.place])),
        raw_score=float(found.logits[trial.place]),
        probability=probability,
        confidence=ml.confidence(probability),
        above_threshold=bool(found.above_threshold[trial.place]),
        origin=Suggestion.Origin.EXPLORATION,
        propensity=trial.propensity,
    )
    return ranked([*kept, tried])


def _kept(suggestions: Sequence[RankedTag], limit: int) -> Sequence[RankedTag] | None:
    """What stays beside a trial; None where there is no place for one."""
    if len(suggestions) < limit:
        return suggestions
    last = suggestions[-1] if suggestions else None
    if last is None or last.above_threshold or last.origin == Suggestion.Origin.EXAMPLES:
        return None
    return suggestions[:-1]


class UnderTrainedTags:
    """Tags that fewer documents bear than the policy says, or that were never shown; asked once a minute."""

    def __init__(self) -> None:
        self._kept: dict[uuid.UUID, tuple[float, int, frozenset[uuid.UUID]]] = {}
        self._reading = threading.Lock()

    def labels(self, present: PresentRanker, policy: AdjustmentPolicy) -> BoolArray:
        """Which labels these are, shape (n_labels,)."""
        tag_ids = self._tag_ids(policy)
        return np.fromiter((tag_id in tag_ids for tag_id in present.tag_ids), bool, len(present.tag_ids))

    def forget(self) -> None:
        self._kept.clear()

    def _tag_ids(self, policy: AdjustmentPolicy) -> frozenset[uuid.UUID]:
        fewest = policy.under_trained_examples
        with self._reading:
            kept = self._kept.get(policy.vocabulary_id)
            if kept is not None and time.monotonic() < kept[0] + KEPT_SECONDS and kept[1] == fewest:
                return kept[2]
            found = _under_trained(policy.vocabulary_id, fewest)
            self._kept[policy.vocabulary_id] = (time.monotonic(), fewest, found)
            return found


def _under_trained(vocabulary_id: uuid.UUID, fewest: int) -> frozenset[uuid.UUID]:
    enough = TagAssignment.objects.filter(tag=OuterRef("pk")).order_by()[fewest - 1 : fewest]
    shown = TagMonthTotal.objects.filter(tag=OuterRef("pk"), shown__gt=0)
    tags = Tag.objects.recommendable().filter(~Exists(enough) | Q(~Exists(shown)), vocabulary=vocabulary_id)
    return frozenset(tags.values_list("pk", flat=True))


under_trained = UnderTrainedTags()
