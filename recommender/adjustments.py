"""How newer decisions move the tags of a source, as every web process sees it half a second later at most.

The counts are kept with the decisions (feedback.counts); what a process remembers of them is thrown away quickly, so
nothing has to be told to anybody: neither when decisions come in nor when a model that has learnt them is promoted.
"""

import math
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Max, Sum

from feedback.counts import COLUMNS, FIRST_CUT
from feedback.models import LearningCut, TagDecisionCount
from recommender.ml import adjusting
from recommender.models import AdjustmentPolicy, ModelVersion
from tagplatform.taxonomy.models import Vocabulary

KEPT_SECONDS = 0.5
MOST_KEPT = 2_000  # sources of all vocabularies together
SMALLEST_OFFSET = 0.01  # logits: less is not worth telling


@dataclass(frozen=True)
class TagAdjustment:
    """By how many logits a tag moves in a source, and the decisions that move it, summed over people."""

    tag_id: uuid.UUID
    offset: float
    accepted: int
    rejected: int
    ignored: int
    added: int
    n_people: int

    @property
    def reason(self) -> str:
        """A word of the code."""
        return "rejected_more_than_expected" if self.offset < 0 else "chosen_more_than_expected"


@dataclass(frozen=True)
class MovedTag(TagAdjustment):
    """The same with the source that it moves in (None: texts without a source)."""

    source_id: uuid.UUID | None

    @property
    def chance_of_even(self) -> float:
        """What a probability of one half becomes."""
        return 1 / (1 + math.exp(-self.offset))


@dataclass(frozen=True)
class Adjustments:
    """Those of one vocabulary and source, by tag; tags that stay where they are are left out."""

    by_tag: Mapping[uuid.UUID, TagAdjustment] = field(default_factory=dict)
    policy: AdjustmentPolicy | None = None


NONE = Adjustments()


def adjustment_policy(vocabulary_id: uuid.UUID) -> AdjustmentPolicy:
    """The vocabulary's policy, with the defaults where nobody has set one."""
    return AdjustmentPolicy.objects.filter(vocabulary=vocabulary_id).first() or AdjustmentPolicy(
        vocabulary_id=vocabulary_id
    )


def bounds_of(policy: AdjustmentPolicy) -> adjusting.Bounds:
    return adjusting.Bounds(policy.cap, policy.actor_cap, policy.prior_strength, float(policy.decisions_per_actor))


def learnt_until(version: ModelVersion) -> datetime:
    """When the version's training began to read documents and decisions: it knows what was there before."""
    run = version.training_run
    return (run.started_at if run is not None else None) or version.created_at


def counted_since(version: ModelVersion) -> datetime:
    """The cut at which the version's training began to read the decisions: what was counted before, it has learnt."""
    cuts = LearningCut.objects.filter(vocabulary=version.vocabulary_id, since__lte=learnt_until(version))
    last: datetime | None = cuts.aggregate(last=Max("since"))["last"]
    return last or FIRST_CUT


def compute_adjustments(
    *, policy: AdjustmentPolicy, since: datetime, source_id: uuid.UUID | None
) -> dict[uuid.UUID, TagAdjustment]:
    """Of every tag that was decided on in the source since the cut, also of those that stay where they are."""
    rows = TagDecisionCount.objects.filter(vocabulary=policy.vocabulary_id, source=source_id, since__gte=since)
    sums = {name: Sum(name) for name in COLUMNS}
    by_tag: dict[uuid.UUID, list[adjusting.Counts]] = defaultdict(list)
    for row in rows.order_by().values("tag_id", "actor_id").annotate(**{f"n_{name}": sums[name] for name in COLUMNS}):
        by_tag[row["tag_id"]].append(_counts(row, policy))
    every = [counts for of_tag in by_tag.values() for counts in of_tag]
    missed = adjusting.typical_missed(
        accepted=sum(counts.accepted for counts in every), added=sum(counts.added for counts in every)
    )
    bounds = bounds_of(policy)
    return {tag_id: _adjustment(tag_id, counts, missed, bounds) for tag_id, counts in by_tag.items()}


