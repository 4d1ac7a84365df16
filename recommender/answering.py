"""One ranked list of one loaded model for one text: rank, mask, join what is new, say why."""

import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from django.db.models import QuerySet

from feedback.models import Recommendation, Suggestion
from feedback.rejections import Place
from recommender import ml
from recommender.adjustments import AdjustmentStore, TagAdjustment, adjustments
from recommender.exploring import with_trial
from recommender.models import AdjustmentPolicy
from recommender.new_tags import NewTags, NewTagStore, new_tags
from recommender.present import PresentRanker
from recommender.serving import LoadedRanker
from recommender.similar import SimilarDocument, readable_of, similar_documents
from recommender.suggesting import RankedTag, from_examples, is_allowed, joined
from recommender.tag_texts import names_in
from tagplatform.common.ids import format_public_id
from tagplatform.content.models import Document, Source, content_hash
from tagplatform.content.services import shorten_body
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.snapshot import vocabulary_snapshot

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

    @property
    def source_id(self) -> uuid.UUID | None:
        """Of the source, or of the document where no source is named."""
        if self.source is not None:
            return self.source.pk
        return self.document.source_id if self.document else None

    @cached_property
    def place(self) -> Place:
        """The text as earlier decisions know it."""
        return Place(
            self.source_id,
            self.document.pk if self.document else None,
            content_hash(self.title, self.body),
        )


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
    policy: str = Recommendation.Policy.NORMAL

    @property
    def abstained(self) -> bool:
        return bool(self.abstain_reason)

    @property
    def public_id(self) -> str | None:
        stored = self.recommendation_id
        return None if stored is None else format_public_id(Recommendation.id_prefix, stored)


@dataclass(frozen=True)
class NewerKnowledge:
    """What came after a model's training, as a process remembers it.

    A model that is only tried has one of its own: no answer waits while something is read for it.
    """

    adjustments: AdjustmentStore
    new_tags: NewTagStore


LIVE = NewerKnowledge(adjustments, new_tags)


def present_ranker(loaded: LoadedRanker, vocabulary: Vocabulary) -> PresentRanker:
    return loaded.at(vocabulary_snapshot(vocabulary.pk, version=vocabulary.version))


def text_of(request: RecommendationRequest) -> tuple[ml.Text, bool]:
    """The text as the models read it, and whether it was cut."""
    body, cut = shorten_body(request.body)
    return ml.Text(request.title, body, request.language), cut


def similar_by_label(
    present: PresentRanker, text: ml.Text, labels: Sequence[int], request: RecommendationRequest
) -> dict[int, list[SimilarDocument]]:
    return similar_documents(present, text, labels, readable=request.readable, itself=request.document)


def ranked_answer(  # noqa: PLR0913
    loaded: LoadedRanker,
    present: PresentRanker,
    vocabulary: Vocabulary,
    request: RecommendationRequest,
    *,
    rejected: Collection[uuid.UUID],
    newer: NewerKnowledge = LIVE,
) -> Answer:
    """What the loaded model says of the request's text; nothing is written. `rejected` stand rejected on the text."""
    started = time.perf_counter()
    text, cut = text_of(request)
    allowed = _allowed(present, request, rejected)
    limit = min(request.limit or vocabulary.suggestion_limit, 50)
    empty = not (text.title.strip() or text.body.strip())
    chosen = present.labels_of(request.chosen_tag_ids)
    recommendation_id = Recommendation().pk if request.store else None
    present_adjustments = newer.adjustments.of(loaded.version, request.source_id)
    adjusted, policy = present_adjustments.by_tag, present_adjustments.policy
    offsets = {
        present.label_by_tag_id[tag_id]: each.offset
        for tag_id, each in adjusted.items()
        if tag_id in present.label_by_tag_id
    }
    ranking = present.rank(text, limit=0 if empty else limit, allowed=allowed, chosen=chosen, offsets=offsets)
    suggestions = _suggestions(present, ranking, request, adjusted)
    pool = None if empty else newer.new_tags.of(loaded.version, present.snapshot)
    if pool is not None:
        from_pool = _from_examples(pool.probabilities(text), present, vocabulary, request, rejected, adjusted)
        suggestions = joined(suggestions, from_pool, limit=limit)
    if recommendation_id is not None and policy is not None and _may_try_out(policy, request, empty=empty):
        suggestions = with_trial(
            suggestions,
            recommendation_id=recommendation_id,
            policy=policy,
            present=present,
            text=text,
            limit=limit,
            allowed=allowed,
            chosen=chosen,
            offsets=offsets,
        )
    if request.explain:
        suggestions = _explained(present, pool, suggestions, text, request)
    return Answer(
        recommendation_id=recommendation_id,
        vocabulary=vocabulary,
        model_version=loaded.version.name,
        suggestions=suggestions,
        truncated=cut or ranking.truncated,
        degraded=loaded.degraded,
        abstain_reason=_abstain_reason(empty, bool(allowed.any()), suggestions),
        latency_ms=(time.perf_counter() - started) * 1000,
        policy=_policy_of(suggestions, request),
    )


