"""The gate of a run: a version that fails a criterion stays a candidate, with the criterion in its report."""

import uuid
from typing import Any

import pytest
from django.urls import reverse
from django.utils.translation import override

from feedback.models import Decision, Outcome, Recommendation
from recommender import ml, registry
from recommender.gate_words import gate_rows, note_in_words, sentence, tag_namer
from recommender.models import GatePolicy, TrainingPolicy
from recommender.retraining import carry_out
from recommender.runs import claim_run, request_training
from recommender.selectors import champion
from recommender.workshop import Workshop
from tagplatform.content.models import Document, Source, TagAssignment
from tagplatform.taxonomy.models import Vocabulary
from tests.factories import DocumentFactory, TagFactory
from tests.recommender.test_retraining import do_run

QUICK = "tfidf-logreg"


def criterion(name: str, **fields: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("value", "champion", "change", "low", "high"))
    return {"name": name, "passed": True, "limit": 0.005, "n": 100, "tags": [], **nothing, **fields}


def criteria_of(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {found["name"]: found for found in report["gate"]["criteria"]}


def test_a_run_reports_every_criterion_beside_the_champion(thumb_newsroom: Vocabulary) -> None:
    first = do_run(thumb_newsroom)
    TagFactory(vocabulary=thumb_newsroom, notation="new")
    second = do_run(thumb_newsroom)

    alone, compared = criteria_of(first.report), criteria_of(second.report)
    assert set(alone) == {"size_mb", "latency_ms"}
    assert set(compared) == {
        "ndcg_at_5", "micro_f1", "macro_f1_tail", "calibration_error", "tag_recall", "size_mb", "latency_ms",
        "labels_kept",
    }  # fmt: skip
    assert second.report["gate"]["compared_with"] == "thumb-1" and second.report["gate"]["passed"]
    assert 0 < compared["latency_ms"]["value"] <= compared["latency_ms"]["limit"]
    assert compared["latency_ms"]["champion"] > 0
    assert (compared["labels_kept"]["n"], compared["labels_kept"]["value"]) == (3, 0)
    assert compared["ndcg_at_5"]["change"] == 0 == compared["micro_f1"]["change"]


@pytest.mark.parametrize(
    ("limits", "failed"), [({"latency_budget_ms": 0.0001}, "latency_ms"), ({"size_budget_mb": 0}, "size_mb")]
)
def test_a_version_over_its_budget_stays_a_candidate_even_as_the_first(
    thumb_newsroom: Vocabulary, limits: dict[str, float], failed: str
) -> None:
    GatePolicy.objects.create(vocabulary=thumb_newsroom, **limits)

    run = do_run(thumb_newsroom)

    assert run.state == "succeeded" and run.report["promoted"] is False
    assert [name for name, found in criteria_of(run.report).items() if not found["passed"]] == [failed]
    assert run.report["verdict"] == "over budget"
    assert run.reason.startswith("Does not go live")
    assert champion(thumb_newsroom) is None


def test_a_worse_version_says_by_which_criteria(thumb_newsroom: Vocabulary) -> None:
    do_run(thumb_newsroom)
    TrainingPolicy.objects.update(recipe=QUICK, config={"max_words": 1, "max_pairs": 0})
    TagFactory(vocabulary=thumb_newsroom, notation="new")

    run = do_run(thumb_newsroom)

    failed = {name for name, found in criteria_of(run.report).items() if not found["passed"]}
    assert "ndcg_at_5" in failed
    assert "nDCG@5 −" in run.reason.replace("-", "−") and "allowed" in run.reason


def test_wider_limits_let_the_same_version_through(thumb_newsroom: Vocabulary) -> None:
    do_run(thumb_newsroom)
    TrainingPolicy.objects.update(recipe=QUICK, config={"max_words": 1, "max_pairs": 0})
    GatePolicy.objects.update(
        ndcg_tolerance=2, micro_f1_tolerance=2, tail_f1_tolerance=2, calibration_tolerance=2, recall_tolerance=2
    )

    run = do_run(thumb_newsroom)

    assert run.report["promoted"], run.reason


def tag_blind(document: Document) -> None:
    """Somebody tagged the document before any suggestion was shown."""
    assignment = document.tag_assignments.get()
    recommendation = Recommendation.objects.create(
        vocabulary=assignment.tag.vocabulary, document=document, model_version="thumb-1", vocabulary_version=1,
        policy="blind", content_hash="0", latency_ms=1.0,
    )  # fmt: skip
    Outcome.objects.create(recommendation=recommendation, document=document, status="submitted")
    Decision.objects.create(
        recommendation=recommendation, document=document, vocabulary=assignment.tag.vocabulary, tag=assignment.tag,
        kind="added",
    )  # fmt: skip


@pytest.mark.parametrize("n_blind", [19, 24])
def test_enough_blind_documents_are_a_criterion_of_their_own_and_are_never_learnt_from(
    thumb_newsroom: Vocabulary, n_blind: int
) -> None:
    space = thumb_newsroom.tags.get(notation="space")
    for number in range(n_blind):
        document = DocumentFactory(source=Source.objects.get(), title="rocket", body=f"orbit of probe {number}")
        TagAssignment.objects.create(document=document, tag=space, origin="editor")
        tag_blind(document)
    do_run(thumb_newsroom)
    TrainingPolicy.objects.update(recipe=QUICK, config={"max_words": 1, "max_pairs": 0})

    run = do_run(thumb_newsroom)

    version = champion(thumb_newsroom)
    found = criteria_of(run.report)
    assert version is not None
    assert ml.read_manifest(registry.bundle_directory(version)).n_train == 60
    assert ("blind_ndcg_at_5" in found) is (n_blind >= 20)
    if n_blind >= 20:
        assert found["blind_ndcg_at_5"]["n"] == n_blind
        assert found["blind_ndcg_at_5"]["passed"] is (found["blind_ndcg_at_5"]["high"] >= 0)


def test_a_champion_that_was_moved_during_the_run_is_not_replaced(
    thumb_newsroom: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    do_run(thumb_newsroom)
    first = champion(thumb_newsroom)
    TagFactory(vocabulary=thumb_newsroom, notation="new")
    do_run(thumb_newsroom)
    assert first is not None
    claimed = claim_run(request_training(vocabulary=thumb_newsroom, trigger="manual", recipe=QUICK).pk, worker="test")
    assert claimed is not None
    finish = Workshop.finish

    def moved_meanwhile(workshop: Workshop, *args: Any, **options: Any) -> dict[str, Any]:
        registry.promote(version=first, actor=None, reason="the editors asked for the old one")
        return finish(workshop, *args, **options)

    monkeypatch.setattr(Workshop, "finish", moved_meanwhile)
    carry_out(claimed)

    claimed.refresh_from_db()
    assert claimed.report["gate"]["passed"] and claimed.report["promoted"] is False
    assert "moved while it was trained" in claimed.reason
    assert champion(thumb_newsroom) == first


def test_the_pages_of_run_and_version_show_the_criteria(thumb_newsroom: Vocabulary, admin_client: Any) -> None:
    do_run(thumb_newsroom)
    run = do_run(thumb_newsroom)

    page = admin_client.get(reverse("admin:recommender_trainingrun_change", args=[run.pk])).content.decode()
    version = admin_client.get(
        reverse("admin:recommender_modelversion_change", args=[run.model_versions.get().pk])
    ).content.decode()

    for name in ("nDCG@5", "macro F1 of rare tags at", "time for a text, 95th percentile", "label index only grows"):
        assert name in page and name in version
    assert "beside thumb-1 on" in page


def test_the_page_says_which_f1_stands_where(thumb_newsroom: Vocabulary, admin_client: Any) -> None:
    do_run(thumb_newsroom)
    run = do_run(thumb_newsroom)
    run.report["champion"]["micro_f1"] = {"value": 0.0, "low": 0.0, "high": 0.0}  # it promises its precision nowhere
    run.save(update_fields=["report"])
    compared, cuts = criteria_of(run.report)["micro_f1"], run.report["gate"]["best_cuts"]

    page = admin_client.get(reverse("admin:recommender_trainingrun_change", args=[run.pk])).content.decode()

    assert compared["champion"] > 0 and 0 < cuts["champion"] <= 1
    assert "micro F1 at the best cut" in page and "micro F1, at thresholds" in page
    assert f"at least {cuts['version']:.2f} for this version, {cuts['champion']:.2f} for the champion" in page
    assert "promises this for no tag has an F1 of 0" in page
    assert f"best cut: {compared['value']:.3f}, the champion {compared['champion']:.3f}." in page


def test_a_report_without_cuts_says_nothing_of_them(thumb_newsroom: Vocabulary, admin_client: Any) -> None:
    run = do_run(thumb_newsroom)

    page = admin_client.get(reverse("admin:recommender_trainingrun_change", args=[run.pk])).content.decode()

    assert run.report["gate"]["best_cuts"] is None
    assert "micro F1, at thresholds" in page and "best cut" not in page


def test_words_name_the_tags_that_block_and_those_that_might_be_chance() -> None:
    lost = {"tag_id": "a", "n_documents": 20, "recall": 0.25, "champion_recall": 0.75, "certain": True}
    chance = {**lost, "tag_id": "b", "certain": False}
    blocked = criterion(
        "tag_recall", passed=False, limit=0.1, value=0.5, champion=0.6, change=-0.5, tags=[lost, chance]
    )
    passed = criterion("tag_recall", limit=0.1, value=0.5, champion=0.6, change=-0.5, tags=[chance])

    rows = gate_rows({"criteria": [blocked, passed]}, {"a": "Football", "b": "Chess"}.__getitem__)

    assert rows[0].words == "More than is allowed, beyond chance: Football 0.75 → 0.25 (n = 20)"
    assert "Chess" in rows[1].words and "chance" in rows[1].words
    assert "Football 0.75 → 0.25" in sentence(blocked, {"a": "Football", "b": "Chess"}.__getitem__)


def test_a_growing_calibration_error_and_a_falling_figure_are_worded_by_their_own_direction() -> None:
    better = criterion("calibration_error", value=0.02, champion=0.05, change=-0.03, low=-0.04, high=-0.02, limit=0.02)
    unsure = criterion("ndcg_at_5", value=0.5, champion=0.5, change=0.0, low=-0.02, high=0.02)
    tight = criterion("micro_f1", value=0.5, champion=0.5, change=0.0, low=-0.001, high=0.002)

    words = [row.words for row in gate_rows({"criteria": [better, unsure, tight]})]

    assert words == [
        "Better beyond chance.",
        "Not worse than is allowed; the interval reaches beyond the limit.",
        "The limit holds at both ends of the interval.",
    ]


def test_what_stands_on_too_few_documents_is_neither_passed_nor_failed_on_the_page() -> None:
    few = criterion("macro_f1_tail", value=0.2, champion=0.3, change=-0.1, low=-0.15, high=-0.05, decides=False)

    (row,) = gate_rows({"criteria": [few]})

    assert (row.decides, row.words) == (False, "Measured on too few documents to decide anything.")
    assert row.change == "-0.100 (-0.150 … -0.050)"


def test_criteria_are_read_in_chinese_too() -> None:
    unmeasured = criterion("macro_f1_tail")

    with override("zh-hans"):
        (row,) = gate_rows({"criteria": [unmeasured]})

    assert row.name == "稀有标签在最佳切点的宏平均 F1" and row.decides is False
    assert row.words == "没有稀有标签出现在留出文档中。"


def test_the_note_is_read_in_chinese_and_an_older_one_as_it_was_written() -> None:
    with override("zh-hans"):
        known = note_in_words({"note": "compared on …", "known": {"n_unseen": 40, "n_held_out": 50, "n_compared": 40}})
        older = note_in_words({"note": "compared on …"})

    assert "40" in known and "compared" not in known
    assert older == "compared on …"


def test_a_tag_that_is_gone_keeps_its_id_in_the_words(thumb_newsroom: Vocabulary) -> None:
    named, gone = tag_namer(thumb_newsroom), str(uuid.uuid4())

    assert named(str(thumb_newsroom.tags.get(notation="space").pk)) == "Space"
    assert named(gone) == gone
