"""What a run learnt from is kept exactly, makes the same model again, and goes when it must."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from feedback.states import State
from recommender import ml
from recommender.bundle_folders import work_folder
from recommender.example_files import (
    PlacedExample,
    SnapshotUnreadable,
    file_digest,
    read_about,
    read_examples,
    write_examples,
)
from recommender.models import DataSnapshot, EvidencePolicy, ModelVersion, TrainingRun
from recommender.pool_files import PoolFilter, read_cells, totals, write_pool
from recommender.repeating import request_repetition
from recommender.retraining import carry_out
from recommender.runs import claim_run, request_training
from recommender.selectors import champion
from recommender.snapshots import EXAMPLES_FILE, open_snapshot, pool_file, remove_old_snapshots
from recommender.tasks import erase_from_snapshots
from recommender.weighing import WeighedCell
from tagplatform.common.errors import Conflict
from tagplatform.content.models import Document
from tagplatform.content.services import erase_document
from tagplatform.taxonomy.models import Vocabulary
from tests.factories import TagFactory
from tests.feedback.evidence import key, unhurried


def do_run(vocabulary: Vocabulary, recipe: str = "tfidf-logreg") -> TrainingRun:
    return finished(request_training(vocabulary=vocabulary, trigger="manual", recipe=recipe))


def finished(run: TrainingRun) -> TrainingRun:
    claimed = claim_run(run.pk, worker="test")
    assert claimed is not None
    carry_out(claimed)
    run.refresh_from_db()
    return run


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
EXAMPLES = st.lists(
    st.builds(
        PlacedExample,
        st.sampled_from(["train", "dev", "test", "blind"]),
        st.builds(
            ml.Example,
            text=st.builds(ml.Text, WORDS, WORDS, WORDS),
            labels=st.lists(st.integers(0, 9), unique=True).map(tuple),
            document_id=WORDS,
            group=WORDS,
            published_at=st.none() | st.floats(-1e9, 1e10),
            label_weights=st.dictionaries(st.integers(0, 9), st.floats(0, 100)),
            unlabelled_weight=st.floats(0, 1),
        ),
    ),
    max_size=20,
)


@unhurried
@given(EXAMPLES)
def test_examples_come_back_as_they_were_and_equal_ones_make_equal_files(
    tmp_path_factory: pytest.TempPathFactory, examples: list[PlacedExample]
) -> None:
    folder = tmp_path_factory.mktemp("examples")
    first, second = folder / "1.parquet", folder / "2.parquet"

    n_written = [write_examples(path, iter(examples), {"seed": 3, "tags": ["标签"]}) for path in (first, second)]

    assert list(read_examples(first)) == examples
    assert read_about(first) == {"format_version": 1, "seed": 3, "tags": ["标签"]}
    assert n_written == [len(examples)] * 2
    assert file_digest(first) == file_digest(second)


def test_what_is_no_file_of_examples_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd").write_text("not Parquet")

    for read in (read_about, lambda path: list(read_examples(path)), file_digest):
        with pytest.raises(SnapshotUnreadable):
            read(tmp_path / "missing")
    with pytest.raises(SnapshotUnreadable):
        read_about(tmp_path / "odd")


def test_the_pool_is_asked_with_filters(tmp_path: Path) -> None:
    cells = [
        WeighedCell(key(n), key(n % 2), state, 1.5 * n, n or None, n % 3 or None, key(7) if n else None, 2.0, 1.0)
        for n, state in enumerate([State.REJECTED, State.IGNORED, State.REJECTED, State.KEPT])
    ]
    path = tmp_path / "pool.parquet"

    assert write_pool(path, cells) == 4
    assert read_cells(path, PoolFilter(), start=0, limit=9) == cells
    assert read_cells(path, PoolFilter(), start=1, limit=2) == cells[1:3]
    assert read_cells(path, PoolFilter(("rejected",), tag_id=key(0)), start=0, limit=9) == [cells[0], cells[2]]
    assert read_cells(path, PoolFilter(actor_id=1), start=0, limit=9) == [cells[1]]
    assert [(t.key, t.n_cells, t.uncapped, t.weight) for t in totals(path, PoolFilter(), by="state")] == [
        ("rejected", 2, 4.0, 2.0),
        ("ignored", 1, 2.0, 1.0),
        ("kept", 1, 2.0, 1.0),
    ]
    assert [t.key for t in totals(path, PoolFilter(("kept",)), by="tag")] == [key(1)]


@pytest.mark.parametrize("recipe", ["tfidf-logreg", "fusion"])
def test_a_run_repeated_from_its_snapshot_makes_the_same_bundle(thumb_newsroom: Vocabulary, recipe: str) -> None:
    first = do_run(thumb_newsroom, recipe)
    assert first.state == "succeeded", first.reason
    Document.objects.update(title="changed since", body="every text")
    TagFactory(vocabulary=thumb_newsroom, notation="new")
    EvidencePolicy.objects.create(vocabulary=thumb_newsroom, rejected_weight=9.0)

    second = finished(request_repetition(run=first, requested_by=None))

    versions = ModelVersion.objects.order_by("number")
    assert second.state == "succeeded", second.reason
    assert second.report["same_bundle"] is True
    assert len({version.bundle_digest for version in versions}) == 1
    assert versions[0].metrics == versions[1].metrics
    assert champion(thumb_newsroom) == versions[0]


def test_the_snapshot_holds_the_parts_of_the_split_and_is_what_was_learnt(thumb_newsroom: Vocabulary) -> None:
    run = do_run(thumb_newsroom)

    snapshot = DataSnapshot.objects.get()
    repeated = open_snapshot(snapshot)

    sizes = {name: len(getattr(repeated.parts, name)) for name in ("train", "dev", "test")}
    assert snapshot.training_run == run and snapshot.n_examples == 60
    assert sizes == run.report["documents"]
    assert repeated.data.digest == run.report["data_digest"]


def test_the_command_repeats_a_run_and_says_so(thumb_newsroom: Vocabulary) -> None:
    run = do_run(thumb_newsroom)
    said = StringIO()

    call_command("repeat_training", run.public_id, stdout=said)

    assert "The same bundle" in said.getvalue()
    with pytest.raises(CommandError, match="no data snapshot"):
        call_command("repeat_training", TrainingRun.objects.exclude(repeats=None).get().public_id)


def test_a_snapshot_that_was_altered_is_refused(thumb_newsroom: Vocabulary) -> None:
    do_run(thumb_newsroom)
    snapshot = DataSnapshot.objects.get()
    path = work_folder(snapshot.path) / EXAMPLES_FILE
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(Conflict) as refusal:
        open_snapshot(snapshot)

    assert refusal.value.code == "snapshot_unreadable"


def test_a_failed_run_leaves_no_snapshot(thumb_newsroom: Vocabulary, settings: Settings) -> None:
    settings.TRAINING_THREADS = 0

    run = do_run(thumb_newsroom)

    assert run.state == "failed"
    assert not DataSnapshot.objects.exists()
    assert list(Path(settings.BUNDLES_DIR).glob("*/*")) == []


def test_only_the_newest_snapshots_keep_their_files(thumb_newsroom: Vocabulary, settings: Settings) -> None:
    settings.SNAPSHOTS_KEPT = 1
    first = do_run(thumb_newsroom)
    TagFactory(vocabulary=thumb_newsroom, notation="new")
    do_run(thumb_newsroom)

    old, new = DataSnapshot.objects.order_by("pk")

    assert (old.training_run, old.status, new.status) == (first, "deleted", "ready")
    assert not work_folder(old.path).exists() and pool_file(new).exists()
    assert remove_old_snapshots(thumb_newsroom) == 0
    with pytest.raises(Conflict):
        request_repetition(run=first, requested_by=None)


def test_erased_documents_leave_the_snapshots_too(thumb_newsroom: Vocabulary) -> None:
    do_run(thumb_newsroom)
    document = Document.objects.order_by("pk")[0]
    erased = (str(document.pk), document.body)
    erase_document(document=document)

    n_changed = erase_from_snapshots()

    snapshot = DataSnapshot.objects.get()
    left = [placed.example for placed in read_examples(work_folder(snapshot.path) / EXAMPLES_FILE)]
    assert n_changed == 1 and snapshot.status == "erased"
    assert len(left) == 59
    assert all(example.document_id != erased[0] and example.text.body != erased[1] for example in left)
    assert erase_from_snapshots() == 0
    with pytest.raises(Conflict, match="erased"):
        open_snapshot(snapshot)
