"""Recommendations, model versions and training runs as JSON."""

import math
from typing import Any
from uuid import UUID

from feedback.counts import model_probability
from feedback.models import Recommendation, Suggestion
from recommender import ml
from recommender.adjustments import TagAdjustment
from recommender.gate_words import gate_rows, note_in_words, tag_namer
from recommender.ml.metrics import Interval
from recommender.models import ModelAlias, ModelVersion, TrainingRun
from recommender.services import BELOW_THRESHOLD, Answer
from recommender.similar import SimilarDocument
from recommender.suggesting import RankedTag
from tagplatform.common.ids import format_public_id
from tagplatform.taxonomy.api.presenters import present_tag_brief
from tagplatform.taxonomy.models import Tag
from tagplatform.taxonomy.selectors import TagEntry, vocabulary_snapshot


def present_answer(answer: Answer, language: str = "") -> dict[str, Any]:
    """An answer that was just given."""
    return {
        "id": answer.public_id,
        "vocabulary": answer.vocabulary.slug,
        "model_version": answer.model_version,
        "policy": answer.policy,
        "suggestions": [_present_ranked(ranked, language) for ranked in answer.suggestions],
        "truncated": answer.truncated,
        "degraded": answer.degraded,
        "abstained": answer.abstained,
        "abstain_reason": answer.abstain_reason or None,
        "latency_ms": round(answer.latency_ms, 3),
    }


def _present_ranked(ranked: RankedTag, language: str) -> dict[str, Any]:
    return {
        "rank": ranked.rank,
        "tag": present_tag_brief(ranked.tag, language),
        "score": round(ranked.probability, 6),
        "confidence": ranked.confidence,
        "above_threshold": ranked.above_threshold,
        "origin": ranked.origin,
        "propensity": ranked.propensity,
        "explanation": None if ranked.evidence is None else [present_evidence(piece) for piece in ranked.evidence],
        "similar": None if ranked.similar is None else [present_similar(document) for document in ranked.similar],
        "label_match": ranked.label_match,
        "adjusted": None if ranked.evidence is None else present_adjustment(ranked.adjusted, ranked.probability),
    }


def present_adjustment(adjusted: TagAdjustment | None, probability: float) -> dict[str, Any] | None:
    """What newer decisions have done to a suggestion of this probability; null where nothing."""
    if adjusted is None:
        return None
    return {
        "reason": adjusted.reason,
        "offset": round(adjusted.offset, 6),
        "score_of_model": round(model_probability(probability, adjusted.offset), 6),
        "accepted": adjusted.accepted,
        "rejected": adjusted.rejected,
        "ignored": adjusted.ignored,
        "added": adjusted.added,
    }


def present_evidence(piece: ml.Evidence) -> dict[str, Any]:
    """A piece of the text that raises a score."""
    return {
        "field": piece.field,
        "start": piece.start,
        "end": piece.end,
        "text": piece.text,
        "contribution": round(piece.contribution, 6),
    }


def present_similar(document: SimilarDocument) -> dict[str, Any]:
    """A document that the caller may see."""
    return {
        "id": document.public_id,
        "external_id": document.external_id,
        "title": document.title,
        "similarity": round(document.similarity, 6),
    }


def present_stored(recommendation: Recommendation, language: str = "") -> dict[str, Any]:
    """An answer as it stands in the ledger; needs `vocabulary`, `document` and `suggestions` loaded."""
    entries = vocabulary_snapshot(recommendation.vocabulary_id, version=recommendation.vocabulary.version).tags
    suggestions = sorted(recommendation.suggestions.all(), key=lambda suggestion: suggestion.rank)
    document = recommendation.document
    return {
        "id": recommendation.public_id,
        "vocabulary": recommendation.vocabulary.slug,
        "model_version": recommendation.model_version,
        "policy": recommendation.policy,
        "suggestions": [_present_suggestion(row, entries[row.tag_id], language) for row in suggestions],
        "truncated": recommendation.truncated,
        "degraded": recommendation.degraded,
        "abstained": recommendation.abstained,
        "abstain_reason": BELOW_THRESHOLD if recommendation.abstained and suggestions else None,
        "latency_ms": round(recommendation.latency_ms, 3),
        "external_id": document and document.external_id,
        "created_at": recommendation.created_at,
    }


