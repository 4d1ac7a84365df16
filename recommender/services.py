"""Recommend tags for a text: rank, mask, present, remember."""

import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from django.utils.translation import gettext as _

from feedback.models import Recommendation, Suggestion
from feedback.services import record_recommendation
from recommender import ml
from recommender.metrics import count_recommendation
from recommender.serving import LoadedRanker, rankers
from tagplatform.common.errors import InvalidInput
from tagplatform.common.ids import format_public_id
from tagplatform.content.models import Document, Source, content_hash
from tagplatform.content.services import shorten_body
from tagplatform.taxonomy.labels import normalise_label
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import TagEntry, VocabularySnapshot, vocabulary_snapshot

EMPTY_TEXT = "empty_text"
NO_TAGS = "no_recommendable_tags"
BELOW_THRESHOLD = "below_threshold"


@dataclass(frozen=True)
class RecommendationRequest:
    """One text, and what the answer should look like."""

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
    store: bool = True
    policy: str = Recommendation.Policy.NORMAL


@dataclass(frozen=True)
class RankedTag:
    """One suggestion as it is shown; `evidence` only where the request asked for explanations."""

    rank: int
    tag: TagEntry
    raw_score: float
    probability: float
    confidence: str
    above_threshold: bool
    origin: str = Suggestion.Origin.MODEL
    evidence: Sequence[ml.Evidence] | None = None


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
    """Why a tag was suggested: the words that carry its score, and where one of its names stands in the text."""

    tag: TagEntry
    evidence: Sequence[ml.Evidence] = field(default_factory=tuple)
    label_match: str | None = None


def recommend_tags(*, vocabulary: Vocabulary, request: RecommendationRequest) -> Answer:
    """Rank the vocabulary's tags for one text. Unavailable while no model can answer."""
    return recommend_tags_batch(vocabulary=vocabulary, requests=[request])[0]


def recommend_tags_batch(*, vocabulary: Vocabulary, requests: Sequence[RecommendationRequest]) -> list[Answer]:
    """One answer for each request, in their order, from one model version."""
    loaded = rankers.current(vocabulary)
    snapshot = vocabulary_snapshot(vocabulary.pk, version=vocabulary.version)
    answers = [_rank(loaded, snapshot, vocabulary, request) for request in requests]
    for answer, request in zip(answers, requests, strict=True):
        if answer.recommendation_id is not None:
            _remember(answer, request)
        count_recommendation(vocabulary=vocabulary.slug, abstained=answer.abstained, seconds=answer.latency_ms / 1000)
    return answers


def explain_suggestion(
    *, vocabulary: Vocabulary, title: str, body: str, language: str, tag_id: uuid.UUID
) -> Explanation:
    """The words of the text that raise the tag's score, and the name of it that stands in the text."""
    loaded = rankers.current(vocabulary)
    tag = vocabulary_snapshot(vocabulary.pk, version=vocabulary.version).tags.get(tag_id)
    if tag is None:
        raise InvalidInput(_("This tag does not stand in the vocabulary."), code="unknown_tag", pointer="/tag")
    text = ml.Text(title, shorten_body(body)[0], language)
    label = loaded.label_by_tag_id.get(tag_id)
    evidence = loaded.ranker.explain(text, label) if label is not None else ()
    return Explanation(tag, tuple(evidence), _label_in_text(tag, f"{title} {body}"))


def _label_in_text(tag: TagEntry, text: str) -> str | None:
    """The first of the tag's names that stands in the text as whole words (Chinese names: anywhere)."""
    normalised = normalise_label(text)
    for label in tag.labels:
        name = re.escape(label.normalised_text)
        pattern = rf"(?<!\w){name}(?!\w)" if label.normalised_text.isascii() else name
        if re.search(pattern, normalised):
            return label.text
    return None


def _rank(
    loaded: LoadedRanker, snapshot: VocabularySnapshot, vocabulary: Vocabulary, request: RecommendationRequest
) -> Answer:
    started = time.perf_counter()
    body, cut = shorten_body(request.body)
    text = ml.Text(request.title, body, request.language)
    allowed = _allowed(loaded, snapshot, request)
    chosen = [loaded.label_by_tag_id[t] for t in request.chosen_tag_ids if t in loaded.label_by_tag_id]
    limit = min(request.limit or vocabulary.suggestion_limit, 50)
    empty = not (request.title.strip() or body.strip())
    ranking = loaded.ranker.rank([text], limit=0 if empty else limit, allowed=allowed, chosen=[chosen])[0]
    suggestions = _present(loaded, snapshot, ranking, request, text)
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


def _allowed(loaded: LoadedRanker, snapshot: VocabularySnapshot, request: RecommendationRequest) -> np.ndarray:
    allowed = loaded.recommendable(snapshot)
    if request.candidate_tag_ids is None:
        return allowed
    wanted = [loaded.label_by_tag_id[t] for t in request.candidate_tag_ids if t in loaded.label_by_tag_id]
    among = np.zeros(len(allowed), bool)
    among[wanted] = True
    return allowed & among


def _present(
    loaded: LoadedRanker,
    snapshot: VocabularySnapshot,
    ranking: ml.Ranking,
    request: RecommendationRequest,
    text: ml.Text,
) -> list[RankedTag]:
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
            tag=snapshot.tags[loaded.tag_ids[label]],
            raw_score=logit,
            probability=probability,
            confidence=ml.confidence(probability),
            above_threshold=above,
            evidence=loaded.ranker.explain(text, label) if request.explain else None,
        )
        for rank, (label, logit, probability, above) in enumerate(columns, start=1)
        if probability >= request.min_probability
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
