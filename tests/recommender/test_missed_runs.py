"""No month is lost: a scheduled run that could not start at its hour is made up for, once."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoCaptureOnCommitCallbacks

from recommender.models import TrainingRun
from recommender.runs import claim_run, finish_run
from recommender.schedules import GRACE, TASK, missed_vocabularies, schedule_every_vocabulary
from recommender.tasks import make_up_for_missed_runs, start_scheduled_training, train
from tagplatform.taxonomy.models import Vocabulary
from tests.factories import TrainingRunFactory, VocabularyFactory

pytestmark = pytest.mark.django_db
State = TrainingRun.State

HOUR = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
"""When the entry of March is due."""
LATER = HOUR + timedelta(hours=5)


@pytest.fixture
def vocabulary() -> Vocabulary:
    made: Vocabulary = VocabularyFactory(created_at=HOUR - timedelta(days=40))
    schedule_every_vocabulary()
    return made


def add_run(vocabulary: Vocabulary, at: datetime, state: str, trigger: str = "schedule") -> TrainingRun:
    run: TrainingRun = TrainingRunFactory(vocabulary=vocabulary, created_at=at, state=state, trigger=trigger)
    return run


def test_a_month_without_a_run_is_missed_once_its_message_has_had_time(vocabulary: Vocabulary) -> None:
    add_run(vocabulary, HOUR - timedelta(days=28), State.SUCCEEDED)

    before, at_once, later = (missed_vocabularies(HOUR + passed) for passed in (-GRACE, GRACE / 2, GRACE * 2))

    assert (before, at_once, later) == ([], [], [vocabulary.pk])


def test_a_vocabulary_that_never_had_a_run_is_missed_too(vocabulary: Vocabulary) -> None:
    assert missed_vocabularies(LATER) == [vocabulary.pk]


def test_a_new_vocabulary_waits_for_its_first_hour(vocabulary: Vocabulary) -> None:
    Vocabulary.objects.update(created_at=HOUR + timedelta(hours=1))

    assert missed_vocabularies(LATER) == []


@pytest.mark.parametrize(
    ("state", "trigger", "counts"),
    [
        (State.SUCCEEDED, "schedule", True),
        (State.SKIPPED, "schedule", True),
        (State.FAILED, "schedule", True),
        (State.QUEUED, "schedule", True),
        (State.SUCCEEDED, "manual", True),
        (State.FAILED, "manual", False),
        (State.CANCELLED, "api", False),
    ],
)
def test_what_was_asked_for_since_counts(vocabulary: Vocabulary, state: str, trigger: str, counts: bool) -> None:
    add_run(vocabulary, HOUR + timedelta(minutes=1), state, trigger)

    assert missed_vocabularies(LATER) == ([] if counts else [vocabulary.pk])


def test_a_repetition_learns_nothing_new_and_does_not_count(vocabulary: Vocabulary) -> None:
    old = add_run(vocabulary, HOUR - timedelta(days=20), State.SUCCEEDED)
    again = add_run(vocabulary, HOUR + timedelta(hours=1), State.SUCCEEDED, "manual")
    TrainingRun.objects.filter(pk=again.pk).update(repeats=old)

    assert missed_vocabularies(LATER) == [vocabulary.pk]


def test_an_entry_that_is_switched_off_or_names_no_vocabulary_misses_nothing(vocabulary: Vocabulary) -> None:
    entry = PeriodicTask.objects.get(task=TASK)
    PeriodicTask.objects.create(name="odd", task=TASK, crontab=entry.crontab, kwargs=json.dumps({"vocabulary": 1}))
    PeriodicTask.objects.filter(pk=entry.pk).update(enabled=False)

    assert missed_vocabularies(LATER) == []


def test_the_hour_that_somebody_has_set_is_the_one_that_counts(vocabulary: Vocabulary) -> None:
    add_run(vocabulary, HOUR + timedelta(minutes=1), State.SUCCEEDED)
    weekly = CrontabSchedule.objects.create(minute="30", hour="6", day_of_week="1", timezone="Asia/Shanghai")
    PeriodicTask.objects.filter(task=TASK).update(crontab=weekly)
    monday = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)

    before, after = (missed_vocabularies(monday + passed) for passed in (timedelta(0), GRACE * 2))

    assert (before, after) == ([], [vocabulary.pk])


def test_a_run_that_stood_in_the_way_is_followed_by_the_missed_one(
    vocabulary: Vocabulary,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(train, "delay", sent.append)
    busy = add_run(vocabulary, HOUR - timedelta(days=1), State.QUEUED, "manual")
    claimed = claim_run(busy.pk, worker="a")
    assert claimed is not None

    at_its_hour = start_scheduled_training(str(vocabulary.pk))
    while_busy = make_up_for_missed_runs()
    finish_run(claimed, State.SUCCEEDED, report={})
    with django_capture_on_commit_callbacks(execute=True):
        afterwards, again = make_up_for_missed_runs(), make_up_for_missed_runs()

    run = TrainingRun.objects.get(trigger="schedule")
    assert (at_its_hour, while_busy, afterwards, again) == (None, 0, 1, 0)
    assert run.state == State.QUEUED and sent == [str(run.pk)]


@settings(deadline=None, max_examples=30)
@given(days=st.lists(st.integers(1, 27), max_size=3), day=st.integers(1, 27), hour=st.integers(4, 23))
def test_after_its_hour_a_month_is_missed_unless_it_has_a_run(days: list[int], day: int, hour: int) -> None:
    made: Vocabulary = VocabularyFactory(created_at=HOUR - timedelta(days=40))
    schedule_every_vocabulary()
    now = datetime(2026, 3, day, hour, tzinfo=UTC)
    asked = [datetime(2026, 3, each, 3, 30, tzinfo=UTC) for each in days if each <= day]
    for moment in asked:
        add_run(made, moment, State.SUCCEEDED)

    assert (made.pk in missed_vocabularies(now)) == (not asked)