def _present_suggestion(suggestion: Suggestion, tag: TagEntry, language: str) -> dict[str, Any]:
    return {
        "rank": suggestion.rank,
        "tag": present_tag_brief(tag, language),
        "score": round(suggestion.probability, 6),
        "confidence": ml.confidence(suggestion.probability),
        "above_threshold": suggestion.above_threshold,
        "origin": suggestion.origin,
        "propensity": suggestion.propensity,
        "explanation": None,
        "similar": None,
        "label_match": None,
        "adjusted": None,
    }


def present_model(version: ModelVersion) -> dict[str, Any]:
    """A model version; needs `vocabulary` and `aliases` loaded."""
    return {
        "id": version.public_id,
        "name": version.name,
        "vocabulary": version.vocabulary.slug,
        "number": version.number,
        "recipe": version.recipe,
        "status": version.status,
        "aliases": sorted(alias.name for alias in version.aliases.all()),
        "training_run": version.training_run_id and format_public_id(TrainingRun.id_prefix, version.training_run_id),
        "parent": _version_id(version.parent_id),
        "n_documents": version.n_documents,
        "n_labels": version.n_labels,
        "data_from": version.data_from,
        "data_until": version.data_until,
        "metrics": version.metrics,
        "created_at": version.created_at,
    }


def present_alias(alias: ModelAlias) -> dict[str, Any]:
    """An alias; needs `version` and `vocabulary` loaded."""
    return {
        "vocabulary": alias.vocabulary.slug,
        "alias": alias.name,
        "model": {
            "id": alias.version.public_id,
            "name": f"{alias.vocabulary.slug}-{alias.version.number}",
        },
        "moved_at": alias.moved_at,
    }


def present_run(run: TrainingRun) -> dict[str, Any]:
    """A training run; needs `vocabulary` loaded."""
    return {
        "id": run.public_id,
        "vocabulary": run.vocabulary.slug,
        "recipe": run.recipe,
        "kind": run.kind or None,
        "kind_reason": run.kind_reason,
        "parent": _version_id(run.parent_id),
        "trigger": run.trigger,
        "state": run.state,
        "stage": run.stage,
        "progress": run.progress,
        "reason": run.reason,
        "cancel_requested": run.cancel_requested,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }


def present_run_detail(run: TrainingRun) -> dict[str, Any]:
    """A training run with its report and the end of its log."""
    return present_run(run) | {"gate": _present_gate(run), "report": run.report, "log_tail": run.log_tail}


def _version_id(key: UUID | None) -> str | None:
    return None if key is None else format_public_id(ModelVersion.id_prefix, key)


def _present_gate(run: TrainingRun) -> dict[str, Any] | None:
    gate: dict[str, Any] | None = run.report.get("gate")
    if not gate:
        return None
    rows = gate_rows(gate, tag_namer(run.vocabulary))
    criteria = [
        criterion
        | {"words": row.words, "tags": [tag | {"tag_id": _public_tag_id(tag["tag_id"])} for tag in criterion["tags"]]}
        for criterion, row in zip(gate["criteria"], rows, strict=True)
    ]
    shown = {name: value for name, value in gate.items() if name != "known"}
    return {"best_cuts": None} | shown | {"note": note_in_words(gate), "criteria": criteria}


def _public_tag_id(tag_id: str) -> str:
    return format_public_id(Tag.id_prefix, UUID(tag_id))


def present_interval(interval: Interval) -> dict[str, float | None]:
    """A value and its ends; what cannot be told is null."""
    numbers = interval._asdict().items()
    return {name: None if math.isnan(number) else round(number, 6) for name, number in numbers}
