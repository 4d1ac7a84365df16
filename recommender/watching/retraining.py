"""Drift may ask for a training run: where the policy allows it, and not again and again."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from recommender.models import DriftValue, TrainingRun
from recommender.runs import request_training
from recommender.watching.drift import watch_policy
from tagplatform.common.errors import Conflict
from tagplatform.taxonomy.models import Vocabulary


def train_on_drift(*, vocabulary: Vocabulary, values: Sequence[DriftValue]) -> TrainingRun | None:
    """A queued run where one of the values has drifted; None where the policy is off, a run is active, or the last one,
    whatever became of it, is younger than the policy's days."""
    policy = watch_policy(vocabulary)
    if not policy.drift_starts_training or not any(value.is_drift for value in values):
        return None
    since = timezone.now() - timedelta(days=policy.days_between_runs)
    if TrainingRun.objects.filter(vocabulary=vocabulary, created_at__gt=since).exists():
        return None
    try:
        return request_training(vocabulary=vocabulary, trigger=TrainingRun.Trigger.DRIFT)
    except Conflict:
        return None
