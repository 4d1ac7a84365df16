"""A run updates the champion or learns everything anew, says why, and never measures on what its parents have seen."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as searching
from hypothesis import strategies as st

from recommender import ml, registry
from recommender.kinds import workshop_for
from recommender.models import GatePolicy, TrainingPolicy, TrainingRun
from recommender.parts import parts_beside, parts_of
from recommender.progress import RunProgress
from recommender.repeating import request_repetition
from recommender.retraining import carry_out
from recommender.runs import claim_run, finish_run, request_training, training_policy
from recommender.selectors import champion
from recommender.tasks import start_scheduled_training
from recommender.training_data import TrainingData, collect_training_data
from recommender.workshop import Workshop
from tagplatform.common.errors import Conflict
from tagplatform.content.models import Document, Source
from tagplatform.taxonomy.models import Tag, Vocabulary
from tests.factories import TagFactory
from tests.recommender.conftest import add_documents
from tests.recommender.test_retraining import first_tag

QUICK = {"crossfit_folds": 2, "search": False, "boosting": {"n_trees": 40, "smallest_leaf": 4}}
CHESS = "gambit rook bishop knight pawn castle mate opening"


def do_run(vocabulary: Vocabulary, kind: str = "", trigger: str = "manual") -> TrainingRun:
    return finished(request_training(vocabulary=vocabulary, trigger=trigger, recipe="fusion", kind=kind))


def finished(run: TrainingRun) -> TrainingRun:
    claimed = claim_run(run.pk, worker="test")
    assert claimed is not None
    carry_out(claimed)
    run.refresh_from_db()
    assert run.state == "succeeded", run.reason
    return run


def add_chess(vocabulary: Vocabulary) -> Tag:
    tag: Tag = TagFactory(vocabulary=vocabulary, notation="chess", label="Chess")
    add_documents(vocabulary, Source.objects.get(), "chess", CHESS)
    return tag


def set_policy(vocabulary: Vocabulary, **changes: Any) -> None:
    TrainingPolicy.objects.filter(vocabulary=vocabulary).update(**changes)


@pytest.fixture
def trained(thumb_newsroom: Vocabulary) -> Vocabulary:
    """After its first, full training; a new tag among three is no reason for another full one."""
    training_policy(thumb_newsroom)
    set_policy(thumb_newsroom, recipe="fusion", config=QUICK, taxonomy_change=1.0)
    GatePolicy.objects.create(vocabulary=thumb_newsroom, calibration_tolerance=0.5)  # of a dozen documents
    first = do_run(thumb_newsroom)
    assert (first.kind, first.parent) == ("full", None)
    assert "no version yet" in first.kind_reason
    return thumb_newsroom


def workshop_of(vocabulary: Vocabulary, kind: str = "", recipe: str = "fusion", **report: Any) -> Workshop:
    """What the next run would do, without doing it; the run counts as succeeded with the first run's report."""
    run = request_training(vocabulary=vocabulary, trigger="manual", recipe=recipe, kind=kind)
    claimed, present = claim_run(run.pk, worker="test"), champion(vocabulary)
    assert claimed is not None and present is not None and present.training_run is not None
    known = registry.open_version(present).label_space.tag_ids
    with RunProgress(claimed) as progress:
        workshop = workshop_for(claimed, collect_training_data(vocabulary, known=known), progress, present)
    finish_run(claimed, TrainingRun.State.SUCCEEDED, report=present.training_run.report | report)
    claimed.refresh_from_db()
    return workshop


def decided(vocabulary: Vocabulary, kind: str = "", **report: Any) -> tuple[str, str]:
    """Kind of the next run, and why."""
    run = workshop_of(vocabulary, kind, **report).run
    assert (run.parent is not None) == (run.kind == "incremental")
    return run.kind, run.kind_reason


