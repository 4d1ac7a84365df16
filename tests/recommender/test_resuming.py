"""A run whose worker died goes on from its last finished stage, and makes the bundle that it would have made."""

from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from pytest_django import Settings

from recommender import bundle_folders, ml, registry, retraining
from recommender.models import DataSnapshot, ModelVersion, TrainingRun
from recommender.repeating import request_repetition
from recommender.retraining import carry_out
from recommender.runs import TrainingCancelled, claim_run, request_training, training_policy
from recommender.selectors import champion
from recommender.snapshots import EXAMPLES_FILE
from recommender.stages import BASELINE_FIGURES, DATA, TWIN, WHOLE, note_stage
from recommender.training_data import collect_training_data
from recommender.workshop import Workshop
from tagplatform.content.models import Document, Source
from tagplatform.content.services import erase_document
from tagplatform.taxonomy.models import Vocabulary
from tests.factories import TagFactory
from tests.recommender.conftest import add_documents
from tests.recommender.test_retraining import bundle_folders as folders_on_disk
from tests.recommender.test_retraining import do_run
from tests.recommender.test_snapshots import finished

STAGES = (DATA, TWIN, BASELINE_FIGURES, WHOLE)
SMALL = {"threads": 1, "crossfit_folds": 2, "boosting": {"n_trees": 10, "smallest_leaf": 4}}


class PowerCut(BaseException):
    """Ends a worker in the middle: no handler of the run sees it as an error."""


