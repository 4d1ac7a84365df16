"""What all decisions on one tag of one document come to: pure rules, no database.

The funnel is shown → accepted → still there after some time. Shown and left is a weak no, never shown is none at all.
"""

from collections.abc import Sequence

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from feedback.evidence import Evidence
from feedback.models import Decision

Kind = Decision.Kind


class State(TextChoices):
    """What a document's tag stands for in training."""

    KEPT = "kept", _("accepted and kept")
    ACCEPTED = "accepted", _("accepted")
    ADDED = "added", _("added by hand")
    ASSIGNED = "assigned", _("assigned without a decision")
    REMOVED_LATER = "removed_later", _("chosen, removed later")
    REMOVED = "removed", _("removed")
    REJECTED = "rejected", _("rejected")
    IGNORED = "ignored", _("shown and left")
    NEVER_SHOWN = "never_shown", _("never shown")


POSITIVE_STATES = frozenset({State.KEPT, State.ACCEPTED, State.ADDED, State.ASSIGNED})
NEGATIVE_STATES = frozenset({State.REMOVED_LATER, State.REMOVED, State.REJECTED, State.IGNORED})


def standing_of(history: Sequence[Evidence]) -> list[Evidence]:
    """The decisions that nobody took back, oldest first; `history` is that of any number of cells, oldest first.

    A recommendation that is reported again without a rejection that it had takes that rejection back.
    """
    undone: set[tuple[object, ...]] = set()
    left: set[tuple[object, ...]] = set()
    standing = []
    for each in reversed(history):
        case = (each.recommendation_id, *each.cell) if each.recommendation_id else (each.id,)
        if each.kind == Kind.UNDONE:
            undone.add(case)
        elif case not in undone and not (each.kind == Kind.REJECTED and case in left):
            standing.append(each)
        if each.kind == Kind.IGNORED:
            left.add(case)
    return standing[::-1]


def state_of(history: Sequence[Evidence], *, is_borne: bool, as_of: float, kept_after_days: float) -> State:
    """The state of one cell from its decisions, oldest first, and whether the document bears the tag now.

    What the document bears decides between yes and no: decisions only say how sure that is. Leaving a suggestion takes
    nothing back that was said before. `as_of` is in Unix seconds.
    """
    standing = standing_of(history)
    explicit = [each for each in standing if each.is_explicit]
    if is_borne:
        return _state_of_borne(explicit, as_of - 86_400 * kept_after_days)
    if explicit:
        return _state_of_not_borne(explicit)
    left = any(each.kind == Kind.IGNORED and each.submitted for each in standing)
    return State.IGNORED if left else State.NEVER_SHOWN


def _state_of_borne(explicit: Sequence[Evidence], kept_since: float) -> State:
    latest = _latest_run_of_yes(explicit)
    if not latest:
        return State.ASSIGNED
    if any(each.kind == Kind.ADDED for each in latest):
        return State.ADDED
    return State.KEPT if latest[0].moment <= kept_since else State.ACCEPTED


def _state_of_not_borne(explicit: Sequence[Evidence]) -> State:
    if explicit[-1].kind == Kind.REJECTED:
        return State.REJECTED
    if any(each.is_positive for each in explicit):
        return State.REMOVED_LATER
    return State.REMOVED


def _latest_run_of_yes(explicit: Sequence[Evidence]) -> list[Evidence]:
    """The decisions for the tag since the last one against it."""
    run: list[Evidence] = []
    for each in reversed(explicit):
        if each.is_negative:
            break
        run.insert(0, each)
    return run
