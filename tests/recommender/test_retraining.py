"""A run collects, trains, measures, judges and goes live; what fails leaves the champion alone."""

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from feedback.models import Recommendation
from feedback.services import OutcomeReport, record_outcome
from recommender import gate, ml, registry
from recommender.models import ModelVersion, TrainingPolicy, TrainingRun
from recommender.promotion import roll_back
from recommender.retraining import carry_out
from recommender.runs import cancel_training, claim_run, request_training
from recommender.selectors import champion, former_champions
from recommender.services import RecommendationRequest, recommend_tags
from recommender.tasks import start_scheduled_training, train
from recommender.training_data import collect_training_data
from recommender.workshop import Workshop
from tagplatform.common.errors import Conflict
from tagplatform.content.models import Document, Source
from tagplatform.taxonomy.models import Tag, Vocabulary
from tests.factories import TagFactory
from tests.recommender.conftest import add_documents

QUICK = "tfidf-logreg"


def do_run(vocabulary: Vocabulary, recipe: str = QUICK, trigger: str = "manual") -> TrainingRun:
    run = request_training(vocabulary=vocabulary, trigger=trigger, recipe=recipe)
    claimed = claim_run(run.pk, worker="test")
    assert claimed is not None
    carry_out(claimed)
    run.refresh_from_db()
    return run


def first_tag(vocabulary: Vocabulary, text: str) -> str:
    vocabulary.refresh_from_db()
    answer = recommend_tags(vocabulary=vocabulary, request=RecommendationRequest(title="", body=text))
    return answer.suggestions[0].tag.notation


def bundle_folders(settings: Settings) -> list[Path]:
    return sorted(Path(settings.BUNDLES_DIR).glob("*/*"))


def test_the_first_run_makes_a_champion_that_answers(thumb_newsroom: Vocabulary) -> None:
    run = do_run(thumb_newsroom)

    version = champion(thumb_newsroom)
    assert run.state == "succeeded", run.reason
    assert version is not None and version.name == "thumb-1"
    assert version.metrics["ndcg_at_5"]["value"] > 0.9
    assert run.report["baseline"] == run.report["metrics"]
    assert first_tag(thumb_newsroom, "the rocket reached its orbit") == "space"


def test_the_network_reports_the_baseline_beside_itself(thumb_newsroom: Vocabulary) -> None:
    run = do_run(thumb_newsroom, recipe="fasttext-cnn-mlp")

    assert run.state == "succeeded", run.reason
    assert set(run.report["baseline"]) == set(run.report["metrics"])
    assert first_tag(thumb_newsroom, "compost for the rose") == "gardening"


def test_where_exactly_one_tag_is_right_settings_reach_the_softmax_and_one_tag_stands_over_its_threshold(
    thumb_newsroom: Vocabulary,
) -> None:
    Vocabulary.objects.update(selection_mode=Vocabulary.SelectionMode.ONE)
    own = {"temperature": 0.5, "label_smoothing": 0.05, "epochs": 3}
    TrainingPolicy.objects.create(vocabulary=thumb_newsroom, recipe="fasttext-cnn-mlp", config=own)
    thumb_newsroom.refresh_from_db()

    run = request_training(vocabulary=thumb_newsroom, trigger="manual")
    train(str(run.pk))
    thumb_newsroom.refresh_from_db()
    request = RecommendationRequest(title="", body="the rocket reached its orbit")
    answer = recommend_tags(vocabulary=thumb_newsroom, request=request)

    version = champion(thumb_newsroom)
    assert version is not None
    config = ml.read_manifest(registry.bundle_directory(version)).config
    assert {name: config[name] for name in own} == own
    assert [s.tag.notation for s in answer.suggestions if s.above_threshold] == ["space"]
    assert sum(s.probability for s in answer.suggestions) == pytest.approx(1.0, abs=1e-4)


def test_a_promoted_version_has_learnt_the_held_out_documents_too(thumb_newsroom: Vocabulary) -> None:
    do_run(thumb_newsroom)

    version = champion(thumb_newsroom)
    assert version is not None and version.bundle_path != version.evaluated_path
    trained_on = [
        ml.read_manifest(folder).n_train
        for folder in (registry.bundle_directory(version), registry.evaluated_directory(version))
    ]
    assert trained_on[0] == 60 > trained_on[1]


def test_a_schedule_without_news_is_skipped_with_its_reason(thumb_newsroom: Vocabulary) -> None:
    do_run(thumb_newsroom)

    second = do_run(thumb_newsroom, trigger="schedule")

    assert second.state == "skipped"
    assert "Nothing has changed" in second.reason


def test_too_few_documents_skip_the_run_and_say_so(thumb_newsroom: Vocabulary) -> None:
    Tag.objects.update(status=Tag.Status.RETIRED)

    run = do_run(thumb_newsroom)

    assert run.state == "skipped"
    assert "tag" in run.reason


