"""Who decided what on which tag in which source, counted with the decisions and apart for each training run.

A count belongs to the last cut before its decision. A model that began to read the decisions at a cut has learnt what
was counted before it, so only later counts say something new about that model.
"""

import math
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from feedback.models import Decision, LearningCut, Recommendation, Suggestion

Kind = Decision.Kind
ASSUMED_PROBABILITY = 0.1
"""Of a tag that was decided on without having been suggested: the model cannot have thought much of it."""

FIRST_CUT = datetime(1970, 1, 1, tzinfo=UTC)
COLUMN_BY_KIND = {
    Kind.ACCEPTED: "accepted", Kind.REJECTED: "rejected", Kind.REMOVED: "rejected", Kind.IGNORED: "ignored",
    Kind.ADDED: "added",
}  # fmt: skip
EXPECTED_BY_KIND = {
    Kind.ACCEPTED: "expected", Kind.REJECTED: "expected", Kind.REMOVED: "expected", Kind.IGNORED: "expected_ignored",
}  # fmt: skip
COLUMNS = ("accepted", "rejected", "ignored", "added", "expected", "expected_ignored")

Probabilities = Mapping[tuple[uuid.UUID | None, uuid.UUID], float]


def begin_count(*, vocabulary_id: uuid.UUID, since: datetime) -> None:
    """What is decided from now on is counted apart: a training run begins to read the decisions."""
    LearningCut.objects.get_or_create(vocabulary_id=vocabulary_id, since=since)


def probabilities_of(suggestions: Iterable[Suggestion]) -> Probabilities:
    """What the model itself thought of each suggestion, by recommendation and tag."""
    return {
        (row.recommendation_id, row.tag_id): model_probability(row.probability, row.adjustment) for row in suggestions
    }


def model_probability(probability: float, adjustment: float) -> float:
    """The probability before `adjustment` was added to its logit."""
    if adjustment == 0 or not 0 < probability < 1:
        return probability
    return 1 / (1 + (1 - probability) / probability * math.exp(adjustment))


def count_change(before: Sequence[Decision], after: Sequence[Decision], probabilities: Probabilities) -> None:
    """Count `after` in the place of `before`; rows in a fixed order, so that two writers never wait for each other.

    What is said on blind answers is not counted: nobody saw the list, so that all tags would look as if it had missed
    them.
    """
    blind = {decision.recommendation_id for decision in after if _is_blind(decision)}
    cuts = _cuts({decision.vocabulary_id for decision in after})
    rows: dict[tuple[Any, ...], dict[str, float]] = defaultdict(lambda: dict.fromkeys(COLUMNS, 0))
    for decisions, sign in ((before, -1), (after, 1)):
        for decision in decisions:
            kind = Kind(decision.kind)
            if kind not in COLUMN_BY_KIND or decision.recommendation_id in blind:
                continue
            row = rows[_key(decision, cuts)]
            row[COLUMN_BY_KIND[kind]] += sign
            if kind in EXPECTED_BY_KIND:
                known = probabilities.get((decision.recommendation_id, decision.tag_id), ASSUMED_PROBABILITY)
                row[EXPECTED_BY_KIND[kind]] += sign * known
    _add([(key, row) for key, row in rows.items() if any(row.values())])


def _is_blind(decision: Decision) -> bool:
    answer = decision.recommendation
    return answer is not None and answer.policy == Recommendation.Policy.BLIND


def _cuts(vocabulary_ids: set[uuid.UUID]) -> dict[uuid.UUID, list[datetime]]:
    """Newest first."""
    cuts: dict[uuid.UUID, list[datetime]] = {vocabulary_id: [] for vocabulary_id in vocabulary_ids}
    found = LearningCut.objects.filter(vocabulary__in=vocabulary_ids).order_by("-since")
    for vocabulary_id, since in found.values_list("vocabulary_id", "since"):
        cuts[vocabulary_id].append(since)
    return cuts


def _key(decision: Decision, cuts: Mapping[uuid.UUID, Sequence[datetime]]) -> tuple[Any, ...]:
    earlier = (since for since in cuts.get(decision.vocabulary_id, ()) if since <= decision.created_at)
    since = next(earlier, FIRST_CUT)
    return decision.tag_id, decision.source_id, decision.actor_id, since, decision.vocabulary_id


def _add(rows: list[tuple[tuple[Any, ...], dict[str, float]]]) -> None:
    """A sum never falls below nothing: a count that was reset can be left behind by a decision that is undone."""
    if not rows:
        return
    names = ", ".join(COLUMNS)
    sums = ", ".join(f"{name} = GREATEST(count.{name} + excluded.{name}, 0)" for name in COLUMNS)
    values = ", ".join(["(" + ", ".join(["%s"] * (5 + len(COLUMNS))) + ")"] * len(rows))
    ordered = sorted(rows, key=lambda item: tuple(str(part) for part in item[0]))
    parameters = [value for key, row in ordered for value in (*key, *row.values())]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO feedback_tagdecisioncount AS count "  # noqa: S608
            f"(tag_id, source_id, actor_id, since, vocabulary_id, {names}) VALUES {values} "
            f"ON CONFLICT (tag_id, source_id, actor_id, since) DO UPDATE SET {sums}",
            parameters,
        )
