"""Recommend tags for a text: rank, mask, present, remember."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from feedback.models import Recommendation, Suggestion
from feedback.rejections import rejected_tag_ids
from feedback.services import record_recommendation
from recommender import ml
from recommender.adjustments import TagAdjustment, adjustments
from recommender.answering import (
    BELOW_THRESHOLD,
    EMPTY_TEXT,
    NO_TAGS,
    Answer,
    RecommendationRequest,
    pool_reasons,
    present_ranker,
    ranked_answer,
    similar_by_label,
    text_of,
)
from recommender.interleaved import interleaved
from recommender.metrics import count_recommendation
from recommender.new_tags import new_tags
from recommender.serving import rankers
from recommender.shadowing import answers_under_way, shadow
from recommender.similar import SimilarDocument
from recommender.tag_texts import names_in
from tagplatform.common.errors import InvalidInput
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import TagEntry

__all__ = [
    "BELOW_THRESHOLD",
    "EMPTY_TEXT",
    "NO_TAGS",
    "Answer",
    "Explanation",
    "RecommendationRequest",
    "explain_suggestion",
    "recommend_tags",
    "recommend_tags_batch",
]


@dataclass(frozen=True)
class Explanation:
    """Why a tag was suggested: the words that carry its score, its name in the text, documents like it."""

    tag: TagEntry
    evidence: Sequence[ml.Evidence] = field(default_factory=tuple)
    label_match: str | None = None
    similar: Sequence[SimilarDocument] = field(default_factory=tuple)
    adjusted: TagAdjustment | None = None


def recommend_tags(*, vocabulary: Vocabulary, request: RecommendationRequest) -> Answer:
    """Rank the vocabulary's tags for one text. Unavailable while no model can answer."""
    return recommend_tags_batch(vocabulary=vocabulary, requests=[request])[0]


def recommend_tags_batch(*, vocabulary: Vocabulary, requests: Sequence[RecommendationRequest]) -> list[Answer]:
    """One answer for each request, in their order, from one model version."""
    loaded = rankers.current(vocabulary)
    present = present_ranker(loaded, vocabulary)
    rejected = rejected_tag_ids([request.place for request in requests])
    with answers_under_way.one():
        answers = [
            ranked_answer(loaded, present, vocabulary, request, rejected=tag_ids)
            for request, tag_ids in zip(requests, rejected, strict=True)
        ]
        answers = [
            interleaved(answer, loaded.version, request, rejected=tag_ids)
            for answer, request, tag_ids in zip(answers, requests, rejected, strict=True)
        ]
        for answer, request in zip(answers, requests, strict=True):
            if answer.recommendation_id is not None:
                _remember(answer, request)
    for answer, request, tag_ids in zip(answers, requests, rejected, strict=True):
        count_recommendation(vocabulary=vocabulary.slug, abstained=answer.abstained, seconds=answer.latency_ms / 1000)
        if answer.policy != Recommendation.Policy.INTERLEAVED:
            shadow.offer(vocabulary, request, answer, tag_ids)
    return answers


def explain_suggestion(*, vocabulary: Vocabulary, request: RecommendationRequest, tag_id: uuid.UUID) -> Explanation:
    """Why the tag would be suggested for the request's text; its options but `readable` do not matter."""
    loaded = rankers.current(vocabulary)
    present = present_ranker(loaded, vocabulary)
    tag = present.snapshot.tags.get(tag_id)
    if tag is None:
        raise InvalidInput(_("This tag does not stand in the vocabulary."), code="unknown_tag", pointer="/tag")
    text = text_of(request)[0]
    match = names_in(text, [tag])[0]
    adjusted = adjustments.of(loaded.version, request.source_id).by_tag.get(tag_id)
    pool = new_tags.of(loaded.version, present.snapshot)
    if pool is not None and tag_id in pool.tag_ids:
        words, near = pool_reasons(pool, text, tag_id, request)
        return Explanation(tag, words, match, near, adjusted)
    label = present.label_by_tag_id.get(tag_id)
    if label is None:
        return Explanation(tag, label_match=match, adjusted=adjusted)
    evidence = present.ranker.explain(text, label)
    return Explanation(tag, evidence, match, similar_by_label(present, text, [label], request)[label], adjusted)


def _remember(answer: Answer, request: RecommendationRequest) -> None:
    recommendation = Recommendation(
        pk=answer.recommendation_id,
        vocabulary=answer.vocabulary,
        source=request.source,
        document=request.document,
        model_version=answer.model_version,
        vocabulary_version=answer.vocabulary.version,
        policy=answer.policy,
        content_hash=request.place.content_hash,
        latency_ms=answer.latency_ms,
        truncated=answer.truncated,
        degraded=answer.degraded,
        abstained=answer.abstained,
    )
    suggestions = [
        Suggestion(
            tag_id=ranked.tag.id,
            rank=ranked.rank,
            raw_score=ranked.raw_score,
            probability=ranked.probability,
            adjustment=ranked.adjustment,
            above_threshold=ranked.above_threshold,
            origin=ranked.origin,
            propensity=ranked.propensity,
            team=ranked.team,
        )
        for ranked in answer.suggestions
    ]
    record_recommendation(recommendation=recommendation, suggestions=suggestions)
