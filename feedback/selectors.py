"""What is asked of the ledger."""

import uuid
from collections.abc import Iterator

from feedback.evidence import Evidence
from feedback.models import Decision, Outcome, Recommendation
from tagplatform.common.errors import NotFound
from tagplatform.common.ids import moment_of_id, parse_public_id
from tagplatform.content.models import Document, Source
from tagplatform.taxonomy.models import Vocabulary


def find_recommendation(public_id: str, *, source: Source | None = None) -> Recommendation:
    """By public id; with `source`, only one that was given to it."""
    found = Recommendation.objects.select_related("vocabulary").filter(
        pk=parse_public_id(Recommendation.id_prefix, public_id)
    )
    if source is not None:
        found = found.filter(source=source)
    recommendation = found.first()
    if recommendation is None:
        raise NotFound(f"There is no recommendation “{public_id[:80]}”.", code="unknown_recommendation")
    return recommendation


def latest_decisions(recommendation: Recommendation) -> list[Decision]:
    """For each tag the decision that stands."""
    newest_first = Decision.objects.filter(recommendation=recommendation).order_by("tag_id", "-id")
    return list(newest_first.distinct("tag_id"))


def latest_recommendation(document: Document, vocabulary: Vocabulary) -> Recommendation | None:
    """The last recommendation that was shown for a document."""
    shown = Recommendation.objects.filter(document=document, vocabulary=vocabulary)
    return shown.exclude(policy=Recommendation.Policy.SHADOW).order_by("-id").first()


def standing_decisions(vocabulary: Vocabulary) -> Iterator[tuple[uuid.UUID, uuid.UUID, str]]:
    """(document, tag, kind) of every decision that stands on a stored document, streamed."""
    newest_first = (
        Decision.objects.filter(vocabulary=vocabulary, document__isnull=False)
        .order_by("document_id", "tag_id", "-id")
        .distinct("document_id", "tag_id")
    )
    yield from newest_first.values_list("document_id", "tag_id", "kind").iterator(chunk_size=5000)


def evidence_of(vocabulary: Vocabulary) -> Iterator[Evidence]:
    """Every decision on a stored document, oldest first, in one streamed query."""
    rows = (
        Decision.objects.filter(vocabulary=vocabulary, document__isnull=False)
        .order_by("pk")
        .values_list(
            "pk", "document_id", "tag_id", "kind", "rank", "actor_id", "source_id", "recommendation_id",
            "recommendation__policy", "recommendation__outcome__status",
        )
    )  # fmt: skip
    for row in rows.iterator(chunk_size=5000):
        yield _evidence(*row)


def _evidence(  # noqa: PLR0913 - the columns of the query
    key: uuid.UUID,
    document_id: uuid.UUID,
    tag_id: uuid.UUID,
    kind: str,
    rank: int | None,
    actor_id: int | None,
    source_id: uuid.UUID | None,
    recommendation_id: uuid.UUID | None,
    policy: str | None,
    status: str | None,
) -> Evidence:
    """Without a recommendation there is no policy, and the report itself is the submission."""
    return Evidence(
        id=key,
        document_id=document_id,
        tag_id=tag_id,
        kind=kind,
        moment=moment_of_id(key).timestamp(),
        rank=rank,
        actor_id=actor_id,
        source_id=source_id,
        recommendation_id=recommendation_id,
        policy=policy or "",
        submitted=recommendation_id is None or status == Outcome.Status.SUBMITTED,
    )


def number_of_decisions_since(vocabulary: Vocabulary, since_id: uuid.UUID | None) -> int:
    """How many decisions came after the given row of the ledger."""
    decisions = Decision.objects.filter(vocabulary=vocabulary)
    return (decisions.filter(pk__gt=since_id) if since_id else decisions).count()
