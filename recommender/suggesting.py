"""A suggestion as it is shown, and how the list of a model and what comes from elsewhere become one."""

import math
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from feedback.models import Suggestion
from recommender import ml
from recommender.adjustments import TagAdjustment
from recommender.similar import SimilarDocument
from tagplatform.taxonomy.snapshot import TagEntry

WORTH_A_PLACE = 0.2  # a new tag of this probability is in the answer, in the last place if need be


@dataclass(frozen=True)
class RankedTag:
    """One suggestion as it is shown.

    `evidence`, `similar` and `label_match` (the words that name the tag) only where the request asked for explanations;
    `propensity` is the probability with which a tag was tried out, `team` who suggests it in an interleaved answer.
    """

    rank: int
    tag: TagEntry
    raw_score: float
    probability: float
    confidence: str
    above_threshold: bool
    origin: str = Suggestion.Origin.MODEL
    evidence: Sequence[ml.Evidence] | None = None
    similar: Sequence[SimilarDocument] | None = None
    label_match: str | None = None
    adjusted: TagAdjustment | None = None
    propensity: float | None = None
    team: str | None = None

    @property
    def adjustment(self) -> float:
        """Logits that newer decisions have added."""
        return self.adjusted.offset if self.adjusted else 0.0


def from_examples(
    tag: TagEntry, probability: float, *, adjusted: TagAdjustment | None, precision_target: float
) -> RankedTag:
    """A new tag that documents like the text bear; not yet in any place."""
    logit = math.log(probability / (1 - probability))
    chance = 1 / (1 + math.exp(-logit - (adjusted.offset if adjusted else 0.0)))
    return RankedTag(
        rank=0,
        tag=tag,
        raw_score=logit,
        probability=chance,
        confidence=ml.confidence(chance),
        above_threshold=chance >= precision_target,
        origin=Suggestion.Origin.EXAMPLES,
        adjusted=adjusted,
    )


def joined(suggestions: Sequence[RankedTag], new: Sequence[RankedTag], *, limit: int) -> list[RankedTag]:
    """At most `limit` of both: each new tag before what is less probable, and once in the surer of two ways.

    The surest new tag that is worth a place gets the last one where no other is left, unless what stands there is over
    its threshold.
    """
    merged = list(suggestions)
    for candidate in sorted(new, key=lambda each: -each.probability):
        if any(_excludes(other, candidate) for other in merged):
            continue
        merged = [other for other in merged if not _excludes(candidate, other)]
        place = next((p for p, other in enumerate(merged) if other.probability < candidate.probability), len(merged))
        merged.insert(place, candidate)
    return ranked(_with_the_surest_new_one(merged, limit))


def _with_the_surest_new_one(merged: Sequence[RankedTag], limit: int) -> Sequence[RankedTag]:
    kept, left = merged[:limit], merged[limit:]
    worth = [each for each in left if each.origin == Suggestion.Origin.EXAMPLES and each.probability >= WORTH_A_PLACE]
    has_one = any(each.origin == Suggestion.Origin.EXAMPLES for each in kept)
    if has_one or not worth or not kept or kept[-1].above_threshold:
        return kept
    return [*kept[:-1], worth[0]]


def ranked(suggestions: Sequence[RankedTag]) -> list[RankedTag]:
    """With their places in this list as ranks."""
    return [replace(each, rank=rank) for rank, each in enumerate(suggestions, start=1)]


def clashes(one: RankedTag, other: RankedTag) -> bool:
    """The same tag, or two of a facet that allows one."""
    facet = one.tag.exclusive_facet
    return one.tag.id == other.tag.id or (facet is not None and facet == other.tag.exclusive_facet)


def _excludes(stronger: RankedTag, weaker: RankedTag) -> bool:
    """The same tag, or one of a facet that allows one, at no lower a probability."""
    return clashes(stronger, weaker) and stronger.probability >= weaker.probability


def is_allowed(
    tag: TagEntry | None,
    *,
    chosen: Sequence[TagEntry],
    candidates: Sequence[uuid.UUID] | None,
    rejected: Collection[uuid.UUID],
) -> bool:
    """Whether an answer may contain the tag beside the chosen ones; the rules of labels, for tags that have none."""
    if tag is None or not tag.recommendable or tag.id in rejected:
        return False
    if candidates is not None and tag.id not in candidates:
        return False
    full = {each.exclusive_facet for each in chosen} - {None}
    return tag.id not in {each.id for each in chosen} and tag.exclusive_facet not in full
