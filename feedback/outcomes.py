"""What an outcome means for each tag: pure rules, no database."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from feedback.models import Decision

Kind = Decision.Kind


@dataclass(frozen=True)
class Situation:
    """What is known when a report arrives: what was suggested and seen, decided before, and borne before all that."""

    suggested: Collection[uuid.UUID]
    not_shown: Collection[uuid.UUID]
    decided: Mapping[uuid.UUID, Kind]
    before: Collection[uuid.UUID]


def decisions_of_submission(
    situation: Situation, *, final: Collection[uuid.UUID], rejected: Collection[uuid.UUID]
) -> dict[uuid.UUID, Kind]:
    """The kind of decision that each tag has once `final` is what the document bears.

    A suggestion that nobody saw gets none: never shown is unlabelled, not refused. Tags that the document bore
    before, keeps, and that were not suggested get none either.
    """
    kinds: dict[uuid.UUID, Kind] = {}
    concerned = {*situation.suggested, *final, *rejected, *situation.decided, *situation.before}
    for tag_id in concerned:
        chosen = tag_id in final
        kind = _kind_of_chosen(tag_id, situation) if chosen else _kind_of_left(tag_id, situation, rejected)
        if kind is not None:
            kinds[tag_id] = kind
    return kinds


def _kind_of_chosen(tag_id: uuid.UUID, situation: Situation) -> Kind | None:
    if tag_id in situation.suggested:
        return Kind.ACCEPTED
    return None if tag_id in situation.before else Kind.ADDED


def _kind_of_left(tag_id: uuid.UUID, situation: Situation, rejected: Collection[uuid.UUID]) -> Kind | None:
    if tag_id in rejected:
        return Kind.REJECTED
    was_chosen = situation.decided.get(tag_id) in (Kind.ACCEPTED, Kind.ADDED, Kind.REMOVED)
    if was_chosen or tag_id in situation.before:
        return Kind.REMOVED
    seen = tag_id in situation.suggested and tag_id not in situation.not_shown
    return Kind.IGNORED if seen else None


def decisions_of_discarding(situation: Situation) -> dict[uuid.UUID, Kind]:
    """Everything decided before is undone."""
    return dict.fromkeys(situation.decided, Kind.UNDONE)


def tags_after_discarding(
    now: Collection[uuid.UUID], *, before: Collection[uuid.UUID], final: Collection[uuid.UUID]
) -> set[uuid.UUID]:
    """The present tags without what the discarded outcome gave, and with what it took; other changes stay."""
    given, taken = set(final) - set(before), set(before) - set(final)
    return (set(now) - given) | taken
