"""The replay of a dated set in months: nothing of the future is learnt, both arms answer the same documents."""

from pathlib import Path

import pytest

from benchmarks.compare.documents import write_rows
from benchmarks.compare.results import Figures
from benchmarks.incremental import page, stream_of
from recommender.ml import LabelSpace


def test_documents_come_in_order_and_columns_only_grow(tmp_path: Path) -> None:
    rows = [
        {"id": f"d{n}", "title": "t", "text": "x", "tags": [f"tag{n}"], "published": f"2020-01-{20 - n:02d}"}
        for n in range(9)
    ]
    for part, some in (("train", rows[:3]), ("dev", rows[3:6]), ("test", [*rows[6:], rows[0] | {"tags": []}])):
        write_rows(tmp_path / f"{part}.jsonl.gz", some)

    stream = stream_of(tmp_path)

    assert [each.document_id for each in stream.documents] == [f"d{n}" for n in reversed(range(9))]
    first = stream.known(2, LabelSpace(()))
    assert first.tag_ids == ("tag7", "tag8")
    assert stream.known(3, first).tag_ids == ("tag7", "tag8", "tag6")


def test_a_set_without_dates_is_refused(tmp_path: Path) -> None:
    for part in ("train", "dev", "test"):
        write_rows(tmp_path / f"{part}.jsonl.gz", [{"id": part, "title": "", "text": "x", "tags": ["a"]}])

    with pytest.raises(ValueError, match="3 of 3 documents"):
        stream_of(tmp_path)


def test_the_page_shows_months_of_a_set_that_has_not_run_to_its_end() -> None:
    month = {"ndcg_at_5": 0.7, "cpu_seconds": 100.0, "documents": 1500.0, "test_documents": 200.0}
    figures: Figures = {
        ("set", "full, month 1"): month,
        ("set", "incremental, month 1"): month | {"ndcg_at_5": 0.69, "cpu_seconds": 40.0},
    }

    assert "| set | month 1 | 1,500 | 200 | 0.7000 | 0.6900 | 100 | 40 |" in page(figures)
