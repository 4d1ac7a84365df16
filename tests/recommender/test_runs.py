"""A training run is claimed once, beats, ends once, and is taken up again when its worker dies."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from recommender.models import TrainingRun
from recommender.runs import (
    beat,
    cancel_training,
    claim_run,
    finish_run,
    report_progress,
    request_training,
    runs_to_wake,
)
from recommender.tasks import recover_stalled_runs, train
from tagplatform.common.errors import Conflict
from tests.factories import TrainingRunFactory, VocabularyFactory

State = TrainingRun.State
pytestmark = pytest.mark.django_db


def claimed_run() -> TrainingRun:
    run = claim_run(TrainingRunFactory().pk, worker="first")
    assert run is not None
    return run


def fall_silent(run: TrainingRun) -> None:
    TrainingRun.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=30))


def test_a_vocabulary_has_one_active_run_at_a_time() -> None:
    vocabulary = VocabularyFactory()
    request_training(vocabulary=vocabulary, trigger="manual")

    with pytest.raises(Conflict):
        request_training(vocabulary=vocabulary, trigger="manual")

    assert TrainingRun.objects.count() == 1


def test_the_database_itself_refuses_a_second_active_run() -> None:
    run = TrainingRunFactory()

    with pytest.raises(IntegrityError):
        TrainingRunFactory(vocabulary=run.vocabulary)


def test_a_message_that_comes_twice_starts_one_run() -> None:
    run = TrainingRunFactory()

    first, second = claim_run(run.pk, worker="a"), claim_run(run.pk, worker="b")

    assert first is not None and first.attempts == 1
    assert second is None


def test_a_run_that_has_ended_is_not_claimed_again() -> None:
    run = claimed_run()
    finish_run(run, State.SUCCEEDED, report={})

    assert claim_run(run.pk, worker="b") is None


def test_a_silent_worker_loses_its_run_to_the_next_one() -> None:
    run = claimed_run()
    fall_silent(run)

    woken = runs_to_wake()
    second = claim_run(run.pk, worker="b")

    assert [r.pk for r in woken] == [run.pk]
    assert second is not None and second.attempts == 2
    assert beat(run) is False
    assert finish_run(run, State.SUCCEEDED) is False


def test_a_living_worker_keeps_its_run() -> None:
    run = claimed_run()

    assert runs_to_wake() == []
    assert beat(run) is True


def test_after_three_dead_workers_the_run_has_failed() -> None:
    run = TrainingRunFactory()
    for worker in "abc":
        claim_run(run.pk, worker=worker)
        fall_silent(run)

    assert runs_to_wake() == []

    run.refresh_from_db()
    assert run.state == State.FAILED
    assert "memory" in run.reason


def test_a_queued_run_whose_message_was_lost_is_woken() -> None:
    run = TrainingRunFactory(created_at=timezone.now() - timedelta(hours=1))

    assert [r.pk for r in runs_to_wake()] == [run.pk]


def test_a_lost_message_is_sent_again_once_in_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    run = TrainingRunFactory(created_at=timezone.now() - timedelta(hours=1))
    sent: list[str] = []
    monkeypatch.setattr(train, "delay", sent.append)

    recover_stalled_runs()
    recover_stalled_runs()
    sent_at_once = list(sent)
    TrainingRun.objects.update(woken_at=timezone.now() - timedelta(minutes=11))
    recover_stalled_runs()

    assert sent_at_once == [str(run.pk)]
    assert sent == [str(run.pk)] * 2


def test_a_stalled_run_that_was_woken_is_not_woken_again_while_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    run = claimed_run()
    TrainingRun.objects.update(created_at=timezone.now() - timedelta(hours=1))
    fall_silent(run)
    sent: list[str] = []
    monkeypatch.setattr(train, "delay", sent.append)

    recover_stalled_runs()
    recover_stalled_runs()

    assert sent == [str(run.pk)]


def test_cancelling_ends_a_queued_run_at_once_and_tells_a_running_one() -> None:
    queued, running = TrainingRunFactory(), claimed_run()

    cancel_training(run=queued)
    cancel_training(run=running)

    queued.refresh_from_db()
    assert queued.state == State.CANCELLED
    assert beat(running) is False


def test_a_run_that_has_ended_cannot_be_cancelled() -> None:
    run = claimed_run()
    finish_run(run, State.FAILED, reason="no")

    with pytest.raises(Conflict):
        cancel_training(run=run)


def test_progress_stays_between_nothing_and_all() -> None:
    run = claimed_run()

    report_progress(run, stage="x" * 300, progress=1.7, log_tail="line")

    run.refresh_from_db()
    assert (run.progress, len(run.stage), run.log_tail) == (1.0, 100, "line")
