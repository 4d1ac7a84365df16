"""Fine-grained events with ids of their own: each counts once, however often it is sent."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from feedback.counts import count_change, probabilities_of
from feedback.metrics import count_decisions
from feedback.models import Decision, Recommendation, Suggestion
from feedback.rejections import follow_decisions
from feedback.totals import add_totals, totals_of_change
from tagplatform.common.ids import new_id
from tagplatform.content.models import Source


@dataclass(frozen=True)
class FeedbackEventInput:
    """One decision on one suggested tag, as a client saw it happen."""

    event_id: str
    recommendation: Recommendation
    tag_id: uuid.UUID
    kind: str


@dataclass(frozen=True)
class EventCounts:
    """How many events were new and how many had been sent before."""

    recorded: int
    duplicates: int


@transaction.atomic
def record_events(*, source: Source, events: Sequence[FeedbackEventInput], actor: Any | None) -> EventCounts:
    """Append a decision for each event that is new for this source, in the order given."""
    recommendation_ids = {event.recommendation.pk for event in events}
    _lock(recommendation_ids)
    by_id = {event.event_id: event for event in events}
    decision_ids = {event_id: new_id() for event_id in by_id}
    new = _claim(source, decision_ids)
    shown = _shown(recommendation_ids)
    decisions = [
        _decision(event, decision_ids[event_id], source, shown, actor)
        for event_id, event in by_id.items()
        if event_id in new
    ]
    superseded = _superseded(recommendation_ids, decisions)
    Decision.objects.bulk_create(decisions)
    count_decisions(decision.kind for decision in decisions)
    add_totals(totals_of_change(superseded, decisions))
    follow_decisions(decisions)
    count_change(superseded, decisions, probabilities_of(shown.values()))
    return EventCounts(recorded=len(new), duplicates=len(events) - len(new))


def _lock(recommendation_ids: set[uuid.UUID]) -> None:
    """Outcomes and events of the same recommendations wait for each other, in one order."""
    list(Recommendation.objects.select_for_update().filter(pk__in=recommendation_ids).order_by("pk").values("pk"))


def _superseded(recommendation_ids: set[uuid.UUID], decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions that `decisions`, one after the other, take the place of."""
    newest_first = Decision.objects.filter(recommendation__in=recommendation_ids).order_by(
        "recommendation_id", "tag_id", "-id"
    )
    standing = {(d.recommendation_id, d.tag_id): d for d in newest_first.distinct("recommendation_id", "tag_id")}
    superseded = []
    for decision in decisions:
        key = (decision.recommendation_id, decision.tag_id)
        if key in standing:
            superseded.append(standing[key])
        standing[key] = decision
    return superseded


def _claim(source: Source, decision_ids: dict[str, uuid.UUID]) -> set[str]:
    """The event ids that were not known; they are from now on."""
    if not decision_ids:
        return set()
    values = ", ".join(["(%s, %s, %s, now())"] * len(decision_ids))
    parameters = [value for event_id, pk in sorted(decision_ids.items()) for value in (source.pk, event_id, pk)]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO feedback_feedbackevent (source_id, event_id, decision_id, created_at) "  # noqa: S608
            f"VALUES {values} ON CONFLICT (source_id, event_id) DO NOTHING RETURNING event_id",
            parameters,
        )
        return {event_id for (event_id,) in cursor.fetchall()}


def _shown(recommendation_ids: set[uuid.UUID]) -> dict[tuple[uuid.UUID, uuid.UUID], Suggestion]:
    rows = Suggestion.objects.filter(recommendation__in=recommendation_ids)
    return {(row.recommendation_id, row.tag_id): row for row in rows}


def _decision(
    event: FeedbackEventInput,
    pk: uuid.UUID,
    source: Source,
    shown: dict[tuple[uuid.UUID, uuid.UUID], Suggestion],
    actor: Any | None,
) -> Decision:
    suggestion = shown.get((event.recommendation.pk, event.tag_id))
    return Decision(
        pk=pk,
        recommendation=event.recommendation,
        document_id=event.recommendation.document_id,
        vocabulary_id=event.recommendation.vocabulary_id,
        source=source,
        tag_id=event.tag_id,
        kind=event.kind,
        rank=suggestion.rank if suggestion else None,
        probability=suggestion.probability if suggestion else None,
        actor=actor,
    )
