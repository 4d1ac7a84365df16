"""Recommend tags for a text: rank, mask, present, remember."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from feedback.models import Recommendation, Suggestion
from feedback.services import record_recommendation
from recommender import ml
from recommender.metrics import count_recommendation
from recommender.present import PresentRanker
from recommender.serving import LoadedRanker, rankers
from recommender.similar import SimilarDocument, similar_documents
from recommender.tag_texts import name_in, searchable
from tagplatform.common.errors import InvalidInput
from tagplatform.common.ids import format_public_id
from tagplatform.content.models import Document, Source, content_hash
from tagplatform.content.services import shorten_body
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import TagEntry, vocabulary_snapshot

EMPTY_TEXT = "empty_text"
NO_TAGS = "no_recommendable_tags"
BELOW_THRESHOLD = "below_threshold"


@dataclass(frozen=True)
class RecommendationRequest:
    """One text, and what the answer should look like; `readable` are the documents that explanations may name."""

    title: str
    body: str
    language: str = ""
    document: Document | None = None
    source: Source | None = None
    limit: int | None = None
    min_probability: float = 0.0
    chosen_tag_ids: Sequence[uuid.UUID] = ()
    candidate_tag_ids: Sequence[uuid.UUID] | None = None
    explain: bool = False
    readable: QuerySet[Document] | None = None
    store: bool = True
    policy: str = Recommendation.Policy.NORMAL


@dataclass(frozen=True)
class RankedTag:
    """One suggestion as it is shown; `evidence` and `similar` only where the request asked for explanations."""

    rank: int
    tag: TagEntry
    raw_score: float
    probability: float
    confidence: str
    above_threshold: bool
    origin: str = Suggestion.Origin.MODEL
    evidence: Sequence[ml.Evidence] | None = None
    similar: Sequence[SimilarDocument] | None = None


@dataclass(frozen=True)
class Answer:
    """One ranked list. `abstain_reason` says why no suggestion stands over its threshold."""

    recommendation_id: uuid.UUID | None
    vocabulary: Vocabulary
    model_version: str
    suggestions: Sequence[RankedTag]
    truncated: bool
    degraded: bool
    abstain_reason: str
    latency_ms: float

    @property
    def abstained(self) -> bool:
        return bool(self.abstain_reason)

    @property
    def public_id(self) -> str | None:
        stored = self.recommendation_id
        return None if stored is None else format_public_id(Recommendation.id_prefix, stored)


@dataclass(frozen=True)
class Explanation:
    """Why a tag was suggested: the words that carry its score, its name in the text, documents like it."""

    tag: TagEntry
    evidence: Sequence[ml.Evidence] = field(default_factory=tuple)
    label_match: str | None = None
    similar: Sequence[SimilarDocument] = field(default_factory=tuple)


def recommend_tags(*, vocabulary: Vocabulary, request: RecommendationRequest) -> Answer:
    """Rank the vocabulary's tags for one text. Unavailable while no model can answer."""
    return recommend_tags_batch(vocabulary=vocabulary, requests=[request])[0]


def recommend_tags_batch(*, vocabulary: Vocabulary, requests: Sequence[RecommendationRequest]) -> list[Answer]:
    """One answer for each request, in their order, from one model version."""
    loaded = rankers.current(vocabulary)
    present = _present_ranker(loaded, vocabulary)
    answers = [_rank(loaded, present, vocabulary, request) for request in requests]
    for answer, request in zip(answers, requests, strict=True):
        if answer.recommendation_id is not None:
            _remember(answer, request)
        count_recommendation(vocabulary=vocabulary.slug, abstained=answer.abstained, seconds=answer.latency_ms / 1000)
    return answers


def explain_suggestion(*, vocabulary: Vocabulary, request: RecommendationRequest, tag_id: uuid.UUID) -> Explanation:
    """Why the tag would be suggested for the request's text; its options but `readable` do not matter."""
    present = _present_ranker(rankers.current(vocabulary), vocabulary)
    tag = present.snapshot.tags.get(tag_id)
    if tag is None:
        raise InvalidInput(_("This tag does not stand in the vocabulary."), code="unknown_tag", pointer="/tag")
    text = _text_of(request)[0]
    match = name_in(tag, searchable(text))
    label = present.label_by_tag_id.get(tag_id)
    if label is None:
        return Explanation(tag, label_match=match)
    evidence = present.ranker.explain(text, label)
    return Explanation(tag, evidence, match, _similar(present, text, [label], request)[label])


