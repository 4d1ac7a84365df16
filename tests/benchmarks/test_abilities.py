"""The measures of what a model can do, against numbers worked by hand; training and measuring once for real."""

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks.abilities.calibration import calibration_errors, error_by_chance, thresholded
from benchmarks.abilities.deletion import different_words, without_words
from benchmarks.abilities.hiding import hidden_tags, write_without_tags
from benchmarks.abilities.measuring import Measuring
from benchmarks.abilities.models import Setting, model_of, recipe_named, written_once
from benchmarks.abilities.table import page
from benchmarks.abilities.unseen import mean_recall
from benchmarks.compare.documents import DataSet, read_rows, write_rows
from benchmarks.compare.measure import Limits
from benchmarks.compare.runs import Place, place_of, version_of
from recommender.ml import HeldOutPredictions, LabelSpace, Text, open_bundle

WORDS = {
    "bread": "flour oven sourdough crust yeast loaf",
    "cycling": "bicycle pedal mountain saddle descent helmet",
    "compilers": "parser linker template register optimiser syntax",
    "gardens": "soil tomato compost hedge seed spade",
}
FILLING = ["we", "they", "often", "never", "about", "with", "some", "many", "here", "there"]


def predictions(gold: Sequence[Sequence[int]], chances: Sequence[dict[int, float]]) -> HeldOutPredictions:
    """Gold labels, and probabilities by label, of each document."""
    return HeldOutPredictions(
        tuple(f"d{row}" for row in range(len(gold))),
        LabelSpace(tuple("abcdefgh")),
        np.cumsum([0, *map(len, gold)]),
        np.array([label for row in gold for label in row], np.int64),
        np.cumsum([0, *map(len, chances)]),
        np.array([label for row in chances for label in row], np.int64),
        np.array([chance for row in chances for chance in row.values()], np.float32),
    )


def toy_set(folder: Path) -> DataSet:
    """Four topics with six words each, eighty documents with one tag or two."""
    rng, data = random.Random(1), DataSet(folder)
    folder.mkdir()
    for part, n_documents in (("train", 80), ("dev", 40), ("test", 40)):
        rows = []
        for number in range(n_documents):
            tags = rng.sample(list(WORDS), rng.choice([1, 2]))
            words = [rng.choice(WORDS[tag].split()) for tag in tags for _ in range(6)]
            filling = rng.sample(FILLING, 8)
            rows.append({"id": f"{part}{number}", "title": "", "text": " ".join([*words, *filling]), "tags": tags})
        write_rows(data.part(part), rows)
    return data


def test_the_calibration_error_of_the_surest_five_leaves_the_sixth_out() -> None:
    found = predictions([[0, 1, 2, 3, 4]], [{0: 0.9, 1: 0.9, 2: 0.9, 3: 0.9, 4: 0.9, 5: 0.5}])

    errors = calibration_errors(found)

    assert errors["ece_top_5"] == pytest.approx(0.1, abs=1e-6)
    assert errors["precision_top_5"] == 1.0
    # Five cells are 0.1 too low, one is 0.5 too high, in two bins
    assert errors["ece_cells"] == pytest.approx((5 * 0.1 + 0.5) / 6, abs=1e-6)


def test_true_probabilities_have_an_error_too_that_falls_with_the_number_of_cells() -> None:
    few, many = (error_by_chance(np.full(n, 0.5, np.float32)) for n in (100, 10_000))

    # One bin: the mean of |k / n - 1/2| is about sqrt(2 / π) / (2 · sqrt(n))
    assert few == pytest.approx(0.04, rel=0.3)
    assert many == pytest.approx(0.004, rel=0.3)


def test_thresholds_of_tags_decide_what_is_suggested() -> None:
    found = predictions([[0, 1], [1]], [{0: 0.8, 1: 0.5, 2: 0.6}, {0: 0.9, 1: 0.7}])
    thresholds = np.array([0.8, 0.6, 0.5, 1, 1, 1, 1, 1], np.float32)

    figures = thresholded(found, thresholds, 4, "")

    # Suggested: a (right) and c (wrong) of the first, a (wrong) and b (right) of the second; four gold uses
    assert figures == {"precision": 0.5, "recall": 0.5, "suggestions": 4.0}


def test_hidden_tags_are_in_no_document_and_their_texts_only_where_they_are_kept(tmp_path: Path) -> None:
    data = toy_set(tmp_path / "toy")
    hidden = hidden_tags(data, seed=1)
    known, later = (
        written_once(tmp_path / f"keep-{keep}", "key", partial(write_without_tags, data, hidden, keep_texts=keep))
        for keep in (True, False)
    )

    assert len(hidden) == 1
    for cut in (known, later):
        learnt = [*cut.documents("train"), *cut.documents("dev")]
        assert not any(set(document.tags) & set(hidden) for document in learnt)
        assert all(document.tags for document in learnt)
    assert hidden[0] in {row["name"] for row in read_rows(known.part("tags"))}
    assert hidden[0] not in {row["name"] for row in read_rows(later.part("tags"))}
    assert hidden_tags(data, seed=1) == hidden