def test_a_worse_version_stays_a_candidate(thumb_newsroom: Vocabulary) -> None:
    do_run(thumb_newsroom)
    first = champion(thumb_newsroom)
    TrainingPolicy.objects.update(recipe=QUICK, config={"max_words": 1, "max_pairs": 0})
    TagFactory(vocabulary=thumb_newsroom, notation="new")

    run = do_run(thumb_newsroom)

    assert run.report["verdict"] == "worse"
    assert run.report["promoted"] is False
    assert champion(thumb_newsroom) == first
    assert ModelVersion.objects.count() == 2


def test_a_new_tag_gets_a_column_behind_the_old_ones(thumb_newsroom: Vocabulary) -> None:
    do_run(thumb_newsroom)
    first = champion(thumb_newsroom)
    tag = TagFactory(vocabulary=thumb_newsroom, notation="chess")
    source = Source.objects.get()
    add_documents(thumb_newsroom, source, "chess", "gambit rook bishop knight pawn castle mate opening")

    do_run(thumb_newsroom)

    second = champion(thumb_newsroom)
    assert first is not None and second is not None and second != first
    before, after = (registry.open_version(v).label_space.tag_ids for v in (first, second))
    assert after == (*before, str(tag.pk))
    assert first_tag(thumb_newsroom, "a rook and a bishop") == "chess"


def test_rejections_are_heavier_negatives_and_never_shown_tags_lighter_ones(thumb_newsroom: Vocabulary) -> None:
    do_run(thumb_newsroom)
    football = thumb_newsroom.tags.get(notation="football")
    document = football.assignments.all()[0].document
    thumb_newsroom.refresh_from_db()
    request = RecommendationRequest(title="", body=document.body, document=document, limit=2)
    answer = recommend_tags(vocabulary=thumb_newsroom, request=request)
    refused = answer.suggestions[1].tag

    recommendation = Recommendation.objects.get()
    report = OutcomeReport("submitted", [football.pk], [refused.id])
    record_outcome(recommendation=recommendation, report=report, actor=None, origin="editor")
    data = collect_training_data(thumb_newsroom)

    example = next(e for e in data.examples if e.document_id == str(document.pk))
    label = data.label_space.label_by_tag_id[str(refused.id)]
    assert example.label_weights == {label: 2.0}
    assert example.unlabelled_weight == 0.5


def test_a_tag_that_was_replaced_counts_as_its_successor(thumb_newsroom: Vocabulary) -> None:
    football, space = (thumb_newsroom.tags.get(notation=name) for name in ("football", "space"))
    Tag.objects.filter(pk=football.pk).update(status=Tag.Status.RETIRED, replaced_by=space)

    data = collect_training_data(thumb_newsroom)

    labels = data.label_space.label_by_tag_id
    assert str(football.pk) not in labels
    assert sum(labels[str(space.pk)] in example.labels for example in data.examples) == 40


def test_equal_data_has_an_equal_digest_and_a_new_decision_another(thumb_newsroom: Vocabulary) -> None:
    before, again = (collect_training_data(thumb_newsroom).digest for _ in range(2))
    thumb_newsroom.tags.get(notation="space").assignments.all()[0].delete()

    assert before == again
    assert collect_training_data(thumb_newsroom).digest != before


