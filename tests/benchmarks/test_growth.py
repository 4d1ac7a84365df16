"""Points of the growth are what they say they are, and the ablation's page has the reports' figures."""

from pathlib import Path
from typing import Any

from benchmarks.ablation import figures_of
from benchmarks.ablation import page as ablation_page
from benchmarks.compare.documents import DataSet, read_rows, write_rows
from benchmarks.growth import Point, most_used_tags, page, write_point


def small_set(folder: Path) -> DataSet:
    """Ten documents bear "often", five of them "seldom", one "once"; "never" stands in the vocabulary alone."""
    data = DataSet(folder)
    folder.mkdir()
    for part in ("train", "dev", "test"):
        rows = [
            {
                "id": f"{part}{n}",
                "title": "A title",
                "text": "some words",
                "tags": ["often", "seldom", "once"][: 1 + (n < 5) + (n < 1)],
            }
            for n in range(10)
        ]
        write_rows(data.part(part), rows)
    write_rows(data.part("tags"), [{"name": name, "label": name} for name in ("never", "once", "seldom", "often")])
    return data


def test_a_point_keeps_the_most_used_tags_and_documents_that_bear_one(tmp_path: Path) -> None:
    data, cut = small_set(tmp_path / "small"), DataSet(tmp_path / "cut")
    cut.folder.mkdir()

    write_point(Point(data, n_tags=2, n_documents=6), 1, cut)

    train = cut.documents("train")
    assert most_used_tags(data) == ["often", "seldom", "once", "never"]
    assert len(train) == 6
    assert {tag for document in train for tag in document.tags} <= {"often", "seldom"}
    assert {row["name"] for row in read_rows(cut.part("tags"))} == {"often", "seldom"}
    assert all(len(document.text.split()) == 180 for document in cut.documents("test"))


def test_a_point_that_cannot_exist_is_not_written(tmp_path: Path) -> None:
    data = small_set(tmp_path / "small")

    for n_tags, n_documents in ((2, 100), (40, 6)):
        write_point(Point(data, n_tags, n_documents), 1, DataSet(tmp_path))

    assert not DataSet(tmp_path).part("train").exists()


def test_the_page_of_growth_is_ordered_by_tags_and_documents() -> None:
    costs = {
        "used_tags": 9.0,
        "train_cpu_seconds": 5.0,
        "train_wall_seconds": 6.0,
        "peak_memory_mb": 7.0,
        "model_mb": 8.0,
    }
    figures = {
        (f"toy-{tags}-tags-{documents}-documents", "auto"): {"tags": tags, "documents": documents} | costs
        for tags, documents in ((1000.0, 50.0), (200.0, 500.0), (200.0, 50.0))
    }

    text = page(figures)

    rows = [line for line in text.splitlines() if line.startswith("| toy")]
    assert [row.split(" | ")[2] for row in rows] == ["200", "200", "1,000"]
    assert rows[0].endswith("| – | – | – | – |")


def test_the_ablation_has_the_most_valuable_part_first() -> None:
    report: dict[str, Any] = {
        "ablation": [
            {"without": "nothing", "ndcg_at_5": 0.6, "difference": 0.0},
            {"without": "names", "ndcg_at_5": 0.59, "difference": -0.01},
            {"without": "linear", "ndcg_at_5": 0.5, "difference": -0.1},
        ]
    }

    text = ablation_page(figures_of("one", report) | figures_of("two", {"ablation": report["ablation"][:2]}))

    rows = [line for line in text.splitlines() if line.startswith("| w")]
    assert rows == [
        "| whole | 0.6000 | 0.6000 | 0.6000 |",
        "| without linear | -0.1000 | – | -0.1000 |",
        "| without names | -0.0100 | -0.0100 | -0.0100 |",
    ]
