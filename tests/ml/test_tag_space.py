"""Tags as vectors: neighbours, maps, and what is made of a network, of predictions, of a damaged file."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recommender.ml import BundleCorrupt, HeldOutPredictions, LabelSpace, TrainedRanker, held_out_predictions
from recommender.ml.examples import Example, Text
from recommender.ml.held_out import kept_predictions
from recommender.ml.tag_space import (
    TagSpace,
    nearest_tags,
    predicted_tag_space,
    prediction_vectors,
    principal_map,
    reduced,
    tag_map,
    trained_tag_space,
)
from tests.ml.conftest import eight_examples

PLANE = np.array([[2, 0], [1, 1], [0, 5], [-1, 0], [0, 0]], np.float32)


def blocks(n_groups: int, n_a_group: int, *, seed: int = 1) -> np.ndarray:
    """Vectors in groups around orthogonal directions, (n_groups * n_a_group, 2 * n_groups)."""
    centres = np.repeat(np.eye(n_groups, 2 * n_groups), n_a_group, axis=0)
    return (centres + 0.05 * np.random.default_rng(seed).standard_normal(centres.shape)).astype(np.float32)


def predictions_of(probabilities: np.ndarray) -> HeldOutPredictions:
    space = LabelSpace(tuple(f"t{n}" for n in range(probabilities.shape[1])))
    examples = [Example(Text("", ""), (0,), f"d{n}") for n in range(len(probabilities))]
    return kept_predictions(space, examples, probabilities.astype(np.float32))


def test_the_nearest_tags_come_by_cosine_whatever_the_lengths() -> None:
    labels, similarities = nearest_tags(PLANE, 0, 3)

    assert labels.tolist() == [1, 2, 3]
    assert similarities == pytest.approx([np.sqrt(0.5), 0, -1])


def test_a_tag_of_which_nothing_is_known_is_near_to_nothing() -> None:
    own, _ = nearest_tags(PLANE, 4, 3)
    others, _ = nearest_tags(PLANE, 1, 10)

    assert own.tolist() == []
    assert others.tolist() == [0, 2, 3]


def test_the_principal_map_of_a_line_is_a_line_in_the_same_order() -> None:
    angles = np.linspace(0.1, 0.5, 6)
    vectors = np.stack([np.cos(angles), np.sin(angles), np.zeros(6)], axis=1).astype(np.float32)

    positions = principal_map(vectors)

    assert np.ptp(positions[:, 0]) > 10 * np.ptp(positions[:, 1])
    assert np.argsort(positions[:, 0]).tolist() in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0])


@pytest.mark.parametrize("vectors", [PLANE, np.zeros((3, 4)), np.zeros((0, 4)), np.ones((2, 1)), np.eye(1)])
def test_maps_of_few_or_empty_vectors_have_a_row_each_and_no_place_for_the_unknown(vectors: np.ndarray) -> None:
    positions = tag_map(vectors.astype(np.float32), seed=1)

    assert positions.shape == (len(vectors), 2)
    assert np.isnan(positions).any(axis=1).tolist() == [not row.any() for row in vectors]


def test_t_sne_puts_tags_of_a_group_together_and_repeats_itself() -> None:
    vectors = blocks(3, 8)

    positions = tag_map(vectors, seed=4)

    groups = np.repeat(np.arange(3), 8)
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (groups[distances.argmin(axis=1)] == groups).all()
    assert np.array_equal(positions, tag_map(vectors, seed=4))


def test_reduced_vectors_keep_their_angles() -> None:
    vectors = blocks(4, 5)

    few = reduced(vectors, 4)

    assert few.shape == (20, 4)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert few @ few.T == pytest.approx(unit @ unit.T, abs=0.1)


@pytest.mark.parametrize("n_labels", [6, 2_500])  # decomposed whole, and by its leading directions alone
def test_tags_that_are_expected_together_get_like_vectors(n_labels: int) -> None:
    dice = np.random.default_rng(5)
    topics = dice.integers(0, 3, 60)
    probabilities = np.zeros((60, n_labels))
    for label in range(6):
        probabilities[:, label] = np.where(topics == label // 2, 0.9, 0.05) * dice.uniform(0.8, 1, 60)

    vectors = prediction_vectors(predictions_of(probabilities), seed=1, dim=8)

    assert np.linalg.norm(vectors[:6], axis=1) == pytest.approx(1, abs=1e-5)
    assert [int(nearest_tags(vectors, label, 1)[0][0]) for label in range(6)] == [1, 0, 3, 2, 5, 4]
    assert not vectors[6:].any()


def test_no_documents_give_no_neighbours() -> None:
    space = predicted_tag_space(predictions_of(np.zeros((0, 3))))

    assert nearest_tags(space.vectors, 0, 2)[0].tolist() == []
    assert np.isnan(space.positions).all()


def test_a_map_that_goes_on_keeps_tags_in_their_places_and_puts_new_ones_beside_their_like() -> None:
    rng = np.random.default_rng(5)
    cluster_of = np.arange(66) % 6
    centres = rng.standard_normal((6, 20))
    vectors = (centres[cluster_of] + 0.3 * rng.standard_normal((66, 20))).astype(np.float32)
    before = tag_map(vectors[:60], seed=1)
    later = vectors + 0.02 * rng.standard_normal(vectors.shape).astype(np.float32)
    later[3] = 0.0

    after = tag_map(later, seed=2, start=before)

    spread = float(np.nanstd(before))
    moved = np.linalg.norm(after[:60] - before, axis=1)
    assert np.isnan(after[3]).all() and np.nanmedian(moved) < 0.3 * spread
    assert np.nanmedian(np.linalg.norm(tag_map(later[:60], seed=2) - before, axis=1)) > np.nanmedian(moved)
    for new in range(60, 66):
        distances = np.linalg.norm(after[:60] - after[new], axis=1)
        assert cluster_of[int(np.nanargmin(distances))] == cluster_of[new]


def test_a_map_begins_anew_where_most_tags_are_new() -> None:
    vectors = np.random.default_rng(5).standard_normal((40, 8)).astype(np.float32)

    assert tag_map(vectors, seed=1, start=np.zeros((10, 2), np.float32)) == pytest.approx(tag_map(vectors, seed=1))


def test_the_network_gives_the_rows_of_its_output_layer(trained_by_recipe: dict[str, TrainedRanker]) -> None:
    trained = trained_by_recipe["fasttext-cnn-mlp"]
    examples = eight_examples()
    counts = np.array([2, 2, 2, 2, 0])

    space = trained_tag_space(trained, held_out_predictions(trained.ranker, examples), counts, seed=1)

    assert space.source == "model"
    assert space.vectors.any(axis=1).tolist() == [True, True, True, True, False]


def test_another_model_is_looked_at_from_outside_and_the_file_keeps_it_all(
    trained_by_recipe: dict[str, TrainedRanker], tmp_path: Path
) -> None:
    trained = trained_by_recipe["tfidf-logreg"]
    counts = np.array([2, 2, 2, 2, 0])
    space = trained_tag_space(trained, held_out_predictions(trained.ranker, eight_examples()), counts, seed=1)

    space.save(tmp_path / "tags.safetensors")
    loaded = TagSpace.load(tmp_path / "tags.safetensors")

    assert (loaded.source, loaded.layout) == ("predictions", "principal components")
    assert loaded.label_counts.tolist() == counts.tolist()
    assert loaded.vectors == pytest.approx(space.vectors, abs=1e-3)
    assert loaded.positions == pytest.approx(space.positions, nan_ok=True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "tags.json").unlink(),
        lambda folder: (folder / "tags.json").write_text("[]"),
        lambda folder: (folder / "tags.json").write_text('{"format_version": 9, "source": "model", "layout": "t-sne"}'),
        lambda folder: (folder / "tags.safetensors").write_bytes(b"short"),
    ],
)
def test_a_damaged_file_is_told(damage: object, tmp_path: Path) -> None:
    predicted_tag_space(predictions_of(np.eye(3))).save(tmp_path / "tags.safetensors")
    assert callable(damage)
    damage(tmp_path)

    with pytest.raises(BundleCorrupt):
        TagSpace.load(tmp_path / "tags.safetensors")


def test_looking_at_tags_imports_nothing_that_only_training_needs() -> None:
    code = (
        "import sys, numpy as np\n"
        "from recommender.ml.tag_space import nearest_tags, principal_map\n"
        "nearest_tags(np.eye(3, dtype=np.float32), 0, 2), principal_map(np.eye(3, dtype=np.float32))\n"
        "print([name for name in ('sklearn', 'torch', 'onnx', 'fasttext') if name in sys.modules])"
    )

    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert process.stdout.strip() == "[]"