def _policy_of(suggestions: Sequence[RankedTag], request: RecommendationRequest) -> str:
    tries = any(ranked.origin == Suggestion.Origin.EXPLORATION for ranked in suggestions)
    return Recommendation.Policy.EXPLORATION if tries else request.policy


def _may_try_out(policy: AdjustmentPolicy, request: RecommendationRequest, *, empty: bool) -> bool:
    return policy.exploration_share > 0 and request.policy == Recommendation.Policy.NORMAL and not empty


def _allowed(present: PresentRanker, request: RecommendationRequest, rejected: Collection[uuid.UUID]) -> np.ndarray:
    """What an answer may contain: neither what excludes a chosen tag nor what stands rejected on this text."""
    allowed: np.ndarray = present.recommendable & ~present.beside(request.chosen_tag_ids)
    allowed[present.labels_of(rejected)] = False
    if request.candidate_tag_ids is None:
        return allowed
    among = np.zeros(len(allowed), bool)
    among[present.labels_of(request.candidate_tag_ids)] = True
    return allowed & among


def _suggestions(
    present: PresentRanker,
    ranking: ml.Ranking,
    request: RecommendationRequest,
    adjusted: Mapping[uuid.UUID, TagAdjustment],
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
            tag=present.tag(label),
            raw_score=logit,
            probability=probability,
            confidence=ml.confidence(probability),
            above_threshold=above,
            origin=Suggestion.Origin.MODEL if label < present.n_learnt else Suggestion.Origin.LABEL,
            adjusted=adjusted.get(present.tag_ids[label]),
        )
        for rank, (label, logit, probability, above) in enumerate(columns, start=1)
        if probability >= request.min_probability
    ]


def _from_examples(  # noqa: PLR0913
    chances: Mapping[uuid.UUID, float],
    present: PresentRanker,
    vocabulary: Vocabulary,
    request: RecommendationRequest,
    rejected: Collection[uuid.UUID],
    adjusted: Mapping[uuid.UUID, TagAdjustment],
) -> list[RankedTag]:
    """New tags that the text may be about and that an answer may contain."""
    tags = present.snapshot.tags
    chosen = [tags[tag_id] for tag_id in request.chosen_tag_ids if tag_id in tags]
    found = [
        from_examples(tags[tag_id], chance, adjusted=adjusted.get(tag_id), precision_target=vocabulary.precision_target)
        for tag_id, chance in chances.items()
        if is_allowed(tags.get(tag_id), chosen=chosen, candidates=request.candidate_tag_ids, rejected=rejected)
    ]
    return [each for each in found if each.probability >= request.min_probability]


def _explained(
    present: PresentRanker,
    pool: NewTags | None,
    suggestions: Sequence[RankedTag],
    text: ml.Text,
    request: RecommendationRequest,
) -> list[RankedTag]:
    tag_ids = [each.tag.id for each in suggestions if each.origin != Suggestion.Origin.EXAMPLES]
    similar = similar_by_label(present, text, present.labels_of(tag_ids), request)
    matches = names_in(text, [suggestion.tag for suggestion in suggestions])
    explained = []
    for suggestion, match in zip(suggestions, matches, strict=True):
        if pool is not None and suggestion.origin == Suggestion.Origin.EXAMPLES:
            evidence, near = pool_reasons(pool, text, suggestion.tag.id, request)
        else:
            label = present.label_by_tag_id[suggestion.tag.id]
            evidence, near = present.ranker.explain(text, label), similar[label]
        explained.append(replace(suggestion, evidence=evidence, similar=near, label_match=match))
    return explained


def pool_reasons(
    pool: NewTags, text: ml.Text, tag_id: uuid.UUID, request: RecommendationRequest
) -> tuple[list[ml.Evidence], list[SimilarDocument]]:
    near = {tag_id: dict(pool.similar(text, tag_id))}
    similar = readable_of(near, readable=request.readable, itself=request.document)[tag_id]
    return pool.explain(text, tag_id), similar


def _abstain_reason(empty: bool, any_allowed: bool, suggestions: Sequence[RankedTag]) -> str:
    if empty:
        return EMPTY_TEXT
    if not any_allowed:
        return NO_TAGS
    return "" if any(suggestion.above_threshold for suggestion in suggestions) else BELOW_THRESHOLD