def test_a_cancelled_run_ends_at_its_next_step_and_leaves_nothing(
    thumb_newsroom: Vocabulary, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TRAINING_HEARTBEAT_SECONDS = 0.05
    run = request_training(vocabulary=thumb_newsroom, trigger="manual", recipe="fasttext-cnn-mlp")
    claimed = claim_run(run.pk, worker="test")
    assert claimed is not None
    cancel_training(run=run)

    carry_out(claimed)

    run.refresh_from_db()
    assert run.state == "cancelled"
    assert bundle_folders(settings) == []


def test_a_disk_that_is_full_fails_the_run_and_leaves_nothing(
    thumb_newsroom: Vocabulary, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.BUNDLES_DIR = tmp_path / "file"

    run = do_run(thumb_newsroom)

    assert run.state == "failed"
    assert "cannot write" in run.reason
    assert champion(thumb_newsroom) is None


@pytest.mark.parametrize("fails", [False, True])
def test_a_worker_that_lost_its_run_leaves_everything_to_its_successor(
    thumb_newsroom: Vocabulary, settings: Settings, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    run = request_training(vocabulary=thumb_newsroom, trigger="manual", recipe=QUICK)
    first = claim_run(run.pk, worker="first")
    assert first is not None
    finish = Workshop.finish

    def lose_the_run(workshop: Workshop, *args: Any, **options: Any) -> dict[str, Any]:
        TrainingRun.objects.update(heartbeat_at="2020-01-01T00:00Z")
        second = claim_run(run.pk, worker="second")
        assert second is not None
        (Path(settings.BUNDLES_DIR) / registry.reserve_bundle_path(second, "evaluated")).mkdir()
        if fails:
            raise OSError("the disk is gone")
        return finish(workshop, *args, **options)

    monkeypatch.setattr(Workshop, "finish", lose_the_run)
    carry_out(first)

    run.refresh_from_db()
    assert (run.state, run.worker) == ("running", "second")
    assert not ModelVersion.objects.exists() and champion(thumb_newsroom) is None
    goes_on_from = [f"{run.public_id}-1-{purpose}" for purpose in ("data", "evaluated")]
    assert [folder.name for folder in bundle_folders(settings)] == [*goes_on_from, f"{run.public_id}-2-evaluated"]


def test_an_attempt_removes_what_an_earlier_one_left(thumb_newsroom: Vocabulary, settings: Settings) -> None:
    run = request_training(vocabulary=thumb_newsroom, trigger="manual", recipe=QUICK)
    TrainingRun.objects.update(attempts=1)
    left_over = Path(settings.BUNDLES_DIR) / "thumb" / f"{run.public_id}-1-evaluated"
    left_over.mkdir(parents=True)
    claimed = claim_run(run.pk, worker="second")
    assert claimed is not None

    carry_out(claimed)

    assert not left_over.exists()
    assert champion(thumb_newsroom) is not None


def turn_the_split(vocabulary: Vocabulary, n: int) -> None:
    """Among many dated documents the newest are held out, and n of them the champion's twin has learnt from."""
    version = champion(vocabulary)
    assert version is not None
    seen = registry.seen_documents(version)
    examples = collect_training_data(vocabulary).examples
    learnt = [example.document_id for example in examples if example in seen]
    Document.objects.update(published_at="2020-01-01T00:00Z")
    Document.objects.exclude(pk__in=learnt).update(published_at="2021-01-01T00:00Z")
    Document.objects.filter(pk__in=learnt[:n]).update(published_at="2022-01-01T00:00Z")


@pytest.mark.parametrize(
    ("fewest", "said"), [(2, "compared on the 4 held-out documents"), (20, "the champion's twin knows 8")]
)
def test_documents_that_the_champion_has_learnt_do_not_decide(
    thumb_newsroom: Vocabulary, monkeypatch: pytest.MonkeyPatch, fewest: int, said: str
) -> None:
    monkeypatch.setattr(gate, "FEWEST_COMPARED", fewest)
    do_run(thumb_newsroom)
    turn_the_split(thumb_newsroom, 8)

    run = do_run(thumb_newsroom)

    assert run.report["documents"]["test"] == 12
    assert said in run.reason


def test_the_task_does_nothing_for_a_run_that_another_worker_has(thumb_newsroom: Vocabulary) -> None:
    run = request_training(vocabulary=thumb_newsroom, trigger="manual", recipe=QUICK)
    claim_run(run.pk, worker="other")

    assert train.apply(args=(str(run.pk),)).get() == "not claimed"


def test_the_monthly_task_does_not_start_a_second_run(thumb_newsroom: Vocabulary) -> None:
    request_training(vocabulary=thumb_newsroom, trigger="manual")

    assert start_scheduled_training(str(thumb_newsroom.pk)) is None


def test_rolling_back_makes_the_former_champion_answer_again(thumb_newsroom: Vocabulary) -> None:
    do_run(thumb_newsroom)
    first = champion(thumb_newsroom)
    TagFactory(vocabulary=thumb_newsroom, notation="new")
    do_run(thumb_newsroom)

    back = roll_back(vocabulary=thumb_newsroom, actor=None, reason="test")

    assert back == first == champion(thumb_newsroom)


def test_rolling_back_twice_goes_two_versions_back_and_not_forth_again(thumb_newsroom: Vocabulary) -> None:
    for notation in ("one", "two", "three"):
        TagFactory(vocabulary=thumb_newsroom, notation=notation)
        do_run(thumb_newsroom)

    back = [roll_back(vocabulary=thumb_newsroom, actor=None, reason="bad") for _ in range(2)]

    assert [version.number for version in back] == [2, 1]
    assert former_champions(thumb_newsroom) == []


def test_a_version_promoted_by_hand_after_a_roll_back_can_be_rolled_back(thumb_newsroom: Vocabulary) -> None:
    for notation in ("one", "two"):
        TagFactory(vocabulary=thumb_newsroom, notation=notation)
        do_run(thumb_newsroom)
    roll_back(vocabulary=thumb_newsroom, actor=None, reason="bad")
    registry.promote(version=ModelVersion.objects.get(number=2), actor=None, reason="was not bad")

    back = roll_back(vocabulary=thumb_newsroom, actor=None, reason="was bad")

    assert back.number == 1


def test_there_is_nothing_to_roll_back_to_before_the_second_version(thumb_newsroom: Vocabulary) -> None:
    do_run(thumb_newsroom)

    with pytest.raises(Conflict):
        roll_back(vocabulary=thumb_newsroom, actor=None, reason="test")


def test_the_day_of_its_arrival_dates_a_document_among_dated_ones(thumb_newsroom: Vocabulary) -> None:
    undated = [example.published_at for example in collect_training_data(thumb_newsroom).examples]
    Document.objects.exclude(pk=Document.objects.order_by("pk")[0].pk).update(published_at="2020-01-01T00:00Z")

    dated = [example.published_at for example in collect_training_data(thumb_newsroom).examples]

    assert set(undated) == {None}
    assert None not in dated
    assert max(dated, key=lambda moment: moment or 0.0) == dated[0]