def _present_ranker(loaded: LoadedRanker, vocabulary: Vocabulary) -> PresentRanker:
    return loaded.at(vocabulary_snapshot(vocabulary.pk, version=vocabulary.version))


def _text_of(request: RecommendationRequest) -> tuple[ml.Text, bool]:
    """The text as the models read it, and whether it was cut."""
    body, cut = shorten_body(request.body)
    return ml.Text(request.title, body, request.language), cut


def _similar(
    present: PresentRanker, text: ml.Text, labels: Sequence[int], request: RecommendationRequest
) -> dict[int, list[SimilarDocument]]:
    return similar_documents(present, text, labels, readable=request.readable, itself=request.document)


def _rank(
    loaded: LoadedRanker, present: PresentRanker, vocabulary: Vocabulary, request: RecommendationRequest
) -> Answer:
    started = time.perf_counter()
    text, cut = _text_of(request)
    allowed = _allowed(present, request)
    limit = min(request.limit or vocabulary.suggestion_limit, 50)
    empty = not (text.title.strip() or text.body.strip())
    chosen = present.labels_of(request.chosen_tag_ids)
    ranking = present.rank(text, limit=0 if empty else limit, allowed=allowed, chosen=chosen)
    suggestions = _suggestions(present, ranking, request)
    if request.explain:
        suggestions = _explained(present, suggestions, text, request)
    return Answer(
        recommendation_id=Recommendation().pk if request.store else None,
        vocabulary=vocabulary,
        model_version=loaded.version.name,
        suggestions=suggestions,
        truncated=cut or ranking.truncated,
        degraded=loaded.degraded,
        abstain_reason=_abstain_reason(empty, bool(allowed.any()), suggestions),
        latency_ms=(time.perf_counter() - started) * 1000,
    )


def _allowed(present: PresentRanker, request: RecommendationRequest) -> np.ndarray:
    allowed = present.recommendable
    if request.candidate_tag_ids is None:
        return allowed
    among = np.zeros(len(allowed), bool)
    among[present.labels_of(request.candidate_tag_ids)] = True
    return allowed & among


def _suggestions(present: PresentRanker, ranking: ml.Ranking, request: RecommendationRequest) -> list[RankedTag]:
    columns = zip(
        ranking.labels.tolist(),
        ranking.logits.tolist(),
        ranking.probabilities.tolist(),
        ranking.above_threshold.tolist(),
        strict=True,
    )
    return [
        RankedTag(
            rank=rank,
            tag=present.tag(label),
            raw_score=logit,
            probability=probability,
            confidence=ml.confidence(probability),
            above_threshold=above,
            origin=Suggestion.Origin.MODEL if label < present.n_learnt else Suggestion.Origin.LABEL,
        )
        for rank, (label, logit, probability, above) in enumerate(columns, start=1)
        if probability >= request.min_probability
    ]


def _explained(
    present: PresentRanker, suggestions: Sequence[RankedTag], text: ml.Text, request: RecommendationRequest
) -> list[RankedTag]:
    labels = present.labels_of([suggestion.tag.id for suggestion in suggestions])
    similar = _similar(present, text, labels, request)
    return [
        replace(suggestion, evidence=present.ranker.explain(text, label), similar=similar[label])
        for suggestion, label in zip(suggestions, labels, strict=True)
    ]


def _abstain_reason(empty: bool, any_allowed: bool, suggestions: Sequence[RankedTag]) -> str:
    if empty:
        return EMPTY_TEXT
    if not any_allowed:
        return NO_TAGS
    return "" if any(suggestion.above_threshold for suggestion in suggestions) else BELOW_THRESHOLD


def _remember(answer: Answer, request: RecommendationRequest) -> None:
    recommendation = Recommendation(
        pk=answer.recommendation_id,
        vocabulary=answer.vocabulary,
        source=request.source,
        document=request.document,
        model_version=answer.model_version,
        vocabulary_version=answer.vocabulary.version,
        policy=request.policy,
        content_hash=content_hash(request.title, request.body),
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
            above_threshold=ranked.above_threshold,
            origin=ranked.origin,
        )
        for ranked in answer.suggestions
    ]
    record_recommendation(recommendation=recommendation, suggestions=suggestions)
