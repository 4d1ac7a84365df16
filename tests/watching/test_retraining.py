"""A drift alarm starts a training run: only where it may, only one, only when the last is old enough."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from recommender.models import DriftValue, TrainingRun, WatchPolicy
from recommender.watching.retraining import train_on_drift
from tagplatform.taxonomy.models import Vocabulary
from tests.factories import TrainingRunFactory, VocabularyFactory

pytestmark = pytest.mark.django_db
State = TrainingRun.State


@pytest.fixture
def vocabulary() -> Vocabulary:
    """Drift starts runs, a week apart at least."""
    made: Vocabulary = VocabularyFactory()
    WatchPolicy.objects.create(vocabulary=made, drift_starts_training=True, days_between_runs=7)
    return made


def value(vocabulary: Vocabulary, *, is_drift: bool) -> DriftValue:
    return DriftValue(
        day=timezone.now().date(), vocabulary=vocabulary, measure="tags", limit=0.1, is_drift=is_drift,
        n_reference=1000, n_current=1000,
    )  # fmt: skip


def make_run(vocabulary: Vocabulary, *, days_ago: float, state: str = State.SUCCEEDED) -> None:
    run = TrainingRunFactory(vocabulary=vocabulary, state=state)
    TrainingRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(days=days_ago))


def test_drift_starts_one_run_and_no_second_one(vocabulary: Vocabulary) -> None:
    alarm = partial(train_on_drift, vocabulary=vocabulary, values=[value(vocabulary, is_drift=True)])

    first, second = alarm(), alarm()

    assert first is not None
    assert (first.trigger, first.state) == (TrainingRun.Trigger.DRIFT, State.QUEUED)
    assert second is None


def test_without_drift_or_without_the_switch_nothing_starts(vocabulary: Vocabulary) -> None:
    switched_off = VocabularyFactory()

    calm = train_on_drift(vocabulary=vocabulary, values=[value(vocabulary, is_drift=False)])
    off = train_on_drift(vocabulary=switched_off, values=[value(switched_off, is_drift=True)])

    assert calm is off is None
    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize(("days_ago", "state", "starts"), [(6.9, State.FAILED, False), (7.1, State.SUCCEEDED, True)])
def test_the_last_run_must_be_old_enough(vocabulary: Vocabulary, days_ago: float, state: str, starts: bool) -> None:
    make_run(vocabulary, days_ago=days_ago, state=state)

    run = train_on_drift(vocabulary=vocabulary, values=[value(vocabulary, is_drift=True)])

    assert (run is not None) == starts


def test_an_old_run_that_still_goes_on_is_left_alone(vocabulary: Vocabulary) -> None:
    make_run(vocabulary, days_ago=30, state=State.RUNNING)

    assert train_on_drift(vocabulary=vocabulary, values=[value(vocabulary, is_drift=True)]) is None
