"""What the shadow of a challenger has shown so far, read from its answers and the ledger."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedback.models import Outcome, Recommendation, Suggestion
from recommender.ml.shadow_figures import AnswerPair, ShadowFigures, shadow_figures
from recommender.models import ModelVersion, ShadowAnswer

MOST_READ = 2_000
SEED = 1


@dataclass(frozen=True)
class ShadowReport:
    """The figures of a challenger beside the champion that answered last, named by `champion`.

    `since` is the moment of the oldest shadow answer that counts.
    """

    champion: str
    figures: ShadowFigures
    since: datetime


def shadow_report(version: ModelVersion) -> ShadowReport | None:
    """Over the newest answers, each text counted once, by its latest answer; None where there are none yet."""
    answers = list(ShadowAnswer.objects.filter(version=version).order_by("-id")[:MOST_READ])
    given = _given(answers)
    newest = next((given[each.recommendation_id] for each in answers if each.recommendation_id in given), None)
    if newest is None:
        return None
    champion = newest["model_version"]
    by_text: dict[Any, ShadowAnswer] = {}
    for answer in answers:
        row = given.get(answer.recommendation_id)
        if row is not None and row["model_version"] == champion:
            by_text.setdefault(row["document_id"] or row["content_hash"], answer)
    counted = list(by_text.values())
    since = min(answer.created_at for answer in counted)
    return ShadowReport(champion, shadow_figures(_pairs(counted, given), seed=SEED), since)


def _given(answers: Iterable[ShadowAnswer]) -> dict[uuid.UUID, Mapping[str, Any]]:
    """What was answered to the requests; months of the ledger that are gone are left out."""
    rows = Recommendation.objects.filter(pk__in=[each.recommendation_id for each in answers])
    columns = ("pk", "model_version", "policy", "latency_ms", "document_id", "content_hash")
    return {row["pk"]: row for row in rows.values(*columns)}


def _pairs(answers: Sequence[ShadowAnswer], given: Mapping[uuid.UUID, Mapping[str, Any]]) -> list[AnswerPair]:
    ids = [answer.recommendation_id for answer in answers]
    shown, gold = _shown(ids), _gold([pk for pk in ids if given[pk]["policy"] == Recommendation.Policy.BLIND])
    return [
        AnswerPair(
            champion=shown[answer.recommendation_id],
            challenger=answer.tag_ids,
            champion_seconds=given[answer.recommendation_id]["latency_ms"] / 1000,
            challenger_seconds=answer.seconds,
            gold=gold.get(answer.recommendation_id),
        )
        for answer in answers
    ]


def _shown(recommendation_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, list[uuid.UUID]]:
    """The champion's tags of each answer, best first; what was only tried out is not the champion's."""
    rows = Suggestion.objects.filter(recommendation__in=recommendation_ids).exclude(
        origin=Suggestion.Origin.EXPLORATION
    )
    shown: defaultdict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for recommendation_id, tag_id in rows.order_by("rank").values_list("recommendation_id", "tag_id"):
        shown[recommendation_id].append(tag_id)
    return shown


def _gold(recommendation_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The tags that blind documents were submitted with."""
    outcomes = Outcome.objects.filter(pk__in=recommendation_ids, status=Outcome.Status.SUBMITTED)
    return dict(outcomes.values_list("recommendation_id", "final_tag_ids"))
