"""Numbers of the recommender for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)

_recommendations = Counter(
    "tagplatform_recommendations_total",
    "Answers given, by vocabulary and whether a suggestion reached its threshold",
    ["vocabulary", "result"],
)
_ranking_seconds = Histogram(
    "tagplatform_ranking_seconds", "Time to rank the tags for one text", ["vocabulary"], buckets=_SECONDS
)
_loaded = Gauge(
    "tagplatform_model_version_loaded",
    "Number of the model version that this process answers with",
    ["vocabulary"],
    multiprocess_mode="mostrecent",
)
_degraded = Gauge(
    "tagplatform_model_degraded",
    "1 where an older version than the champion answers",
    ["vocabulary"],
    multiprocess_mode="mostrecent",
)

_shadow_answers = Counter(
    "tagplatform_shadow_answers_total",
    "Requests that a challenger was asked in the background: answered, dropped, unavailable, failed",
    ["vocabulary", "result"],
)


def count_recommendation(*, vocabulary: str, abstained: bool, seconds: float) -> None:
    """One answer was given."""
    _recommendations.labels(vocabulary, "abstained" if abstained else "answered").inc()
    _ranking_seconds.labels(vocabulary).observe(seconds)


def tell_loaded_version(*, vocabulary: str, number: int, degraded: bool) -> None:
    """This process answers with that version."""
    _loaded.labels(vocabulary).set(number)
    _degraded.labels(vocabulary).set(degraded)


def count_shadow_answer(*, vocabulary: str, result: str) -> None:
    """A request was put to a challenger, or dropped because too many were waiting."""
    _shadow_answers.labels(vocabulary, result).inc()
