"""The benchmark's measures against numbers worked by hand, and against the yardstick where it is at hand."""

import json
import math
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.compare.documents import DataSet, Document, write_rows
from benchmarks.compare.scoring import paired_bootstrap, read_predictions, scored

YARDSTICK = Path(__file__).resolve().parents[2] / ".." / "shared" / "tools" / "score.py"
NAME_AT_YARDSTICK = {
    "ndcg_at_1": "nDCG@1",
    "ndcg_at_3": "nDCG@3",
    "ndcg_at_5": "nDCG@5",
    "precision_at_1": "P@1",
    "precision_at_3": "P@3",
    "precision_at_5": "P@5",
    "recall_at_5": "R@5",
    "recall_at_10": "R@10",
    "mrr": "MRR",
    "psp_at_5": "PSP@5",
    "micro_f1": "microF1",
    "macro_f1": "macroF1",
    "macro_f1_head": "macroF1_head",
    "macro_f1_tail": "macroF1_tail",
    "test_documents": "documents",
}


def document(name: str, *tags: str) -> Document:
    return Document(name, "", "a text", "en", tags)


def test_two_documents_score_as_worked_by_hand() -> None:
    gold = [document("d1", "a", "b"), document("d2", "c"), document("without tags")]
    train = [document("t1", "a"), document("t2", "a", "b"), document("t3", "a"), document("t4", "c")]
    predictions = {"d1": [("a", 0.9), ("c", 0.8), ("b", 0.7)], "d2": [("a", 0.6), ("c", 0.5)]}

    figures = scored(gold, predictions, train).figures

    second = 1 / math.log2(3)
    assert figures["test_documents"] == 2
    assert figures["precision_at_1"] == pytest.approx((1 + 0) / 2)
    assert figures["precision_at_3"] == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert figures["precision_at_5"] == pytest.approx((2 / 5 + 1 / 5) / 2)
    assert figures["recall_at_5"] == pytest.approx(1.0)
    assert figures["mrr"] == pytest.approx((1 + 1 / 2) / 2)
    assert figures["ndcg_at_1"] == pytest.approx((1 + 0) / 2)
    assert figures["ndcg_at_5"] == pytest.approx(((1 + 1 / 2) / (1 + second) + second) / 2)
    # Best score first: right, wrong, right, wrong, right; the best cut keeps all five: 2·3 / (5 + 3)
    assert figures["micro_f1"] == pytest.approx(6 / 8)
    # a: right once of two; b: right; c: right once of two
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 1 + 2 / 3) / 3)
    assert figures["macro_f1_tail"] == figures["macro_f1"]
    assert "macro_f1_head" not in figures


def test_propensities_reward_the_rare_tag() -> None:
    train = [document("t1", "common"), document("t2", "common"), document("t3", "common"), document("t4", "rare")]
    gold = [document("d1", "common", "rare")]
    # One training document in four: 1 + (ln 4 - 1)·2.5^0.55·(1 + 1.5)^-0.55 = ln 4; three: the last factor is 4.5^-0.55
    rare = math.log(4)
    common = 1 + (math.log(4) - 1) * (2.5 / 4.5) ** 0.55

    found_rare = scored(gold, {"d1": [("rare", 1.0)]}, train).figures["psp_at_5"]
    found_common = scored(gold, {"d1": [("common", 1.0)]}, train).figures["psp_at_5"]

    assert found_rare == pytest.approx(rare / (rare + common))
    assert found_common == pytest.approx(common / (rare + common))


def test_f1_is_cut_where_it_is_best_and_ties_keep_the_order_of_the_file() -> None:
    gold = [document("d1", "a"), document("d2", "b")]
    # Three have score 0.5, in the order of the file: right, then wrong, right, wrong
    predictions = {"d1": [("a", 0.9), ("x", 0.5)], "d2": [("b", 0.5), ("a", 0.5)]}

    figures = scored(gold, predictions, []).figures

    assert figures["micro_f1"] == pytest.approx(2 * 2 / (3 + 2))
    assert figures["macro_f1"] == pytest.approx(1.0)


def test_a_missing_prediction_is_an_empty_one_and_a_repeated_tag_counts_once() -> None:
    gold = [document("d1", "a", "b"), document("d2", "a")]
    predictions = {"d1": [("a", 0.9), ("a", 0.8), ("b", 0.7)]}

    scores = scored(gold, predictions, [])

    assert scores.ndcg_at_5_by_document == pytest.approx([1.0, 0.0])
    assert scores.figures["precision_at_3"] == pytest.approx((2 / 3 + 0) / 2)


def test_tags_with_ten_training_documents_are_head() -> None:
    train = [document(f"t{i}", "head") for i in range(10)] + [document(f"u{i}", "tail") for i in range(9)]
    gold = [document("d1", "head"), document("d2", "tail")]

    figures = scored(gold, {"d1": [("head", 0.9)], "d2": [("head", 0.1)]}, train).figures

    assert figures["macro_f1_head"] == pytest.approx(1.0)
    assert figures["macro_f1_tail"] == pytest.approx(0.0)


def test_no_gold_tags_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="no document has gold tags"):
        scored([document("d1")], {}, [])


def test_the_bootstrap_interval_is_as_wide_as_the_normal_one() -> None:
    difference = np.tile([1.0, -1.0], 200) + 0.3

    low, high = paired_bootstrap(difference)

    half_width = 1.96 / math.sqrt(400)
    assert (low, high) == pytest.approx((0.3 - half_width, 0.3 + half_width), abs=0.02)
    assert paired_bootstrap(difference) == (low, high)


@pytest.mark.skipif(not YARDSTICK.exists(), reason="the yardstick ../shared/tools/score.py is not here")
@pytest.mark.parametrize("name", ["debtags-zh", "digitalgov-2023", "seed-laptop-reviews"])
def test_measures_agree_with_the_yardstick(name: str, tmp_path: Path) -> None:
    data = DataSet(YARDSTICK.parents[1] / "data" / name)
    path = tmp_path / "predictions.jsonl.gz"
    write_rows(path, noisy_predictions(data))

    files = [YARDSTICK, data.part("test"), path, "--train", data.part("train")]
    wanted = json.loads(
        subprocess.run([sys.executable, *map(str, files)], capture_output=True, text=True, check=True).stdout
    )
    figures = scored(data.documents("test"), read_predictions(path), data.documents("train")).figures

    for ours, theirs in NAME_AT_YARDSTICK.items():
        assert round(figures[ours], 4) == pytest.approx(wanted[theirs], abs=1e-9), ours


def noisy_predictions(data: DataSet) -> list[dict[str, object]]:
    """Gold and other tags with coarse scores, so that there are ties; a few documents are left out."""
    noise = random.Random(1)
    names = sorted({tag for document in data.documents("train") for tag in document.tags})
    rows: list[dict[str, object]] = []
    for one in data.documents("test"):
        tags = {*noise.sample(names, min(6, len(names))), *one.tags[:2]}
        ranked = sorted(
            ((tag, round(noise.random() + 0.4 * (tag in one.tags), 1)) for tag in tags), key=lambda t: -t[1]
        )
        if noise.random() < 0.95:
            rows.append({"id": one.document_id, "tags": ranked})
    return rows