def test_the_second_run_updates_the_champion_suggests_the_new_tag_and_can_be_repeated(trained: Vocabulary) -> None:
    first = champion(trained)
    chess = add_chess(trained)

    run = do_run(trained)

    second = champion(trained)
    assert first is not None and second is not None and second != first, run.reason
    assert (run.kind, run.parent, second.parent) == ("incremental", first, first)
    assert run.report["kind"] == "incremental" and run.report["parent"] == first.name
    assert run.report["gate"]["compared_with"] == first.name
    assert run.report["baseline"] == {}
    before, after = (registry.open_version(version).label_space.tag_ids for version in (first, second))
    assert after == (*before, str(chess.pk))
    assert first_tag(trained, "a rook and a bishop") == "chess"
    seen_before, seen_after = registry.seen_documents(first), registry.seen_documents(second)
    assert all(each in seen_after for each in collect_training_data(trained).examples if each in seen_before)

    Document.objects.update(title="changed since")
    again = finished(request_repetition(run=run, requested_by=None))

    assert (again.kind, again.parent) == ("incremental", first)
    assert again.report["same_bundle"] is True
    (Path(settings.BUNDLES_DIR) / first.evaluated_path / "manifest.json").unlink()
    with pytest.raises(Conflict, match="cannot be read any more"):
        request_repetition(run=run, requested_by=None)


def test_an_update_is_decided_by_runs_gap_gate_taxonomy_settings_and_what_the_parent_has_seen(
    trained: Vocabulary,
) -> None:
    low = {"ndcg_at_5": {"value": 0.1, "low": 0.0, "high": 0.2}}
    low_by_chance = {"ndcg_at_5": {"value": 0.1, "low": 0.0, "high": 1.0}}
    present = champion(trained)
    assert present is not None
    set_policy(trained, full_every=3)
    by_number = [decided(trained)[0] for _ in range(4)]
    assert by_number == ["incremental", "incremental", "full", "incremental"]
    assert decided(trained, "full") == ("full", "A full training was asked for.")

    decided(trained, metrics=low)
    assert_full(decided(trained), "behind the last full training")
    set_policy(trained, full_every=9)
    decided(trained, metrics=low_by_chance)
    assert decided(trained)[0] == "incremental"
    failed = {"passed": False, "criteria": []}
    assert decided(trained, gate=failed)[0] == "incremental"
    assert decided(trained, gate=failed)[0] == "incremental", "one that failed is no reason yet"
    assert_full(decided(trained), "two updates did not pass the gate")

    set_policy(trained, full_every=1)
    assert_full(decided(trained), "Every 1 runs")
    assert decided(trained, "incremental")[0] == "incremental"

    set_policy(trained, full_every=6, taxonomy_change=0.2)
    TagFactory(vocabulary=trained, notation="chess", label="Chess")
    assert_full(decided(trained), "1 tags are new, 0 of 3")
    Tag.objects.filter(notation__in=("chess", "space")).update(status=Tag.Status.RETIRED)
    assert_full(decided(trained), "0 tags are new, 1 of 3")
    set_policy(trained, taxonomy_change=1.0, config=QUICK | {"dev_weight": 2.0})
    assert_full(decided(trained), "settings")
    set_policy(trained, config=QUICK)
    assert workshop_of(trained, recipe="tfidf-logreg").run.kind_reason == "The champion was made by another recipe."

    seen_file = registry.evaluated_directory(present) / registry.SEEN_FILE
    ml.SeenDocuments.of(collect_training_data(trained).examples).save(seen_file)
    assert_full(decided(trained), "most documents")
    (registry.evaluated_directory(present) / registry.LEARNT_FILE).unlink()
    assert_full(decided(trained, "incremental"), "cannot be read")


def test_a_twin_is_never_measured_on_what_its_parent_has_seen(trained: Vocabulary) -> None:
    first = champion(trained)
    assert first is not None
    seen = registry.seen_documents(first)
    learnt = [example.document_id for example in collect_training_data(trained).examples if example in seen]
    Document.objects.update(published_at="2020-01-01T00:00Z")
    Document.objects.exclude(pk__in=learnt).update(published_at="2021-01-01T00:00Z")
    Document.objects.filter(pk__in=learnt[:3]).update(published_at="2022-01-01T00:00Z")

    workshop = workshop_of(trained)

    assert workshop.run.kind == "incremental", workshop.run.kind_reason
    assert len(workshop.test) == 12 - 3
    assert not any(example in seen for example in workshop.test)