def moved_tags(vocabulary: Vocabulary, version: ModelVersion | None) -> list[MovedTag]:
    """Every tag that moves in some source of what the version answers, the furthest first, whether it is on or off."""
    policy = adjustment_policy(vocabulary.pk)
    since = counted_since(version) if version is not None else FIRST_CUT
    counted = TagDecisionCount.objects.filter(vocabulary=vocabulary, since__gte=since).order_by()
    moved = [
        MovedTag(**vars(adjustment), source_id=source_id)
        for source_id in counted.values_list("source_id", flat=True).distinct()
        for adjustment in compute_adjustments(policy=policy, since=since, source_id=source_id).values()
        if abs(adjustment.offset) >= SMALLEST_OFFSET
    ]
    return sorted(moved, key=lambda each: (-abs(each.offset), each.tag_id))


def _counts(row: Mapping[str, Any], policy: AdjustmentPolicy) -> adjusting.Counts:
    n_people = 1 if row["actor_id"] is not None else policy.people_behind_key
    sums = {name: float(row[f"n_{name}"]) for name in COLUMNS}
    return adjusting.Counts(**sums, n_people=n_people)


def _adjustment(
    tag_id: uuid.UUID, counts: list[adjusting.Counts], missed: float, bounds: adjusting.Bounds
) -> TagAdjustment:
    return TagAdjustment(
        tag_id=tag_id,
        offset=adjusting.offset(counts, typical_missed=missed, bounds=bounds),
        accepted=_total(each.accepted for each in counts),
        rejected=_total(each.rejected for each in counts),
        ignored=_total(each.ignored for each in counts),
        added=_total(each.added for each in counts),
        n_people=len(counts),
    )


def _total(numbers: Iterable[float]) -> int:
    return int(sum(numbers))


class AdjustmentStore:
    """What this process remembers; one thread reads anew while the others go on with what was there."""

    def __init__(self) -> None:
        self._kept: dict[tuple[uuid.UUID, uuid.UUID | None], tuple[float, Adjustments]] = {}
        self._reading = threading.Lock()

    def of(self, version: ModelVersion, source_id: uuid.UUID | None) -> Adjustments:
        """The adjustments of what the version answers in a source (None: of texts without a source)."""
        key = (version.pk, source_id)
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() - kept[0] < KEPT_SECONDS:
            return kept[1]
        if not self._reading.acquire(blocking=kept is None):
            return kept[1] if kept is not None else NONE
        try:
            return self._read(key, version, source_id)
        finally:
            self._reading.release()

    def forget(self) -> None:
        self._kept.clear()

    def _read(
        self, key: tuple[uuid.UUID, uuid.UUID | None], version: ModelVersion, source_id: uuid.UUID | None
    ) -> Adjustments:
        read_at = time.monotonic()
        policy = adjustment_policy(version.vocabulary_id)
        found = Adjustments(policy=policy)
        if policy.is_on:
            computed = compute_adjustments(policy=policy, since=counted_since(version), source_id=source_id)
            moving = {t: each for t, each in computed.items() if abs(each.offset) >= SMALLEST_OFFSET}
            found = Adjustments(moving, policy)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = (read_at, found)
        return found


adjustments = AdjustmentStore()


def reset_adjustments(
    *, vocabulary: Vocabulary, tag_id: uuid.UUID | None = None, source_id: uuid.UUID | None = None
) -> int:
    """Forget the counts of one tag in one source, or of the whole vocabulary; returns how many rows.

    The decisions stay in the ledger, and the next training run learns from them.
    """
    rows = TagDecisionCount.objects.filter(vocabulary=vocabulary)
    if tag_id is not None:
        rows = rows.filter(tag=tag_id, source=source_id)
    return rows.delete()[0]
