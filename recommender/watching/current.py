"""What comes in and goes out at present: texts that were asked about, scores, suggested and assigned tags."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from feedback.counts import model_probability
from feedback.models import Recommendation, Suggestion
from recommender import ml
from recommender.ml.profile import TOP_SUGGESTIONS
from recommender.models import ModelVersion
from tagplatform.common.ids import first_id_at
from tagplatform.content.models import Document, TagAssignment
from tagplatform.content.services import shorten_body
from tagplatform.taxonomy.models import Vocabulary

MOST_TEXTS, MOST_SCORES = 3_000, 20_000


def texts_since(vocabulary: Vocabulary, since: datetime) -> list[ml.Text]:
    """Stored texts that suggestions were asked for, each once, the newest ones where there are many."""
    answers = Recommendation.objects.filter(
        vocabulary=vocabulary, pk__gte=first_id_at(since), document__isnull=False
    ).exclude(policy=Recommendation.Policy.SHADOW)
    keys = list(dict.fromkeys(answers.order_by("-pk").values_list("document", flat=True)[: 4 * MOST_TEXTS]))
    rows = Document.objects.filter(pk__in=keys[:MOST_TEXTS]).values_list("title", "body", "language")
    return [ml.Text(title, shorten_body(body)[0], language) for title, body, language in rows.iterator()]


def scores_since(version: ModelVersion, since: datetime) -> list[float]:
    """What the version itself, without adjustments, gave its first suggestions."""
    rows = _suggestions(version, since).filter(rank=1).order_by("-pk").values_list("probability", "adjustment")
    return [model_probability(probability, adjustment) for probability, adjustment in rows[:MOST_SCORES]]


def suggested_since(version: ModelVersion, since: datetime) -> Mapping[str, int]:
    """How often the version put each tag among its first suggestions."""
    rows = _suggestions(version, since).filter(rank__lte=TOP_SUGGESTIONS)
    return _by_tag(rows.order_by().values_list("tag_id").annotate(n=Count("pk")))


def assigned_since(vocabulary: Vocabulary, since: datetime) -> Mapping[str, int]:
    """How often people and programs put each tag on a document; imports bring the past, and do not count."""
    rows = TagAssignment.objects.filter(tag__vocabulary=vocabulary, assigned_at__gte=since)
    rows = rows.exclude(origin=TagAssignment.Origin.IMPORTED)
    return _by_tag(rows.order_by().values_list("tag_id").annotate(n=Count("pk")))


def _suggestions(version: ModelVersion, since: datetime) -> QuerySet[Suggestion]:
    first = first_id_at(since)
    return Suggestion.objects.filter(
        pk__gte=first,
        recommendation__pk__gte=first,
        recommendation__vocabulary=version.vocabulary_id,
        recommendation__model_version=version.name,
        origin=Suggestion.Origin.MODEL,
    ).exclude(recommendation__policy__in=(Recommendation.Policy.SHADOW, Recommendation.Policy.INTERLEAVED))


def _by_tag(rows: Iterable[tuple[Any, int]]) -> Mapping[str, int]:
    return Counter({str(tag_id): n for tag_id, n in rows})
