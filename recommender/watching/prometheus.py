"""Live figures, drift and open alerts for Prometheus, read from the aggregates when it asks."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, timedelta

from django.core.cache import cache
from django.db import DatabaseError
from django.db.models import Count, Sum
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily

from recommender.ml.live_figures import Sums, ratio_interval
from recommender.models import Alert, DailyFigure, DailyTagCount, DriftValue
from recommender.watching.selectors import Window, diversity_in
from tagplatform.taxonomy.models import Vocabulary

DAYS = 7
DIVERSITY_KEPT_SECONDS = 300
_DIVERSITY_KEY = "prometheus-diversity"
_DRIFT_IS_OLD_AFTER = timedelta(days=2)


class LiveGauges:
    """A collector: three small queries for each scrape, and nothing where the database does not answer.

    Figures that need the counts of every tag (entropy, rare and unlearnt tags, coverage) are added up once in
    `DIVERSITY_KEPT_SECONDS`: what they are read from changes once an hour.
    """

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing is asked of the database when the collector is registered."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            yield from [_figures(), _drift(), _alerts()]
        except DatabaseError:
            return


def _figures() -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(
        "tagplatform_live_figure",
        f"A figure of live decisions over the last {DAYS} days, blind documents left out; end: value, low, high",
        labels=["vocabulary", "figure", "end"],
    )
    names = ("n", "y", "x", "yy", "xy", "xx")
    first = timezone.now().astimezone(UTC).date() - timedelta(days=DAYS - 1)
    rows = DailyFigure.objects.filter(day__gte=first, is_blind=False).order_by()
    sums = rows.values_list("vocabulary__slug", "figure").annotate(**{f"sum_{name}": Sum(name) for name in names})
    for slug, figure, *parts in sums:
        for end, value in ratio_interval(Sums(*parts))._asdict().items():
            gauge.add_metric([slug, figure, end], value)
    for labels, value in _diversity(first):
        gauge.add_metric(list(labels), value)
    return gauge


def _diversity(first: date) -> list[tuple[tuple[str, str, str], float]]:
    """Labels (vocabulary, figure, end) and value of what depends on the counts of every tag, from the cache if kept."""
    found: list[tuple[tuple[str, str, str], float]] | None = cache.get(_DIVERSITY_KEY)
    if found is None:
        last = first + timedelta(days=DAYS - 1)
        counted = DailyTagCount.objects.filter(day__range=(first, last), is_blind=False).order_by()
        found = [
            ((vocabulary.slug, figure, end), value)
            for vocabulary in Vocabulary.objects.filter(pk__in=counted.values("vocabulary"))
            for figure, measured in diversity_in(Window(vocabulary, first, last)).items()
            for end, value in measured.interval._asdict().items()
        ]
        cache.set(_DIVERSITY_KEY, found, DIVERSITY_KEPT_SECONDS)
    return found


def _drift() -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(
        "tagplatform_drift",
        "Distance from the champion's training less what chance gives, as a share of its limit",
        labels=["vocabulary", "measure"],
    )
    since = timezone.now().astimezone(UTC).date() - _DRIFT_IS_OLD_AFTER
    values = DriftValue.objects.filter(day__gt=since, value__isnull=False).select_related("vocabulary")
    newest = {(value.vocabulary.slug, str(value.measure)): value for value in values.order_by("day")}
    for labels, value in newest.items():
        gauge.add_metric(list(labels), (value.excess or 0.0) / value.limit)
    return gauge


def _alerts() -> GaugeMetricFamily:
    gauge = GaugeMetricFamily("tagplatform_open_alerts", "Alerts that are open", labels=["vocabulary"])
    counted = Alert.objects.filter(closed_at=None).order_by().values_list("rule__vocabulary__slug")
    for slug, n in counted.annotate(n=Count("pk")):
        gauge.add_metric([slug], n)
    return gauge
