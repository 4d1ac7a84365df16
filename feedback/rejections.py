"""What was rejected on a text stays away from it: kept beside the ledger, so that an answer need not read it."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from feedback.models import Decision, StandingRejection

Kind = Decision.Kind
REFUSALS = {Kind.REJECTED, Kind.REMOVED}
CHOICES = {Kind.ACCEPTED, Kind.ADDED}


@dataclass(frozen=True)
class Place:
    """A text as decisions know it: its document, if it is stored, and what it says in which source."""

    source_id: uuid.UUID | None
    document_id: uuid.UUID | None
    content_hash: str

    @classmethod
    def of(cls, decision: Decision) -> "Place":
        """Where the decision was made; its recommendation or document is loaded."""
        text = decision.recommendation or decision.document
        return cls(decision.source_id, decision.document_id, text.content_hash if text is not None else "")

    @property
    def rows(self) -> Q:
        same_text = Q(source=self.source_id, content_hash=self.content_hash)
        return same_text if self.document_id is None else same_text | Q(document=self.document_id)


def follow_decisions(decisions: Iterable[Decision]) -> None:
    """Keep what these decisions, one after the other, reject; forget what they choose, undo or supersede."""
    by_place: dict[tuple[Place, uuid.UUID | None], dict[uuid.UUID, Decision]] = defaultdict(dict)
    for decision in decisions:
        by_place[Place.of(decision), decision.recommendation_id][decision.tag_id] = decision
    for (place, recommendation_id), latest in by_place.items():
        _forget(place, recommendation_id, latest.values())
        StandingRejection.objects.bulk_create(
            _row(place, decision) for decision in latest.values() if decision.kind in REFUSALS
        )


def _forget(place: Place, recommendation_id: uuid.UUID | None, decisions: Collection[Decision]) -> None:
    """A tag that is chosen is free again wherever it was rejected; any other decision replaces only its own."""
    tag_ids = {decision.tag_id for decision in decisions}
    chosen = {decision.tag_id for decision in decisions if decision.kind in CHOICES}
    others = tag_ids - chosen
    replaced = Q(tag__in=chosen) | Q(tag__in=others, recommendation_id=recommendation_id)
    StandingRejection.objects.filter(place.rows, replaced).delete()


def _row(place: Place, decision: Decision) -> StandingRejection:
    return StandingRejection(
        tag_id=decision.tag_id,
        source_id=place.source_id,
        document_id=place.document_id,
        content_hash=place.content_hash,
        recommendation_id=decision.recommendation_id,
        decided_at=decision.created_at,
    )


def rejected_tag_ids(places: Sequence[Place]) -> list[set[uuid.UUID]]:
    """For each text the tags that stand rejected on it, in one query."""
    documents = {place.document_id for place in places} - {None}
    texts = Q(content_hash__in={place.content_hash for place in places})
    wanted = texts | Q(document__in=documents) if documents else texts
    rows = list(
        StandingRejection.objects.filter(wanted).values_list("tag_id", "source_id", "document_id", "content_hash")
    )
    return [
        {
            tag_id
            for tag_id, source_id, document_id, content_hash in rows
            if (source_id, content_hash) == (place.source_id, place.content_hash)
            or (place.document_id is not None and document_id == place.document_id)
        }
        for place in places
    ]
