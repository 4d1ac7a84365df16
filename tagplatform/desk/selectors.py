"""What the desk's pages show: documents that wait, a document as it stands, what a person submitted."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q, QuerySet

from feedback.models import Decision, Outcome, Recommendation
from feedback.selectors import latest_decisions
from tagplatform.access.models import User
from tagplatform.common.errors import InvalidInput, NotFound
from tagplatform.common.ids import parse_public_id
from tagplatform.content.models import Document, TagAssignment
from tagplatform.content.selectors import documents_without_tags
from tagplatform.taxonomy.models import Vocabulary
from tagplatform.taxonomy.selectors import TagEntry, vocabulary_snapshot

COUNTED_AT_MOST = 999
COUNT_KEPT_SECONDS = 60
NO_MODEL = "none"
"""What stands in place of a model version where nothing could be recommended."""


def find_document_by_id(public_id: str) -> Document:
    """By public id, with its source."""
    try:
        key = parse_public_id(Document.id_prefix, public_id)
    except InvalidInput as error:
        raise NotFound(error.detail, code="unknown_document") from error
    document = Document.objects.select_related("source").filter(pk=key).first()
    if document is None:
        raise NotFound(f"There is no document “{public_id[:80]}”.", code="unknown_document")
    return document


def waiting_documents(vocabulary: Vocabulary) -> QuerySet[Document]:
    """Documents without a tag that nobody has submitted either, newest first."""
    submitted = Outcome.objects.filter(
        document=OuterRef("pk"), status=Outcome.Status.SUBMITTED, recommendation__vocabulary=vocabulary
    )
    return documents_without_tags(vocabulary).filter(~Exists(submitted)).select_related("source")


def count_waiting(vocabulary: Vocabulary) -> int:
    """How many documents wait, at most a minute ago; stops counting at COUNTED_AT_MOST + 1."""

    def count() -> int:
        return waiting_documents(vocabulary).order_by()[: COUNTED_AT_MOST + 1].count()

    return cache.get_or_set(_count_key(vocabulary), count, COUNT_KEPT_SECONDS) or 0


def forget_count(vocabulary: Vocabulary) -> None:
    """Count anew: a document has just joined or left the queue."""
    cache.delete(_count_key(vocabulary))


def _count_key(vocabulary: Vocabulary) -> str:
    return f"desk-waiting-{vocabulary.pk}"


def next_waiting(vocabulary: Vocabulary, *, after: Document) -> Document | None:
    """The one behind `after` in the queue, from the front again at its end; None when no other waits."""
    others = waiting_documents(vocabulary).exclude(pk=after.pk)
    return others.filter(_behind(after)).first() or others.first()


def _behind(document: Document) -> Q:
    """Later in the order of the queue, where documents without a date stand first."""
    same_day_later = Q(published_at=document.published_at, pk__lt=document.pk)
    if document.published_at is None:
        return Q(published_at=None, pk__lt=document.pk) | Q(published_at__isnull=False)
    return Q(published_at__lt=document.published_at) | same_day_later


@dataclass(frozen=True)
class Standing:
    """The tags that a document bears, and the submitted recommendation that led there, if its text is unchanged."""

    tags: Sequence[TagEntry]
    recommendation: Recommendation | None = None
    rejected_tag_ids: Sequence[uuid.UUID] = ()
    suggested_tag_ids: Sequence[uuid.UUID] = ()


def standing_of(document: Document, vocabulary: Vocabulary) -> Standing:
    """What an editor who opens the document again goes on from."""
    entries = vocabulary_snapshot(vocabulary.pk, version=vocabulary.version).tags
    assigned = TagAssignment.objects.filter(document=document, tag__vocabulary=vocabulary).order_by("pk")
    tags = [entries[pk] for pk in assigned.values_list("tag_id", flat=True) if pk in entries]
    recommendation = _submitted_recommendation(document, vocabulary)
    if recommendation is None:
        return Standing(tags)
    decisions = latest_decisions(recommendation)
    rejected = [d.tag_id for d in decisions if d.kind == Decision.Kind.REJECTED]
    suggested = list(recommendation.suggestions.values_list("tag_id", flat=True))
    return Standing(tags, recommendation, rejected, suggested)


def _submitted_recommendation(document: Document, vocabulary: Vocabulary) -> Recommendation | None:
    outcomes = Outcome.objects.filter(
        document=document, status=Outcome.Status.SUBMITTED, recommendation__vocabulary=vocabulary
    )
    with_model = outcomes.exclude(recommendation__model_version=NO_MODEL)
    last = with_model.select_related("recommendation").order_by("-updated_at").first()
    same_text = last is not None and last.recommendation.content_hash == document.content_hash
    return last.recommendation if last is not None and same_text else None


@dataclass(frozen=True)
class Submission:
    """One line of a person's history: what became of a document, and the decision on each tag."""

    outcome: Outcome
    decisions: Sequence[tuple[str, TagEntry]]


ORDER_OF_KINDS = [Decision.Kind.ACCEPTED, Decision.Kind.ADDED, Decision.Kind.REMOVED, Decision.Kind.REJECTED]


def outcomes_of(actor: User, vocabulary: Vocabulary) -> QuerySet[Outcome]:
    """What this person reported, the latest first."""
    mine = Outcome.objects.filter(actor=actor, recommendation__vocabulary=vocabulary)
    return mine.select_related("document", "recommendation").order_by("-updated_at")


def with_decisions(outcomes: Sequence[Outcome], vocabulary: Vocabulary) -> list[Submission]:
    """The outcomes of one page with the decisions that stand; suggestions merely left alone are not listed."""
    entries = vocabulary_snapshot(vocabulary.pk, version=vocabulary.version).tags
    keys = [outcome.recommendation_id for outcome in outcomes]
    standing = (
        Decision.objects.filter(recommendation__in=keys)
        .order_by("recommendation_id", "tag_id", "-id")
        .distinct("recommendation_id", "tag_id")
    )
    by_recommendation: dict[uuid.UUID, list[tuple[str, TagEntry]]] = defaultdict(list)
    for decision in standing:
        if decision.recommendation_id and decision.kind in ORDER_OF_KINDS and decision.tag_id in entries:
            by_recommendation[decision.recommendation_id].append((decision.kind, entries[decision.tag_id]))
    for decisions in by_recommendation.values():
        decisions.sort(key=lambda pair: ORDER_OF_KINDS.index(Decision.Kind(pair[0])))
    return [Submission(outcome, by_recommendation[outcome.recommendation_id]) for outcome in outcomes]
