"""The report that training leaves in a bundle, whole, partial and broken."""

import json
from pathlib import Path
from typing import Any

import pytest

from recommender.ml import BundleCorrupt
from recommender.reports.training_report import (
    REPORT_FILE,
    Ablation,
    Choice,
    Gain,
    Part,
    Trial,
    read_training_report,
    training_report,
)

WHOLE: dict[str, Any] = {
    "choice": [{"what": "recipe", "value": "pairs", "why": "600 tags, many documents each"}],
    "parts": [{"name": "linear", "train_seconds": 12.5, "bytes": 123456, "settings": {"passes": 5}}],
    "fusion": {"n_pairs": 120000, "n_trees": 140, "gains": [{"feature": "linear score", "share": 0.41}]},
    "ablation": [{"without": "neighbours", "ndcg_at_5": 0.83, "difference": -0.004}],
    "search": [{"config": {"n_trees": 140}, "ndcg_at_5": 0.8, "gain": 0.02, "standard_error": 0.004, "taken": True}],
    "dev": {"ndcg_at_5": 0.84},
}


def test_a_whole_report_is_read_key_by_key(tmp_path: Path) -> None:
    (tmp_path / REPORT_FILE).write_text(json.dumps(WHOLE))

    report = read_training_report(tmp_path)

    assert report is not None
    assert report.choices == (Choice("recipe", "pairs", "600 tags, many documents each"),)
    assert report.parts == (Part("linear", 12.5, 123456, {"passes": 5}),)
    assert (report.n_pairs, report.n_trees) == (120000, 140)
    assert report.gains == (Gain("linear score", 0.41),)
    assert report.ablation == (Ablation("neighbours", 0.83, -0.004),)
    assert report.search == (Trial({"n_trees": 140}, 0.8, 0.02, 0.004, taken=True),)
    assert report.dev == {"ndcg_at_5": 0.84}
    assert not report.is_empty


def test_a_bundle_without_a_report_has_none(tmp_path: Path) -> None:
    assert read_training_report(tmp_path) is None


@pytest.mark.parametrize("content", ["{", "[1]", "null", "\udcff"])
def test_a_file_that_is_no_object_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / REPORT_FILE).write_bytes(content.encode(errors="surrogateescape"))

    with pytest.raises(BundleCorrupt):
        read_training_report(tmp_path)


@pytest.mark.parametrize("key", sorted(WHOLE))
@pytest.mark.parametrize("odd", [None, 7, "text", [3], {"a": 1}, [{}], [{"name": 1}, None]])
def test_an_odd_value_costs_only_its_own_key(key: str, odd: Any) -> None:
    whole, damaged = training_report(WHOLE), training_report(WHOLE | {key: odd})

    names = {"choice": {"choices"}, "fusion": {"n_pairs", "n_trees", "gains"}}.get(key, {key})
    for name in vars(whole):
        if name not in names:
            assert getattr(damaged, name) == getattr(whole, name)


def test_numbers_are_finite_and_truths_are_none() -> None:
    report = training_report({"dev": {"a": float("nan"), "b": float("inf"), "c": True, "d": 0.5}, "new key": 1})

    assert report.dev == {"d": 0.5}


def test_an_empty_object_is_an_empty_report() -> None:
    assert training_report({}).is_empty


def test_a_choice_may_be_a_number_or_a_truth() -> None:
    report = training_report({"choice": [{"what": "trees", "value": 140}, {"what": "use_network", "value": False}]})

    assert [(choice.value, choice.why) for choice in report.choices] == [("140", ""), ("False", "")]
