"""What an outcome means for each tag: pure rules, no database."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from feedback.models import Decision

Kind = Decision.Kind


@dataclass(frozen=True)
class Situation:
    """What is known when a report arrives: what was suggested and seen, decided before, and on the document."""

    suggested: Collection[uuid.UUID]
    not_shown: Collection[uuid.UUID]
    decided: Mapping[uuid.UUID, Kind]
    on_document: Collection[uuid.UUID]


def decisions_of_submission(
    situation: Situation, *, final: Collection[uuid.UUID], rejected: Collection[uuid.UUID]
) -> dict[uuid.UUID, Kind]:
    """The kind of decision that each tag has once `final` is what the document bears.

    A suggestion that nobody saw gets none: never shown is unlabelled, not refused. Tags that the document bore
    before and keeps get none either.
    """
    kinds: dict[uuid.UUID, Kind] = {}
    concerned = {*situation.suggested, *final, *rejected, *situation.decided, *situation.on_document}
    for tag_id in concerned:
        kind = _kind(tag_id, situation, final, rejected)
        if kind is not None:
            kinds[tag_id] = kind
    return kinds


def _kind(
    tag_id: uuid.UUID, situation: Situation, final: Collection[uuid.UUID], rejected: Collection[uuid.UUID]
) -> Kind | None:
    if tag_id in final:
        return _kind_of_chosen(tag_id, situation)
    if tag_id in rejected:
        return Kind.REJECTED
    if situation.decided.get(tag_id) in (Kind.ACCEPTED, Kind.ADDED, Kind.REMOVED):
        return Kind.REMOVED
    if tag_id in situation.suggested:
        return None if tag_id in situation.not_shown else Kind.IGNORED
    return Kind.REMOVED if tag_id in situation.on_document else None


def _kind_of_chosen(tag_id: uuid.UUID, situation: Situation) -> Kind | None:
    if tag_id in situation.suggested:
        return Kind.ACCEPTED
    bore_it_before = tag_id in situation.on_document and tag_id not in situation.decided
    return None if bore_it_before else Kind.ADDED


def decisions_of_discarding(situation: Situation) -> dict[uuid.UUID, Kind]:
    """Everything decided before is undone."""
    return dict.fromkeys(situation.decided, Kind.UNDONE)


def tags_after_discarding(situation: Situation) -> set[uuid.UUID]:
    """What the document bore before the outcome that is now discarded."""
    given = {tag for tag, kind in situation.decided.items() if kind in (Kind.ACCEPTED, Kind.ADDED)}
    taken = {tag for tag, kind in situation.decided.items() if kind == Kind.REMOVED}
    return (set(situation.on_document) - given) | taken
