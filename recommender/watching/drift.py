"""Compare what comes in and goes out at present with what the champion was trained on, and write down how far it is."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta

import numpy as np
from django.db import transaction
from django.utils import timezone

from recommender.ml.drift import Distance, jensen_shannon, population_stability
from recommender.ml.profile import Histogram, Profile
from recommender.models import DriftValue, ModelVersion, WatchPolicy
from recommender.selectors import champion
from recommender.watching.current import assigned_since, scores_since, suggested_since, texts_since
from recommender.watching.profiles import reference_profile
from tagplatform.taxonomy.models import Vocabulary

Measure = DriftValue.Measure
MEASURES_OF_TAGS = (Measure.SUGGESTED, Measure.TAGS)
MOST_CHANGES = 10


@dataclass(frozen=True)
class Compared:
    """One measure's histograms, by the names of their bins."""

    measure: str
    reference: Histogram
    current: Histogram
    n_documents: int  # behind `current`

    @property
    def bins(self) -> list[str]:
        return sorted(self.reference.keys() | self.current.keys())


def watch_policy(vocabulary: Vocabulary) -> WatchPolicy:
    """The vocabulary's policy, with the defaults where nobody has set one."""
    return WatchPolicy.objects.filter(vocabulary=vocabulary).first() or WatchPolicy(vocabulary=vocabulary)


def check_drift(vocabulary: Vocabulary) -> list[DriftValue]:
    """Today's values of the vocabulary, in place of any that were found earlier today; none without a champion."""
    version = champion(vocabulary)
    if version is None:
        return []
    policy, profile = watch_policy(vocabulary), reference_profile(version)
    values = _unknown(version, policy) if profile is None else _compare(version, profile, policy)
    with transaction.atomic():
        DriftValue.objects.filter(vocabulary=vocabulary, day=_today()).delete()
        return DriftValue.objects.bulk_create(values)


def _compare(version: ModelVersion, profile: Profile, policy: WatchPolicy) -> list[DriftValue]:
    since = timezone.now() - timedelta(days=policy.window_days)
    vocabulary = version.vocabulary
    texts = texts_since(vocabulary, since)
    of_texts = profile.histograms(texts)
    scores = scores_since(version, since)
    assigned = assigned_since(vocabulary, since)
    compared = [
        Compared(Measure.LENGTH, profile.texts.length, of_texts.length, len(texts)),
        Compared(Measure.LANGUAGE, profile.texts.language, of_texts.language, len(texts)),
        Compared(Measure.UNKNOWN_WORDS, profile.texts.unknown_words, of_texts.unknown_words, len(texts)),
        Compared(Measure.TOPIC, profile.texts.topic, of_texts.topic, len(texts)),
        Compared(Measure.SCORES, profile.scores, profile.score_histogram(scores), len(scores)),
        Compared(Measure.SUGGESTED, profile.suggested, suggested_since(version, since), len(scores)),
        Compared(Measure.TAGS, profile.tags, assigned, sum(assigned.values())),
    ]
    return [_value(each, version, policy) for each in compared]


def _value(compared: Compared, version: ModelVersion, policy: WatchPolicy) -> DriftValue:
    value = _empty(compared.measure, version, policy)
    value.n_reference, value.n_current = sum(compared.reference.values()), compared.n_documents
    if compared.n_documents < policy.fewest or not value.n_reference:
        value.reason = DriftValue.Reason.TOO_FEW
        return value
    bins = compared.bins
    reference, current = (_counts(part, bins) for part in (compared.reference, compared.current))
    distance = _distance(compared.measure, reference, current)
    if math.isnan(distance.value):
        value.reason = DriftValue.Reason.TOO_FEW
        return value
    value.value, value.expected, value.critical = distance.value, distance.expected, distance.critical
    value.is_drift = distance.is_drift(value.limit)
    value.changes = _changes(bins, reference, current, distance)
    return value


def _distance(measure: str, reference: np.ndarray, current: np.ndarray) -> Distance:
    if measure in MEASURES_OF_TAGS:
        return jensen_shannon(reference, current, np.random.default_rng(0))
    return population_stability(reference, current)


def _changes(bins: Sequence[str], reference: np.ndarray, current: np.ndarray, distance: Distance) -> list[list[object]]:
    """The bins that the distance comes from, the largest part first."""
    largest = np.argsort(-distance.parts, kind="stable")[:MOST_CHANGES]
    before, now = reference / reference.sum(), current / current.sum()
    return [
        [bins[place], round(float(before[place]), 4), round(float(now[place]), 4), round(float(part), 4)]
        for place in largest.tolist()
        for part in [distance.parts[place]]
        if part > 0
    ]


def _counts(histogram: Mapping[str, int], bins: Sequence[str]) -> np.ndarray:
    return np.array([histogram.get(name, 0) for name in bins], np.int64)


def _unknown(version: ModelVersion, policy: WatchPolicy) -> list[DriftValue]:
    values = [_empty(measure, version, policy) for measure in Measure]
    for value in values:
        value.reason = DriftValue.Reason.NO_PROFILE
    return values


def _empty(measure: str, version: ModelVersion, policy: WatchPolicy) -> DriftValue:
    return DriftValue(
        day=_today(),
        vocabulary=version.vocabulary,
        model_version=version.name,
        measure=measure,
        limit=policy.js_limit if measure in MEASURES_OF_TAGS else policy.psi_limit,
        n_reference=0,
        n_current=0,
    )


def _today() -> date:
    return timezone.now().astimezone(UTC).date()