def cut_power_after(monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    """The worker dies when it has just noted this stage."""

    def note_and_die(run: TrainingRun, noted: str, **left: Any) -> None:
        note_stage(run, noted, **left)
        if noted == stage:
            raise PowerCut

    for module in ("recommender.stages", "recommender.resuming", "recommender.retraining"):
        monkeypatch.setattr(f"{module}.note_stage", note_and_die)


def died(vocabulary: Vocabulary, stage: str, recipe: str = "tfidf-logreg", kind: str = "") -> TrainingRun:
    """A run whose first worker has died after the stage."""
    run = request_training(vocabulary=vocabulary, trigger="manual", recipe=recipe, kind=kind)
    with pytest.MonkeyPatch.context() as patch:
        cut_power_after(patch, stage)
        with pytest.raises(PowerCut):
            carry_out(claimed(run))
    TrainingRun.objects.update(heartbeat_at="2020-01-01T00:00Z")
    return run


def claimed(run: TrainingRun) -> TrainingRun:
    found = claim_run(run.pk, worker="test")
    assert found is not None
    return found


def resumed(run: TrainingRun) -> TrainingRun:
    carry_out(claimed(run))
    run.refresh_from_db()
    return run


@pytest.mark.parametrize(
    ("recipe", "stage"), [*(("fusion", stage) for stage in STAGES), ("tfidf-logreg", TWIN), ("tfidf-logreg", WHOLE)]
)
def test_whatever_it_had_finished_the_bundle_is_that_of_an_undisturbed_run(
    thumb_newsroom: Vocabulary, recipe: str, stage: str
) -> None:
    if recipe == "fusion":
        train_small_fusions(thumb_newsroom)
    run = resumed(died(thumb_newsroom, stage, recipe))
    undisturbed = finished(request_repetition(run=run, requested_by=None))

    assert run.state == "succeeded" and run.attempts == 2, run.reason
    assert undisturbed.report["same_bundle"] is True
    assert [version.training_run_id for version in ModelVersion.objects.order_by("number")] == [run.pk, undisturbed.pk]
    assert champion(thumb_newsroom) == ModelVersion.objects.get(number=1)


@pytest.mark.parametrize("stage", [DATA, TWIN])
def test_an_update_goes_on_as_the_update_that_it_was(thumb_newsroom: Vocabulary, stage: str) -> None:
    train_small_fusions(thumb_newsroom)
    do_run(thumb_newsroom, recipe="fusion")
    add_documents(thumb_newsroom, Source.objects.get(), "space", "rover crater launch probe dust lander booster module")
    run = resumed(died(thumb_newsroom, stage, "fusion", kind="incremental"))
    undisturbed = finished(request_repetition(run=run, requested_by=None))

    assert (run.state, run.report["kind"], run.report["parent"]) == ("succeeded", "incremental", "thumb-1"), run.reason
    assert undisturbed.report["same_bundle"] is True


def train_small_fusions(vocabulary: Vocabulary) -> None:
    policy = training_policy(vocabulary)
    policy.recipe, policy.config = "fusion", SMALL
    policy.save()


def test_what_is_finished_is_not_done_again(thumb_newsroom: Vocabulary, monkeypatch: pytest.MonkeyPatch) -> None:
    run = died(thumb_newsroom, WHOLE)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("this had been finished")

    monkeypatch.setattr(retraining, "collect_training_data", refuse)
    monkeypatch.setattr(ml, "train_ranker", refuse, raising=False)
    monkeypatch.setattr(ml, "refit_ranker", refuse, raising=False)

    assert resumed(run).state == "succeeded", run.reason


def test_decisions_count_from_when_the_data_was_read(thumb_newsroom: Vocabulary) -> None:
    run = died(thumb_newsroom, DATA)
    read_at = TrainingRun.objects.get(pk=run.pk).started_at

    again = resumed(run)

    assert again.started_at == read_at


def test_a_run_keeps_the_data_that_it_began_with(thumb_newsroom: Vocabulary) -> None:
    run = died(thumb_newsroom, DATA)
    Document.objects.update(title="changed since")
    digest = TrainingRun.objects.get(pk=run.pk).finished[DATA]["digest"]

    again = resumed(run)

    assert DataSnapshot.objects.get().digest == digest
    assert again.report["data_digest"] != collect_training_data(thumb_newsroom).digest


def test_after_an_erasure_it_begins_anew_without_the_text(thumb_newsroom: Vocabulary) -> None:
    run = died(thumb_newsroom, TWIN)
    read_at = TrainingRun.objects.get(pk=run.pk).started_at
    erase_document(document=Document.objects.order_by("pk")[0])

    again = resumed(run)

    assert again.state == "succeeded" and DataSnapshot.objects.get().n_examples == 59
    assert again.started_at is not None and read_at is not None and again.started_at > read_at


@pytest.mark.parametrize("stage", [DATA, TWIN])
def test_what_was_damaged_is_made_anew(thumb_newsroom: Vocabulary, stage: str) -> None:
    run = died(thumb_newsroom, stage)
    left = bundle_folders.work_folder(TrainingRun.objects.get(pk=run.pk).finished[stage]["path"])
    file = left / EXAMPLES_FILE if stage == DATA else next(left.glob("model.safetensors"))
    file.write_bytes(file.read_bytes()[:-1])

    again = resumed(run)

    assert again.state == "succeeded", again.reason
    assert ModelVersion.objects.get().evaluated_path.startswith(f"thumb/{run.public_id}-2-")


def test_after_the_champion_was_moved_it_begins_anew_beside_the_new_one(thumb_newsroom: Vocabulary) -> None:
    first = do_run(thumb_newsroom)
    TagFactory(vocabulary=thumb_newsroom, notation="new")
    do_run(thumb_newsroom)
    run = died(thumb_newsroom, TWIN)
    registry.promote(version=ModelVersion.objects.get(training_run=first), actor=None, reason="test")

    again = resumed(run)

    assert again.report["gate"]["compared_with"] == "thumb-1"


def test_a_run_that_has_ended_leaves_only_what_is_registered(thumb_newsroom: Vocabulary, settings: Settings) -> None:
    run = died(thumb_newsroom, TWIN)
    (Path(settings.BUNDLES_DIR) / "thumb" / f"{run.public_id}-1-all").mkdir()

    resumed(run)

    version, snapshot = ModelVersion.objects.get(), DataSnapshot.objects.get()
    registered = {version.bundle_path, version.evaluated_path, snapshot.path}
    assert {f"thumb/{folder.name}" for folder in folders_on_disk(settings)} == registered
    assert sorted(path.rsplit("-", 2)[1] for path in registered) == ["1", "1", "2"]


def test_what_a_run_left_that_ended_with_its_worker_goes_with_the_next(
    thumb_newsroom: Vocabulary, settings: Settings
) -> None:
    lost = died(thumb_newsroom, TWIN)
    TrainingRun.objects.update(state=TrainingRun.State.FAILED)
    (Path(settings.BUNDLES_DIR) / "thumb" / f".{lost.public_id}-1-all-half").mkdir()
    (Path(settings.BUNDLES_DIR) / "thumb" / "not-ours").mkdir()

    run = do_run(thumb_newsroom)

    names = {folder.name for folder in folders_on_disk(settings)}
    assert names == {"not-ours", *(f"{run.public_id}-1-{purpose}" for purpose in ("all", "data", "evaluated"))}


def test_a_worker_that_lost_its_run_notes_nothing_and_leaves_its_successor_what_it_needs(
    thumb_newsroom: Vocabulary, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = request_training(vocabulary=thumb_newsroom, trigger="manual", recipe="tfidf-logreg")
    first = claimed(run)
    finish = Workshop.finish

    def lose_the_run(self: Workshop, *args: Any, **options: Any) -> dict[str, Any]:
        TrainingRun.objects.update(heartbeat_at="2020-01-01T00:00Z")
        claimed(run)
        return finish(self, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Workshop, "finish", lose_the_run)
        carry_out(first)
    with pytest.raises(TrainingCancelled):
        note_stage(first, WHOLE, path="x")
    second = TrainingRun.objects.get(pk=run.pk)
    carry_out(second)

    second.refresh_from_db()
    assert second.state == "succeeded", second.reason
    assert set(second.finished) == {DATA, TWIN, WHOLE}
    assert ModelVersion.objects.get().evaluated_path == f"thumb/{run.public_id}-1-evaluated"


def test_a_database_that_goes_away_does_not_fail_the_run(
    thumb_newsroom: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = request_training(vocabulary=thumb_newsroom, trigger="manual", recipe="tfidf-logreg")

    def go_away(*_: Any, **__: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(registry, "register_version", go_away)
        carry_out(claimed(run))
    between = TrainingRun.objects.get(pk=run.pk).state
    TrainingRun.objects.update(heartbeat_at="2020-01-01T00:00Z")

    again = resumed(run)

    assert between == "running"
    assert again.state == "succeeded" and ModelVersion.objects.count() == 1
    assert ml.read_manifest(registry.bundle_directory(ModelVersion.objects.get())).n_train == 60


def test_a_repetition_goes_on_too(thumb_newsroom: Vocabulary) -> None:
    first = do_run(thumb_newsroom)
    repetition = request_repetition(run=first, requested_by=None)
    with pytest.MonkeyPatch.context() as patch:
        cut_power_after(patch, TWIN)
        with pytest.raises(PowerCut):
            carry_out(claimed(repetition))
    TrainingRun.objects.filter(pk=repetition.pk).update(heartbeat_at="2020-01-01T00:00Z")

    again = resumed(repetition)

    assert again.report["same_bundle"] is True
    assert ModelVersion.objects.get(number=2).evaluated_path == f"thumb/{repetition.public_id}-1-evaluated"