def test_a_folder_is_written_anew_only_for_another_key(tmp_path: Path) -> None:
    written: list[Path] = []

    for key in ("one", "one", "two"):
        written_once(tmp_path / "cut", key, lambda cut: written.append(cut.folder))

    assert written == [tmp_path / "cut", tmp_path / "cut"]


def test_recall_is_averaged_over_documents() -> None:
    assert mean_recall([["a", "b"], ["c"]], [{"a", "x"}, {"c"}]) == pytest.approx((0.5 + 1.0) / 2)


def test_words_are_taken_out_wherever_they_stand_alone() -> None:
    text = Text("Go and go", "A gopher says 训练神经网络, c++ and C++ code.")

    left = without_words(text, {"go", "c++", "神经网络"})

    assert left.title.split() == ["and"]
    assert left.body.split() == ["A", "gopher", "says", "训练", ",", "and", "code."]
    assert "gopher" in different_words(text)


def test_what_was_not_measured_is_a_dash() -> None:
    text = page(
        {("toy", "auto"): {"same_digest": 1.0, "train_cpu_seconds": 12.0, "peak_memory_mb": 300.0, "model_mb": 1}}
    )

    assert "| toy | auto | 12 | 300 | 1.0 | 1 |" in text
    assert "| toy | auto | – | – | – |\n" in text


def test_a_model_is_trained_and_measured_once(tmp_path: Path) -> None:
    data = toy_set(tmp_path / "toy")
    setting = Setting(tmp_path / "work", "tfidf-logreg", 1, Limits(120, 4000), 1)
    measuring = Measuring(data, setting)

    found = {
        ability: measuring.figures(ability)
        for ability in ("calibration", "chosen", "deletion", "unseen", "determinism")
    }

    assert found["calibration"]["test_documents"] == 40
    assert found["calibration"]["suggestions_at_target_70"] >= found["calibration"]["suggestions_at_target_90"] > 0
    assert 0 < found["chosen"]["given_documents"] < 40
    # Given or not makes no difference to this recipe, which does not look at chosen tags
    assert found["chosen"]["given_gain"] == 0
    assert found["deletion"]["deletion_share"] > 0.9
    # The toy's tags never stand in its texts
    assert found["unseen"]["hidden_recall_at_10_lexical"] == 0
    assert found["determinism"]["same_digest"] == 1
    assert json.loads((tmp_path / "work/toy/tfidf-logreg/chosen/record.json").read_text())["figures"]
    assert measuring.figures("chosen") == found["chosen"]


def test_a_model_of_the_comparison_is_taken_where_it_would_be_the_same(tmp_path: Path) -> None:
    data = toy_set(tmp_path / "toy")
    own = Setting(tmp_path / "own", "tfidf-logreg", 1, Limits(120, 4000), 1, tmp_path / "compared")
    system = recipe_named(own.recipe)
    theirs = place_of(tmp_path / "compared", data, system)
    model_of(data, theirs, replace(own, compared=None))
    write_rows(theirs.predictions, [])
    costs = {"wall_seconds": 1.0, "cpu_seconds": 123.0, "peak_memory_mb": 45.0}
    theirs.write({"status": "done", "version": version_of(system, data), "train": costs})

    taken = model_of(data, Place(own.work / "taken"), own)
    trained = model_of(data, Place(own.work / "trained"), replace(own, seed=2))
    shutil.rmtree(theirs.folder)

    assert taken["train"]["cpu_seconds"] == 123.0
    assert open_bundle(own.work / "taken" / "model").n_labels == len(WORDS)
    assert trained["train"]["cpu_seconds"] != 123.0


def test_a_model_of_an_older_version_of_the_library_is_not_taken(tmp_path: Path) -> None:
    data = toy_set(tmp_path / "toy")
    own = Setting(tmp_path / "own", "tfidf-logreg", 1, Limits(120, 4000), 1, tmp_path / "compared")
    theirs = place_of(tmp_path / "compared", data, recipe_named(own.recipe))
    theirs.model.mkdir(parents=True)
    write_rows(theirs.predictions, [])
    theirs.write({"status": "done", "version": "older", "train": {"cpu_seconds": 123.0}})

    record = model_of(data, Place(own.work / "model"), own)

    assert record["train"]["cpu_seconds"] != 123.0
