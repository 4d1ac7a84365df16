"""The replay's months and figures, against numbers worked out by hand."""

import math
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from benchmarks.compare.documents import write_rows
from benchmarks.replaying.calendar import DatedDocument, dated_documents, plan, tail_tags
from benchmarks.replaying.measures import Handled, entropy, month_figures, ndcg_at_k
from benchmarks.replaying.processes import cpu_seconds
from benchmarks.replaying.results import finished, keep, read_csv, so_far, write_csv


def document(name: str, day: str, *tags: str) -> DatedDocument:
    return DatedDocument(name, name, "", "en", date.fromisoformat(day), tags)


DOCUMENTS = [
    document("a", "2014-01-03", "x"),
    document("b", "2014-01-20", "x", "y"),
    document("c", "2014-02-01", "y"),
    document("d", "2014-04-01", "z"),
    document("e", "2014-04-30", "x"),
]


def test_the_last_months_are_played_and_the_rest_is_history() -> None:
    made = plan(DOCUMENTS, n_documents=5, n_months=2)

    assert [each.document_id for each in made.history] == ["a", "b"]
    assert [(month.name, len(month.documents)) for month in made.months] == [("2014-02", 1), ("2014-04", 2)]


def test_a_month_that_is_cut_is_left_out() -> None:
    made = plan(DOCUMENTS, n_documents=4, n_months=1)

    assert [month.name for month in made.months] == ["2014-02"]


def test_a_replay_without_a_history_is_refused() -> None:
    with pytest.raises(ValueError, match="no history"):
        plan(DOCUMENTS, n_documents=5, n_months=3)


def test_documents_of_all_parts_come_in_the_order_of_their_dates(tmp_path: Path) -> None:
    rows: dict[str, list[dict[str, Any]]] = {
        "train": [
            {"id": "late", "title": "L", "text": "t", "tags": ["x", "x"], "published": "2014-03-01", "lang": "en"}
        ],
        "dev": [{"id": "undated", "title": "U", "tags": ["x"], "published": None}],
        "test": [
            {"id": "early", "title": "E", "text": "t", "tags": ["y"], "published": "2013-03-01T10:00:00Z"},
            {"id": "untagged", "title": "N", "tags": [], "published": "2013-03-01"},
        ],
    }
    for part, some in rows.items():
        write_rows(tmp_path / f"{part}.jsonl.gz", some)

    found = dated_documents(tmp_path)

    assert [(each.document_id, each.tags) for each in found] == [("early", ("y",)), ("late", ("x",))]


def test_tail_tags_are_those_that_few_documents_bear() -> None:
    assert tail_tags(DOCUMENTS, below=3) == {"y", "z"}
    assert tail_tags(DOCUMENTS, below=2) == {"z"}


def test_the_figures_of_a_month() -> None:
    handled = [
        Handled(("x", "y"), ("x", "z", "w"), ("x",), ("y",), blind=False),
        Handled(("x",), ("y", "x"), ("x",), (), blind=False),
        Handled(("y",), ("y", "z"), (), ("y",), blind=True),
    ]

    figures = month_figures(handled, tail={"z"})

    assert figures["documents"] == 3
    assert (figures["added_by_hand"], figures["added_by_hand_per_document"]) == (1, 0.5)
    assert figures["acceptance_at_5"] == pytest.approx(2 / 5)
    first, second = 1 / (1 + 1 / math.log2(3)), 1 / math.log2(3)
    assert figures["ndcg_at_5"] == pytest.approx((first + second + 1) / 3)
    assert figures["entropy_ratio"] == pytest.approx(entropy(list("xzwyxyz")) / 1.0)
    assert figures["entropy_ratio_same_number"] == pytest.approx(entropy(list("xzyy")) / 1.0)
    assert figures["tail_share"] == pytest.approx(2 / 7)
    assert figures["tail_share_of_true_tags"] == 0


def test_what_cannot_be_measured_has_no_figure() -> None:
    figures = month_figures([Handled(("x",), (), (), ("x",), blind=True)], tail=())

    assert "acceptance_at_5" not in figures and "entropy_ratio" not in figures
    assert figures["ndcg_at_5"] == 0


def test_ndcg_counts_no_more_places_than_there_are_true_tags() -> None:
    assert ndcg_at_k({"x"}, ["x", "y"], 5) == 1.0
    assert ndcg_at_k({"x", "y"}, ["y", "x"], 1) == 1.0
    assert math.isnan(ndcg_at_k(set(), ["x"], 5))


def test_entropy_is_in_bits() -> None:
    assert entropy(["a", "b", "c", "d"]) == 2.0
    assert entropy(["a", "a"]) == entropy([]) == 0.0


def test_an_arm_is_finished_only_with_the_same_setting(tmp_path: Path) -> None:
    figures = {"2014-02": {"ndcg_at_5": 0.5}}
    keep(tmp_path, {"seed": 1, "months": ("a",)}, figures, ["note"])

    assert finished(tmp_path, {"seed": 1, "months": ("a",)}) == figures
    assert finished(tmp_path, {"seed": 2, "months": ("a",)}) is None
    assert finished(tmp_path / "other", {"seed": 1}) is None


def test_an_arm_that_was_cut_is_known_as_far_as_it_came(tmp_path: Path) -> None:
    figures = {"2014-02": {"ndcg_at_5": 0.5}}
    keep(tmp_path, {"seed": 1}, figures, [], ended=False)

    assert finished(tmp_path, {"seed": 1}) is None
    assert so_far(tmp_path, {"seed": 1}) == figures
    assert so_far(tmp_path, {"seed": 2}) == {}


def test_figures_come_back_from_the_file(tmp_path: Path) -> None:
    figures = {"never": {"2014-02": {"ndcg_at_5": 0.5}, "2014-03": {"ndcg_at_5": 0.25}}}
    write_csv(tmp_path / "replay.csv", figures)

    assert (tmp_path / "replay.csv").read_text().splitlines()[:2] == [
        "arm,month,metric,value",
        "never,2014-02,ndcg_at_5,0.5",
    ]
    assert read_csv(tmp_path / "replay.csv") == figures
    assert read_csv(tmp_path / "none.csv") == {}


def test_processor_seconds_grow_with_work_and_end_with_the_process() -> None:
    before = cpu_seconds(os.getpid())
    sum(n * n for n in range(2_000_000))

    assert cpu_seconds(os.getpid()) > before
    assert cpu_seconds(2**22 + 1) == 0.0
