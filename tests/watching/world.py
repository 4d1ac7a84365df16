"""A ledger of a few answers with known figures."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from feedback.models import Outcome, Recommendation, Suggestion
from feedback.services import record_recommendation
from tagplatform.common.ids import first_id_at
from tagplatform.content.models import Source
from tagplatform.taxonomy.models import Tag, Vocabulary
from tests.factories import RecommendationFactory, TagFactory, VocabularyFactory

NOON = datetime(2026, 10, 14, 12, tzinfo=UTC)
DAY = NOON.date()


def id_at(moment: datetime) -> uuid.UUID:
    """A UUIDv7 of that moment, different each time."""
    return uuid.UUID(int=first_id_at(moment).int | (uuid.uuid4().int & ((1 << 62) - 1)))


def make_tags(notations: str = "abcdef") -> list[Tag]:
    vocabulary: Vocabulary = VocabularyFactory(slug="news", name="News")
    return [TagFactory(vocabulary=vocabulary, notation=name) for name in notations]


def give(
    suggested: Sequence[Tag],
    *,
    final: Sequence[Tag] | None = None,
    moment: datetime = NOON,
    before: Sequence[Tag] = (),
    hidden: Sequence[Tag] = (),
    tried: Sequence[Tag] = (),
    source: Source | None = None,
    **fields: Any,
) -> Recommendation:
    """An answer in the ledger; with `final` its document was submitted with these tags."""
    answer: Recommendation = RecommendationFactory.build(
        pk=id_at(moment), vocabulary=suggested[0].vocabulary, source=source, created_at=moment, **fields
    )
    rows = [
        Suggestion(
            id=id_at(moment + timedelta(milliseconds=2)), tag=tag, rank=rank, raw_score=-rank,
            probability=1 / (1 + rank), above_threshold=True, shown=tag not in hidden,
            origin=Suggestion.Origin.EXPLORATION if tag in tried else Suggestion.Origin.MODEL,
        )
        for rank, tag in enumerate(suggested, start=1)
    ]  # fmt: skip
    record_recommendation(recommendation=answer, suggestions=rows)
    if final is not None:
        Outcome.objects.create(
            recommendation=answer, status=Outcome.Status.SUBMITTED, final_tag_ids=[tag.pk for tag in final],
            tag_ids_before=[tag.pk for tag in before],
        )  # fmt: skip
    return answer
