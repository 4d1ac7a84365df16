"""The benchmark's files of results: figures, the page, and when something is run again."""

from pathlib import Path

import pytest

from benchmarks.compare.comparison import beside_peers, summary
from benchmarks.compare.documents import DataSet, Document, Tag, vocabulary
from benchmarks.compare.measure import Limits
from benchmarks.compare.results import Figures, read_figures, write_figures
from benchmarks.compare.runs import Place, is_settled, version_of
from benchmarks.compare.systems import ONE_VERSUS_ALL_CELLS, SYSTEMS, Shape
from benchmarks.compare.table import page

LIMITS = Limits(seconds=100, memory_mb=1000)
COSTS = {
    "train_cpu_seconds": 2.0,
    "train_wall_seconds": 3.0,
    "peak_memory_mb": 200.0,
    "model_mb": 5.0,
    "documents_per_second": 1000.0,
    "latency_p50_ms": 1.0,
    "latency_p95_ms": 2.0,
    "test_documents": 100.0,
}


def figures_of(**ndcg: float) -> Figures:
    """nDCG@5 by "set__system" with the same costs everywhere; PSP@5 and macro-F1 are half of it."""
    found: Figures = {}
    for name, value in ndcg.items():
        data, system = name.replace("_x_", "-").split("__")
        measures = {"ndcg_at_5": value, "psp_at_5": value / 2, "macro_f1": value / 2}
        found[data, system.replace("_", "-")] = measures | COSTS
    return found


def test_figures_survive_writing_and_reading(tmp_path: Path) -> None:
    figures = figures_of(debtags__auto=0.8, debtags__linear_svm=0.75)

    write_figures(tmp_path / "compare.csv", figures)

    lines = (tmp_path / "compare.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "set,system,metric,value"
    assert "debtags,auto,ndcg_at_5,0.8" in lines
    assert read_figures(tmp_path / "compare.csv") == figures


def test_the_best_peer_is_the_one_with_the_highest_ndcg() -> None:
    figures = figures_of(debtags__auto=0.8, debtags__linear_svm=0.75, debtags__omikuji_bonsai=0.7)

    pair = beside_peers("debtags", "auto", figures)

    assert pair is not None
    assert pair.peer == "linear-svm"
    assert pair.reduction == pytest.approx((0.8 - 0.75) / (1 - 0.75))


def test_two_vocabularies_of_one_site_count_as_one_and_smoke_sets_not_at_all() -> None:
    figures = figures_of(
        digitalgov__auto=0.6,  # 20 % nearer
        digitalgov__linear_svm=0.5,
        digitalgov_x_2023__auto=0.7,  # 40 % nearer
        digitalgov_x_2023__linear_svm=0.5,
        debtags__auto=0.5,  # no nearer
        debtags__linear_svm=0.5,
        seed_x_heater_x_reviews__auto=1.0,
        seed_x_heater_x_reviews__linear_svm=0.1,
    )

    one = summary("auto", figures)

    assert one.n_sets == 3
    assert one.reduction == pytest.approx((0.3 + 0.0) / 2)
    assert one.psp_at_5[:2] == pytest.approx(((0.65 / 2 + 0.5 / 2) / 2, 0.25))


def test_the_page_marks_the_best_peer_and_gives_reasons() -> None:
    figures = figures_of(debtags__auto=0.8, debtags__linear_svm=0.75, debtags__omikuji_bonsai=0.7)

    text = page(figures, {("debtags", "annif-ensemble"): "did not finish in 10 s"})

    assert "| debtags | 100 | 0.8000 | 0.7000 | **0.7500** |" in text
    assert "| debtags | annif-ensemble | did not finish in 10 s |" in text


def test_what_has_run_is_settled_until_its_version_changes(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.predictions.touch()
    place.write({"version": "v1", "status": "done"})

    assert is_settled(place, "v1", LIMITS)
    assert not is_settled(place, "v2", LIMITS)


def test_what_went_over_a_limit_is_tried_again_only_with_more_room(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.write({"version": "v1", "status": "over limit", "limits": {"seconds": 100, "memory_mb": 1000}})

    assert is_settled(place, "v1", Limits(seconds=50, memory_mb=1000))
    assert not is_settled(place, "v1", Limits(seconds=200, memory_mb=1000))


def test_what_broke_is_tried_again(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.write({"version": "v1", "status": "broken", "limits": {"seconds": 100, "memory_mb": 1000}})

    assert not is_settled(place, "v1", LIMITS)


def test_a_version_changes_with_the_data(tmp_path: Path) -> None:
    names = ("one", "same", "other")
    for name, content in zip(names, (b"1", b"1", b"2"), strict=True):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.jsonl.gz").write_bytes(content)

    one, same, other = (version_of(SYSTEMS[-1], DataSet(tmp_path / name)) for name in names)

    assert one == same != other


def test_one_classifier_a_tag_is_not_tried_on_the_largest_sets() -> None:
    svm = next(system for system in SYSTEMS if system.name == "linear-svm")
    small, large = Shape(n_documents=1000, n_tags=100), Shape(ONE_VERSUS_ALL_CELLS, n_tags=2)

    assert svm.obstacle(small) == ""
    assert svm.obstacle(large).startswith("not feasible")


def test_a_set_without_a_tags_file_has_the_names_as_vocabulary(tmp_path: Path) -> None:
    documents = [Document("d1", "", "a text", "en", ("cats", "dogs"))]

    assert vocabulary(DataSet(tmp_path), documents) == [Tag("cats", ("cats",)), Tag("dogs", ("dogs",))]
