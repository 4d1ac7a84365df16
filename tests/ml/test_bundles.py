"""Bundles: equal scores after a round trip, damage noticed, nothing left of a failed write."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recommender.ml import (
    BundleCorrupt,
    BundleExists,
    BundleMissing,
    BundleUnwritable,
    BundleVersionUnsupported,
    Text,
    TrainedRanker,
    open_bundle,
    read_manifest,
    save_bundle,
)
from tests.ml.conftest import RECIPES, eight_examples


@pytest.mark.parametrize("recipe", RECIPES)
def test_an_opened_bundle_scores_as_the_model_in_memory(
    recipe: str, trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path
) -> None:
    trained = trained_by_recipe[recipe]
    texts = [*(example.text for example in eight_examples()), Text("Unseen wordings", "未见过的词语")]

    manifest = save_bundle(trained, tmp_path / "bundle")
    opened = open_bundle(tmp_path / "bundle")

    assert opened.digest == manifest.digest
    assert opened.label_space == trained.label_space
    assert np.allclose(opened.logits(texts), trained.ranker.logits(texts), atol=1e-4)
    assert np.allclose(opened.probabilities(texts), trained.ranker.probabilities(texts), atol=1e-4)


def test_equal_models_have_equal_digests(trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path) -> None:
    trained = trained_by_recipe["tfidf-logreg"]

    first = save_bundle(trained, tmp_path / "first")
    second = save_bundle(trained, tmp_path / "second")

    assert first.digest == second.digest


@pytest.mark.parametrize("name", ["words.json", "model.safetensors", "calibration.safetensors", "head.onnx"])
def test_a_damaged_file_is_noticed(name: str, trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path) -> None:
    save_bundle(trained_by_recipe["fasttext-cnn-mlp"], tmp_path / "bundle")
    path = tmp_path / "bundle" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(BundleCorrupt, match=name):
        open_bundle(tmp_path / "bundle")


def test_a_missing_file_is_noticed(trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path) -> None:
    save_bundle(trained_by_recipe["tfidf-logreg"], tmp_path / "bundle")
    (tmp_path / "bundle" / "words.json").unlink()

    with pytest.raises(BundleCorrupt, match=r"words\.json"):
        open_bundle(tmp_path / "bundle")


@pytest.mark.parametrize("verify", [True, False])
def test_a_truncated_tensor_file_is_noticed_also_without_digests(
    verify: bool, trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path
) -> None:
    save_bundle(trained_by_recipe["tfidf-logreg"], tmp_path / "bundle")
    path = tmp_path / "bundle" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(BundleCorrupt):
        open_bundle(tmp_path / "bundle", verify=verify)


def test_an_altered_manifest_is_noticed(trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path) -> None:
    save_bundle(trained_by_recipe["tfidf-logreg"], tmp_path / "bundle")
    path = tmp_path / "bundle" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["tag_ids"].reverse()
    path.write_text(json.dumps(manifest), encoding="utf-8")

    with pytest.raises(BundleCorrupt, match="altered"):
        open_bundle(tmp_path / "bundle")


def test_another_format_version_is_refused(trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path) -> None:
    save_bundle(trained_by_recipe["tfidf-logreg"], tmp_path / "bundle")
    path = tmp_path / "bundle" / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"format_version": 1', '"format_version": 99'))

    with pytest.raises(BundleVersionUnsupported, match="99"):
        open_bundle(tmp_path / "bundle")


def test_an_empty_place_is_no_bundle(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"

    with pytest.raises(BundleMissing, match="nowhere"):
        read_manifest(nowhere)


def test_a_bundle_is_never_overwritten(trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path) -> None:
    save_bundle(trained_by_recipe["tfidf-logreg"], tmp_path / "bundle")

    with pytest.raises(BundleExists):
        save_bundle(trained_by_recipe["tfidf-logreg"], tmp_path / "bundle")


def test_a_full_disk_leaves_no_trace(
    trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def full_at_the_third_file(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full_at_the_third_file)
    with pytest.raises(BundleUnwritable, match="free space"):
        save_bundle(trained_by_recipe["tfidf-logreg"], tmp_path / "bundle")

    assert list(tmp_path.iterdir()) == []


def test_extra_files_travel_with_their_digests(trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path) -> None:
    extra = {"evaluation.json": b"{}"}

    manifest = save_bundle(trained_by_recipe["tfidf-logreg"], tmp_path / "bundle", extra_files=extra)

    assert "evaluation.json" in manifest.sha256_by_file
    assert (tmp_path / "bundle" / "evaluation.json").read_bytes() == b"{}"


@pytest.mark.parametrize("name", ["../up.json", "manifest.json", ".hidden", "a/b.json"])
def test_an_extra_file_cannot_leave_the_bundle_or_replace_its_parts(
    name: str, trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path
) -> None:
    extra = {name: b""}

    with pytest.raises(ValueError, match="plain name"):
        save_bundle(trained_by_recipe["tfidf-logreg"], tmp_path / "bundle", extra_files=extra)


@pytest.mark.parametrize("recipe", RECIPES)
def test_serving_imports_no_training_library(
    recipe: str, trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path
) -> None:
    save_bundle(trained_by_recipe[recipe], tmp_path / "bundle")
    program = (
        "import sys; from pathlib import Path; from recommender.ml import open_bundle, Text\n"
        f"ranker = open_bundle(Path({str(tmp_path / 'bundle')!r}))\n"
        "text = Text('Baking bread', 'flour and water'); ranker.explain(text, 1)\n"
        "print(int(ranker.rank([text], limit=1)[0].labels[0]))\n"
        "heavy = {'torch', 'sklearn', 'fasttext', 'fasttext_pybind', 'pandas', 'plotly', 'django', 'rjieba', 'onnx'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )

    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (finished.returncode, finished.stdout.strip()) == (0, "1"), finished.stderr