def test_a_full_run_after_updates_measures_on_what_is_new_to_both_and_learns_the_rest(trained: Vocabulary) -> None:
    first = champion(trained)
    assert first is not None
    seen = registry.seen_documents(first)
    learnt = [example.document_id for example in collect_training_data(trained).examples if example in seen]
    Document.objects.update(published_at="2020-01-01T00:00Z")
    Document.objects.exclude(pk__in=learnt).update(published_at="2021-01-01T00:00Z")
    Document.objects.filter(pk__in=learnt[:3]).update(published_at="2022-01-01T00:00Z")

    workshop = workshop_of(trained, kind="full")

    assert workshop.run.kind == "full"
    assert len(workshop.test) == 12 - 3
    assert len(workshop.unseen_rows(first)) == len(workshop.test)


def test_a_recipe_that_is_quick_learns_everything_anew_and_says_so(thumb_newsroom: Vocabulary) -> None:
    for said in ("no version", "anew"):
        asked = request_training(vocabulary=thumb_newsroom, trigger="manual", recipe="tfidf-logreg", kind="incremental")
        run = finished(asked)

        assert run.kind == "full" and said in run.kind_reason


def test_the_monthly_run_is_skipped_where_nothing_is_new_before_its_kind_is_decided(
    thumb_newsroom: Vocabulary,
) -> None:
    training_policy(thumb_newsroom)
    set_policy(thumb_newsroom, recipe="tfidf-logreg")
    finished(request_training(vocabulary=thumb_newsroom, trigger="manual"))

    start_scheduled_training(str(thumb_newsroom.pk))
    claimed = claim_run(TrainingRun.objects.latest("pk").pk, worker="test")
    assert claimed is not None
    carry_out(claimed)

    claimed.refresh_from_db()
    assert (claimed.state, claimed.kind) == ("skipped", "")


def assert_full(decision: tuple[str, str], said: str) -> None:
    assert decision[0] == "full" and said in decision[1], decision


@searching(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sets(st.integers(0, 99)), st.integers(1, 100))
def test_what_was_seen_is_learnt_and_never_measured_on_and_nothing_is_lost(seen: set[int], n: int) -> None:
    examples = [
        ml.Example(ml.Text("", f"text {place}"), (0,), f"d{place}", published_at=float(place)) for place in range(n)
    ]
    data = TrainingData(examples, ml.LabelSpace(("tag",)), (ml.TagText("tag"),), "")
    known = ml.SeenDocuments.of(ml.Example(ml.Text("", ""), (), f"d{place}") for place in seen)

    parts, plain = parts_of(data, known), parts_of(data)

    assert not any(example in known for example in parts.test)
    assert sorted(each.document_id for part in (parts.train, parts.dev, parts.test) for each in part) == sorted(
        each.document_id for each in examples
    )
    assert parts.dev == plain.dev and parts.train[: len(plain.train)] == plain.train


@searching(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sets(st.integers(0, 99)), st.integers(10, 100))
def test_beside_another_version_the_newest_measure_that_neither_knows(seen: set[int], n: int) -> None:
    examples = [
        ml.Example(ml.Text("", f"text {place}"), (0,), f"d{place}", published_at=float(place)) for place in range(n)
    ]
    data = TrainingData(examples, ml.LabelSpace(("tag",)), (ml.TagText("tag"),), "")
    known = ml.SeenDocuments.of(ml.Example(ml.Text("", ""), (), f"d{place}") for place in seen)

    parts, plain = parts_beside(data, known), parts_of(data)

    unknown = [example for example in plain.test if example not in known]
    assert parts.test == (unknown if 2 * len(unknown) >= len(plain.test) else plain.test)
    assert sorted(each.document_id for part in (parts.train, parts.dev, parts.test) for each in part) == sorted(
        each.document_id for each in examples
    )
    assert abs(len(parts.dev) - len(plain.dev)) <= 1
    assert max((e.published_at or 0.0 for e in parts.train), default=0.0) < min(
        e.published_at or 0.0 for e in parts.dev
    )
