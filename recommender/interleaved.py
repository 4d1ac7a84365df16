"""Answers that champion and challenger fill in turns, while a comparison of them runs."""

import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

import numpy as np

from feedback.models import Recommendation, Suggestion
from recommender.answering import BELOW_THRESHOLD, Answer, RecommendationRequest, present_ranker, ranked_answer
from recommender.challenging import Challenge, ChallengerStore, RunningComparison, challengers
from recommender.ml.interleaving import NEITHER, team_draft
from recommender.ml.shares import falls_into_share
from recommender.models import ModelVersion
from recommender.suggesting import RankedTag, clashes

logger = logging.getLogger(__name__)
PURPOSE = "interleaving"


def interleaved(
    answer: Answer,
    champion: ModelVersion,
    request: RecommendationRequest,
    *,
    rejected: Collection[UUID],
    store: ChallengerStore = challengers,
) -> Answer:
    """The answer with the challenger's suggestions in turns with its own, if the text is one of a comparison's share.

    A text always gets the same coins, so that asking again does not shuffle what was shown. Whatever goes wrong, the
    champion's answer stands.
    """
    challenge = store.of(answer.vocabulary.pk)
    comparison = challenge.comparison if challenge is not None else None
    if challenge is None or comparison is None or not _takes_part(answer, champion, request, comparison):
        return answer
    try:
        other = _challengers(answer, request, challenge, rejected, store)
        return answer if other is None else _drafted(answer, other, _coins(request, comparison))
    except Exception:
        logger.exception("the challenger could not answer; the champion's answer stands")
        return answer


def _takes_part(
    answer: Answer, champion: ModelVersion, request: RecommendationRequest, comparison: RunningComparison
) -> bool:
    stored = answer.recommendation_id is not None and request.policy == Recommendation.Policy.NORMAL
    if not stored or answer.degraded or champion.pk != comparison.champion_id:
        return False
    return falls_into_share(_key(request, comparison), comparison.share, purpose=PURPOSE)


def _key(request: RecommendationRequest, comparison: RunningComparison) -> bytes:
    """What a text is known by within the comparison: its document, or what it says."""
    text = request.document.pk.bytes if request.document else bytes.fromhex(request.place.content_hash)
    return text + comparison.id.bytes


def _coins(request: RecommendationRequest, comparison: RunningComparison) -> np.random.Generator:
    return np.random.default_rng(list(_key(request, comparison)))


def _challengers(
    answer: Answer,
    request: RecommendationRequest,
    challenge: Challenge,
    rejected: Collection[UUID],
    store: ChallengerStore,
) -> Answer | None:
    loaded = store.loaded(challenge)
    if loaded is None:
        return None
    present = present_ranker(loaded, answer.vocabulary)
    asked = replace(request, store=False)
    return ranked_answer(loaded, present, answer.vocabulary, asked, rejected=rejected, newer=store.newer)


def _drafted(answer: Answer, other: Answer, coins: np.random.Generator) -> Answer:
    """Which rows are worth showing at first sight depends on their place alone, so that neither team gains by it."""
    started = time.perf_counter()
    own = [each for each in answer.suggestions if each.origin != Suggestion.Origin.EXPLORATION]
    limit = max(len(answer.suggestions), len(other.suggestions))
    picks = team_draft(own, other.suggestions, limit=limit, dice=coins, clash=clashes)
    n_above = _above(own, other.suggestions, coins)
    suggestions = [
        replace(pick.item, rank=rank, team=pick.team, above_threshold=rank <= n_above)
        for rank, pick in enumerate(picks, start=1)
    ]
    if not any(each.team for each in suggestions):
        return answer
    return replace(
        answer,
        suggestions=suggestions,
        abstain_reason="" if n_above else BELOW_THRESHOLD,
        latency_ms=answer.latency_ms + other.latency_ms + (time.perf_counter() - started) * 1000,
        policy=Recommendation.Policy.INTERLEAVED,
    )


def _above(own: Sequence[RankedTag], others: Sequence[RankedTag], coins: np.random.Generator) -> int:
    """How many both have over their thresholds on average; a coin rounds."""
    total = sum(each.above_threshold for each in (*own, *others))
    return total // 2 + (total % 2 and bool(coins.random() < NEITHER))
